"""The engine's structures as 64-bit machines lay them out: those of the headers in engine/cpp."""

from ctypes import Structure, c_bool, c_double, c_int, c_int64, c_uint64
from enum import IntEnum

__all__ = [
    "KINDS",
    "LOSSES",
    "MODES",
    "RULES",
    "SERVED",
    "Descent",
    "DualJob",
    "Fault",
    "Function",
    "Job",
    "LineJob",
    "Matrix",
    "MomentJob",
    "Pairs",
    "Request",
    "SparseRows",
]

ADDRESS = c_uint64

KINDS = ["float64", "float32", "float16", "bfloat16", "uint8", "int8"]
KINDS += ["uint16", "int16", "uint32", "int32", "uint64", "int64"]
LOSSES = ["softmax", "squared"]
MODES = ["value", "gradient", "hessian_product", "intercept", "hessian_diagonal"]
MODES += ["probabilities", "scores"]
RULES = ["plain", "linear", "adagrad", "adam"]


class Function(IntEnum):
    """What server.cpp can be asked for."""

    DESCRIBE = 0
    RUN = 1
    MOMENTS = 2
    LINE = 3
    DESCEND = 4
    SWEEP = 5
    OUTER = 6
    WIDTH = 7
    ELEMENTARY = 8


class Fault(Structure):
    _fields_ = (("what", ADDRESS), ("row", c_int64), ("number", c_int64))


class Request(Structure):
    _fields_ = (
        ("function", c_int64),
        ("job", ADDRESS),
        ("source", ADDRESS),
        ("to", ADDRESS),
        ("number", c_int64),
        ("variant", c_int64),
        ("ending", c_int64),
        ("fault", Fault),
    )


class Matrix(Structure):
    _fields_ = (
        ("data", ADDRESS),
        ("kind", c_int),
        ("rows", c_int64),
        ("columns", c_int64),
        ("row_stride", c_int64),
        ("column_stride", c_int64),
    )


class SparseRows(Structure):
    _fields_ = (
        ("pointers", ADDRESS),
        ("indices", ADDRESS),
        ("values", ADDRESS),
        ("wide_pointers", c_bool),
        ("wide_indices", c_bool),
        ("wide_values", c_bool),
        ("sorted", c_bool),
        ("entries", c_int64),
    )


class Pairs(Structure):
    _fields_ = (("starts", ADDRESS), ("classes", ADDRESS), ("values", ADDRESS))


class Job(Structure):
    _fields_ = (
        ("sparse", c_bool),
        ("X", Matrix),
        ("entries", SparseRows),
        ("targets", Matrix),
        ("labels", c_bool),
        ("weight", ADDRESS),
        ("parameters", ADDRESS),
        ("sets", c_int64),
        ("m", c_int64),
        ("intercept", c_bool),
        ("loss", c_int),
        ("anchored", c_bool),
        ("mode", c_int),
        ("probabilities", ADDRESS),
        ("pairs", Pairs),
        ("stride", c_int64),
        ("float32", c_bool),
    )


class LineJob(Structure):
    _fields_ = (
        ("scores", ADDRESS),
        ("weight", ADDRESS),
        ("rows", c_int64),
        ("m", c_int64),
        ("stride", c_int64),
        ("anchored", c_bool),
        ("float32", c_bool),
        ("length", c_double),
    )


class MomentJob(Structure):
    _fields_ = (
        ("X", Matrix),
        ("weights", ADDRESS),
        ("others", ADDRESS),
        ("indices", ADDRESS),
        ("count", c_int64),
        ("width", c_int64),
        ("sets", c_int64),
        ("least", c_double),
        ("float32", c_bool),
        ("sums", ADDRESS),
    )


class DualJob(Structure):
    _fields_ = (
        ("entries", SparseRows),
        ("columns", c_int64),
        ("rows", c_int64),
        ("classes", c_int64),
        ("anchored", c_bool),
        ("moves", c_bool),
        ("order", ADDRESS),
        ("visits", c_int64),
        ("weight", ADDRESS),
        ("penalty", c_double),
        ("share", c_double),
        ("weights", ADDRESS),
        ("intercepts", ADDRESS),
        ("log_probabilities", ADDRESS),
        ("divergences", ADDRESS),
        ("gain", ADDRESS),
    )


class Descent(Structure):
    _fields_ = (
        ("job", Job),
        ("order", ADDRESS),
        ("count", c_int64),
        ("batch", c_int64),
        ("rates", ADDRESS),
        ("l2", c_double),
        ("share", c_double),
        ("rule", c_int),
        ("momentum", c_double),
        ("beta1", c_double),
        ("beta2", c_double),
        ("epsilon", c_double),
        ("before", c_int64),
        ("theta", ADDRESS),
        ("first", ADDRESS),
        ("second", ADDRESS),
        ("losses", ADDRESS),
    )


SERVED = [Request, Matrix, SparseRows, Job, LineJob, MomentJob, DualJob, Descent]
"""Structures in the order in which server.cpp tells their sizes."""
