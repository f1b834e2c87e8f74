"""The account of a classifier: what its labels cost in nats and bits, and how often it is right."""

from dataclasses import dataclass
from typing import Any, final

from linnet.information import Information
from linnet.reports.estimates import Estimate
from linnet.reports.strict_json import to_json_value
from linnet.types import Unit

__all__ = ["ClassifierAccount"]


@final
@dataclass(frozen=True, kw_only=True)
class ClassifierAccount:
    """What a classifier makes of rows whose labels are known.

    All amounts of information are in nats per label; `in_unit` gives them in bits too.

    Attributes
    ----------
    rows : int
        Number n of rows.
    classes : int
        Number q of classes that the model knows.
    uniform : float
        log q: the code that knows only the classes.
    marginal : float
        H(Y): the best code that knows how often each label occurs among these rows, but no
        features.
    loss : Estimate
        Mean code length under the model, the cross entropy: infinite if a label occurs that the
        model never saw.
    gained : Estimate
        H(Y) − loss: what the features tell about a label.
    accuracy : Estimate
        Share of rows whose most probable class is the label; Wilson's interval.
    unseen : dict of str to int
        Labels that the model never saw, and the rows of each.
    known_loss : Estimate or None
        Where there are such labels: the loss over the other rows, if any.
    """

    rows: int
    classes: int
    uniform: float
    marginal: float
    loss: Estimate
    gained: Estimate
    accuracy: Estimate
    unseen: dict[str, int]
    known_loss: Estimate | None

    @property
    def unseen_rows(self) -> int:
        """Number of rows whose label the model never saw."""
        return sum(self.unseen.values())

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as strict JSON holds it, in nats and in bits."""
        content = {
            "rows": self.rows,
            "classes": self.classes,
            "nats_per_label": self._amounts("nats"),
            "bits_per_label": self._amounts("bits"),
            "accuracy": self.accuracy.to_dict(),
            "labels_unseen_in_training": self.unseen,
            "rows_with_such_labels": self.unseen_rows,
        }
        return to_json_value(content)

    def _amounts(self, unit: Unit) -> dict[str, Any]:
        def amount(nats: float) -> float:
            return float(Information(nats, "nats").to(unit))

        known = self.known_loss
        return {
            "uniform_code": amount(self.uniform),
            "marginal_code": amount(self.marginal),
            "loss": self.loss.through(amount).to_dict(),
            "gained": self.gained.through(amount).to_dict(),
            "loss_over_known_labels": None if known is None else known.through(amount).to_dict(),
        }
