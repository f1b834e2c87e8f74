"""Choosing one model of a path by rows held out: folds, scores, and the table they make."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from jaxtyping import Float, Int

from linnet.data import Batch
from linnet.errors import DataError, SettingError
from linnet.estimators.validation import check_count
from linnet.types import Array

__all__ = ["Fold", "Selection", "check_scorer", "compare", "held_out_score", "splits"]

Fold = tuple[Int[Array, " t"], Int[Array, " h"]]
"""Rows to fit to, and rows held out."""


@final
@dataclass(frozen=True, repr=False, eq=False)
class Selection:
    """How the penalties of a path compare on rows held out, and which is chosen.

    Printed, it is a table. Arrays have the penalties along their last axis, in the order in which
    they were given.

    Parameters
    ----------
    name : str
        What the penalties are set by: ``"C"`` or ``"alpha"``.
    settings : array of shape (a,)
        The settings.
    scores : array of shape (f, a)
        Score of each in each fold; greater is better. Where these are bits, less the mean code
        length of the targets held out.
    weights : array of shape (f,)
        What each fold counts: the weight of its rows for bits, 1 for other scores.
    in_bits : bool
        Whether the scores are bits.
    one_standard_error : bool
        Whether the strongest penalty is chosen whose mean is within one standard error of the
        best; else the best is.
    """

    name: str
    settings: Float[Array, " a"]
    scores: Float[Array, "f a"]
    weights: Float[Array, " f"]
    in_bits: bool
    one_standard_error: bool

    @cached_property
    def mean(self) -> Float[Array, " a"]:
        """Mean score over the folds, by their weights, of shape (a,)."""
        with np.errstate(invalid="ignore"):
            return self.weights @ self.scores / self.weights.sum()

    @property
    def bits(self) -> Float[Array, " a"]:
        """Mean code length of the targets held out, in bits, of shape (a,).

        Raises
        ------
        SettingError
            If the folds were scored otherwise.
        """
        if not self.in_bits:
            raise SettingError("The folds were scored by scoring: leave it None for bits.")
        return -self.mean

    @cached_property
    def standard_error(self) -> Float[Array, " a"]:
        """Standard error of the mean, of shape (a,); NaN of one fold, and of infinite scores.

        √(Σ_f w_f (s_f − s̄)²/Σ_f w_f/(f − 1)), which folds of equal weight make the usual one.
        """
        counted = int((self.weights > 0).sum())
        if counted < 2:
            return np.full(len(self.settings), np.nan)
        with np.errstate(invalid="ignore"):
            squares = self.weights @ (self.scores - self.mean) ** 2 / self.weights.sum()
        return np.sqrt(squares / (counted - 1))

    @cached_property
    def best(self) -> int:
        """Place of the best mean; of equals that of the strongest penalty."""
        if not (self.mean > -np.inf).any():
            raise DataError(
                f"No {self.name} can be told from another: none has a score in every fold. Give "
                "each fold rows of every kind, or set scoring."
            )
        order = self._strongest_first
        return int(order[np.nanargmax(self.mean[order])])

    @cached_property
    def chosen(self) -> int:
        """Place of the setting chosen."""
        if not self.one_standard_error:
            return self.best
        order = self._strongest_first
        error = self.standard_error[self.best]
        if np.isnan(error):
            raise SettingError(
                "one_standard_error needs the scores of two folds at least, all finite: give "
                "more folds by cv, or set one_standard_error=False."
            )
        least = self.mean[self.best] - error
        return int(order[np.argmax(self.mean[order] >= least)])

    @property
    def _strongest_first(self) -> Int[Array, " a"]:
        return np.argsort(self.settings if self.name == "C" else -self.settings, kind="stable")

    def __repr__(self) -> str:
        what = "held-out bits" if self.in_bits else "mean score"
        shown = self.bits if self.in_bits else self.mean
        lines = [f"{self.name:>10} {what:>14} {'std. error':>11}"]
        for place, value in enumerate(self.settings):
            marks = [" best"] * (place == self.best) + [" chosen"] * (place == self.chosen)
            lines.append(
                f"{value:>10.4g} {shown[place]:>14.6g} {self.standard_error[place]:>11.2g}"
                f" {','.join(marks)}".rstrip()
            )
        return "\n".join(lines)


def splits(cv: Any, X: Any, labels: Array | None, groups: Any) -> list[Fold]:
    """Give the rows of each fold, as scikit-learn's ``cv`` says.

    Parameters
    ----------
    cv : int, splitter, iterable of splits, or None
        ``None`` is 5 folds. Folds given by number have their share of each class where there are
        labels, and keep rows of one group together where there are groups.
    X : array of shape (n, k)
    labels : array of shape (n,) or None
        Classes, for folds to have their share of each.
    groups : array of shape (n,) or None

    Raises
    ------
    SettingError
        If the rows cannot be split so.
    """
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, check_cv

    folds = 5 if cv is None else cv
    if isinstance(folds, int | np.integer):
        check_count(folds, "cv")
        if groups is not None:
            kind = GroupKFold if labels is None else StratifiedGroupKFold
            folds = kind(n_splits=max(2, int(folds)))
    try:
        splitter = check_cv(folds, labels, classifier=labels is not None)
        found = list(splitter.split(X, labels, groups))
    except (ValueError, TypeError) as error:
        raise SettingError(f"cv={cv!r} cannot split these rows: {error}") from error
    if not found:
        raise SettingError(f"cv={cv!r} gives no fold: give 2 folds or more.")
    # A split may be a mask of rows.
    rows = np.arange(X.shape[0])
    found = [(rows[train], rows[test]) for train, test in found]
    for number, (train, test) in enumerate(found):
        if not len(train) or not len(test):
            raise SettingError(
                f"cv={cv!r}: fold {number} has no rows to fit to, or none held out. Give others."
            )
    return found


def check_scorer(model: Any, scoring: Any) -> Any:
    """Give scikit-learn's scorer of a name or function, or ``None`` for bits.

    Raises
    ------
    SettingError
        If there is none of that name.
    """
    if scoring is None:
        return None
    from sklearn.metrics import check_scoring

    try:
        return check_scoring(model, scoring=scoring)
    except (ValueError, TypeError) as error:
        raise SettingError(
            f"scoring={scoring!r}: {error} Leave it None for held-out bits."
        ) from error


def compare(
    path: Callable[[Any, Array, Any], Iterable[Any]],
    bits: Callable[[Any, Any, Array, Any], float],
    scorer: Any,
    samples: Batch,
    folds: list[Fold],
) -> tuple[Float[Array, "f a"], Float[Array, " f"]]:
    """Score the models of each fold's path on the rows held out; and say what each fold counts.

    Parameters
    ----------
    path : function
        Of rows, targets and weights (or ``None``): gives a fitted model for each setting.
    bits : function
        Of a model, rows, targets and weights: the mean code length, if there is no scorer.
    scorer : function or None
        As :func:`check_scorer` gives it.
    samples : Batch
        Rows, targets and weights.
    folds : list of Fold

    Raises
    ------
    DataError
        If rows cannot be fitted: the message names the fold.
    """
    scores, weights = [], []
    for number, (train, test) in enumerate(folds):
        fitted, held = samples.take(train), samples.take(test)
        try:
            models = path(fitted.X, fitted.y, fitted.weight)
        except DataError as error:
            raise DataError(f"In the rows fitted for fold {number}: {error}") from error
        mass = float(len(test) if held.weight is None else held.weight.sum())
        if scorer is not None:
            scores.append(
                [held_out_score(scorer, model, held.X, held.y, held.weight) for model in models]
            )
            mass = 1.0
        elif mass > 0:
            scores.append([-bits(model, held.X, held.y, held.weight) for model in models])
        else:
            scores.append([0.0 for _ in models])
        weights.append(mass)
    return np.array(scores), np.array(weights)


def held_out_score(
    scorer: Any, model: Any, X: Any, y: Array, weight: Float[Array, " n"] | None
) -> float:
    """Score a model on rows held out, by their weights where there are any."""
    weights = {} if weight is None else {"sample_weight": weight}
    return float(scorer(model, X, y, **weights))
