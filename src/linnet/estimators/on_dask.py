"""Blocks on a disk that all machines see become partitions on the workers of a Dask cluster."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from linnet.data import Batch
from linnet.data.blocks import BlockSource
from linnet.data.dask_source import DaskSource
from linnet.data.dask_waiting import connected
from linnet.engine import limited_threads
from linnet.errors import MissingDependencyError, SourceLostError

__all__ = ["blocks_on_workers"]

LOCAL: Final = "local"
_SECONDS_TO_CONNECT: Final = 10


@contextmanager
def blocks_on_workers(folder: Path, cluster: Any, memory: int) -> Iterator[DaskSource]:
    """Give the rows that ``BlockSource.write`` left in a folder as rows of workers.

    Each block is read by a worker, from the folder: it must be one that all workers see. A worker
    that is lost costs its blocks' reading again.

    Parameters
    ----------
    folder : path
        Where the blocks are.
    cluster : str or distributed.Client
        ``"local"`` for worker processes of this machine, the address of a scheduler, or a client.
    memory : int
        Bytes that reading may take.

    Raises
    ------
    MissingDependencyError
        If Dask is not installed.
    SourceLostError
        If there is no scheduler at that address.
    """
    count = sum(1 for _ in BlockSource.open(folder, memory=memory).batches())
    with ExitStack() as stack:
        client = _client(cluster, stack)
        read = partial(_block, str(folder.resolve()), memory)
        partitions = client.map(read, range(count), pure=False)
        yield DaskSource(client, tuple(partitions), within=partial(limited_threads, 1))


def _client(cluster: Any, stack: ExitStack) -> Any:
    if not isinstance(cluster, str):
        return connected(cluster)
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise MissingDependencyError(
            "A fit on a Dask cluster needs the package distributed: pip install 'linnet[dask]'."
        ) from error
    if cluster == LOCAL:
        workers = LocalCluster(threads_per_worker=1, processes=True, dashboard_address=None)
        return stack.enter_context(Client(stack.enter_context(workers)))
    try:
        return stack.enter_context(Client(cluster, timeout=_SECONDS_TO_CONNECT))
    except (OSError, TimeoutError, ValueError) as error:
        raise SourceLostError(
            f"No Dask scheduler answers at {cluster} ({error}). Start one with `dask scheduler`, "
            "or use 'local' for the processors of this machine."
        ) from error


def _block(folder: str, memory: int, number: int) -> Batch:
    batch = next(BlockSource.open(folder, memory=memory).batches(number))
    # The rows lie in the file only as long as it is mapped.
    weight = None if batch.weight is None else batch.weight.copy()
    return Batch(batch.X.copy(), batch.y.copy(), weight)
