"""Where the bits of a label go: entropy of the labels, less resolution, plus the calibration gap.

Rows are put into groups G of like predictions. With the shares π_g of the labels in group g, the
mean prediction q̄_g of its rows, and D the Kullback–Leibler divergence,

    CE = H(Y) − I(Y; G) + E_g D(π_g‖q̄_g) + E[log q̄_g(y) − log q(y|x)],

entropy − resolution + calibration gap + what predictions differ within their groups. The identity
is exact. The last term is 0 where all predictions of a group are equal.
"""

from dataclasses import dataclass, fields
from typing import Any, final

import numpy as np
from jaxtyping import Float, Int

from linnet.calibration.predictions import Predictions, read_predictions
from linnet.calibration.reliability import bin_numbers, check_bins
from linnet.errors import DataError
from linnet.information.units import Information, nats_per
from linnet.numeric import xlogx, xlogy
from linnet.types import Array, Unit

__all__ = ["Decomposition", "decompose_cross_entropy"]


@final
@dataclass(frozen=True, kw_only=True)
class Decomposition:
    """The parts of a mean code length, each with its unit.

    ``cross_entropy == label_entropy - resolution + calibration_gap + within_groups``, exactly but
    for rounding.

    Attributes
    ----------
    cross_entropy : Information
        Mean code length CE of the labels under the predictions.
    label_entropy : Information
        H(Y): the cost of a label where nothing but the shares of the labels is known.
    resolution : Information
        I(Y; G): what a row's group tells about its label.
    calibration_gap : Information
        What could be saved by coding each group with the shares of the labels in it.
    within_groups : Information
        What is lost by unlike predictions within groups; below 0 where they are worth more than
        their mean.
    resolution_bias, calibration_gap_bias : Information
        By how much chance alone raises those two in samples of this size, to first order.
    groups : int
        Number of groups.
    """

    cross_entropy: Information
    label_entropy: Information
    resolution: Information
    calibration_gap: Information
    within_groups: Information
    resolution_bias: Information
    calibration_gap_bias: Information
    groups: int

    def to(self, unit: Unit) -> "Decomposition":
        """Return the same parts in another unit."""
        amounts = {
            field.name: getattr(self, field.name).to(unit)
            for field in fields(self)
            if field.name != "groups"
        }
        return Decomposition(**amounts, groups=self.groups)

    def __str__(self) -> str:
        lines = [
            ("entropy of the labels, H(Y)", " ", self.label_entropy, None),
            ("resolution", "−", self.resolution, self.resolution_bias),
            ("calibration gap", "+", self.calibration_gap, self.calibration_gap_bias),
            ("within groups", "+", self.within_groups, None),
            ("cross entropy, mean code length", "=", self.cross_entropy, None),
        ]
        return "\n".join(
            f"{sign} {name:<32}{float(amount):9.4f} {amount.unit}"
            + ("" if bias is None else f"   of which by chance {float(bias):.4f}")
            for name, sign, amount, bias in lines
        )


def decompose_cross_entropy(
    y_true: Any,
    probabilities: Any,
    classes: Any = None,
    sample_weight: Any = None,
    *,
    groups: Any = None,
    bins: int | None = 15,
    unit: Unit = "bits",
) -> Decomposition:
    """Split a mean code length into entropy of labels, resolution and calibration gap.

    CE = H(Y) − I(Y; G) + E_g D(π_g‖q̄_g) + E[log q̄_g(y) − log q(y|x)] for groups G of rows. A
    model without features has no resolution; a calibrated one no gap, but for chance.

    Resolution and gap are measured with the shares that occurred, which raises both: by
    (Σ_g (m_g − 1) − (m − 1))/2n and Σ_g (m_g − 1)/2n nats to first order, where m labels occur in
    n rows and m_g in group g (Miller 1955). Those are ``resolution_bias`` and
    ``calibration_gap_bias``; they are told, not taken off, so that the identity holds. Rows of
    unequal weight count as (Σs)²/Σs² equal ones.

    Parameters
    ----------
    y_true, probabilities, classes, sample_weight
        As for `reliability_curve`.
    groups : array of shape (n,), optional
        A name of the group of each row. By default rows whose most probable class is the same,
        cut into ``bins`` of equal mass by its probability; of two classes, bins of the
        probability of the second.
    bins : int or None
        Number of bins, at most; ``None`` for groups of rows whose predictions are equal.
    unit : {"bits", "nats"}
        Unit of the parts, per label.

    Returns
    -------
    Decomposition

    Raises
    ------
    DataError
        If a row is no distribution, a label is no class, or lengths differ.
    SettingError
        If a setting is out of range.

    References
    ----------
    Bröcker, *Reliability, sufficiency, and the decomposition of proper scores*, Q. J. R. Meteorol.
    Soc. 135 (2009); for the part within groups Stephenson, Coelho and Jolliffe, *Two extra
    components in the Brier score decomposition*, Weather and Forecasting 23 (2008).

    Examples
    --------
    >>> y, p = [0, 0, 0, 1, 0, 1, 1, 1], [0.25, 0.25, 0.25, 0.25, 0.5, 0.5, 0.5, 0.5]
    >>> parts = decompose_cross_entropy(y, p)
    >>> print(f"{parts.resolution:.4f}, {parts.calibration_gap:.4f}")
    0.1887 bits, 0.0944 bits
    >>> print(f"{parts.cross_entropy:.4f}, {parts.within_groups:.1f}")
    0.9056 bits, 0.0 bits
    """
    nats_per(unit)
    predictions = read_predictions(y_true, probabilities, classes, sample_weight)
    return _parts(predictions, _group_numbers(predictions, groups, bins)).to(unit)


