"""What is checked once, where users' arrays come in: everything inside may trust its types."""

from typing import Any, Final

import numpy as np
from jaxtyping import Float
from sklearn.utils.validation import validate_data

from linnet.data import Matrix
from linnet.data.batch import misplaced_entry
from linnet.errors import DataError, DataTypeError, SettingError
from linnet.types import Array

__all__ = [
    "check_choice",
    "check_count",
    "check_features",
    "check_finite",
    "check_numeric_targets",
    "check_positive",
    "check_steps",
    "check_weights",
]

# Any of these is read as it is, tile by tile, and never converted whole.
DTYPES: Final = [
    np.float64,
    np.float32,
    np.float16,
    np.uint8,
    np.int8,
    np.uint16,
    np.int16,
    np.uint32,
    np.int32,
    np.uint64,
    np.int64,
    np.bool_,
]


def check_features(estimator: Any, X: Any, *, reset: bool, finite: bool = True) -> Matrix:
    """Rows of finite numbers, dense or CSR, with the features that the estimator knows.

    Without ``finite`` the values themselves are not read: whoever reads them must check.

    Raises
    ------
    DataError, DataTypeError
        If ``X`` is not such a table; a value that is not finite is named by row and column.
    """
    try:
        checked = validate_data(
            estimator,
            X,
            reset=reset,
            accept_sparse="csr",
            dtype=DTYPES,
            ensure_all_finite=False,
        )
    except TypeError as error:
        raise DataTypeError(str(error)) from error
    except ValueError as error:
        raise DataError(str(error)) from error
    check_entries(checked)
    if finite:
        check_finite(checked, "X", getattr(estimator, "feature_names_in_", None))
    return checked


def check_entries(X: Matrix) -> None:
    """Raise a DataError that names the first entry of sparse rows that is in no column.

    SciPy reads and writes memory of others there.
    """
    if isinstance(X, np.ndarray) or X.nnz == 0:
        return
    # Read without a sign, one below zero is a large one.
    places = X.indices.view(f"u{X.indices.itemsize}")
    if places.max() < X.shape[1]:
        return
    first = int(np.argmax(places >= X.shape[1]))
    row = int(np.searchsorted(X.indptr, first, side="right")) - 1
    raise misplaced_entry(row, int(X.indices[first]))


def check_finite(values: Matrix, name: str, columns: Array | None = None) -> None:
    """Raise a DataError that names the first NaN or infinity by row and column."""
    sparse = not isinstance(values, np.ndarray)
    data = values.data if sparse else values
    if data.dtype.kind != "f":
        return
    # One sum tells for all: it is finite if, barring overflow, every value is. Summing float32 in
    # float64 would take three times as long; float16 would overflow soon.
    with np.errstate(over="ignore", invalid="ignore"):
        total = data.sum(dtype=None if data.dtype.itemsize >= 4 else np.float64)
    if np.isfinite(total):
        return
    bad = np.flatnonzero(~np.isfinite(data.ravel()))
    if len(bad) == 0:
        return
    first = int(bad[0])
    if sparse:
        row = int(np.searchsorted(values.indptr, first, side="right")) - 1
        column = int(values.indices[first])
    else:
        row, column = divmod(first, int(np.prod(values.shape[1:], dtype=int)))
    value = data.ravel()[first]
    what = "NaN" if np.isnan(value) else "infinity"
    if values.ndim == 1:
        place = f"row {row}"
    else:
        place = f"row {row}, column {column if columns is None else repr(columns[column])}"
    raise DataError(
        f"Input {name} contains {what} in {place}; {len(bad)} of its values are NaN or infinite. "
        "Fill them in (sklearn.impute.SimpleImputer), drop the rows, or let linnet.TableEncoder "
        "encode what is missing."
    )


def check_numeric_targets(y: Any, n: int) -> Float[Array, "n ..."]:
    """Targets as finite float64 numbers, of shape (n,) or (n, m)."""
    if y is None:
        raise DataError(
            "requires y to be passed, but the target y is None. Give one number, or one row of "
            "numbers, for each row of X."
        )
    y = np.asarray(y)
    if y.dtype.kind == "c":
        raise DataError("Complex data not supported: y must be real numbers.")
    try:
        targets = y.astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:
        raise DataError(f"y must be numbers: {error}. For labels use SoftmaxRegression.") from error
    if targets.ndim not in {1, 2} or targets.size == 0:
        raise DataError(f"y has shape {targets.shape}; it needs shape (n,) or (n, m).")
    _check_length(targets, n, "y")
    check_finite(targets, "y")
    return targets


def check_weights(weight: Any, n: int, *, all_zero: bool = False) -> Float[Array, " n"] | None:
    """Sample weights: finite, none negative; ``None`` stays ``None``.

    Unless ``all_zero``, as a part of the rows may be, one must be above 0.
    """
    if weight is None:
        return None
    try:
        weights = np.asarray(weight, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"sample_weight must be numbers: {error}.") from error
    if weights.ndim == 0:
        weights = np.full(n, float(weights))
    if weights.ndim != 1:
        raise DataError(
            f"Sample weights must be 1D array or scalar, got shape {weights.shape}: one weight a "
            "row."
        )
    _check_length(weights, n, "sample_weight")
    check_finite(weights, "sample_weight")
    if (weights < 0).any():
        row = int(np.argmax(weights < 0))
        raise DataError(
            f"sample_weight is negative in row {row} ({weights[row]}). A weight says how often a "
            "row counts: it is at least 0."
        )
    if not (all_zero or weights.any()):
        raise DataError("sample_weight is zero in every row: nothing is left to fit.")
    return weights


def check_positive(value: Any, name: str, *, zero: bool = False, infinite: bool = False) -> float:
    """Return a number in range, or raise a SettingError that says what the range is."""
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    fits = is_number and (value > 0 or (zero and value == 0))
    if not fits or (np.isinf(value) and not infinite):
        least = "at least 0" if zero else "greater than 0"
        most = "" if infinite else " and finite"
        raise SettingError(f"{name}={value!r}: it must be a number {least}{most}.")
    return float(value)


def check_count(value: Any, name: str) -> None:
    """Raise a SettingError unless ``value`` is a whole number of at least 1."""
    is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not (is_whole and value >= 1):
        raise SettingError(f"{name}={value!r}: it must be a whole number of at least 1.")


def check_choice(value: Any, name: str, choices: tuple[str, ...]) -> None:
    """Raise a SettingError unless ``value`` is one of ``choices``."""
    if value not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        raise SettingError(f"{name}={value!r}: it must be one of {listed}.")


def check_steps(solver: str, momentum: Any, average: Any) -> None:
    """Raise a SettingError unless stochastic steps can be taken so."""
    if not isinstance(average, bool | np.bool_):
        raise SettingError(f"average={average!r}: it must be True or False.")
    if check_positive(momentum, "momentum", zero=True) >= 1:
        raise SettingError(
            f"momentum={momentum!r}: it must be less than 1, or old gradients never fade."
        )
    if solver in {"adagrad", "adam"} and (momentum or average):
        raise SettingError(
            f"solver={solver!r} remembers gradients in a way of its own, and takes neither "
            f"momentum={momentum!r} nor average={average!r}. Set momentum=0 and average=False, or "
            'use solver="sgd".'
        )


def _check_length(values: Array, n: int, name: str) -> None:
    if len(values) != n:
        raise DataError(
            f"X has {n} rows but {name} has {len(values)}: inconsistent numbers of samples. Give "
            f"one entry of {name} for each row of X."
        )
