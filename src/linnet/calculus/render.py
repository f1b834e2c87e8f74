"""A worked sample as plain text, as Markdown with LaTeX, and as HTML that needs nothing else."""

from collections.abc import Sequence
from html import escape
from textwrap import fill
from typing import Final

from linnet.calculus.formula import lines, row, to_latex, to_mathml, to_text
from linnet.calculus.steps import Step

__all__ = ["CONVENTION", "fragment", "markdown", "page", "text"]

CONVENTION: Final = (
    "Convention: vectors are columns. A Jacobian has a row for each output and a column for each "
    "input (numerator layout); a gradient is shaped like its variable. Natural logarithm; "
    "1 nat = 1.4427 bits."
)

_WIDTH: Final = 88

_STYLE: Final = (
    ".linnet-walk{font-family:system-ui,sans-serif;max-width:60rem;line-height:1.5}"
    ".linnet-walk h3{margin:1.2em 0 .3em;font-size:1rem}"
    ".linnet-walk math{display:block;margin:.4em 0 .4em 2em;text-align:left}"
    ".linnet-walk mtd{padding:.1em .4em}"
    ".linnet-walk p{margin:.3em 0}"
    ".linnet-walk .shape{opacity:.7;font-size:.9em;margin-left:2em}"
)


def text(title: str, steps: Sequence[Step]) -> str:
    """Plain text, formulas in Unicode."""
    parts = [title, "=" * len(title), fill(CONVENTION, _WIDTH)]
    for position, step in enumerate(steps, start=1):
        parts += ["", f"{position}. {step.title}"]
        parts += [f"   {line}".rstrip() for line in _text_lines(step)]
    return "\n".join(parts)


def markdown(title: str, steps: Sequence[Step]) -> str:
    """Markdown, formulas in LaTeX between double dollars."""
    parts = [f"## {title}", CONVENTION]
    for position, step in enumerate(steps, start=1):
        display = " \\\\\n".join(_latex_lines(step))
        parts += [
            f"### {position}. {step.title}",
            f"$$\n\\begin{{aligned}}\n{display}\n\\end{{aligned}}\n$$",
            f"{step.shape.capitalize()}. {step.note}".rstrip(),
        ]
    return "\n\n".join(parts) + "\n"


def fragment(title: str, steps: Sequence[Step]) -> str:
    """HTML to be put into a page, formulas in MathML."""
    parts = [
        f'<div class="linnet-walk"><style>{_STYLE}</style>',
        f"<h2>{escape(title)}</h2><p>{escape(CONVENTION)}</p>",
    ]
    for position, step in enumerate(steps, start=1):
        parts.append(f"<section><h3>{position}. {escape(step.title)}</h3>")
        parts += [f'<math display="block">{line}</math>' for line in _mathml_lines(step)]
        parts.append(f'<p class="shape">{escape(step.shape)}</p>')
        parts.append(f"<p>{escape(step.note)}</p></section>" if step.note else "</section>")
    return "\n".join([*parts, "</div>"])


def page(title: str, steps: Sequence[Step]) -> str:
    """Whole HTML page: no script, no style sheet, no font from elsewhere."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title></head><body>\n{fragment(title, steps)}\n</body></html>\n"
    )


def _text_lines(step: Step) -> list[str]:
    symbol = to_text(step.symbol)
    equations = [] if step.formula is None else [to_text(step.formula)]
    if step.numbers is not None:
        equations.append(f"{symbol} = {to_text(step.numbers)}")
    # The symbol stands once: later lines begin at its equals sign.
    margin = symbol if step.numbers is None else " " * len(symbol)
    if step.value.ndim == 2 and len(step.value) > 1:
        first, *others = lines(step.value)
        value = [f"{margin} = {first}", *(" " * (len(symbol) + 3) + line for line in others)]
    else:
        value = [f"{margin} = {to_text(step.result)}"]
    value[-1] += f"    {step.shape}"
    return [*equations, *value, *([step.note] if step.note else [])]


def _latex_lines(step: Step) -> list[str]:
    symbol = to_latex(step.symbol)
    displays = [] if step.formula is None else [_aligned(to_latex(step.formula))]
    if step.numbers is not None:
        displays.append(f"{symbol} &= {to_latex(step.numbers)}")
    margin = f"{symbol} " if step.numbers is None else ""
    return [*displays, f"{margin}&= {to_latex(step.result)}"]


def _aligned(latex: str) -> str:
    """Mark the first equals sign as the place to align at."""
    for sign in (r"\mathrel{:=}", " = "):
        if sign in latex:
            return latex.replace(sign, f" &{sign.strip()} ", 1)
    return latex


def _mathml_lines(step: Step) -> list[str]:
    equations = [] if step.formula is None else [to_mathml(step.formula)]
    if step.numbers is not None:
        equations.append(to_mathml(row(step.symbol, "=", step.numbers)))
    return [*equations, to_mathml(row(step.symbol, "=", step.result))]
