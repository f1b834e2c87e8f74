"""A column coded block by block by a model: what coders of labels and of numbers share.

Features are taken as the model takes them and cut into the blocks of the header, which are coded
side by side; memory holds a few blocks, however many rows there are.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from linnet.codes.column import (
    ROWS_PER_BLOCK,
    ColumnKind,
    Header,
    Stream,
    read_blocks,
)
from linnet.data import Matrix
from linnet.data.frames import as_table
from linnet.data.tables import Table
from linnet.engine import thread_count
from linnet.errors import DataError, DataTypeError
from linnet.estimators.table_model import TableModel
from linnet.estimators.validation import check_features
from linnet.parallel import in_order
from linnet.types import Array

__all__ = [
    "ColumnCoder",
    "check_header",
    "check_model",
    "column_header",
    "decode_column",
    "encode_column",
    "fingerprint_of",
    "rows_in_blocks",
]

Regression = TypeVar("Regression")


@runtime_checkable
class ColumnCoder(Protocol):
    """What codes the rows of a block, given a model."""

    @property
    def model(self) -> Any:
        """The model, which takes the features."""
        ...

    @property
    def kind(self) -> ColumnKind:
        """What is coded."""
        ...

    @property
    def fingerprint(self) -> bytes:
        """8 bytes that tell this model from any other."""
        ...

    @property
    def n_features(self) -> int:
        """Number of features."""
        ...

    @property
    def n_symbols(self) -> int:
        """Number of symbols, without the escape."""
        ...

    @property
    def extra(self) -> bytes:
        """What else a decoder must be told."""
        ...

    def pack(self, X: Matrix, y: Array) -> bytes:
        """Code the rows of a block."""
        ...

    def unpack(self, data: bytes, rows: range, X: Matrix) -> Array:
        """Decode the rows of a block."""
        ...


def column_header(
    coder: ColumnCoder, n_rows: int, *, rows_per_block: int = ROWS_PER_BLOCK
) -> Header:
    """Return the header of a column of so many rows."""
    return Header(
        kind=coder.kind,
        fingerprint=coder.fingerprint,
        n_rows=n_rows,
        rows_per_block=rows_per_block,
        n_features=coder.n_features,
        n_symbols=coder.n_symbols,
        extra=coder.extra,
    )


def encode_column(
    coder: ColumnCoder,
    batches: Iterable[tuple[Any, Array]],
    n_rows: int,
    *,
    rows_per_block: int = ROWS_PER_BLOCK,
) -> Iterator[bytes]:
    """Encode batches of features and targets, ``n_rows`` rows in all: the bytes, in pieces."""
    header = column_header(coder, n_rows, rows_per_block=rows_per_block)
    yield header.to_bytes()
    blocks = rows_in_blocks(coder.model, batches, header)
    yield from header.sealed(in_order(lambda block: coder.pack(*block), blocks, thread_count()))


def decode_column(
    coder: ColumnCoder, header: Header, batches: Iterable[Any], stream: Stream
) -> Iterator[Array]:
    """Decode the blocks that follow a header, given batches of features: targets, in pieces.

    Raises
    ------
    DataError
        If another model encoded them, bytes were damaged, or the features are others.
    """
    check_header(coder, header)
    blocks = rows_in_blocks(coder.model, ((X,) for X in batches), header)
    triples = zip(read_blocks(header, stream), header.rows(), blocks, strict=True)
    yield from in_order(
        lambda triple: coder.unpack(triple[0], triple[1], *triple[2]), triples, thread_count()
    )


def check_header(coder: ColumnCoder, header: Header) -> None:
    """Raise DataError unless the coder's model, or one just like it, encoded the column."""
    if header.kind is not coder.kind:
        raise DataError(
            f"The coded column holds {header.kind.name.lower()}, and {coder.kind.name.lower()} are "
            "to be decoded. Give the model that encoded it: a SoftmaxRegression codes labels, a "
            "LinearRegression numbers."
        )
    if header.fingerprint != coder.fingerprint:
        raise DataError(
            f"The column was encoded with another model: one of {header.n_features} features and "
            f"{header.n_symbols} symbols, whose fingerprint is {header.fingerprint.hex()}. This "
            f"one has {coder.n_features} features and {coder.n_symbols} symbols, and the "
            f"fingerprint {coder.fingerprint.hex()}. Give the model that encoded it."
        )


def check_model(model: Any, kind: type[Regression]) -> Regression:
    """Return the regression in a fitted model.

    Raises
    ------
    DataTypeError
        If it is of another kind than this codec needs.
    """
    if isinstance(model, TableModel):
        check_is_fitted(model)
    regression = model.estimator_ if isinstance(model, TableModel) else model
    if not isinstance(regression, kind):
        raise DataTypeError(
            f"The model is a {type(regression).__name__}, and a {kind.__name__} is needed, by "
            "itself or in a TableModel. A SoftmaxRegression codes labels, a LinearRegression "
            "numbers."
        )
    check_is_fitted(regression)
    return regression


def fingerprint_of(description: str, *arrays: Array) -> bytes:
    """8 bytes of the SHA-256 of what is given."""
    digest = hashlib.sha256(description.encode())
    for array in arrays:
        digest.update(array.astype("<f8").tobytes())
    return digest.digest()[:8]


def rows_in_blocks(
    model: Any, batches: Iterable[tuple[Any, ...]], header: Header
) -> Iterator[tuple[Any, ...]]:
    """Cut batches of features, and of what else goes with each row, into the header's blocks.

    Raises
    ------
    DataError
        If there are more or fewer rows than the header says, or the features cannot be used.
    """
    sizes = map(len, header.rows())
    wanted = next(sizes, None)
    held: list[tuple[Any, ...]] = []
    seen = count = 0
    for X, *others in batches:
        part = (_design(model, X), *others)
        n = part[0].shape[0]
        _check_lengths(n, others)
        seen += n
        row = 0
        while wanted is not None and row < n:
            rows = slice(row, min(n, row + wanted - count))
            held.append(tuple(each if rows == slice(0, n) else each[rows] for each in part))
            count += rows.stop - row
            row = rows.stop
            if count == wanted:
                yield _joined(held)
                held, count, wanted = [], 0, next(sizes, None)
    if seen != header.n_rows:
        raise DataError(
            f"X has {seen} rows, but {header.n_rows} are coded. Give the features of exactly "
            "those rows, in their order."
        )


def _design(model: Any, X: Any) -> Matrix:
    """Features as numbers: a dense array or CSR."""
    table = isinstance(model, TableModel)
    regression = model.estimator_ if table else model
    rows = as_table(X) if table else X
    # Neither the encoder nor scikit-learn's check takes no rows at all.
    if (rows.n_rows if isinstance(rows, Table) else np.shape(X)[0]) == 0:
        return np.empty((0, regression.n_features_in_))
    return check_features(regression, model.encoder_.transform(rows) if table else X, reset=False)


def _check_lengths(n: int, others: list[Any]) -> None:
    for other in others:
        if len(other) != n:
            raise DataError(
                f"X has {n} rows but y has {len(other)}. Give one target for each row of X."
            )


def _joined(parts: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    if len(parts) == 1:
        return parts[0]
    return tuple(
        np.concatenate(each)
        if all(isinstance(part, np.ndarray) for part in each)
        else sparse.vstack(each, "csr")
        for each in zip(*parts, strict=True)
    )
