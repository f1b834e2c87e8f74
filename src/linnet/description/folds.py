"""Out-of-fold codes: each label coded by a classifier that was fitted to other rows."""

import warnings
from typing import Any

import numpy as np
from jaxtyping import Int
from numpy.typing import ArrayLike
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.utils import check_random_state

from linnet.description.label_code import LabelCode, label_code
from linnet.description.samples import Labelled, label_array
from linnet.errors import DataWarning, SettingError
from linnet.types import Array

__all__ = ["fold_numbers", "out_of_fold_code"]


def out_of_fold_code(
    estimator: Any, samples: Labelled, folds: Int[Array, " n"], *, smoothing: float
) -> LabelCode:
    """Code every fold with a clone of the classifier that is fitted to the other folds."""
    n = len(samples)
    lengths, probability = np.empty(n), np.empty(n)
    predicted, unseen = np.empty(n, dtype=np.int64), np.empty(n, dtype=bool)
    for fold in np.unique(folds):
        out = np.flatnonzero(folds == fold)
        with warnings.catch_warnings():
            # That rows held out at random hold values of their own is no news.
            warnings.simplefilter("ignore", DataWarning)
            code = label_code(
                estimator,
                samples.take(np.flatnonzero(folds != fold)),
                samples.take(out),
                smoothing=smoothing,
                where=f"the rows outside fold {fold + 1}",
            )
        lengths[out], probability[out] = code.lengths, code.probability
        predicted[out], unseen[out] = code.predicted, code.unseen
    return LabelCode(lengths, predicted, probability, unseen)


def fold_numbers(
    cv: Any, samples: Labelled, groups: ArrayLike | None, random_state: Any
) -> Int[Array, " n"]:
    """Give each row the number of its fold.

    Parameters
    ----------
    cv : int, or splitter of scikit-learn
        Number of folds, dealt at random and each with its share of every class; or an object
        with ``split`` whose test parts together hold each row once.
    samples : Labelled
        The rows.
    groups : array of shape (n,), optional
        Rows of one group stay in one fold.
    random_state
        Seed of the dealing.

    Raises
    ------
    SettingError
        If there are fewer rows or groups than folds, or the test parts do not cover every row.
    """
    if groups is not None:
        groups = label_array(groups, len(samples), "groups")
    if isinstance(cv, int | np.integer) and not isinstance(cv, bool):
        most = len(samples) if groups is None else len(np.unique(groups))
        if not 2 <= cv <= most:
            raise SettingError(f"cv={cv}: give a number of folds from 2 to {most}.")
        if groups is None:
            return _deal(samples.codes, int(cv), random_state)
        cv = StratifiedGroupKFold(int(cv), shuffle=True, random_state=random_state)
    # A text has a split of its own.
    if isinstance(cv, str) or not hasattr(cv, "split"):
        raise SettingError(
            f"cv={cv!r}: give a number of folds, or a splitter such as "
            "sklearn.model_selection.GroupKFold()."
        )
    folds = np.full(len(samples), -1)
    tested = np.zeros(len(samples), dtype=np.int64)
    rows = np.zeros((len(samples), 1))
    for fold, (_, test) in enumerate(cv.split(rows, samples.labels, groups)):
        folds[test] = fold
        np.add.at(tested, test, 1)
    if (tested != 1).any():
        row = int(np.argmax(tested != 1))
        raise SettingError(
            f"cv={cv!r} tests row {row} {tested[row]} times. Its test parts must hold every row "
            "once: give a partition, such as GroupKFold()."
        )
    return folds


def _deal(codes: Int[Array, " n"], n_folds: int, random_state: Any) -> Int[Array, " n"]:
    """Deal rows to folds in turn, class after class and at random within each."""
    order = check_random_state(random_state).permutation(len(codes))
    order = order[np.argsort(codes[order], kind="stable")]
    folds = np.empty(len(codes), dtype=np.int64)
    folds[order] = np.arange(len(codes)) % n_folds
    return folds
