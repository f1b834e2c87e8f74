"""A summary: facts, tables of numbers and notes, as text, HTML or LaTeX."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import isnan
from typing import Final, final

__all__ = ["Block", "Summary", "number", "probability"]

NOT_KNOWN: Final = "—"
SMALLEST_P: Final = 1e-4

_LATEX: Final = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "−": "$-$",
        "—": "---",
        "²": "$^2$",
        "χ": r"$\chi$",
    }
)


def number(value: float, digits: int = 4) -> str:
    """Write a number in so many digits; a dash for NaN."""
    return NOT_KNOWN if isnan(value) else f"{value:.{digits}g}".replace("-", "−")


def probability(p: float) -> str:
    """Write a probability to four places."""
    if isnan(p):
        return NOT_KNOWN
    return f"<{SMALLEST_P:.4f}" if p < SMALLEST_P else f"{p:.4f}"


@final
@dataclass(frozen=True)
class Block:
    """A table of a summary.

    Parameters
    ----------
    heading : str
        What stands above it; empty for nothing.
    columns : tuple of str
        What stands above each column.
    rows : tuple of tuple of str
        The cells.
    """

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@final
@dataclass(frozen=True, repr=False)
class Summary:
    """What a fit tells of its coefficients.

    It prints as text; notebooks show it as HTML; :meth:`to_latex` needs no packages.

    Parameters
    ----------
    title : str
        What was fitted.
    facts : tuple of pairs of str
        Names and values.
    blocks : tuple of Block
        The tables.
    notes : tuple of str
        What one must know to read them.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    blocks: tuple[Block, ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        width = max(len(name) for name, _ in self.facts)
        lines = [self.title, "", *(f"{name:<{width}}  {value}" for name, value in self.facts)]
        for block in self.blocks:
            lines += ["", *_text(block)]
        if self.notes:
            lines += ["", *(f"note: {note}" for note in self.notes)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """HTML, for notebooks."""
        return self.to_html()

    def to_html(self) -> str:
        """Return it as HTML: tables without style of their own."""
        facts = "".join(
            f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
            for name, value in self.facts
        )
        parts = [f"<table><caption>{escape(self.title)}</caption><tbody>{facts}</tbody></table>"]
        parts += [_html(block) for block in self.blocks]
        parts += [f"<p>{escape(note)}</p>" for note in self.notes]
        return "<div>" + "".join(parts) + "</div>"

    def to_latex(self) -> str:
        """Return it as LaTeX: tabular environments, and nothing that needs a package."""
        facts = "".join(f"{_latex(name)} & {_latex(value)} \\\\\n" for name, value in self.facts)
        parts = [f"\\begin{{tabular}}{{ll}}\n{facts}\\end{{tabular}}"]
        parts += [_tabular(block) for block in self.blocks]
        parts += [_latex(note) for note in self.notes]
        return "\n\n".join([_latex(self.title), *parts])


def _text(block: Block) -> list[str]:
    cells = [block.columns, *block.rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(block.columns))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    heading = [block.heading] if block.heading else []
    return [*heading, lines[0], "─" * (sum(widths) + 2 * len(widths) - 2), *lines[1:]]


def _html(block: Block) -> str:
    caption = f"<caption>{escape(block.heading)}</caption>" if block.heading else ""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in block.columns)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f'<td style="text-align: right">{escape(cell)}</td>' for cell in rest)
        + "</tr>"
        for first, *rest in block.rows
    )
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _tabular(block: Block) -> str:
    lines = [_row(block.columns), "\\hline", *(_row(row) for row in block.rows)]
    heading = f"{_latex(block.heading)}\n\n" if block.heading else ""
    columns = "l" + "r" * (len(block.columns) - 1)
    body = "\n".join(lines)
    return f"{heading}\\begin{{tabular}}{{{columns}}}\n{body}\n\\end{{tabular}}"


def _row(cells: Sequence[str]) -> str:
    return " & ".join(_latex(cell) for cell in cells) + r" \\"


def _latex(text: str) -> str:
    return text.translate(_LATEX)
