"""The command line: which cases to run, against whom, and where the results go."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from pathlib import Path

from benchmarks.arena import Settings, said
from benchmarks.cases import CASES, Case
from benchmarks.machine import machine
from benchmarks.peers import CONTENDERS
from benchmarks.report import json_text, markdown, markdown_of_machine
from benchmarks.results import Result, Table
from benchmarks.workers import with_threads

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the cases asked for; print Markdown as it comes, and write files."""
    asked = _parser().parse_args(arguments)
    if asked.list:
        _list()
        return
    settings = Settings(
        peers=tuple(asked.peers),
        repeats=asked.repeats,
        limit=asked.limit,
        threads=asked.threads,
    )
    cases = _cases(asked.cases)
    with with_threads(settings.threads):
        here = machine(settings.threads)
        results: list[Result] = []
        print(markdown_of_machine(here), flush=True)
        for case in cases:
            said(case.name)
            results.append(_run(case, settings))
            print(markdown(results[-1]), flush=True)
            # After each case, so that what was measured outlives what comes.
            if asked.json:
                asked.json.write_text(json_text(here, results))
            if asked.markdown:
                parts = [markdown_of_machine(here), *map(markdown, results)]
                asked.markdown.write_text("\n".join(parts))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Time to the same certified optimum: linnet and its peers, side by side.",
    )
    parser.add_argument("cases", nargs="*", help="cases by name or pattern; all by default")
    parser.add_argument(
        "--peers",
        nargs="*",
        default=[],
        help="packages, or patterns of names as --list gives them; all that are installed "
        "by default, 'none' for linnet alone",
    )
    parser.add_argument("--repeats", type=_positive(int), default=5, help="rounds; 5 by default")
    parser.add_argument(
        "--limit",
        type=_positive(float),
        default=300.0,
        help="seconds that one fit may take before it is stopped; 300 by default",
    )
    parser.add_argument(
        "--threads",
        type=_positive(int),
        default=os.cpu_count() or 1,
        help="threads of every contender; all processors by default",
    )
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file")
    parser.add_argument("--list", action="store_true", help="list cases and peers, and end")
    return parser


def _positive(kind: Callable[[str], float]) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = kind(text)
        if value <= 0:
            raise argparse.ArgumentTypeError(f"{text} is not above 0")
        return value

    return read


def _cases(patterns: Sequence[str]) -> list[Case]:
    """Give the cases that match, in order; end with an error if a pattern matches none."""
    for pattern in patterns:
        if not any(fnmatch(name, pattern) for name in CASES):
            sys.exit(f"No case is called {pattern}. There are: {', '.join(CASES)}.")
    return [
        case
        for name, case in CASES.items()
        if not patterns or any(fnmatch(name, pattern) for pattern in patterns)
    ]


def _run(case: Case, settings: Settings) -> Result:
    try:
        return case.run(settings)
    except FileNotFoundError as missing:
        about = {"name": case.name, "title": case.title, "target": case.target}
        return Table(**about, columns=("not measured",), rows=((str(missing),),))


def _list() -> None:
    for case in CASES.values():
        print(f"{case.name:<22} {case.title}{f'; {case.target}' if case.target else ''}")
    print()
    for contender in CONTENDERS.values():
        print(f"{contender.name:<40} {contender.version or 'not installed'}")
