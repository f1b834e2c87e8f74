"""The libsvm format: a label and the non-zero features of a sample on each line."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import Final, final

from jaxtyping import Float
from scipy.sparse import csr_matrix

from linnet.data.batch import Batch
from linnet.data.contents import read_contents
from linnet.data.stored import StoredFile, find_files
from linnet.data.text_blocks import text_blocks
from linnet.errors import TableError
from linnet.types import Array

__all__ = ["LibsvmData", "LibsvmStream", "is_libsvm", "read_libsvm"]

_FLOAT: Final = rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_LINE: Final = re.compile(
    rb"\s*(?P<label>" + _FLOAT + rb")(?P<query>\s+qid:\d+)?"
    rb"(?P<pairs>(?:\s+\d+:" + _FLOAT + rb")*)\s*(?:#.*)?"
)
_BLANK: Final = re.compile(rb"\s*(?:#.*)?")
_INDEX: Final = re.compile(rb"(\d+):")


@final
@dataclass(frozen=True)
class LibsvmData:
    """Samples read from a libsvm file.

    Parameters
    ----------
    X : csr_matrix of shape (n, k)
        The features, float64. Feature 1 of the file is column 0; where the file has a feature 0,
        that one is.
    y : array of shape (n,)
        The labels, float64.
    origin : str
        The file's path.
    """

    X: csr_matrix
    y: Float[Array, " n"]
    origin: str


def is_libsvm(lines: list[bytes]) -> bool:
    """Judge whether lines are libsvm: each a label with index:value pairs, some with a pair."""
    matches = [_LINE.fullmatch(line) for line in lines if not _BLANK.fullmatch(line)]
    return all(matches) and any(match is not None and match["pairs"] for match in matches)


def read_libsvm(path: str | os.PathLike[str], n_features: int | None = None) -> LibsvmData:
    """Read a libsvm file, plain or compressed.

    Parameters
    ----------
    path : str or path
        The file.
    n_features : int or None
        Number of columns, for files that should agree; None takes the largest index.

    Returns
    -------
    LibsvmData
        The features as a sparse matrix, and the labels.

    Raises
    ------
    TableError
        If a line is not ``label index:value …`` with rising indices, or an index is beyond
        ``n_features``: the message names the line.
    """
    origin = os.fspath(path)
    # Only zero_based="auto" tells files that count from 0 from those that count from 1.
    X, y = _parsed(read_contents(path), origin, n_features, zero_based="auto")
    if not len(y):
        raise TableError(f"{origin}: the file holds no sample.")
    return LibsvmData(X, y, origin)


def _look_away(labels: Array) -> None:
    """Do nothing with labels."""
    del labels


@final
@dataclass(frozen=True)
class LibsvmStream:
    r"""Libsvm files, plain or compressed, read some lines at a time, as often as wanted.

    Parameters
    ----------
    files : tuple of StoredFile
        The files, as they were when they were opened.
    n_samples, n_features, n_values : int
        Number of rows, of columns, and of values given.
    from_zero : bool
        Whether there is a feature 0; else feature 1 is column 0.
    block_bytes : int
        Bytes that are read at a time.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "few.svm")
    ...     _ = path.write_text("1 1:0.5 4:2\n0 2:1\n")
    ...     stream = LibsvmStream.open(path)
    ...     stream.n_samples, stream.n_features, [b.X.shape for b in stream.batches()]
    (2, 4, [(2, 4)])
    """

    files: tuple[StoredFile, ...]
    n_samples: int
    n_features: int
    n_values: int
    from_zero: bool
    block_bytes: int = 2**24

    @classmethod
    def open(
        cls,
        paths: object,
        n_features: int | None = None,
        *,
        block_bytes: int = 2**24,
        see: Callable[[Array], None] = _look_away,
    ) -> "LibsvmStream":
        """Read the files once, to know how many rows and columns there are.

        Parameters
        ----------
        paths : str, path, or sequence of them
            The files: see `find_files`.
        n_features : int or None
            Number of columns; None takes the largest index.
        block_bytes : int
            Bytes to read at a time.
        see : function
            Is shown the labels of each block.

        Raises
        ------
        TableError
            As `read_libsvm` does.
        """
        files = tuple(find_files(paths))
        n = values = 0
        least, largest = 1, -1
        for X, y in _blocks(files, None, block_bytes, zero_based=True):
            see(y)
            n, values = n + len(y), values + X.nnz
            if X.nnz:
                least = min(least, int(X.indices.min()))
                largest = max(largest, int(X.indices.max()))
        from_zero = least == 0
        found = largest + from_zero
        name = files[0].name + (f" and {len(files) - 1} more" if len(files) > 1 else "")
        if not n:
            raise TableError(f"{name}: there is no sample.")
        if n_features is not None and found > n_features:
            raise TableError(
                f"{name}: feature {largest} is beyond the {n_features} features asked for. "
                "Give the same n_features that the model was fitted with, or a larger one."
            )
        n_features = found if n_features is None else n_features
        return cls(files, n, n_features, values, from_zero, block_bytes)

    def batches(self) -> Iterator[Batch]:
        """Give the rows in order, as CSR in float64, with their labels.

        Raises
        ------
        TableError
            If a file has changed since it was opened.
        """
        for file in self.files:
            file.require_unchanged()
        blocks = _blocks(self.files, self.n_features, self.block_bytes, zero_based=self.from_zero)
        return (Batch(X, y) for X, y in blocks)


def _blocks(
    files: Sequence[StoredFile], n_features: int | None, size: int, *, zero_based: bool
) -> Iterator[tuple[csr_matrix, Float[Array, " n"]]]:
    for file in files:
        for block in text_blocks(file, encoding="utf-8", block_bytes=size, row_end=_line_end):
            yield _parsed(
                block.data, file.name, n_features, zero_based=zero_based, line=block.first_line
            )


def _line_end(text: bytes) -> int:
    return text.rfind(b"\n") + 1


def _parsed(
    data: bytes, origin: str, n_features: int | None, *, zero_based: bool | str, line: int = 1
) -> tuple[csr_matrix, Float[Array, " n"]]:
    """Parse lines, of which the first is number ``line`` of the file."""
    from sklearn.datasets import load_svmlight_file

    try:
        X, y = load_svmlight_file(BytesIO(data), n_features=n_features, zero_based=zero_based)
    except (ValueError, OverflowError) as error:
        _raise_for_line(data, origin, n_features, line)
        raise TableError(f"{origin}: cannot be read as libsvm: {error}.") from None
    return X, y


def _raise_for_line(data: bytes, origin: str, n_features: int | None, first: int) -> None:
    for number, line in enumerate(data.split(b"\n"), start=first):
        if _BLANK.fullmatch(line):
            continue
        match = _LINE.fullmatch(line)
        place = f"{origin}, line {number}"
        if match is None:
            shown = line[:60].decode(errors="replace")
            raise TableError(f"{place}: not of the form 'label index:value …': {shown!r}.")
        indices = [int(index) for index in _INDEX.findall(match["pairs"])]
        if any(after <= before for before, after in pairwise(indices)):
            raise TableError(f"{place}: the indices must rise from left to right.")
        if n_features is not None and indices and indices[-1] > n_features:
            raise TableError(
                f"{place}: feature {indices[-1]} is beyond the {n_features} features asked for. "
                "Give the same n_features that the model was fitted with, or a larger one."
            )
