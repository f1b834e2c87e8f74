"""Results go to standard output; notes, warnings and progress to standard error."""

import json
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import typer

from linnet.errors import DataWarning, LinnetWarning

__all__ = ["hush", "note", "say", "say_json", "told_warnings"]

# Without a terminal, wide enough for the summaries to keep their lines.
_WIDTH: Final = 110

_hushed: ContextVar[bool] = ContextVar("hushed", default=False)


def say(renderable: Any) -> None:
    """Print a result, text or a renderable of rich."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else _WIDTH
    # Names from tables may look like markup, and are none.
    console = Console(file=sys.stdout, width=width, markup=False, emoji=False, highlight=False)
    console.print(renderable)


def say_json(content: Any) -> None:
    """Print a result as strict JSON."""
    typer.echo(json.dumps(content, ensure_ascii=False, allow_nan=False, indent=2))


def note(*notes: str) -> None:
    """Tell what was assumed or left out, each on a line of its own."""
    if not _hushed.get():
        for each in notes:
            typer.echo(f"note: {each}", err=True)


def hush() -> None:
    """Tell no more notes in this command; warnings and errors are still told."""
    _hushed.set(True)


@contextmanager
def told_warnings() -> Iterator[None]:
    """Tell linnet's warnings as lines, each once; those of other packages are not for users."""
    token = _hushed.set(False)
    told: set[str] = set()

    def tell(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        del place, more
        text = str(message)
        if text in told:
            return
        told.add(text)
        if issubclass(category, DataWarning):
            note(text)
        else:
            typer.echo(f"warning: {text}", err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", LinnetWarning)
        warnings.showwarning = tell
        try:
            yield
        finally:
            _hushed.reset(token)
