"""Labels as bytes of about their cross entropy: a model's probabilities are the code.

Scores are in bits, W log₂e and b log₂e, and become integer frequencies as `linnet.codes` has it.
With two classes the first has score 0.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any, Final, final

import numpy as np
from jaxtyping import Float

from linnet.codes.blocks import pack_block, unpack_block
from linnet.codes.coder import check_alphabet, intervals
from linnet.codes.column import ColumnKind, read_header
from linnet.codes.frequencies import TOTAL_BITS
from linnet.codes.linear_scores import LinearScores
from linnet.data import Matrix
from linnet.engine import limited_blas
from linnet.errors import DataTypeError
from linnet.estimators.column_codec import (
    check_model,
    column_header,
    decode_column,
    encode_column,
    fingerprint_of,
    rows_in_blocks,
)
from linnet.estimators.label_values import joined_labels, label_array, label_block, labels_of
from linnet.estimators.softmax import SoftmaxRegression
from linnet.estimators.softmax_parameters import weights_of
from linnet.types import Array

__all__ = ["BITS_PER_NAT", "LabelCoder", "coded_lengths", "decode_labels", "encode_labels"]

# Written out, for a logarithm might differ in its last bit between machines.
BITS_PER_NAT: Final = 1.4426950408889634
"""log₂ e."""


def encode_labels(model: Any, X: Any, y: Any) -> bytes:
    """Encode labels in about as many bits as ``model`` needs for them, given their features.

    Parameters
    ----------
    model : SoftmaxRegression or TableModel
        A fitted classifier; the decoder needs it too.
    X : array, sparse matrix, data frame or table of shape (n, k)
        Features, as ``model`` takes them; the decoder needs the same.
    y : array of shape (n,)
        Labels. One that the model never saw, or None, costs 24 bits and itself.

    Returns
    -------
    bytes
        Header, labels, and checksums; the format is in docs/codes.md.

    Raises
    ------
    DataError
        If ``X`` or ``y`` cannot be used: the message names row and column.
    DataTypeError
        If ``model`` is no classifier.

    References
    ----------
    Cover and Thomas, *Elements of Information Theory*, 2nd ed., section 5.4. Duda, "Asymmetric
    numeral systems", arXiv:1311.2540.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from linnet import SoftmaxRegression
    >>> X, y = load_digits(return_X_y=True)
    >>> model = SoftmaxRegression(C=1e-4).fit(X, y)
    >>> data = encode_labels(model, X, y)
    >>> len(data), round(float(model.code_lengths(X, y).sum()) / 8)
    (238, 201)
    >>> bool((decode_labels(model, X, data) == y).all())
    True
    """
    coder, labels = LabelCoder.of(model), label_array(y)
    # Threads go to blocks: on the small products of a block those of BLAS would wait on each other.
    with limited_blas(1):
        return b"".join(encode_column(coder, [(X, labels)], len(labels)))


def decode_labels(model: Any, X: Any, data: Any) -> Array:
    """Decode what :func:`encode_labels` wrote.

    Parameters
    ----------
    model : SoftmaxRegression or TableModel
        The model that the labels were encoded with.
    X : array, sparse matrix, data frame or table of shape (n, k)
        The features of the labels, in the same order.
    data : bytes
        All that :func:`encode_labels` returned.

    Returns
    -------
    array of shape (n,)
        The labels, of the type of the model's classes where that holds them all.

    Raises
    ------
    DataError
        If bytes were altered or lost, another model or other features were given: the message
        says which. Wrong labels are never returned.
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        raise DataTypeError(
            f"data is a {type(data).__name__}. Give bytes, as encode_labels returns."
        )
    coder, stream = LabelCoder.of(model), BytesIO(data)
    with limited_blas(1):
        parts = list(decode_column(coder, read_header(stream), [X], stream))
    return joined_labels(parts, coder.classes)


def coded_lengths(model: Any, X: Any, y: Any) -> Float[Array, " n"]:
    """Bits that the coder spends on each label: ``model.code_lengths`` at its finite precision.

    Parameters
    ----------
    model, X, y
        As for :func:`encode_labels`.

    Returns
    -------
    array of shape (n,)
        By the integer frequencies. A label that the model never saw has 24 bits for the escape;
        the label itself is not counted.
    """
    coder, labels = LabelCoder.of(model), label_array(y)
    blocks = rows_in_blocks(model, [(X, labels)], column_header(coder, len(labels)))
    return np.concatenate([np.empty(0), *(coder.code_lengths(*block) for block in blocks)])


@final
@dataclass(frozen=True)
class LabelCoder:
    """Labels of the rows of a block as bytes and back, given a classifier.

    Parameters
    ----------
    model : SoftmaxRegression or TableModel
        The fitted model.
    regression : SoftmaxRegression
        The regression in it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from linnet import SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> coder = LabelCoder.of(SoftmaxRegression().fit(X, y))
    >>> batches = ((X[i : i + 50], y[i : i + 50]) for i in range(0, 150, 50))
    >>> stream = BytesIO(b"".join(encode_column(coder, batches, 150, rows_per_block=60)))
    >>> labels = decode_column(coder, read_header(stream), iter([X[:80], X[80:]]), stream)
    >>> [len(some) for some in labels]
    [60, 60, 30]
    """

    model: Any
    regression: SoftmaxRegression

    @classmethod
    def of(cls, model: Any) -> "LabelCoder":
        """Return the coder of a fitted classifier.

        Raises
        ------
        DataTypeError
            If the model is no classifier.
        """
        regression = check_model(model, SoftmaxRegression)
        check_alphabet(len(regression.classes_))
        return cls(model, regression)

    @property
    def kind(self) -> ColumnKind:
        """Labels."""
        return ColumnKind.LABELS

    @property
    def classes(self) -> Array:
        """The classes, symbol by symbol."""
        return self.regression.classes_

    @property
    def n_features(self) -> int:
        """Number of features."""
        return self.scores.weights.shape[1]

    @property
    def n_symbols(self) -> int:
        """Number of classes."""
        return len(self.classes)

    @property
    def extra(self) -> bytes:
        """Nothing: the model tells all."""
        return b""

    @cached_property
    def scores(self) -> LinearScores:
        """Scores of the classes, in bits."""
        W = weights_of(self.regression) * BITS_PER_NAT
        b = self.regression.intercept_ * BITS_PER_NAT
        if len(self.classes) == 2:
            W, b = np.vstack([np.zeros_like(W), W]), np.append(0.0, b)
        return LinearScores(W, b)

    @cached_property
    def fingerprint(self) -> bytes:
        """8 bytes that tell this model's scores and classes from any other's."""
        alphabet = json.dumps([self.classes.dtype.kind, self.classes.tolist()])
        return fingerprint_of(alphabet, self.scores.weights, self.scores.intercepts)

    def code_lengths(self, X: Matrix, y: Array) -> Float[Array, " n"]:
        """Bits of the labels of a block, by the integer frequencies."""
        symbols = label_block(y, self.classes).symbols
        widths, row = np.ones(len(symbols)), 0
        for tile in self.scores.integers(X):
            rows = slice(row, row + len(tile))
            widths[rows] = intervals(tile, symbols[rows])[1]
            row = rows.stop
        return TOTAL_BITS - np.log2(widths)

    def pack(self, X: Matrix, y: Array) -> bytes:
        """Code the labels of a block."""
        return pack_block(self.scores.integers(X), label_block(y, self.classes))

    def unpack(self, data: bytes, rows: range, X: Matrix) -> Array:
        """Decode the labels of a block."""
        return labels_of(unpack_block(data, self.scores.integers(X), rows), self.classes)
