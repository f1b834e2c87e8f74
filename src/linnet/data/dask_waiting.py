"""Results of a Dask cluster are waited for through the loss of workers, but not for ever."""

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from time import monotonic
from typing import Any, Final, TypeAlias

from linnet.errors import MissingDependencyError, SettingError, SourceLostError

__all__ = ["PATIENCE", "Client", "Future", "awaited", "connected"]

# Dask is imported only where it is used, so its types are known here by name alone.
Client: TypeAlias = Any
"""A ``distributed.Client``."""

Future: TypeAlias = Any
"""A ``distributed.Future``."""

PATIENCE: Final = 300.0
"""Seconds without any worker after which a cluster counts as lost: time to start new machines."""

ATTEMPTS: Final = 3
# A cluster that stays silent is asked so often, in seconds, whether it is still there.
SILENCE: Final = 2.0


def connected(client: Client | None = None) -> Client:
    """Return the client given, else the one that this process last connected.

    Raises
    ------
    MissingDependencyError
        If ``distributed`` is not installed.
    SettingError
        If no client is connected.
    """
    try:
        from distributed import default_client
    except ImportError as error:
        raise MissingDependencyError(
            "Rows on a Dask cluster need the package distributed: pip install 'linnet[dask]'."
        ) from error
    if client is not None:
        return client
    try:
        return default_client()
    except ValueError as error:
        raise SettingError(
            "The rows are a Dask collection, but no Dask client is connected. Connect one before: "
            "client = distributed.Client(), for all processors of this machine, or with the "
            "address of a scheduler."
        ) from error


def awaited(
    client: Client,
    submit: Callable[[], Sequence[Future]],
    *,
    needed: Sequence[Future] = (),
    patience: float = PATIENCE,
) -> list[Any]:
    """Return the results of the tasks that ``submit`` starts, in order.

    Dask itself computes again what a lost worker held. Where it gives up, the tasks are submitted
    anew a few times.

    Parameters
    ----------
    client : distributed.Client
        The connection.
    submit : callable
        Starts the tasks. It may be called more than once.
    needed : sequence of futures
        What the tasks are computed from.
    patience : float
        Seconds to wait for a worker while there is none.

    Raises
    ------
    SourceLostError
        If the scheduler cannot be reached, no worker is left, or rows are lost for good.
    Exception
        What a task raised.
    """
    from distributed import KilledWorker
    from distributed.comm import CommClosedError

    for attempt in range(ATTEMPTS):
        try:
            _check_connection(client)
            if attempt:
                client.retry([future for future in needed if future.status == "error"])
            # Dask takes futures for those of the current client, which this need not be.
            with client.as_current():
                futures = list(submit())
                _wait(client, futures, patience)
                return list(client.gather(futures))
        except (KilledWorker, CancelledError, CommClosedError) as error:
            _check_connection(client)
            reason = error
    raise SourceLostError(
        f"A pass over the rows failed {ATTEMPTS} times, because workers ended or what they held "
        f"cannot be computed again ({type(reason).__name__}: {reason}). Workers end where "
        "partitions are too large for their memory: use smaller ones. Give Dask collections, "
        "which can be computed again, rather than scattered data."
    ) from reason


def _wait(client: Client, futures: Sequence[Future], patience: float) -> None:
    """Return when all are done, one way or another."""
    from distributed import wait

    last_seen = monotonic()
    while not all(future.done() for future in futures):
        try:
            wait(futures, timeout=SILENCE)
        except TimeoutError:
            _check_connection(client)
            if client.nthreads():
                last_seen = monotonic()
            if monotonic() - last_seen > patience:
                raise SourceLostError(
                    f"The Dask cluster at {client.scheduler.address} has had no worker for "
                    f"{patience:g} seconds. Start workers, and fit again."
                ) from None


def _check_connection(client: Client) -> None:
    # A client that connects again has forgotten all it had asked for.
    if client.status != "running":
        raise SourceLostError(
            f"The connection to the Dask scheduler is lost: the client is {client.status}. What "
            "the cluster held is gone with it. Start the scheduler, connect a new client and fit "
            "again."
        )
