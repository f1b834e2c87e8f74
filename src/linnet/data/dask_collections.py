"""Dask arrays and data frames become a source: partition by partition, each computed where it is.

A partition is a task over the blocks of the collections, so that Dask computes it again wherever
its worker is lost.
"""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, TypeAlias

import numpy as np
from scipy.sparse import csr_array, issparse

from linnet.data.batch import Batch, Matrix
from linnet.data.dask_source import DaskSource
from linnet.data.dask_waiting import Client, connected
from linnet.errors import DataError, DataTypeError

__all__ = ["from_collections", "is_collection"]

Collection: TypeAlias = Any
"""A ``dask.array.Array``, or a ``DataFrame`` or ``Series`` of ``dask.dataframe``."""

Block: TypeAlias = Any
"""A part of a collection: still to be computed, or a NumPy array, sparse matrix or frame."""

REAL: Final = "biuf"


def is_collection(values: Any) -> bool:
    """Whether ``values`` is a Dask collection; told without loading Dask."""
    if "dask" not in sys.modules:
        return False
    from dask import is_dask_collection

    return bool(is_dask_collection(values))


def from_collections(
    X: Collection,
    y: Any,
    sample_weight: Any = None,
    *,
    client: Client | None = None,
    within: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> DaskSource:
    """Give the rows of Dask collections as a source; they stay on the workers.

    Parameters
    ----------
    X : dask array of shape (n, k), or dask data frame of numbers
        Samples, in chunks of rows; several chunks of columns are joined. Blocks may be sparse,
        of different types, or empty.
    y : dask array or series of shape (n,) or (n, m), or an array
        Targets, as they are. Collections have the partitions of ``X``; an array with chunks of
        known sizes is cut like it.
    sample_weight : like y, of shape (n,), optional
        How often each row counts.
    client : distributed.Client, optional
        The connection to the cluster; the one connected last if none is given.
    within : callable
        Gives the context in which a worker runs a function.

    Returns
    -------
    DaskSource
        Every row; partitions without any are left out.

    Raises
    ------
    DataError
        If shapes do not fit, or values are not numbers: the message names the partition.
    DataTypeError
        If ``X`` is another kind of collection.
    SettingError
        If no client is connected.

    Examples
    --------
    >>> import dask.array as da
    >>> from distributed import Client
    >>> with Client(processes=False, n_workers=1, dashboard_address=':0'):
    ...     X = da.ones((10, 2), chunks=(4, 1))
    ...     source = from_collections(X, X[:, 0])
    ...     len(source.partitions), source.n_samples, source.n_features
    (3, 10, 2)
    """
    from dask import delayed

    client = connected(client)
    rows = _blocks(X, "X")
    targets = _blocks(_cut_like(X, y, "y"), "y", len(rows))
    nothing = [None] * len(rows)
    weights = nothing
    if sample_weight is not None:
        cut = _cut_like(X, sample_weight, "sample_weight")
        weights = _blocks(cut, "sample_weight", len(rows))
    batches = [
        delayed(_batch)(*blocks, place)
        for place, blocks in enumerate(zip(rows, targets, weights, strict=True))
    ]
    with client.as_current():
        source = DaskSource(client, tuple(client.compute(batches)), within).without_empty()
    if source.n_samples == 0:
        raise DataError("X has 0 sample(s): all of its partitions are empty. Give rows to fit.")
    return source


def _blocks(values: Collection, name: str, count: int | None = None) -> list[Block]:
    """List the blocks of rows, each still to be computed."""
    if _is_frame(values):
        blocks = list(values.to_delayed())
    elif _is_array(values):
        if values.ndim not in {1, 2} or (name == "X" and values.ndim == 1):
            needed = "(n, k)" if name == "X" else "(n,) or (n, m)"
            raise DataError(f"{name} has shape {values.shape}; it needs shape {needed}.")
        if values.ndim == 2 and values.numblocks[1] > 1:
            values = values.rechunk({1: -1})
        blocks = list(values.to_delayed().ravel())
    else:
        raise DataTypeError(
            f"{name} is a {type(values).__name__}; it must be a dask array, or a dask data frame, "
            "of rows."
        )
    if count is not None and len(blocks) != count:
        raise DataError(
            f"X has {count} partitions but {name} has {len(blocks)}. Cut both alike: "
            f"{name}.rechunk for arrays, {name}.repartition for frames."
        )
    return blocks


def _cut_like(X: Collection, values: Any, name: str) -> Collection:
    """Cut an array where ``X`` is cut, if that is known; else leave it as it is."""
    known = _is_array(X) and not np.isnan(X.shape[0])
    if _is_array(values):
        if not known or np.isnan(values.shape[0]):
            return values
    elif is_collection(values):
        return values
    else:
        import dask.array as da

        values = da.from_array(np.asarray(values), chunks=-1)
        if not known:
            raise DataError(
                f"{name} is in this process's memory, and where X is cut is not known. Give "
                f"{name} as a Dask collection with the partitions of X, or call "
                "X.compute_chunk_sizes()."
            )
    if values.ndim == 0 or values.shape[0] != X.shape[0]:
        raise DataError(
            f"X has {X.shape[0]} rows but {name} has shape {values.shape}: inconsistent numbers "
            f"of samples. Give one entry of {name} for each row of X."
        )
    return values.rechunk({0: X.chunks[0]})


def _is_array(values: Any) -> bool:
    from dask.array import Array as DaskArray

    return isinstance(values, DaskArray)


def _is_frame(values: Any) -> bool:
    if "dask.dataframe" not in sys.modules:
        return False
    from dask.dataframe import DataFrame, Series

    return isinstance(values, DataFrame | Series)


def _batch(X: Block, y: Block, weight: Block, place: int) -> Batch:
    """Make a batch of the blocks of a partition, on its worker."""
    rows, targets = _matrix(X, place), np.asarray(y)
    weights = None if weight is None else np.asarray(weight)
    for name, values in (("y", targets), ("sample_weight", weights)):
        if values is not None and len(values) != rows.shape[0]:
            raise DataError(
                f"Partition {place} (the first is 0): X has {rows.shape[0]} rows but {name} has "
                f"{len(values)}. Cut both alike."
            )
    return Batch(rows, targets, weights)


def _matrix(block: Block, place: int) -> Matrix:
    """Rows of numbers: as they are where they are real numbers, else as float64."""
    is_sparse = issparse(block)
    rows: Matrix = csr_array(block) if is_sparse else np.asarray(block)
    if rows.dtype.kind in REAL:
        return rows
    try:
        # A frame's own missing values become NaN, which is found and told of later.
        return np.asarray(block.astype("float64"), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"Partition {place} (the first is 0): X holds values that are not real numbers "
            f"({error}). Encode them before, for instance with linnet.TableEncoder."
        ) from error
