"""Results as Markdown for people, and as JSON for machines."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from statistics import median

from benchmarks.results import Contest, Result, Standing, Table

__all__ = ["against_each_package", "json_text", "markdown", "markdown_of_machine"]

ABSENT = {"not installed", "does not apply", "failed", "not run"}
HEADER = ("contender", "seconds", "spread", "× linnet's time", "gap", "extra memory", "run with")


def markdown(result: Result) -> str:
    """Give one result as a section with a table."""
    if isinstance(result, Table):
        body = _grid(result.columns, result.rows)
        facts = [result.note] if result.note else []
    else:
        rows = [_row(result, s) for s in result.standings if s.outcome not in ABSENT]
        body = _grid(HEADER, rows) if rows else "No figures."
        facts = [f"{result.shape}, {_bytes(result.data_bytes)}; {result.optimum}."]
        facts += against_each_package(result) + _absent(result)
    target = [f"Target: {result.target}."] if result.target else []
    return "\n\n".join([f"### {result.title} (`{result.name}`)", *target, *facts, body]) + "\n"


def markdown_of_machine(machine: Mapping[str, str]) -> str:
    """Name the machine and the versions."""
    return "; ".join(f"{name}: {value}" for name, value in machine.items()) + "\n"


def json_text(machine: Mapping[str, str], results: Iterable[Result]) -> str:
    """Give everything that was measured, with infinities as text."""
    whole = {"machine": dict(machine), "results": [asdict(result) for result in results]}
    return json.dumps(_plain(whole), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def against_each_package(contest: Contest) -> list[str]:
    """Say, for each package, how linnet stands to the best of its solvers.

    A solver that ran out of time counts with what it had by then, which bounds its ratio from
    below; one that stopped short of the gap can never reach it, and counts only if all did.
    """
    packages: dict[str, list[Standing]] = {}
    for standing in contest.standings:
        if standing.contender != contest.reference and standing.package != "linnet":
            packages.setdefault(standing.package, []).append(standing)
    lines = [_verdict(package, standings) for package, standings in packages.items()]
    return ["\n".join(f"- {line}" for line in lines if line)] if any(lines) else []


def _verdict(package: str, standings: Sequence[Standing]) -> str:
    """One line about a package; empty where it did not take part."""
    by_outcome = {
        outcome: [s for s in standings if s.outcome == outcome and s.ratio is not None]
        for outcome in ("reached", "timed", "out of time", "not reached")
    }
    for outcome in ("reached", "timed"):
        if found := by_outcome[outcome]:
            best = min(found, key=_ratio)
            times = f"{_ratio(best):.3g} times linnet's time"
            return f"{package}: its best takes {times} ({best.contender})."
    if found := by_outcome["out of time"]:
        best = min(found, key=_ratio)
        return f"{package}: out of time, at more than {_ratio(best):.3g} times linnet's time."
    if any(s.outcome == "not reached" for s in standings):
        return f"{package}: stopped short of the gap."
    return ""


def _absent(contest: Contest) -> list[str]:
    """Name those that did not take part, and why, in one paragraph."""
    absent = [s for s in contest.standings if s.outcome in ABSENT]
    why = "; ".join(f"{s.contender}: {s.note or s.outcome}" for s in absent)
    return [f"Not measured: {why}."] if absent else []


def _ratio(standing: Standing) -> float:
    return standing.ratio or 0.0


def _row(contest: Contest, standing: Standing) -> tuple[str, ...]:
    seconds = _seconds(median(standing.seconds)) if standing.seconds else ""
    spread = (
        f"{_seconds(min(standing.seconds))} … {_seconds(max(standing.seconds))}"
        if len(standing.seconds) > 1
        else ""
    )
    bound = "> " if standing.outcome == "out of time" else ""
    ratio = "" if standing.ratio is None else f"{bound}{standing.ratio:.3g}"
    return (
        standing.contender,
        f"{bound}{seconds}",
        spread,
        ratio,
        _gap(standing),
        _memory(standing, contest),
        standing.effort,
    )


def _gap(standing: Standing) -> str:
    if standing.gap is None:
        return ""
    # The optimum itself is known to a gap of 1e-8 only.
    gap = "< 1e-08" if standing.gap < 1e-8 else f"{standing.gap:.0e}"
    proven = "" if standing.proven is None else f" (proven {standing.proven:.0e})"
    warned = ", warned" if standing.warned else ""
    return f"{gap}{proven}{warned}"


def _memory(standing: Standing, contest: Contest) -> str:
    if standing.extra_bytes is None:
        return ""
    share = f" ({standing.extra_bytes / contest.data_bytes:.0%} of X)"
    # Beside little data any process needs many times their size.
    return _bytes(standing.extra_bytes) + share * (contest.data_bytes > 1e6)


def _seconds(seconds: float) -> str:
    return f"{seconds:.3g} s"


def _bytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count < 1e9 else f"{count / 1e9:,.2f} GB"


def _grid(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |"
        for line in lines
    )


def _plain(value: object) -> object:
    """Put text in the place of numbers that JSON lacks."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return str(value)
    return value
