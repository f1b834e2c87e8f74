"""A formula is written once, as a tree, and read as plain text, LaTeX or MathML."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Final, TypeAlias, final

import numpy as np
from jaxtyping import Float

from linnet.types import Array

__all__ = [
    "Formula",
    "Fraction",
    "Numbers",
    "Part",
    "Row",
    "Script",
    "Symbol",
    "lines",
    "number",
    "power",
    "quotient",
    "row",
    "sub",
    "to_latex",
    "to_mathml",
    "to_text",
    "transposed",
]

# Symbol as it is typed: how LaTeX writes it, and its MathML element (identifier, operator, text).
_SYMBOLS: Final = {
    "ŷ": (r"\hat{y}", "mi"),
    "ℓ": (r"\ell", "mi"),
    "η": (r"\eta", "mi"),
    "∇": (r"\nabla", "mo"),
    "∂": (r"\partial", "mo"),
    "Σ": (r"\sum", "mo"),
    "−": ("-", "mo"),
    "+": ("+", "mo"),
    "=": ("=", "mo"),
    ":=": (r"\mathrel{:=}", "mo"),
    "·": (r"\cdot", "mo"),
    "⊙": (r"\odot", "mo"),
    "(": ("(", "mo"),
    ")": (")", "mo"),
    "⟨": (r"\langle", "mo"),
    "⟩": (r"\rangle", "mo"),
    ",": (",", "mo"),
    "…": (r"\dots", "mo"),
    "½": (r"\tfrac{1}{2}", "mn"),
    "T": (r"\top", "mo"),
    "ln": (r"\ln", "mi"),
    "exp": (r"\exp", "mi"),
    "max": (r"\max", "mi"),
    "|": ("|", "mo"),
    "Δ": (r"\Delta", "mo"),
    "diag": (r"\operatorname{diag}", "mi"),
    "logsumexp": (r"\operatorname{logsumexp}", "mi"),
    "nats": (r"\text{ nats}", "mtext"),
    "bits": (r"\text{ bits}", "mtext"),
}
_SUPERSCRIPTS: Final = {"T": "ᵀ", "2": "²"}
_SUBSCRIPTS: Final = {"j": "ⱼ", "r": "ᵣ"}
_SPACED: Final = frozenset({"=", "−", "+", "·", ":=", "⊙", "ln", "nats", "bits"})
_MOST_CELLS: Final = 6
"""Longer rows and columns show their first and last entries alone."""


@final
@dataclass(frozen=True)
class Symbol:
    """A name or an operator, as it is typed."""

    text: str


@final
@dataclass(frozen=True, eq=False)
class Numbers:
    """A number, a vector (shown as a column laid on its side) or a matrix."""

    values: Float[Array, "..."]


@final
@dataclass(frozen=True)
class Row:
    """Parts side by side."""

    parts: tuple["Formula", ...]


@final
@dataclass(frozen=True)
class Script:
    """A base with something below or above it."""

    base: "Formula"
    below: "Formula | None" = None
    above: "Formula | None" = None


@final
@dataclass(frozen=True)
class Fraction:
    """A quotient."""

    above: "Formula"
    below: "Formula"


Formula: TypeAlias = Symbol | Numbers | Row | Script | Fraction
Part: TypeAlias = Formula | str | float | Array
"""What a formula is written with: strings are symbols, numbers and arrays are themselves."""


def row(*parts: Part) -> Formula:
    """Set parts side by side."""
    formulas = tuple(_formula(part) for part in parts)
    return formulas[0] if len(formulas) == 1 else Row(formulas)


def sub(base: Part, index: Part) -> Formula:
    """Put an index below a base."""
    return Script(_formula(base), below=_formula(index))


def power(base: Part, exponent: Part) -> Formula:
    """Put an exponent above a base."""
    return Script(_formula(base), above=_formula(exponent))


def transposed(base: Part) -> Formula:
    """Transpose a base."""
    return Script(_formula(base), above=Symbol("T"))


def quotient(above: Part, below: Part) -> Formula:
    """Put one part over another."""
    return Fraction(_formula(above), _formula(below))


def to_text(formula: Formula) -> str:
    """Write on one line of plain text; a matrix has its rows apart by semicolons."""
    # A minus after an opening sign belongs to what follows it: no spaces around that one.
    joined = re.sub(r"(^|\() *− ", r"\1−", _text(formula).strip())
    return re.sub(r"([=,]) − ", r"\1 −", joined)


def to_latex(formula: Formula) -> str:
    """Write as LaTeX, for the inside of a display."""
    match formula:
        case Symbol(text):
            return _SYMBOLS[text][0] if text in _SYMBOLS else text
        case Numbers(values):
            cells = [[_latex_number(cell) for cell in cells] for cells in _grid(values)]
            if not values.ndim:
                return cells[0][0]
            body = r" \\ ".join(" & ".join(line) for line in cells)
            return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}" + r"^{\top}" * (values.ndim == 1)
        case Row(parts):
            return " ".join(map(to_latex, parts))
        case Fraction(above, below):
            return rf"\frac{{{to_latex(above)}}}{{{to_latex(below)}}}"
        case Script(base, below, above):
            inner = to_latex(base)
            index = "" if below is None else f"_{{{to_latex(below)}}}"
            exponent = "" if above is None else f"^{{{to_latex(above)}}}"
            # A base that ends in a script of its own takes no second one.
            return (f"{{{inner}}}" if not isinstance(base, Symbol) else inner) + index + exponent


def to_mathml(formula: Formula) -> str:
    """Write as the inside of a MathML element, which browsers show without any script."""
    match formula:
        case Symbol(text):
            tag = _SYMBOLS[text][1] if text in _SYMBOLS else "mi"
            return f"<{tag}>{'⊤' if text == 'T' else escape(text)}</{tag}>"
        case Numbers(values):
            return _mathml_numbers(values)
        case Row(parts):
            return f"<mrow>{''.join(map(to_mathml, parts))}</mrow>"
        case Fraction(above, below):
            return f"<mfrac>{_one(above)}{_one(below)}</mfrac>"
        case Script(base, below, above):
            tag = f"m{'sub' * (below is not None)}{'sup' * (above is not None)}"
            scripts = "".join(_one(part) for part in (below, above) if part is not None)
            return f"<{tag}>{_one(base)}{scripts}</{tag}>"


def number(value: float) -> str:
    """Write four decimals, or four figures where those would hide the number."""
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else "∞" if value > 0 else "−∞"
    plain = value == 0 or 1e-3 <= abs(value) < 1e5
    text = f"{abs(value):.4f}".rstrip("0").rstrip(".") if plain else f"{abs(value):.4g}"
    return "−" * (value < 0) + text.replace("-", "−")


def lines(values: Float[Array, "r c"]) -> list[str]:
    """Lay a matrix out over several lines, its columns aligned."""
    cells = list(_grid(values))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "[ " + "  ".join(cell.rjust(w) for cell, w in zip(line, widths, strict=True)) + " ]"
        for line in cells
    ]


def _text(formula: Formula) -> str:
    match formula:
        case Symbol(text):
            return f" {text} " if text in _SPACED else ", " if text == "," else text
        case Numbers(values):
            grid = "; ".join(", ".join(cells) for cells in _grid(values))
            return grid if not values.ndim else f"[{grid}]" + "ᵀ" * (values.ndim == 1)
        case Row(parts):
            return "".join(map(_text, parts)).replace("  ", " ")
        case Fraction(above, below):
            parts_text = [to_text(above), to_text(below)]
            return (" / " if any(" " in part for part in parts_text) else "/").join(parts_text)
        case Script(Symbol("e"), None, exponent) if exponent is not None:
            return f"exp({to_text(exponent)})"
        case Script(base, below, above):
            scripts = (
                "" if part is None else marks.get(to_text(part), mark + to_text(part))
                for part, marks, mark in ((below, _SUBSCRIPTS, "_"), (above, _SUPERSCRIPTS, "^"))
            )
            # An operator with an index stands apart from what it works on: ∇_W ℓ, Σⱼ yⱼ.
            end = " " if base in {Symbol("∇"), Symbol("Σ")} else ""
            return to_text(base) + "".join(scripts) + end


def _formula(part: Part) -> Formula:
    match part:
        case str():
            return Symbol(part)
        case Symbol() | Numbers() | Row() | Script() | Fraction():
            return part
        case _:
            return Numbers(np.asarray(part, dtype=np.float64))


def _grid(values: Float[Array, "..."]) -> Iterator[list[str]]:
    """Texts of the entries row by row, long rows and columns cut in their middle."""
    table = np.atleast_2d(values)
    for i in _shown(table.shape[0]):
        yield [
            "…" if i is None or j is None else number(float(table[i, j]))
            for j in _shown(table.shape[1])
        ]


def _shown(length: int) -> list[int | None]:
    """Positions to show; None stands for those left out."""
    if length <= _MOST_CELLS:
        return list(range(length))
    return [*range(_MOST_CELLS - 2), None, length - 1]


def _latex_number(cell: str) -> str:
    if cell in {"…", "NaN"}:
        return r"\dots" if cell == "…" else r"\text{NaN}"
    mantissa, _, exponent = cell.replace("−", "-").replace("∞", r"\infty").partition("e")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}" if exponent else mantissa


def _mathml_numbers(values: Float[Array, "..."]) -> str:
    cells = [[f"<mn>{escape(cell)}</mn>" for cell in cells] for cells in _grid(values)]
    if not values.ndim:
        return cells[0][0]
    body = "".join(
        "<mtr>" + "".join(f"<mtd>{cell}</mtd>" for cell in line) + "</mtr>" for line in cells
    )
    table = f"<mrow><mo>[</mo><mtable>{body}</mtable><mo>]</mo></mrow>"
    return f"<msup>{table}<mo>⊤</mo></msup>" if values.ndim == 1 else table


def _one(formula: Formula) -> str:
    """MathML of a part that must be a single element."""
    return f"<mrow>{to_mathml(formula)}</mrow>"
