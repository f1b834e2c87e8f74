"""What the bytes of a compressed table are for."""

from dataclasses import asdict, dataclass
from typing import Any, Final, final

__all__ = ["TEXT", "ColumnAccount", "TableAccount"]

TEXT: Final = "text"
"""The coder of a column that is compressed as text."""


@final
@dataclass(frozen=True, kw_only=True)
class ColumnAccount:
    """What the bytes of a column are for.

    Parameters
    ----------
    name : str
        The column.
    coder : str
        How it is coded.
    alone : float
        Bytes of its values with nothing known, by their entropy in the symbols chosen.
    data, model : int
        Bytes of its values given other columns, and of what tells how.
    given : tuple of str
        Those columns.
    """

    name: str
    coder: str
    alone: float
    data: int
    model: int
    given: tuple[str, ...]


@final
@dataclass(frozen=True, kw_only=True)
class TableAccount:
    """What the bytes of a compressed table are for.

    Parameters
    ----------
    rows : int
        Rows.
    columns : tuple of ColumnAccount
        In the order of coding.
    texts : int
        Bytes of names and of all distinct texts.
    total : int
        All bytes.
    """

    rows: int
    columns: tuple[ColumnAccount, ...]
    texts: int
    total: int

    @property
    def values(self) -> int:
        """Bytes of values that models code: all but texts, models, and columns as text."""
        return sum(each.data for each in self.columns if each.coder != TEXT)

    def to_dict(self) -> dict[str, Any]:
        """Give the account as plain values."""
        return asdict(self)
