"""``linnet entropy`` for a text: its symbols, their code words, and what it costs in them."""

from dataclasses import dataclass
from itertools import islice
from math import isinf
from pathlib import Path
from typing import Any, Final, final

from linnet.cli.terminal import note, say, say_json
from linnet.data.symbols import SymbolKind, read_symbols
from linnet.information import Information
from linnet.reports import to_json_value
from linnet.reports.numbers_in_words import count
from linnet.reports.readable import readable
from linnet.reports.text_codes import BorrowedCode, TextCode, borrow_code, text_code

__all__ = ["TextRequest", "measure_text"]

_NOUNS: Final[dict[SymbolKind, tuple[str, str]]] = {
    "bytes": ("byte", "bytes"),
    "characters": ("character", "characters"),
    "words": ("word or separator", "words and separators"),
}
_MOST_NAMED: Final = 12


@final
@dataclass(frozen=True, kw_only=True)
class TextRequest:
    """What is to be told of a text."""

    kind: SymbolKind
    encoding: str
    code_of: Path | None
    top: int
    as_json: bool


def measure_text(path: Path, request: TextRequest) -> None:
    """Print what a text costs in the code of its symbols, and in that of another text."""
    text = read_symbols(path, request.kind, request.encoding)
    note(*text.notes)
    own = text_code(text)
    borrowed = None
    if request.code_of is not None:
        borrowed = borrow_code(own, read_symbols(request.code_of, request.kind, request.encoding))
    if request.as_json:
        told = own.to_dict(request.top)
        if borrowed is not None:
            told["borrowed_code"] = borrowed.to_dict(request.top)
        say_json(to_json_value(told))
        return
    say(_table(own, request.top))
    say(_account(own))
    if borrowed is not None:
        say(_borrowed_account(borrowed))
        for line in _remarks(borrowed):
            say(line)


def _table(own: TextCode, top: int) -> Any:
    text = own.text
    shown = min(top, len(text.symbols))
    rest = len(text.symbols) - shown
    caption = f"and {count(rest, 'symbol')} more: --top shows them" if rest else None
    grid = _grid("symbol", caption=caption)
    for header in ("count", "probability", "log2 1/P", "Huffman"):
        grid.add_column(header, justify="right")
    grid.add_column("word", overflow="fold")
    for row in own.rows(shown):
        grid.add_row(
            readable(row["symbol"], text.kind),
            f"{row['count']:,}",
            _share(row["probability"]),
            f"{row['ideal_length']:.4f}",
            f"{row['huffman_length']}",
            row["word"] or "(empty)",
        )
    return grid


def _share(probability: float) -> str:
    return f"{probability:.6f}" if probability >= 1e-4 else f"{probability:.2e}"


def _account(own: TextCode) -> Any:
    text = own.text
    grid = _grid(f"{count(own.n, *_NOUNS[text.kind])}, {len(text.symbols):,} distinct")
    _add_amounts(grid)
    grid.add_row("the text as it is", *_of_bytes(text.size, own.n))
    grid.add_row(f"uniform code, log2 {len(text.symbols):,}", *_of_amount(own.uniform, own.n))
    grid.add_row("entropy, H(P)", *_of_amount(own.entropy, own.n))
    grid.add_row("Huffman code, mean length", *_of_amount(own.mean_length, own.n))
    grid.add_row("  measured: really encoded", *_of_bytes(own.measured, own.n))
    grid.add_row("  of them checksums and sizes", *_of_bytes(own.framing, own.n))
    grid.add_row("  the code itself, for a decoder", *_of_bytes(own.described, own.n))
    return grid


def _borrowed_account(borrowed: BorrowedCode) -> Any:
    own, n = borrowed.own, borrowed.own.n
    grid = _grid(f"with the code of {borrowed.other.origin}")
    _add_amounts(grid)
    grid.add_row("cross entropy, H(P, Q)", *_of_amount(borrowed.cross_entropy, n))
    grid.add_row("relative entropy, KL(P‖Q)", *_of_amount(borrowed.divergence, n))
    if borrowed.measured is not None:
        grid.add_row("Huffman code, measured", *_of_bytes(borrowed.measured, n))
        grid.add_row("  more than with its own", *_of_bytes(borrowed.measured - own.measured, n))
    if borrowed.escape is not None:
        escape = borrowed.escape
        grid.add_row("code with an escape, ideal", *_of_amount(escape.ideal, n))
        grid.add_row("  measured: really encoded", *_of_bytes(escape.measured, n))
        grid.add_row("  of them to spell symbols", *_of_bytes(escape.spelling, n))
        grid.add_row("  more than with its own", *_of_bytes(escape.measured - own.measured, n))
    return grid


def _remarks(borrowed: BorrowedCode) -> list[str]:
    missing = borrowed.missing
    if not missing:
        return []
    kind = borrowed.own.text.kind
    named = ", ".join(
        f"{readable(symbol, kind)} ({times:,})"
        for symbol, times in islice(missing.items(), _MOST_NAMED)
    )
    more = f" and {len(missing) - _MOST_NAMED:,} more" if len(missing) > _MOST_NAMED else ""
    occurrences = count(sum(missing.values()), "occurrence")
    lacking = f"{borrowed.other.origin} lacks {count(len(missing), 'symbol')} of the text"
    remedy = (
        "Its code has no word for them, so that the cross entropy is infinite. With an escape word "
        "in their places, and their spelling after all, the text can be encoded."
    )
    return [f"{lacking} ({occurrences}): {named}{more}.", remedy]


def _grid(first: str, caption: str | None = None) -> Any:
    from rich import box
    from rich.table import Table as Grid

    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False, caption=caption, caption_justify="left")
    grid.add_column(first, overflow="fold")
    return grid


def _add_amounts(grid: Any) -> None:
    for header in ("bits a symbol", "nats a symbol", "bytes"):
        grid.add_column(header, justify="right")


def _of_amount(per_symbol: Information, n: int) -> tuple[str, str, str]:
    """Cells of an amount that theory gives, with the nearest whole number of bytes."""
    bits = float(per_symbol.to("bits"))
    if isinf(bits):
        return ("infinite", "infinite", "infinite")
    return (f"{bits:.4f}", f"{float(per_symbol.to('nats')):.4f}", f"{bits * n / 8:,.0f}")


def _of_bytes(size: int, n: int) -> tuple[str, str, str]:
    bits = Information(8 * size / n, "bits")
    return (f"{float(bits):.4f}", f"{float(bits.to('nats')):.4f}", f"{size:,}")
