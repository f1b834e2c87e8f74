"""A stand-in for the extension module ``linnet.engine._native``, with kernels on an emulated ARM.

As a pytest plugin it takes the place of the module before linnet is imported, so that the tests
of the engine hold the emulated kernels to the reference. It takes the arguments of module.cpp,
and trusts them: what they may be is checked by tests of the module itself.
"""

import os
import sys
from collections.abc import Callable
from ctypes import Structure, c_int64, sizeof, string_at
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from layouts import (
    KINDS,
    LOSSES,
    MODES,
    RULES,
    SERVED,
    Descent,
    DualJob,
    Function,
    Job,
    LineJob,
    Matrix,
    MomentJob,
    Pairs,
    Request,
    SparseRows,
)
from machine import Machine, MachineError

__all__ = ["EmulatedEngine"]

FAULTY = 2


class Given:
    """Arrays of one request in the program's memory."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._results: list[tuple[int, np.ndarray]] = []

    def array(self, array: np.ndarray | None) -> int:
        """Address of the first number; 0 for none."""
        if array is None:
            return 0
        if array.size == 0:
            return self._machine.give(b"")
        low, high = np.lib.array_utils.byte_bounds(array)
        return self._machine.give(string_at(low, high - low)) + array.ctypes.data - low

    def result(self, array: np.ndarray | None) -> int:
        """The same for one that the program writes to."""
        address = self.array(array)
        if array is not None:
            self._results.append((address, array))
        return address

    def structure(self, structure: Structure) -> int:
        return self._machine.give(bytes(structure))

    def collect(self) -> None:
        """Carry back what the program has written, and forget all."""
        for address, array in self._results:
            content = self._machine.read(address, array.nbytes)
            array[...] = np.frombuffer(content, array.dtype).reshape(array.shape)
        self._machine.take_back()

    def matrix(self, array: np.ndarray, kind: str) -> Matrix:
        rows, columns = array.shape if array.ndim == 2 else (len(array), 1)
        return Matrix(
            data=self.array(array),
            kind=KINDS.index("uint8" if kind == "bool" else kind),
            rows=rows,
            columns=columns,
            row_stride=array.strides[0],
            column_stride=array.strides[1] if array.ndim == 2 else array.itemsize,
        )

    def sparse(self, X: tuple[Any, ...]) -> SparseRows:
        pointers, indices, values, _, in_order = X
        return SparseRows(
            pointers=self.array(pointers),
            indices=self.array(indices),
            values=self.array(values),
            wide_pointers=pointers.itemsize == 8,
            wide_indices=indices.itemsize == 8,
            wide_values=values.itemsize == 8,
            sorted=in_order,
            entries=min(indices.size, values.size),
        )

    def job(self, X: tuple[Any, ...], *, sets: int = 1, **rest: Any) -> Job:
        if len(X) == 2:
            return Job(X=self.matrix(*X), sets=sets, **rest)
        shape = Matrix(rows=len(X[0]) - 1, columns=X[3])
        return Job(sparse=True, X=shape, entries=self.sparse(X), sets=sets, **rest)


class EmulatedEngine:
    """The functions of module.cpp."""

    def __init__(self, program: Path) -> None:
        self._machine = Machine(program)
        self._lock = Lock()
        described = self._machine.ask(Request(function=Function.DESCRIBE))
        self._name = self._machine.text(described.source)
        told = self._machine.read(described.to, len(SERVED) * 8)
        sizes = list((c_int64 * len(SERVED)).from_buffer_copy(told))
        if sizes != [sizeof(structure) for structure in SERVED]:
            raise MachineError(
                f"layouts.py and the headers disagree: {sizes} bytes in the program, "
                f"{[sizeof(structure) for structure in SERVED]} here."
            )

    def _ask(self, make: Callable[[Given], Request]) -> tuple[str, int, int] | None:
        """The answer to one request; which row cannot be used, if one cannot."""
        with self._lock:
            given = Given(self._machine)
            answer = self._machine.ask(make(given))
            given.collect()
        if answer.ending != FAULTY:
            return None
        return self._machine.text(answer.fault.what), answer.fault.row, answer.fault.number

    def instruction_sets(self) -> list[str]:
        return [self._name]

    def run(
        self, X, targets, kind, weight, parameters, *, loss, anchored, mode, float32, sums,
        probabilities, pairs, **_,
    ):  # fmt: skip
        sets, m, p = parameters.shape

        def make(given):
            job = given.job(
                X,
                labels=targets is None or targets.ndim == 1,
                weight=given.array(weight),
                parameters=given.array(parameters),
                sets=sets,
                m=m,
                loss=LOSSES.index(loss),
                anchored=anchored,
                mode=MODES.index(mode),
                probabilities=given.result(probabilities),
                stride=0 if probabilities is None else probabilities.shape[1],
            )
            if pairs is not None:
                job.pairs = Pairs(*map(given.array, pairs))
            job.float32 = float32 and not job.sparse and mode != "intercept"
            job.intercept = p == job.X.columns + 1
            if targets is not None:
                job.targets = given.matrix(targets, kind)
            return Request(Function.RUN, job=given.structure(job), to=given.result(sums))

        return self._ask(make)

    def add_moments(self, rows, kind, weights, others, indices, *, least, sums, **_):
        def make(given):
            job = MomentJob(
                X=given.matrix(rows, kind),
                weights=given.array(weights),
                others=given.array(others),
                indices=given.array(indices),
                count=weights.shape[1],
                width=sums.shape[1],
                sets=len(weights),
                least=least,
                float32=weights.itemsize == 4,
                sums=given.result(sums),
            )
            return Request(Function.MOMENTS, job=given.structure(job))

        self._ask(make)

    def add_line(self, scores, weight, *, rows, anchored, length, sums, **_):
        def make(given):
            job = LineJob(
                scores=given.array(scores),
                weight=given.array(weight),
                rows=rows,
                m=len(scores) // 2,
                stride=scores.shape[1],
                anchored=anchored,
                float32=scores.itemsize == 4,
                length=length,
            )
            return Request(Function.LINE, job=given.structure(job), to=given.result(sums))

        self._ask(make)

    def descend(
        self, X, targets, kind, weight, *arrays, scores, loss, anchored, rule, batch, **settings
    ):
        theta, first, second, order, rates, losses = arrays
        del settings["simd"]

        def make(given):
            job = given.job(
                X,
                targets=given.matrix(targets, kind),
                labels=targets.ndim == 1,
                weight=given.array(weight),
                m=scores,
                loss=LOSSES.index(loss),
                anchored=anchored,
                mode=MODES.index("gradient"),
            )
            job.intercept = theta.shape[0 if job.sparse else 1] == job.X.columns + 1
            descent = Descent(
                job=job,
                order=given.array(order),
                count=len(order),
                batch=batch,
                rates=given.array(rates),
                rule=RULES.index(rule),
                theta=given.result(theta),
                first=given.result(first),
                second=given.result(second),
                losses=given.result(losses),
                **settings,
            )
            return Request(Function.DESCEND, job=given.structure(descent))

        return self._ask(make)

    def sweep(
        self, X, order, weight, *, weights, intercepts, log_probabilities, divergences, gain,
        penalty, share, anchored, **_,
    ):  # fmt: skip
        def make(given):
            job = DualJob(
                entries=given.sparse(X),
                columns=X[3],
                rows=len(X[0]) - 1,
                classes=log_probabilities.shape[1],
                anchored=anchored,
                moves=order is not None,
                order=given.array(order),
                visits=len(X[0]) - 1 if order is None else len(order),
                weight=given.array(weight),
                penalty=penalty,
                share=share,
                weights=given.result(weights),
                intercepts=given.result(intercepts),
                log_probabilities=given.result(log_probabilities),
                divergences=given.result(divergences),
                gain=given.result(gain),
            )
            return Request(Function.SWEEP, job=given.structure(job))

        return self._ask(make)

    def width(self, scores, _simd):
        with self._lock:
            return self._machine.ask(Request(Function.WIDTH, number=scores)).number

    def outer(self, X, residuals, outputs, *, scores, **_):
        def make(given):
            job = given.job(X, mode=MODES.index("gradient"), m=scores)
            return Request(
                Function.OUTER,
                job=given.structure(job),
                source=given.array(residuals),
                to=given.result(outputs),
            )

        self._ask(make)

    def apply(self, function, source, result, _simd):
        def make(given):
            return Request(
                Function.ELEMENTARY,
                source=given.array(source),
                to=given.result(result),
                number=source.size,
                variant=(function == "log") + 2 * (source.itemsize == 8),
            )

        self._ask(make)


sys.modules["linnet.engine._native"] = EmulatedEngine(Path(os.environ["LINNET_EMULATED"]))
