"""What is taken off a column before it is coded: nothing, a prediction, or the row before.

The row before is the last one that holds a number, and for texts one of the same rank leaves 0.
A prediction is a linear regression on earlier columns of numbers, its coefficients rounded to
float32, computed by `LinearScores`: the same whole number on every machine.
"""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final, final

import numpy as np
from jaxtyping import Float32, Float64, Int64

from linnet.codes.fields import Fields, number
from linnet.codes.linear_scores import LinearScores
from linnet.compression.alphabet import Way
from linnet.compression.predictors import Known
from linnet.compression.sections import read_signed, signed
from linnet.compression.softmax_model import sampled_rows
from linnet.errors import DataError
from linnet.types import Array

__all__ = ["Shift", "ShiftKind", "shifts_of"]

_MOST_PREDICTORS: Final = 8
_FIT_ROWS: Final = 16384
_LARGEST: Final = 2.0**60
# Rows that lie farther from the prediction than this many typical deviations are left out.
_OUTLYING: Final = 8.0
_BITS_IN_SCORES: Final = 12


class ShiftKind(IntEnum):
    """What is taken off."""

    NOTHING = 0
    PREDICTION = 1
    ROW_BEFORE = 2


@final
@dataclass(frozen=True, eq=False)
class Shift:
    """What is taken off numbers.

    Parameters
    ----------
    kind : ShiftKind
        What it is.
    odd : int
        How many of the first numbers stand for no number: they stay as they are.
    least : int
        The least difference, so that what is coded is at least 0.
    parents : tuple of int
        Columns that predict.
    weights : array of shape (k,)
        Their coefficients, in units of 2^exponent.
    intercept : float
        What is added to them.
    exponent : int
        Predictions are computed in units of 2^exponent.
    """

    kind: ShiftKind
    odd: int
    least: int = 0
    parents: tuple[int, ...] = ()
    weights: Float32[Array, " k"] | None = None
    intercept: float = 0.0
    exponent: int = 0

    def off(self, values: Int64[Array, " n"], known: list[Known]) -> Int64[Array, " n"]:
        """Take it off."""
        if self.kind is ShiftKind.NOTHING:
            return values
        return self._above(self._differences(values, known), values)

    def on(self, coded: Int64[Array, " n"], known: list[Known]) -> Int64[Array, " n"]:
        """Put it on again."""
        match self.kind:
            case ShiftKind.NOTHING:
                return coded
            case ShiftKind.ROW_BEFORE:
                values = coded.copy()
                some = coded >= self.odd
                values[some] = (coded[some] + self.least).cumsum()
                return values
            case ShiftKind.PREDICTION:
                values = coded + (self.least + self._predicted(known, len(coded)))
                return np.where(coded < self.odd, coded, values)

    def fitted(self, values: Int64[Array, " n"], known: list[Known]) -> "Shift":
        """Return the same with the least difference found."""
        differences = self._differences(values, known)[values >= self.odd]
        return replace(self, least=int(differences.min(initial=0)) - self.odd)

    def write(self) -> bytes:
        """Write it."""
        data = bytes([self.kind])
        if self.kind is ShiftKind.NOTHING:
            return data
        data += signed(self.least)
        if self.weights is None:
            return data
        numbers = self.weights.astype("<f4").tobytes() + np.array(self.intercept, "<f8").tobytes()
        parents = b"".join(map(number, self.parents))
        return data + number(len(self.parents)) + parents + number(self.exponent) + numbers

    @classmethod
    def read(cls, fields: Fields, odd: int, known: list[Known]) -> "Shift":
        """Read what :meth:`write` wrote."""
        kind = fields.take(1)[0]
        if kind not in set(ShiftKind):
            raise DataError(
                f"The table has a shift {kind}, which this linnet does not know. Install a newer "
                "linnet."
            )
        if kind == ShiftKind.NOTHING:
            return cls(ShiftKind.NOTHING, odd)
        least = read_signed(fields)
        if kind == ShiftKind.ROW_BEFORE:
            return cls(ShiftKind.ROW_BEFORE, odd, least)
        parents = tuple(fields.number() for _ in range(fields.number()))
        if any(j >= len(known) or known[j].quantities is None for j in parents):
            raise DataError(
                "A column is predicted from one that has no numbers. The table was made by other "
                "means: compress it again."
            )
        exponent = fields.number()
        weights = np.frombuffer(fields.take(4 * len(parents)), dtype="<f4").astype(np.float32)
        intercept = float(np.frombuffer(fields.take(8), dtype="<f8")[0])
        return cls(ShiftKind.PREDICTION, odd, least, parents, weights, intercept, exponent)

    def _differences(self, values: Int64[Array, " n"], known: list[Known]) -> Int64[Array, " n"]:
        if self.kind is ShiftKind.ROW_BEFORE:
            differences = values.copy()
            some = values >= self.odd
            differences[some] = np.diff(values[some], prepend=0)
            return differences
        return values - self._predicted(known, len(values))

    def _above(
        self, differences: Int64[Array, " n"], values: Int64[Array, " n"]
    ) -> Int64[Array, " n"]:
        return np.where(values < self.odd, values, differences - self.least)

    def _predicted(self, known: list[Known], n: int) -> Int64[Array, " n"]:
        weights = np.zeros(0) if self.weights is None else self.weights.astype(np.float64)
        scores = LinearScores(weights[None], np.array([self.intercept]))
        X = _columns(known, self.parents, np.arange(n))
        Z = np.concatenate([np.empty(0), *(tile[:, 0] for tile in scores.tiles(X))])
        return np.rint((Z * 2.0**self.exponent).clip(-_LARGEST, _LARGEST)).astype(np.int64)


