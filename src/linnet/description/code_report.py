"""What targets cost in real bits: a model's promise beside the file that keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import e, log, log2, pi
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, final

import numpy as np
from jaxtyping import Bool, Float
from sklearn.utils.validation import check_is_fitted

from linnet.codes.column import ColumnSizes, column_sizes
from linnet.data.frames import as_table
from linnet.description.resampling import Resampled, check_confidence, resampled
from linnet.description.samples import take_rows
from linnet.description.two_part import description_length
from linnet.errors import DataError, SettingError
from linnet.estimators import LinearRegression, TableModel, encode_labels, encode_numbers
from linnet.estimators.column_codec import check_model
from linnet.estimators.label_codec import LabelCoder, coded_lengths
from linnet.estimators.label_values import label_array, label_block
from linnet.estimators.number_values import number_array
from linnet.estimators.residual_codec import coded_number_lengths
from linnet.features.written import written_precision
from linnet.numeric import xlogx
from linnet.reports import CodeReport
from linnet.types import Array

__all__ = ["code_report"]


def code_report(
    model: Any,
    X: Any,
    y: Any,
    *,
    precision: float | None = None,
    described: bool = True,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> CodeReport:
    """Account for the bits of targets: what the model says, and what a file of them takes.

    The targets are encoded. Intervals are of the basic bootstrap: rows are drawn with replacement,
    and H(Y), cross entropies and their differences are measured on the same draws. Beyond 4,096
    rows these are dealt at random into as many groups, and groups are drawn. The payload of a draw
    is taken as its rows' integer code lengths, with what the coder adds held fixed.

    Parameters
    ----------
    model : SoftmaxRegression, LinearRegression or TableModel
        A fitted model.
    X : array, sparse matrix, data frame or table of shape (n, k)
        Features, as ``model`` takes them.
    y : array of shape (n,)
        Labels or numbers. Labels that the model never saw, and missing targets, are told apart.
    precision : float, optional
        For numbers, width Δ to which they are written; found from the way in which they are
        written if not given.
    described : bool
        Whether to find the size of the model's parameters at their best precision, which takes
        some twenty passes over the rows.
    confidence : float
        Share of samples whose interval is to hold the truth.
    resamples : int
        Number of draws.
    seed : int
        Seed of the draws.

    Returns
    -------
    CodeReport
        Amounts in bits; ``print`` shows a table.

    Raises
    ------
    DataError
        If there are no rows, none with a target that the model has a code for, or ``X`` or ``y``
        cannot be used.
    DataTypeError
        If the model is none of those above.
    SettingError
        If ``precision`` is given for labels, or a setting is out of range.

    References
    ----------
    Cover and Thomas, *Elements of Information Theory*, 2nd ed., sections 5.4 and 8.3. Davison and
    Hinkley, *Bootstrap Methods and their Application*, 1997, section 5.2.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from linnet import SoftmaxRegression
    >>> X, y = load_digits(return_X_y=True)
    >>> report = code_report(SoftmaxRegression(C=1e-4).fit(X, y), X, y)
    >>> print(report)
                                  bits a row   95 % interval
    uniform code, log2 q             3.32193                          ████████████████████████
    marginal code, H(Y)              3.32178   3.3218 to 3.3219       ████████████████████████
    cross entropy of the model       0.89406   0.8675 to 0.9199       ██████
      by integer frequencies         0.89406   0.8675 to 0.9199       ██████
    written: payload                 0.89928   0.8727 to 0.9251       ██████
      with header and checks         1.05954                          ████████
    ...
    >>> report.written_bytes - report.payload_bytes
    36
    """
    check_confidence(confidence, resamples)
    n = _row_count(y)
    if n == 0:
        raise DataError("There is no row, so there is nothing to account for.")
    X = as_table(X) if isinstance(X, Mapping) else X
    if isinstance(_regression(model), LinearRegression):
        coded = _coded_numbers(model, X, y, precision)
    elif precision is not None:
        raise SettingError(
            f"precision={precision!r} is for numbers, and the model codes labels. Leave it out."
        )
    else:
        coded = _coded_labels(model, X, y)
    _check_known(coded)
    return _report(
        coded,
        model,
        _described(model, X, coded) if described else None,
        confidence=confidence,
        resamples=resamples,
        seed=seed,
    )


@final
@dataclass(frozen=True, eq=False, kw_only=True)
class _Coded:
    """Targets, what each costs in bits, and what was written.

    ``beside`` is what is written for escaped targets and is in no row's ``integer``.
    """

    targets: Array
    known: Bool[Array, " n"]
    ideal: Float[Array, " n"]
    integer: Float[Array, " n"]
    beside: float
    sizes: ColumnSizes
    classes: int | None
    precision: float | None

    def __len__(self) -> int:
        return len(self.known)

    @property
    def escape_bits(self) -> float:
        return float(self.integer[~self.known].sum()) + self.beside


def _coded_labels(model: Any, X: Any, y: Any) -> _Coded:
    coder, labels = LabelCoder.of(model), label_array(y)
    sizes = column_sizes(encode_labels(model, X, labels))
    symbols = label_block(labels, coder.classes).symbols
    q = len(coder.classes)
    known = symbols < q
    log_q = model.predict_log_proba(X)
    ideal = -log_q[np.arange(len(symbols)), np.minimum(symbols, q - 1)] / log(2)
    return _Coded(
        targets=symbols,
        known=known,
        ideal=np.where(known, ideal, 0.0),
        integer=coded_lengths(model, X, labels),
        beside=8.0 * sizes.beside,
        sizes=sizes,
        classes=q,
        precision=None,
    )


def _coded_numbers(model: Any, X: Any, y: Any, precision: float | None) -> _Coded:
    numbers = number_array(y)
    known = ~np.isnan(numbers)
    if precision is None:
        variance = float(np.max(check_model(model, LinearRegression).residual_variance_))
        precision = written_precision(numbers[known], variance)
    sizes = column_sizes(encode_numbers(model, X, numbers, precision=precision))
    filled = np.where(known, numbers, 0.0)
    ideal = np.asarray(model.code_lengths(X, filled, precision=precision))
    return _Coded(
        targets=filled,
        known=known,
        ideal=np.where(known, ideal, 0.0),
        integer=coded_number_lengths(model, X, numbers, precision=precision),
        beside=0.0,
        sizes=sizes,
        classes=None,
        precision=float(precision),
    )


def _regression(model: Any) -> Any:
    if not isinstance(model, TableModel):
        return model
    check_is_fitted(model)
    return model.estimator_


def _row_count(y: Any) -> int:
    shape = np.shape(y)
    return shape[0] if shape else 1


def _check_known(coded: _Coded) -> None:
    if not coded.known.any():
        raise DataError(
            f"None of the {len(coded)} targets has a code under the model: all are missing, or "
            "labels that it never saw. Give the rows and the model that belong together."
        )


def _described(model: Any, X: Any, coded: _Coded) -> float:
    """Bits of the parameters at their best precision for the rows that have a code."""
    rows = np.flatnonzero(coded.known)
    targets = coded.targets[rows]
    if coded.classes is not None:
        targets = _regression(model).classes_[targets]
    some = X if len(rows) == len(coded) else take_rows(X, rows)
    return float(description_length(model, some, targets, precision=coded.precision).parameters)


# Columns of the sums: rows, rows with a code, their bits under the model and by integers, all bits.
_N, _KNOWN, _IDEAL, _INTEGER, _ALL = range(5)


def _report(
    coded: _Coded,
    model: Any,
    described: float | None,
    *,
    confidence: float,
    resamples: int,
    seed: int,
) -> CodeReport:
    ideal, sizes = float(coded.ideal.sum()), coded.sizes
    quantisation = float(coded.integer[coded.known].sum()) - ideal
    payload = 8.0 * (sizes.symbols + sizes.beside)
    draws = _drawn(coded, confidence=confidence, resamples=resamples, seed=seed)
    return CodeReport(
        rows=len(coded),
        escaped=int(len(coded) - coded.known.sum()),
        precision=coded.precision,
        uniform=None if coded.classes is None else log2(coded.classes),
        **_estimates(coded, draws),
        cross_entropy_bits=ideal,
        quantisation_bits=quantisation,
        escape_bits=coded.escape_bits,
        coder_bits=payload - ideal - quantisation - coded.escape_bits,
        framing_bits=8.0 * (sizes.header + sizes.checks),
        sizes=sizes,
        model_bytes=_file_size(model),
        described_bits=described,
        confidence=float(confidence),
    )


def _estimates(coded: _Coded, draws: Resampled) -> dict[str, Any]:
    """Amounts in bits a row, with intervals."""
    # The density of a Gaussian may exceed 1/Δ.
    least = -np.inf if coded.classes is None else 0.0
    most = np.inf if coded.classes is None else log2(coded.classes)
    payload = 8.0 * (coded.sizes.symbols + coded.sizes.beside)
    overhead = (payload - float(coded.integer.sum()) - coded.beside) / len(coded)
    same = coded.classes is None and not draws.whole[0, -1] > 0
    return {
        "marginal": None
        if same
        else draws.estimate(lambda s: _marginal_bits(s, coded), least, most),
        "cross_entropy": draws.estimate(lambda s: s[:, _IDEAL] / s[:, _KNOWN], least),
        "integer": draws.estimate(lambda s: s[:, _INTEGER] / s[:, _KNOWN], least),
        "payload": draws.estimate(lambda s: s[:, _ALL] / s[:, _N] + overhead, 0.0),
        "gained": None
        if same
        else draws.estimate(lambda s: _marginal_bits(s, coded) - s[:, _IDEAL] / s[:, _KNOWN]),
        "quantisation": draws.estimate(lambda s: (s[:, _INTEGER] - s[:, _IDEAL]) / s[:, _KNOWN]),
    }


def _drawn(coded: _Coded, **settings: Any) -> Resampled:
    known = coded.known.astype(np.float64)
    escape = coded.beside / max(1, int((~coded.known).sum())) * (1 - known)
    columns = [np.ones(len(coded)), known, coded.ideal, coded.integer * known]
    columns.append(coded.integer + escape)
    if coded.classes is not None:
        # Escaped rows are one more class, of which nothing is asked.
        return resampled(np.column_stack(columns), coded.targets.astype(np.int64), **settings)
    # Squares of numbers far from 0 would lose their variance.
    above = (coded.targets - coded.targets[coded.known].mean()) * known
    return resampled(np.column_stack([*columns, above, above**2]), **settings)


def _marginal_bits(sums: Float[Array, "d c"], coded: _Coded) -> Float[Array, " d"]:
    """Entropy of the rows with a code, by each draw's sums.

    Of labels (N log₂ N − Σ m log₂ m)/N, of numbers ½ log₂(2πe v) − log₂ Δ.
    """
    n = sums[:, _KNOWN]
    if coded.precision is None:
        of_escaped = xlogx(sums[:, _N] - n) / log(2)
        return (xlogx(n) / log(2) - (sums[:, -1] - of_escaped)) / n
    variance = sums[:, -1] / n - (sums[:, -2] / n) ** 2
    return 0.5 * np.log2(2 * pi * e * variance) - log2(coded.precision)


def _file_size(model: Any) -> int:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "model.linnet"
        model.save(file)
        return file.stat().st_size
