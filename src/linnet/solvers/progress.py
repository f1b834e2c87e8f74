"""Following a fit while it runs: a listener hears of every step, whichever solver takes it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from linnet.solvers.solution import Step

__all__ = ["listening", "tell"]

_listener: ContextVar[Callable[[Step], None] | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Callable[[Step], None]) -> Iterator[None]:
    """Call ``listener`` with each :class:`Step` of the fits inside the ``with`` block.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from linnet import SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> losses = []
    >>> with listening(lambda step: losses.append(step.value)):
    ...     _ = SoftmaxRegression().fit(X, y)
    >>> losses[-1] < losses[0]
    True
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tell(step: Step) -> None:
    """Let the listener, if there is one, know of a step."""
    listener = _listener.get()
    if listener is not None:
        listener(step)
