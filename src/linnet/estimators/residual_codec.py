"""Numbers as bytes, at a declared precision: where a linear model expects them, codes are short.

A number y is the whole number Y = round(y/Δ) of cells of width Δ. The model's residuals are taken
as Gaussian, with the variance σ² of the fit, as in `LinearRegression.code_lengths`; so cells
have scores −(Y − ŷ/Δ)² / (2 (σ/Δ)²), a parabola, and numbers are coded as labels are. Cells come in
bins of 2^t, from 8 to 16 of them in σ where there are so many cells: which bin is coded, which of
its cells are t plain bits. Bins end 8 σ from ŷ; beyond, the escape, and by how many bins.
"""

from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from math import frexp, sqrt
from typing import Any, Final, final

import numpy as np
from jaxtyping import Float, Int

from linnet.codes.bits import from_bytes
from linnet.codes.blocks import Block, Scores, pack_block, unpack_block
from linnet.codes.coder import intervals
from linnet.codes.column import ColumnKind, Header, read_header
from linnet.codes.fields import Fields, number
from linnet.codes.frequencies import TOTAL_BITS
from linnet.codes.linear_scores import LinearScores
from linnet.codes.powers import FRACTION_BITS
from linnet.data import Matrix
from linnet.engine import limited_blas
from linnet.errors import DataError, DataTypeError, SettingError
from linnet.estimators.column_codec import (
    check_model,
    column_header,
    decode_column,
    encode_column,
    fingerprint_of,
    rows_in_blocks,
)
from linnet.estimators.label_codec import BITS_PER_NAT
from linnet.estimators.linear import LinearRegression
from linnet.estimators.number_values import (
    number_array,
    plain_from,
    plain_to_bytes,
    signed,
    unsigned,
)
from linnet.estimators.validation import check_positive
from linnet.types import Array

__all__ = [
    "NumberCoder",
    "coded_number_lengths",
    "decode_numbers",
    "encode_numbers",
]

# 2⁵²: up to here float64 holds halves, so that rounding to cells is exact.
_MOST_CELLS: Final = 2.0**52
_BIN_BITS: Final = 4
_REACH: Final = 8.0
# Beside a far smaller σ all but one cell are out of reach anyway.
_LEAST_SIGMA: Final = 2.0**-6


def encode_numbers(model: Any, X: Any, y: Any, *, precision: float) -> bytes:
    """Encode numbers, rounded to ``precision``, in about the bits that ``model`` needs for them.

    Parameters
    ----------
    model : LinearRegression or TableModel
        A fitted model of one target; the decoder needs it too.
    X : array, sparse matrix, data frame or table of shape (n, k)
        Features, as ``model`` takes them; the decoder needs the same.
    y : array of shape (n,)
        Numbers; NaN for a missing one.
    precision : float
        Width Δ of the cells: what is decoded is the multiple of Δ nearest to y.

    Returns
    -------
    bytes
        Header, numbers, and checksums; the format is in docs/codes.md.

    Raises
    ------
    DataError
        If ``X`` or ``y`` cannot be used, or a number has more than 2⁵² cells.
    DataTypeError
        If ``model`` is no linear regression.
    SettingError
        If ``precision`` is not positive, or the model has several targets.

    References
    ----------
    Cover and Thomas, *Elements of Information Theory*, 2nd ed., section 8.3.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from linnet import LinearRegression
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = LinearRegression().fit(X, y)
    >>> data = encode_numbers(model, X, y, precision=1)
    >>> len(data), round(float(model.code_lengths(X, y, precision=1).sum()) / 8)
    (477, 430)
    >>> bool((decode_numbers(model, X, data) == y).all())
    True
    """
    coder, numbers = NumberCoder.of(model, precision), number_array(y)
    # Threads go to blocks: on the small products of a block those of BLAS would wait on each other.
    with limited_blas(1):
        return b"".join(encode_column(coder, [(X, numbers)], len(numbers)))


