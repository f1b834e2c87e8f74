"""What a source made from another has in common with it: as many rows, columns and values."""

from dataclasses import dataclass

from linnet.data.source import Source

__all__ = ["DerivedSource"]


@dataclass(frozen=True)
class DerivedSource:
    """The rows of another source, changed or summed in another way.

    Parameters
    ----------
    source : Source
        The rows as they are there.
    """

    source: Source

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return self.source.n_samples

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return self.source.n_features

    @property
    def n_values(self) -> int:
        """Number of values stored."""
        return self.source.n_values

    @property
    def room_for_sums(self) -> int:
        """How many values sums may take."""
        return self.source.room_for_sums
