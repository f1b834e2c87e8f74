"""One command is run; however it ends, people get one clear message and an exit code.

0: done. 1: failure, also by Ctrl-C. 2: bad usage or bad input.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Protocol, final, runtime_checkable

import typer

from linnet.cli.app import app
from linnet.cli.terminal import told_warnings
from linnet.errors import LinnetError

__all__ = ["run"]

DONE: Final = 0
FAILURE: Final = 1
BAD_INPUT: Final = 2

_MISUSED_FILES: Final = (
    FileNotFoundError,
    FileExistsError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)


@runtime_checkable
class _UsageProblem(Protocol):
    """What click, or the copy of it inside typer, raises for a bad command line."""

    exit_code: int

    def format_message(self) -> str: ...


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str
        What follows ``linnet`` on the command line. ``--debug``, anywhere, or the environment
        variable LINNET_DEBUG shows where an error arose.

    Returns
    -------
    int
        The exit code: 0, 1 or 2.
    """
    given = list(arguments) or ["--help"]
    debug = "--debug" in given or os.environ.get("LINNET_DEBUG", "0") not in {"", "0"}
    given = [argument for argument in given if argument != "--debug"]
    command = typer.main.get_command(app)
    with _Verdict(debug=debug) as verdict, told_warnings():
        # Entered directly, for typer's own way in would turn Ctrl-C and errors into its own.
        with command.make_context("linnet", given) as context:
            command.invoke(context)
        sys.stdout.flush()
    return verdict.code


@final
class _Verdict:
    """Turns whatever ends a command into an exit code and at most one message."""

    def __init__(self, *, debug: bool) -> None:
        self.debug = debug
        self.code = DONE

    def __enter__(self) -> "_Verdict":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is None:
            return True
        self.code, message = _judge(error)
        if self.debug and self.code != DONE:
            traceback.print_exception(kind, error, trace)
        if isinstance(error, BrokenPipeError):
            _abandon_output()
        if message:
            typer.echo(message, err=True)
        return True


def _judge(error: BaseException) -> tuple[int, str]:
    """Exit code and message for what ended a command."""
    match error:
        case typer.Exit():
            verdict = (error.exit_code, "")
        case KeyboardInterrupt() | typer.Abort():
            verdict = (FAILURE, "stopped: nothing was written")
        case BrokenPipeError() | SystemExit():
            # Whoever read the output, such as head, has seen enough; rich exits by itself then.
            verdict = (FAILURE, "")
        case LinnetError():
            verdict = (BAD_INPUT, f"error: {error}")
        case _UsageProblem():
            advice = "'linnet COMMAND --help' shows what can be given."
            verdict = (BAD_INPUT, f"error: {error.format_message().rstrip('.')}. {advice}")
        case OSError():
            misused = isinstance(error, _MISUSED_FILES)
            verdict = (BAD_INPUT if misused else FAILURE, f"error: {_of_file(error)}")
        case _:
            verdict = (FAILURE, f"error: {_unexpected(error)}")
    return verdict


def _unexpected(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "there is not enough memory. Leave out columns with --drop, or fit fewer rows."
    told = " ".join(str(error).split())
    return (
        f"unexpected failure: {type(error).__name__}: {told}. Please report it, with what --debug "
        "shows."
    )


def _of_file(error: OSError) -> str:
    if error.strerror is None:
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror


def _abandon_output() -> None:
    """Let nothing more be written to a closed pipe, or Python would complain at its end."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
