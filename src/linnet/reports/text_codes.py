"""What a text costs in the code of its symbols, or of another text's: in theory and in bytes.

Every size is that of bytes that were made. An own code is of no use without the table of its
words, so that its size is told beside.
"""

import json
import zlib
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, Final, final

import numpy as np
from jaxtyping import Bool, Float, UInt

from linnet.codes import HuffmanCode
from linnet.data.symbols import SymbolText, spelled
from linnet.errors import SettingError
from linnet.information import Information, cross_entropy, entropy, kl_divergence, uniform_code
from linnet.types import Array

__all__ = ["BorrowedCode", "EscapeCode", "TextCode", "borrow_code", "text_code"]

_BITS: Final = 8


@final
@dataclass(frozen=True, eq=False)
class TextCode:
    """A text in the Huffman code of its own symbols.

    Attributes
    ----------
    text : SymbolText
        The text.
    code : HuffmanCode
        The code of its counts.
    measured : int
        Bytes of the text when encoded, all that `HuffmanCode.encode` writes.
    described : int
        Bytes of the code itself, which a decoder needs first: symbols and lengths as JSON,
        deflated.
    """

    text: SymbolText
    code: HuffmanCode
    measured: int
    described: int

    @cached_property
    def probabilities(self) -> Float[Array, " q"]:
        """Share of each symbol of the text."""
        return self.text.counts / self.n

    @property
    def n(self) -> int:
        """Symbols of the text."""
        return len(self.text.places)

    @cached_property
    def entropy(self) -> Information:
        """H(P), in bits per symbol: no code of single symbols has a shorter mean."""
        return _bits(entropy(self.probabilities, unit="bits"))

    @property
    def uniform(self) -> Information:
        """The code that knows only which symbols there are: log₂ q bits each."""
        return uniform_code(len(self.text.symbols), unit="bits")

    @property
    def mean_length(self) -> Information:
        """Mean bits of a word of the Huffman code."""
        return self.code.mean_length(self.probabilities)

    @property
    def framing(self) -> int:
        """Bytes measured that are no words: checksums, sizes, and the last byte's filling."""
        return self.measured - int(self.text.counts @ self.code.lengths) // _BITS

    def to_dict(self, top: int) -> dict[str, Any]:
        """Return what JSON shows, with the ``top`` commonest symbols."""
        return {
            "text": self.text.origin,
            "symbols_are": self.text.kind,
            "bytes": self.text.size,
            "symbols": self.n,
            "distinct": len(self.text.symbols),
            "bits_per_symbol": {
                "uniform_code": float(self.uniform),
                "entropy": float(self.entropy),
                "huffman_mean_length": float(self.mean_length),
                "measured": _BITS * self.measured / self.n,
            },
            "nats_per_symbol": {"entropy": float(self.entropy.to("nats"))},
            "measured_bytes": self.measured,
            "of_them_framing": self.framing,
            "code_description_bytes": self.described,
            "table": self.rows(top),
        }

    def rows(self, top: int) -> list[dict[str, Any]]:
        """Return the ``top`` commonest symbols with their probabilities, lengths and words."""
        return [self._row(place) for place in range(min(top, len(self.text.symbols)))]

    def _row(self, place: int) -> dict[str, Any]:
        share = float(self.probabilities[place])
        return {
            "symbol": self.text.symbols[place],
            "count": int(self.text.counts[place]),
            "probability": share,
            "ideal_length": 0.0 - float(np.log2(share)),
            "huffman_length": int(self.code.lengths[place]),
            "word": self.code.words[place],
        }


@final
@dataclass(frozen=True)
class EscapeCode:
    """Another text's code with one more word, for what that text lacks; spelled after all others.

    The escape has as many counts as the other text has distinct symbols: each of them was new
    once (method C: Witten & Bell, "The zero-frequency problem", IEEE Trans. Inf. Theory 37(4),
    1991).

    Attributes
    ----------
    ideal : Information
        Bits per symbol: −log₂ of each probability, and what is spelled.
    measured : int
        Bytes of the text when encoded, with what is spelled.
    spelling : int
        Bytes of them that spell the symbols.
    """

    ideal: Information
    measured: int
    spelling: int


@final
@dataclass(frozen=True, eq=False)
class BorrowedCode:
    """A text in the code that was made for another one.

    Attributes
    ----------
    own : TextCode
        The text in its own code.
    other : SymbolText
        The text whose code is borrowed.
    missing : dict of str to int
        Symbols that the other text lacks, and how often the text has them; the commonest first.
    cross_entropy, divergence : Information
        H(P, Q) and D(P‖Q) in bits per symbol; infinite if a symbol is missing.
    measured : int or None
        Bytes of the text when encoded with the other's Huffman code; None if that cannot be.
    escape : EscapeCode or None
        How it can be, if a symbol is missing.
    """

    own: TextCode
    other: SymbolText
    missing: dict[str, int]
    cross_entropy: Information
    divergence: Information
    measured: int | None
    escape: EscapeCode | None

    def to_dict(self, top: int) -> dict[str, Any]:
        """Return what JSON shows, with the ``top`` commonest symbols that are missing."""
        told: dict[str, Any] = {
            "code_of": self.other.origin,
            "missing_symbols": len(self.missing),
            "missing_occurrences": sum(self.missing.values()),
            "missing": dict(islice(self.missing.items(), top)),
            "bits_per_symbol": {
                "cross_entropy": float(self.cross_entropy),
                "kl_divergence": float(self.divergence),
            },
            "measured_bytes": self.measured,
            "extra_bytes": None if self.measured is None else self.measured - self.own.measured,
        }
        if self.escape is not None:
            told["with_escape"] = {
                "ideal_bits_per_symbol": float(self.escape.ideal),
                "measured_bytes": self.escape.measured,
                "of_them_spelling": self.escape.spelling,
                "extra_bytes": self.escape.measured - self.own.measured,
            }
        return told


