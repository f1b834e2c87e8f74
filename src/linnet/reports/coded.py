"""What a coded column costs, part by part, against what its model says that it should."""

from dataclasses import asdict, dataclass
from typing import Any, final

from linnet.codes.column import ColumnSizes
from linnet.reports.numbers_in_words import count
from linnet.reports.strict_json import to_json_value

__all__ = ["CodedAccount", "coded_text"]


@final
@dataclass(frozen=True, kw_only=True)
class CodedAccount:
    """A coded column: bytes of its parts, and bits of a row.

    Attributes
    ----------
    rows : int
        Rows that are coded.
    escaped : int
        Rows whose value the model does not know, or that have none.
    sizes : ColumnSizes
        Bytes of the header, of checks, of symbols, and of what stands beside those.
    model_bytes : int
        Size of the model's file, which the decoder needs too.
    cross_entropy : float
        The model's mean code length, in bits, of the rows that are not escaped.
    precision_cost : float or None
        By how many bits integer frequencies lengthen that, where it is known.
    """

    rows: int
    escaped: int
    sizes: ColumnSizes
    model_bytes: int
    cross_entropy: float
    precision_cost: float | None = None

    @property
    def total_bytes(self) -> int:
        """Size of the coded column."""
        return sum(asdict(self.sizes).values())

    @property
    def bits_per_row(self) -> float:
        """Payload, which is symbols and what stands beside them, over all rows."""
        return 8 * (self.sizes.symbols + self.sizes.beside) / max(1, self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as strict JSON can hold it."""
        return {
            "rows": self.rows,
            "escaped": self.escaped,
            "bytes": asdict(self.sizes) | {"all": self.total_bytes, "model": self.model_bytes},
            "bits_per_row": to_json_value(self.bits_per_row),
            "cross_entropy_bits": to_json_value(self.cross_entropy),
            "precision_cost_bits": self.precision_cost,
        }


def coded_text(account: CodedAccount) -> str:
    """Lay an account out as lines of text."""
    sizes = account.sizes
    facts = {
        "rows": f"{account.rows:,}",
        "payload": f"{sizes.symbols + sizes.beside:,} bytes = "
        f"{account.bits_per_row:.5f} bits a row",
        "the model's cross entropy": f"{account.cross_entropy:.5f} bits a row",
        "integer frequencies cost": f"{account.precision_cost:+.1e} bits a row"
        if account.precision_cost is not None
        else "",
        "header and checks": f"{sizes.header:,} + {sizes.checks:,} bytes",
        "coded column": f"{account.total_bytes:,} bytes",
        "model, needed to decode": f"{account.model_bytes:,} bytes",
    }
    facts = {name: fact for name, fact in facts.items() if fact}
    if account.cross_entropy > 0 and not account.escaped:
        above = 100 * (account.bits_per_row / account.cross_entropy - 1)
        facts["payload"] += f", {above:+.3f} %"
    if account.escaped:
        facts["escaped"] = f"{count(account.escaped, 'row')}: unknown to the model, or missing"
    width = max(map(len, facts))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in facts.items())
