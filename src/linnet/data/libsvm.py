"""The libsvm format: a label and the non-zero features of a sample on each line."""

import os
import re
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import Final, final

from jaxtyping import Float
from scipy.sparse import csr_matrix

from linnet.data.contents import read_contents
from linnet.errors import TableError
from linnet.types import Array

__all__ = ["LibsvmData", "is_libsvm", "read_libsvm"]

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
    from sklearn.datasets import load_svmlight_file

    origin = os.fspath(path)
    data = read_contents(path)
    try:
        # Only zero_based="auto" tells files that count from 0 from those that count from 1.
        X, y = load_svmlight_file(BytesIO(data), n_features=n_features, zero_based="auto")
    except (ValueError, OverflowError) as error:
        _raise_for_line(data, origin, n_features)
        raise TableError(f"{origin}: cannot be read as libsvm: {error}.") from None
    if not len(y):
        raise TableError(f"{origin}: the file holds no sample.")
    return LibsvmData(X, y, origin)


def _raise_for_line(data: bytes, origin: str, n_features: int | None) -> None:
    for number, line in enumerate(data.split(b"\n"), start=1):
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
