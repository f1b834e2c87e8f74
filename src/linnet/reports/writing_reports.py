"""A report is written to a file: as a page, a card or JSON, as the file's name says."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from linnet.data.atomic import atomic_write
from linnet.errors import SettingError
from linnet.reports.card import report_card
from linnet.reports.page import report_page
from linnet.reports.report_facts import ModelReport

__all__ = ["check_report_name", "write_report"]


def write_report(report: ModelReport, path: str | os.PathLike[str]) -> None:
    """Write a report, whole or not at all.

    Parameters
    ----------
    report : ModelReport
        What `model_report` gathered.
    path : str or path
        ``.html`` for a page, ``.md`` for a card, ``.json`` for all facts.

    Raises
    ------
    SettingError
        If the name ends in none of these.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_iris
    >>> from linnet import SoftmaxRegression, model_report, write_report
    >>> X, y = load_iris(return_X_y=True)
    >>> report = model_report(SoftmaxRegression().fit(X, y), X, y)
    >>> with TemporaryDirectory() as folder:
    ...     write_report(report, Path(folder, "iris.html"))
    ...     Path(folder, "iris.html").stat().st_size < 100_000
    True
    """
    kind = check_report_name(path)
    with atomic_write(path) as temporary:
        Path(temporary).write_text(_WRITERS[kind](report), encoding="utf-8")


def check_report_name(path: str | os.PathLike[str]) -> str:
    """Return the kind of report that a file's name asks for.

    Raises
    ------
    SettingError
        If it asks for none.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _WRITERS:
        raise SettingError(
            f"{path}: the name does not say what to write. End it in .html for a page, .md for a "
            "card, or .json for all facts."
        )
    return suffix


def _json(report: ModelReport) -> str:
    return json.dumps(report.to_dict(), ensure_ascii=False, allow_nan=False, indent=1) + "\n"


_WRITERS: Final[dict[str, Callable[[ModelReport], str]]] = {
    ".html": report_page,
    ".htm": report_page,
    ".md": report_card,
    ".json": _json,
}