def decode_numbers(model: Any, X: Any, data: Any) -> Float[Array, " n"]:
    """Decode what :func:`encode_numbers` wrote.

    Parameters
    ----------
    model : LinearRegression or TableModel
        The model that the numbers were encoded with.
    X : array, sparse matrix, data frame or table of shape (n, k)
        The features of the numbers, in the same order.
    data : bytes
        All that :func:`encode_numbers` returned.

    Returns
    -------
    array of shape (n,)
        Multiples of the precision; NaN for missing numbers.

    Raises
    ------
    DataError
        If bytes were altered or lost, another model or other features were given: the message
        says which. Wrong numbers are never returned.
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        raise DataTypeError(
            f"data is a {type(data).__name__}. Give bytes, as encode_numbers returns."
        )
    stream = BytesIO(data)
    header = read_header(stream)
    coder = NumberCoder.reading(model, header)
    with limited_blas(1):
        parts = list(decode_column(coder, header, [X], stream))
    return np.concatenate([np.empty(0), *parts])


@final
@dataclass(frozen=True)
class NumberCoder:
    """Numbers of the rows of a block as bytes and back, given a linear regression.

    Parameters
    ----------
    model : LinearRegression or TableModel
        The fitted model.
    regression : LinearRegression
        The regression in it.
    precision : float
        Width of a cell.
    """

    model: Any
    regression: LinearRegression
    precision: float

    @classmethod
    def of(cls, model: Any, precision: float) -> "NumberCoder":
        """Return the coder of a fitted regression at a precision.

        Raises
        ------
        DataTypeError
            If the model is no linear regression.
        SettingError
            If it has several targets, or the precision is not positive.
        """
        regression = check_model(model, LinearRegression)
        if regression.coef_.ndim != 1:
            raise SettingError(
                f"The model predicts {len(regression.coef_)} targets at once, and one is coded at "
                "a time. Fit a model of one target."
            )
        return cls(model, regression, check_positive(precision, "precision"))

    @classmethod
    def reading(cls, model: Any, header: Header) -> "NumberCoder":
        """Return the coder of a column, whose header tells the precision."""
        if header.kind is not ColumnKind.NUMBERS:
            raise DataError(
                "The coded column holds labels, and numbers are to be decoded. Give the "
                "SoftmaxRegression that encoded it to decode_labels."
            )
        if len(header.extra) != 8:
            raise DataError(
                f"The coded column tells its precision in {len(header.extra)} bytes, and it takes "
                "8. It was made by other means: encode the numbers again."
            )
        return cls.of(model, float(np.frombuffer(header.extra, dtype="<f8")[0]))

    @property
    def kind(self) -> ColumnKind:
        """Numbers."""
        return ColumnKind.NUMBERS

    @property
    def n_features(self) -> int:
        """Number of features."""
        return len(self.regression.coef_)

    @property
    def n_symbols(self) -> int:
        """Number of bins."""
        return 2 * self.half

    @property
    def extra(self) -> bytes:
        """The precision, as float64 with the lowest byte first."""
        return np.array(self.precision, dtype="<f8").tobytes()

    @cached_property
    def scores(self) -> LinearScores:
        """The prediction ŷ, in bins: `LinearScores` takes what is of moderate size."""
        return LinearScores(
            self.regression.coef_[None].astype(np.float64) / self._bin_width,
            np.array([self.regression.intercept_], dtype=np.float64) / self._bin_width,
        )

    @cached_property
    def fingerprint(self) -> bytes:
        """8 bytes that tell this model's predictions and variance from any other's."""
        variance = np.array([self.regression.residual_variance_])
        return fingerprint_of("numbers", self.scores.weights, self.scores.intercepts, variance)

    @property
    def sigma(self) -> float:
        """Standard deviation of the residuals, in bins."""
        cells = max(sqrt(float(self.regression.residual_variance_)) / self.precision, _LEAST_SIGMA)
        return cells * 2.0**-self.plain_bits

    @property
    def plain_bits(self) -> int:
        """Bits t that tell the cell within its bin: 2^(t+3) ≤ σ/Δ, with the largest t."""
        cells = sqrt(float(self.regression.residual_variance_)) / self.precision
        return max(0, frexp(min(cells, _MOST_CELLS))[1] - _BIN_BITS)

    @property
    def half(self) -> int:
        """Bins on either side of the prediction."""
        return int(_REACH * self.sigma) + 2

    def pack(self, X: Matrix, y: Float[Array, " n"]) -> bytes:
        """Code the numbers of a block."""
        numbers = self._placed(X, y)
        escaped = b"".join(map(number, numbers.escaped.tolist()))
        extra = plain_to_bytes(numbers.plain, self.plain_bits) + escaped
        parabolas = self._parabolas(numbers.predicted, numbers.base)
        return pack_block(parabolas, Block(numbers.symbols, extra))

    def code_lengths(self, X: Matrix, y: Float[Array, " n"]) -> Float[Array, " n"]:
        """Bits of the numbers of a block: by integer frequencies, plain, and of what is escaped."""
        numbers = self._placed(X, y)
        widths, row = np.ones(len(y)), 0
        for tile in self._parabolas(numbers.predicted, numbers.base):
            rows = slice(row, row + len(tile))
            widths[rows] = intervals(tile, numbers.symbols[rows])[1]
            row = rows.stop
        lengths = TOTAL_BITS - np.log2(widths) + self.plain_bits
        lengths[numbers.symbols == self.n_symbols] += [
            8.0 * len(number(each)) for each in numbers.escaped.tolist()
        ]
        return lengths

    def _placed(self, X: Matrix, y: Float[Array, " n"]) -> "_Placed":
        missing = np.isnan(y)
        cells = self._cells(np.where(missing, 0.0, y))
        predicted, base = self._predicted(X)
        above = (cells >> self.plain_bits) - base
        inside = (above >= -self.half) & (above < self.half) & ~missing
        outside = np.flatnonzero(~inside)
        return _Placed(
            predicted=predicted,
            base=base,
            symbols=np.where(inside, above + self.half, self.n_symbols).astype(np.int32),
            plain=(cells & ((1 << self.plain_bits) - 1)).astype(np.uint64),
            escaped=np.where(missing, 0, 1 + unsigned(above))[outside],
        )

    def unpack(self, data: bytes, rows: range, X: Matrix) -> Float[Array, " n"]:
        """Decode the numbers of a block."""
        predicted, base = self._predicted(X)
        block = unpack_block(data, self._parabolas(predicted, base), rows)
        fields = Fields(memoryview(block.escaped))
        stream = from_bytes(fields.take(-(-len(rows) * self.plain_bits // 8)))
        above = block.symbols.astype(np.int64) - self.half
        missing = np.zeros(len(rows), dtype=bool)
        for row in np.flatnonzero(block.symbols == self.n_symbols):
            value = fields.number()
            missing[row] = value == 0
            above[row] = signed(value - 1) if value else 0
        fields.close()
        plain = plain_from(stream, len(rows), self.plain_bits)
        return np.where(missing, np.nan, self._values(((above + base) << self.plain_bits) + plain))

    def _cells(self, y: Float[Array, " n"]) -> Int[Array, " n"]:
        inverse = self._inverse
        with np.errstate(over="ignore"):
            cells = np.rint(y * inverse if inverse else y / self.precision)
        wrong = ~(np.abs(cells) < _MOST_CELLS)
        if wrong.any():
            raise DataError(
                f"y contains {y[wrong][0]:g}, which is 2⁵² cells of {self.precision:g} or more "
                "from 0. Choose a coarser precision."
            )
        return cells.astype(np.int64)

    def _values(self, cells: Int[Array, " n"]) -> Float[Array, " n"]:
        inverse = self._inverse
        return cells / inverse if inverse else cells * self.precision

    @property
    def _inverse(self) -> float:
        """1/Δ where that is whole, such as 100 for 0.01: dividing by it gives decimals exactly."""
        inverse = float(np.rint(1 / self.precision)) if self.precision > 1 / _MOST_CELLS else 0.0
        return inverse if inverse > 1 and 1 / inverse == self.precision else 0.0

    @property
    def _bin_width(self) -> float:
        return self.precision * 2.0**self.plain_bits

    def _predicted(self, X: Matrix) -> tuple[Float[Array, " n"], Int[Array, " n"]]:
        """Predictions in bins, and the bin that each is in."""
        Z = np.concatenate([np.empty(0), *(tile[:, 0] for tile in self.scores.tiles(X))])
        Z = Z.clip(-_MOST_CELLS, _MOST_CELLS)
        return Z, np.floor(Z).astype(np.int64)

    def _parabolas(self, predicted: Float[Array, " n"], base: Int[Array, " n"]) -> Scores:
        """Scores of the bins, at their middles."""
        middle = (1.0 - 2.0**-self.plain_bits) / 2
        bins = np.arange(-self.half, self.half) + middle
        slope = -0.5 * BITS_PER_NAT * 2.0**FRACTION_BITS / self.sigma**2
        rows = max(1, (1 << 17) // self.n_symbols)
        for start in range(0, len(base), rows):
            part = slice(start, start + rows)
            Z = bins - (predicted[part] - base[part])[:, None]
            yield np.rint(slope * (Z * Z)).clip(-(2.0**29), 0.0).astype(np.int32)


@final
@dataclass(frozen=True, kw_only=True)
class _Placed:
    """Where the numbers of a block are: the bin of each, and the cell in it.

    Attributes
    ----------
    predicted, base : array of shape (n,)
        Predictions in bins, and the bin that each is in.
    symbols : array of shape (n,)
        Bin of each number among those around its prediction.
    plain : array of shape (n,)
        Its cell within the bin.
    escaped : array of shape (e,)
        For each number outside these bins 1 + how far away it is; 0 for a missing one.
    """

    predicted: Float[Array, " n"]
    base: Int[Array, " n"]
    symbols: Int[Array, " n"]
    plain: Array
    escaped: Int[Array, " e"]


def coded_number_lengths(model: Any, X: Any, y: Any, *, precision: float) -> Float[Array, " n"]:
    """Bits that the coder spends on each number, a missing or far one with all that tells it."""
    coder, numbers = NumberCoder.of(model, precision), number_array(y)
    blocks = rows_in_blocks(model, [(X, numbers)], column_header(coder, len(numbers)))
    return np.concatenate([np.empty(0), *(coder.code_lengths(*block) for block in blocks)])
