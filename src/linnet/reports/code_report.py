"""The account of coded targets: from the uniform code down to the bytes that are really written."""

from dataclasses import asdict, dataclass
from typing import Any, Final, final

from linnet.codes.column import ColumnSizes
from linnet.reports.estimates import Estimate
from linnet.reports.numbers_in_words import count, percent
from linnet.reports.strict_json import to_json_value

__all__ = ["CodeReport"]

_BAR: Final = 24


@final
@dataclass(frozen=True, kw_only=True)
class CodeReport:
    """What targets cost by one code after another, in bits, and where the differences come from.

    All estimates are in bits a row, over the rows whose target the model has a code for; only
    ``payload`` counts all rows. Sums of bits are exact:
    cross entropy + quantisation + escapes + coder + framing = 8 × bytes written.

    Attributes
    ----------
    rows, escaped : int
        Number of rows, and of those whose label the model never saw, or whose target is missing.
    precision : float or None
        To which numbers are written; None for labels.
    uniform : float or None
        log₂ q, with q the number of classes; None for numbers.
    marginal : Estimate or None
        H(Y), by the shares of the labels among these rows; of numbers the Gaussian code that knows
        their mean and variance, None if they are all the same.
    cross_entropy : Estimate
        Mean code length under the model.
    integer : Estimate
        Mean code length by the coder's integer frequencies.
    payload : Estimate
        What is written for the rows, header and checks apart.
    gained : Estimate or None
        marginal − cross_entropy: what the features tell of a target.
    quantisation : Estimate
        integer − cross_entropy.
    cross_entropy_bits, quantisation_bits, escape_bits, coder_bits, framing_bits : float
        Parts of the file, in bits: what the model says, what integer frequencies add to it,
        targets that are escaped, what the coder adds to its frequencies, header and checks.
    sizes : ColumnSizes
        Bytes written, part by part.
    model_bytes : int
        Size of the model's file.
    described_bits : float or None
        Size of the model's parameters at the precision that is best for these rows, as
        :func:`linnet.description_length` finds it; None if that was not asked for.
    confidence : float
        Share of samples whose interval is to hold the truth.
    """

    rows: int
    escaped: int
    precision: float | None
    uniform: float | None
    marginal: Estimate | None
    cross_entropy: Estimate
    integer: Estimate
    payload: Estimate
    gained: Estimate | None
    quantisation: Estimate
    cross_entropy_bits: float
    quantisation_bits: float
    escape_bits: float
    coder_bits: float
    framing_bits: float
    sizes: ColumnSizes
    model_bytes: int
    described_bits: float | None
    confidence: float

    @property
    def written_bytes(self) -> int:
        """Size of the coded column."""
        return sum(asdict(self.sizes).values())

    @property
    def payload_bytes(self) -> int:
        """Size of what is written for the rows."""
        return self.sizes.symbols + self.sizes.beside

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as strict JSON can hold it."""
        content = asdict(self)
        sizes = content.pop("sizes")
        parts = {name: content.pop(name) for name in list(content) if name.endswith("_bits")}
        described = parts.pop("described_bits")
        model = {"file_bytes": content.pop("model_bytes"), "best_precision_bits": described}
        about = {name: content.pop(name) for name in ("rows", "escaped", "precision", "confidence")}
        written = sizes | {"all": self.written_bytes}
        parts = {name.removesuffix("_bits"): bits for name, bits in parts.items()}
        told = {
            "bits_per_row": content,
            "bits_in_all": parts,
            "bytes": written,
            "model_size": model,
        }
        return to_json_value(about | told)

    def __str__(self) -> str:
        blocks = (self._entropies(), self._gap(), self._model(), self._remarks())
        return "\n\n".join("\n".join(lines) for lines in blocks if lines)

    def _entropies(self) -> list[str]:
        numbers = self.precision is not None
        marginal = "marginal code, Gaussian" if numbers else "marginal code, H(Y)"
        rows: list[tuple[str, Estimate | None]] = [
            ("uniform code, log2 q", _exactly(self.uniform)),
            (marginal, self.marginal),
            ("cross entropy of the model", self.cross_entropy),
            ("  by integer frequencies", self.integer),
            ("written: payload", self.payload),
            ("  with header and checks", _exactly(8 * self.written_bytes / self.rows)),
        ]
        known = [(name, each) for name, each in rows if each is not None]
        longest = max(each.value for _, each in known)
        interval = f"{percent(self.confidence).replace('.00', '')} interval"
        lines = [f"{'':<28}{'bits a row':>12}   {interval}"]
        for name, each in known:
            ends = "" if each.low == each.high else f"{each.low:.4f} to {each.high:.4f}"
            bar = "█" * round(_BAR * each.value / longest) if longest > 0 else ""
            lines.append(f"{name:<28}{each.value:>12.5f}   {ends:<22} {bar}".rstrip())
        return lines

    def _gap(self) -> list[str]:
        parts = {
            "cross entropy of the model": self.cross_entropy_bits,
            "+ integer frequencies": self.quantisation_bits,
            "+ escaped rows": self.escape_bits,
            "+ coder": self.coder_bits,
            "= payload": 8.0 * self.payload_bytes,
            "+ header and checks": self.framing_bits,
            "= file": 8.0 * self.written_bytes,
        }
        if not self.escaped:
            del parts["+ escaped rows"]
        lines = [f"{'':<28}{'bits':>16}{'bytes':>14}   share"]
        for name, bits in parts.items():
            share = 100 * bits / self.cross_entropy_bits if self.cross_entropy_bits > 0 else 0.0
            told = f"   {share:.3f} %" if share else ""
            lines.append(f"{name:<28}{bits:>16,.2f}{bits / 8:>14,.1f}{told}")
        return lines

    def _model(self) -> list[str]:
        lines = [f"{'model, needed to decode':<28}{8 * self.model_bytes:>16,}"]
        lines[0] += f"{self.model_bytes:>14,}   its file"
        if self.described_bits is not None:
            bits = self.described_bits
            name = "  its parameters alone"
            lines.append(f"{name:<28}{bits:>16,.0f}{bits / 8:>14,.1f}   at the best precision")
        return lines

    def _remarks(self) -> list[str]:
        told = []
        if self.gained is not None:
            gained = self.gained
            told.append(
                f"The features tell {gained.value:.4f} bits of a target "
                f"({gained.low:.4f} to {gained.high:.4f})."
            )
        if self.escaped:
            told.append(
                f"{count(self.escaped, 'row')} of {self.rows:,} escaped: unknown to the model, or "
                "missing. Entropies are of the others."
            )
        return told


def _exactly(value: float | None) -> Estimate | None:
    return None if value is None else Estimate(value, value, value)
