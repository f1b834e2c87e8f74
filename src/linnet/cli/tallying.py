"""A model's account of rows that come some at a time: what they add to it is summed."""

from typing import Any, final

from linnet.cli.accounts import AccountSums, outputs_of, require_one_target, sums_of
from linnet.cli.inputs import AnyModel, is_classifier, rows_for
from linnet.cli.samples import Samples
from linnet.cli.spelling import Spelling, SpellingMatch
from linnet.cli.targets import require_some_target, require_some_weight
from linnet.errors import TableError
from linnet.estimators import TableModel
from linnet.features import HashingEncoder
from linnet.features.unseen import UnseenValues
from linnet.reports import Account
from linnet.types import Array

__all__ = ["Tally", "encoded"]


@final
class Tally:
    """What rows add to the account of a model, in sums; no row is kept.

    How labels are to be read is known for sure when all were seen. While there is a doubt, the
    sums of each reading that is still possible are kept; the first label that the model knows as
    it is ends it.

    Parameters
    ----------
    model : model
        A fitted model.
    name : str
        What the user calls the rows.

    Raises
    ------
    SettingError
        If the model predicts several targets at once.
    """

    def __init__(self, model: AnyModel, name: str) -> None:
        require_one_target(model)
        self._model, self._name = model, name
        self._match = SpellingMatch(model.classes_) if is_classifier(model) else None
        self._sums: dict[Spelling, AccountSums] = {}
        self._unseen = UnseenValues()
        self._last: Samples | None = None
        self._known, self._weight = 0, 0.0
        self.missing = 0
        """Rows without a target."""

    def add(self, samples: Samples) -> None:
        """Sum over further rows."""
        self._last = samples
        self.missing += samples.target.missing
        self._known += samples.size
        design = encoded(self._model, rows_for(self._model, samples.features, samples.origin))
        self._unseen.add(design[1])
        if not samples.size:
            return
        outputs = outputs_of(self._model, design[0])[samples.target.rows]
        self._weight += samples.size if samples.weight is None else float(samples.weight.sum())
        labels = samples.target.values
        readings: tuple[Spelling, ...] = (Spelling.AS_IS,)
        if self._match is not None:
            self._match.see(labels)
            readings = self._match.open
        self._sums = {
            reading: self._with(
                reading, sums_of(self._model, outputs, reading.read(labels), samples.weight)
            )
            for reading in readings
        }

    def account(self) -> Account:
        """Return the account of all rows.

        Raises
        ------
        TableError
            If there is no row, none with a target, or none with weight.
        """
        if self._last is None:
            raise TableError(f"{self._name}: there is no row.")
        require_some_target(self._known, self._last.target.name, self._name)
        if self._last.weight_name is not None:
            require_some_weight(self._weight, self._last.weight_name, self._name)
        return self._sums[self._found].account()

    @property
    def notes(self) -> tuple[str, ...]:
        """What became of rows and labels, in sentences for the user."""
        notes = [self._unseen.message, "" if self._match is None else self._match.told]
        if self.missing:
            notes.append(f"{self.missing:,} rows are left out, for their target is missing")
        return tuple(note for note in notes if note)

    def read(self, labels: Array) -> Array:
        """Read labels as they were found to be meant."""
        return self._found.read(labels)

    @property
    def _found(self) -> Spelling:
        return Spelling.AS_IS if self._match is None else self._match.found

    def _with(self, reading: Spelling, sums: Any) -> Any:
        known = self._sums.get(reading)
        return sums if known is None else known + sums


def encoded(model: AnyModel, rows: Any) -> tuple[Any, dict[str, dict[str, int]]]:
    """Return rows as a model's regression takes them, and the values not seen when fitting."""
    if not isinstance(model, TableModel):
        return rows, {}
    if isinstance(model.encoder_, HashingEncoder):
        return model.encoder_.transform(rows), {}
    return model.encoder_.transform_and_count(rows)