def _group_numbers(predictions: Predictions, groups: Any, bins: int | None) -> Int[Array, " n"]:
    """Give the number of each row's group, from 0, none left out."""
    if groups is not None:
        given = np.asarray(groups)
        if given.shape != predictions.kept.shape:
            raise DataError(
                f"groups has shape {given.shape}, but there are {len(predictions.kept)} rows. "
                "Name one group for each row."
            )
        return np.unique(given[predictions.kept], return_inverse=True)[1].reshape(-1)
    P, weight = predictions.P, predictions.weight
    if bins is None:
        return np.unique(P, axis=0, return_inverse=True)[1].reshape(-1)
    check_bins(bins, "equal-mass")
    if P.shape[1] == 2:
        numbers = bin_numbers(P[:, 1], weight, bins, "equal-mass")
    else:
        numbers = P.argmax(axis=1) * bins + bin_numbers(P.max(axis=1), weight, bins, "equal-mass")
    return np.unique(numbers, return_inverse=True)[1].reshape(-1)


def _parts(predictions: Predictions, group: Int[Array, " n"]) -> Decomposition:
    P, codes = predictions.P, predictions.codes
    share = predictions.weight / predictions.weight.sum()
    count, q = int(group.max()) + 1, P.shape[1]
    joint = np.bincount(group * q + codes, share, count * q).reshape(count, q)
    of_group, of_label = joint.sum(axis=1), joint.sum(axis=0)
    mean = np.zeros((count, q))
    np.add.at(mean, group, share[:, None] * P)
    mean /= of_group[:, None]
    within, loss = _row_lengths(predictions, mean[group, codes])
    label_entropy = -xlogx(of_label).sum()
    group_entropy = xlogx(of_group).sum() - xlogx(joint).sum()
    by_groups = -xlogy(joint, mean).sum()
    noise = np.bincount(group, share**2, count) / of_group
    gap_bias = (((joint > 0).sum(axis=1) - 1) * noise).sum() / 2
    label_bias = (np.count_nonzero(of_label) - 1) * (share**2).sum() / 2
    nats = {
        "cross_entropy": (share * loss).sum(),
        "label_entropy": label_entropy,
        "resolution": label_entropy - group_entropy,
        "calibration_gap": by_groups - group_entropy,
        "within_groups": (share * within).sum(),
        "resolution_bias": gap_bias - label_bias,
        "calibration_gap_bias": gap_bias,
    }
    amounts = {name: Information(amount, "nats") for name, amount in nats.items()}
    return Decomposition(**amounts, groups=count)


def _row_lengths(
    predictions: Predictions, mean: Float[Array, " n"]
) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    """Code length of each label beyond that by its group's mean prediction, and in all."""
    occurred = predictions.occurred
    with np.errstate(divide="ignore"):
        loss, by_mean = -np.log(occurred), -np.log(mean)
    # Where the whole group has probability 0 both are infinite, and there is nothing beyond.
    within = np.subtract(loss, by_mean, out=np.zeros(len(loss)), where=mean > 0)
    return within, loss