def shifts_of(column: Known, known: list[Known], candidates: list[int]) -> list[Shift]:
    """Shifts worth trying for a column, which earlier ones that are candidates may predict."""
    values, alphabet = column.values, column.alphabet
    odd = alphabet.odd
    shifts = [Shift(ShiftKind.NOTHING, odd)]
    if len(values) < 3 or int(values.max()) >= _LARGEST / 4:
        return shifts
    shifts.append(Shift(ShiftKind.ROW_BEFORE, odd).fitted(values, known))
    numbers = alphabet.way is Way.NUMBERS
    prediction = _prediction(values, odd, known, candidates) if numbers else None
    return [*shifts, prediction.fitted(values, known)] if prediction else shifts


def _prediction(
    values: Int64[Array, " n"], odd: int, known: list[Known], candidates: list[int]
) -> Shift | None:
    rows = sampled_rows(len(values), _FIT_ROWS)
    rows = rows[values[rows] >= odd]
    numbers = [j for j in candidates if known[j].quantities is not None]
    if not numbers or len(rows) < 8 * _MOST_PREDICTORS:
        return None
    y = values[rows].astype(np.float64)
    X = _columns(known, tuple(numbers), rows)
    parents = _strongest(X, y)
    if not parents:
        return None
    coefficients, intercept = _least_squares(X[:, parents], y)
    exponent = max(0, int(values.max()).bit_length() - _BITS_IN_SCORES)
    weights = (coefficients * 2.0**-exponent).astype(np.float32)
    if not np.isfinite(weights).all():
        return None
    return Shift(
        ShiftKind.PREDICTION,
        odd,
        0,
        tuple(numbers[p] for p in parents),
        weights,
        intercept * 2.0**-exponent,
        exponent,
    )


def _columns(
    known: list[Known], parents: tuple[int, ...], rows: Int64[Array, " m"]
) -> Float64[Array, "m k"]:
    X = np.zeros((len(rows), len(parents)))
    for place, j in enumerate(parents):
        quantities = known[j].quantities
        if quantities is not None:
            X[:, place] = quantities[rows]
    return X


def _strongest(X: Float64[Array, "m k"], y: Float64[Array, " m"]) -> list[int]:
    """Columns that each go with what the ones before leave unexplained (orthogonal pursuit)."""
    R = X - X.mean(axis=0)
    spread = (R * R).sum(axis=0)
    left = y - y.mean()
    chosen: list[int] = []
    live = spread > 0
    while len(chosen) < _MOST_PREDICTORS and live.any() and left @ left > 0:
        now = (R * R).sum(axis=0)
        live &= now > 1e-9 * spread
        strength = np.where(live, (R.T @ left) ** 2 / np.maximum(now, 1e-300), 0.0)
        best = int(strength.argmax())
        # A share of the variance that would save less than its coefficient costs.
        if strength[best] * len(y) < 32 * (left @ left):
            break
        chosen.append(best)
        live[best] = False
        direction = R[:, best] / np.sqrt(now[best])
        left = left - direction * (direction @ left)
        R = R - np.outer(direction, direction @ R)
    return chosen


def _least_squares(
    X: Float64[Array, "m k"], y: Float64[Array, " m"]
) -> tuple[Float64[Array, " k"], float]:
    """Fit the rows, then those alone that are no outliers."""
    from linnet.estimators import LinearRegression

    model = LinearRegression().fit(X, y)
    away = np.abs(y - model.predict(X))
    near = away <= _OUTLYING * max(float(np.median(away)), 0.5)
    if near.sum() > 4 * X.shape[1]:
        model = LinearRegression().fit(X[near], y[near])
    return model.coef_, float(model.intercept_)