def text_code(text: SymbolText) -> TextCode:
    """Make the Huffman code of a text and encode the text with it.

    Examples
    --------
    >>> from linnet.data.symbols import symbols_of
    >>> coded = text_code(symbols_of(b"abracadabra", "characters"))
    >>> print(f"{coded.entropy:.4f}, {coded.mean_length:.4f}")
    2.0404 bits, 2.0909 bits
    >>> coded.code.words
    ('0', '100', '101', '110', '111')
    """
    code = HuffmanCode.of(text.counts)
    description = json.dumps([text.symbols, code.lengths.tolist()], ensure_ascii=False)
    # A byte is written as the character of its number, so that UTF-8 holds any symbol.
    described = len(zlib.compress(description.encode()))
    return TextCode(text, code, len(code.encode(text.places)), described)


def borrow_code(own: TextCode, other: SymbolText) -> BorrowedCode:
    """Encode a text with the code of another one.

    Raises
    ------
    SettingError
        If the symbols of the two are not of one kind.

    Examples
    --------
    >>> from linnet.data.symbols import symbols_of
    >>> own = text_code(symbols_of(b"abab", "characters"))
    >>> borrowed = borrow_code(own, symbols_of(b"aaab", "characters"))
    >>> print(f"{borrowed.cross_entropy:.4f} = {own.entropy:.4f} + {borrowed.divergence:.4f}")
    1.2075 bits = 1.0000 bits + 0.2075 bits
    """
    text = own.text
    if text.kind != other.kind:
        raise SettingError(
            f"{text.origin} is a text of {text.kind}, but {other.origin} of {other.kind}. Read "
            "both as symbols of one kind."
        )
    known = {symbol: place for place, symbol in enumerate(other.symbols)}
    # In the other's alphabet the last place, one too many, is for what it lacks.
    there = np.array(
        [known.get(symbol, len(known)) for symbol in text.symbols],
        dtype=np.min_scalar_type(len(known)),
    )
    lacks = np.flatnonzero(there == len(known)).tolist()
    P = np.bincount(there, weights=own.probabilities, minlength=len(known) + 1)
    Q = np.append(other.counts / other.counts.sum(), 0.0)
    return BorrowedCode(
        own=own,
        other=other,
        missing={text.symbols[place]: int(text.counts[place]) for place in lacks},
        # Symbols that are both missing join in P: the answer is infinite all the same.
        cross_entropy=_bits(cross_entropy(P, Q, unit="bits")),
        divergence=_bits(kl_divergence(P, Q, unit="bits")),
        measured=None if lacks else len(HuffmanCode.of(other.counts).encode(there[text.places])),
        escape=_escape(own, other, there) if lacks else None,
    )


def _escape(own: TextCode, other: SymbolText, there: UInt[Array, " q"]) -> EscapeCode:
    text = own.text
    weights = np.append(other.counts, len(other.symbols))
    spelling = len(_spelling(text, there == len(other.symbols)))
    counts = np.bincount(there, weights=text.counts, minlength=len(weights))
    ideal = float(counts @ -np.log2(weights / weights.sum())) + _BITS * spelling
    coded = HuffmanCode.of(weights).encode(there[text.places])
    return EscapeCode(Information(ideal / own.n, "bits"), len(coded) + spelling, spelling)


def _spelling(text: SymbolText, missing: Bool[Array, " q"]) -> bytes:
    """Spell the missing symbols where they occur, one after the other."""
    tell_size = text.kind == "words"
    spellings = {
        place: _self_ending(spelled(text.symbols[place], text.kind), tell_size=tell_size)
        for place in np.flatnonzero(missing).tolist()
    }
    return b"".join(map(spellings.__getitem__, text.places[missing[text.places]].tolist()))


def _self_ending(spelling: bytes, *, tell_size: bool) -> bytes:
    """Put its size before a word; a byte and a UTF-8 character end by themselves."""
    if not tell_size:
        return spelling
    size = len(spelling)
    digits = [size >> shift & 127 for shift in range(0, max(1, size.bit_length()), 7)]
    return bytes([*(digit | 128 for digit in digits[:-1]), digits[-1]]) + spelling


def _bits(amount: Any) -> Information:
    return Information(float(amount), "bits")
