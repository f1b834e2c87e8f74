"""A process for each contender: it holds the data, and runs when it is told to."""

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter, sleep
from typing import Any, final

import numpy as np

from benchmarks.memory import forget_peak, peak_bytes, resident_bytes
from benchmarks.peers import CONTENDERS
from benchmarks.problems import Problem

__all__ = ["ContenderError", "Outcome", "Worker", "with_threads"]

# Imports, compilation just in time and the conversion of the data are not timed, nor do they
# count against the limit; but they must end.
SETUP_LIMIT = 600.0
# Threads of BLAS keep their cores busy for a while after each product.
SETTLING = 0.1
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)


class ContenderError(RuntimeError):
    """A contender failed; the message is its own."""


@final
@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one run gave."""

    theta: np.ndarray
    seconds: float
    extra_bytes: int
    proven: float | None
    warned: bool


@contextmanager
def with_threads(count: int) -> Iterator[None]:
    """Let processes started inside use so many threads."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(count)))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@final
@dataclass
class Worker:
    """A contender at work on the problem in ``folder``; started when first needed, or again."""

    contender: str
    folder: Path
    threads: int
    _process: Any = field(default=None, init=False)
    _connection: Any = field(default=None, init=False)

    def run(self, effort: int, limit: float) -> Outcome | None:
        """Fit with this effort; None if it took longer than ``limit`` seconds and was ended."""
        if self._process is None:
            self._start()
        self._connection.send(effort)
        return self._answer(limit)

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._connection.close()
            self._process = None

    def _start(self) -> None:
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        arguments = (theirs, self.contender, self.folder)
        self._process = context.Process(target=_serve, args=arguments, daemon=True)
        with with_threads(self.threads):
            self._process.start()
        theirs.close()
        if self._answer(SETUP_LIMIT) is None:
            raise ContenderError(f"was not ready within {SETUP_LIMIT:.0f} s")

    def _answer(self, limit: float) -> Any:
        if not self._connection.poll(limit):
            self.stop()
            return None
        try:
            answer = self._connection.recv()
        except EOFError:
            self.stop()
            raise ContenderError("its process ended by itself") from None
        if isinstance(answer, Exception):
            self.stop()
            raise ContenderError(str(answer))
        return answer


def _serve(connection: Connection, name: str, folder: Path) -> None:
    """Be the process: set up, say so, then answer each effort with an outcome."""
    _silence()
    # What a contender writes goes when the folder does, even if its process is killed.
    tempfile.tempdir = str(folder)
    contender = CONTENDERS[name]
    try:
        problem = Problem.load(folder)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            contender.fit(contender.prepare(problem.rehearsal()), contender.ladder.efforts[0])
        prepared = contender.prepare(problem)
        del problem
        connection.send("ready")
        while True:
            connection.send(_outcome(contender, prepared, connection.recv()))
    except (EOFError, BrokenPipeError):
        return
    # Whatever a library raises is a line of the report, and no end of the contest.
    except Exception as error:  # noqa: BLE001
        connection.send(ContenderError(f"{type(error).__name__}: {error}"))


def _outcome(contender: Any, prepared: Any, effort: int) -> Outcome:
    sleep(SETTLING)
    forget_peak()
    before = resident_bytes()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = perf_counter()
        fit = contender.fit(prepared, effort)
        seconds = perf_counter() - start
    return Outcome(
        theta=fit.theta,
        seconds=seconds,
        extra_bytes=max(0, peak_bytes() - before),
        proven=fit.proven,
        warned=any("onverge" in str(w.message) for w in caught),
    )


def _silence() -> None:
    """Send what libraries print, from C++ too, nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
