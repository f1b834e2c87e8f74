"""V-information: what features tell about labels to a family of models, in all and row by row."""

from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from linnet.description.folds import fold_numbers, out_of_fold_code
from linnet.description.label_code import (
    LabelCode,
    check_classifier,
    check_smoothing,
    label_code,
    warn_of_infinite,
)
from linnet.description.samples import Labelled, blank_rows, labelled
from linnet.errors import DataError, SettingError
from linnet.estimators import TableModel
from linnet.information import Information, InformationArray, nats_per
from linnet.reports import Estimate
from linnet.reports.estimates import mean_estimate
from linnet.types import Array, Unit

__all__ = ["VInformation", "v_information"]


@final
@dataclass(frozen=True, repr=False, eq=False)
class VInformation:
    """V-information, measured on rows that the models were not fitted to.

    Attributes
    ----------
    predictive_entropy : Information
        H_V(Y): mean code length of a label under the null model.
    conditional_entropy : Information
        H_V(Y | X): mean code length under the model that sees the features.
    information : Information
        I_V(X → Y) = H_V(Y) − H_V(Y | X). Negative where the model learnt what does not hold.
    interval : tuple of two Information
        95 % interval of ``information`` over rows like these; it takes the models as they are.
    pointwise : InformationArray of shape (n,)
        Pointwise V-information of each row; its mean is ``information``. Negative where the label
        is less likely given the features than without: a hard row, or a wrong label.
    code_lengths : InformationArray of shape (n,)
        −log p(y | x) of each row.
    labels, predicted : array of shape (n,)
        The labels, and the classes that the model finds most probable.
    probability : array of shape (n,)
        Probability of the predicted class.
    unseen : int
        Rows whose class the model had not seen: see `v_information`.
    """

    predictive_entropy: Information
    conditional_entropy: Information
    information: Information
    interval: tuple[Information, Information]
    pointwise: InformationArray
    code_lengths: InformationArray
    labels: Array
    predicted: Array
    probability: Float[Array, " n"]
    unseen: int

    def longest(self, top: int | None = None) -> Int[Array, " t"]:
        """Rows from the longest code down: wrong labels are among the first."""
        return np.argsort(-np.asarray(self.code_lengths), kind="stable")[:top]

    def __repr__(self) -> str:
        low, high = self.interval
        below = np.count_nonzero(np.asarray(self.pointwise) < 0)
        return (
            f"H_V(Y)       {self.predictive_entropy:.4f}\n"
            f"H_V(Y | X)   {self.conditional_entropy:.4f}\n"
            f"I_V(X → Y)   {self.information:.4f}, from {float(low):.4f} to {float(high):.4f}\n"
            f"rows         {len(self.labels):,}, pointwise below 0 in {below:,}; "
            f"of {self.unseen:,} the class was not seen"
        )


def v_information(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    X_test: Any = None,
    y_test: ArrayLike | None = None,
    *,
    null: Literal["same", "marginal"] | Any = "same",
    cv: Any = 5,
    groups: ArrayLike | None = None,
    classes: ArrayLike | None = None,
    random_state: Any = 0,
    smoothing: float = 0.0,
    unit: Unit = "bits",
) -> VInformation:
    """V-information of features about labels, with that of each row.

    V is the family of models that an estimator can fit. With f[x] a model's distribution given
    features and f[∅] that of the null model, which sees none,

        I_V(X → Y) = H_V(Y) − H_V(Y | X) = E[−log f[∅](Y)] − E[−log f[X](Y)],

    and a row's pointwise V-information is −log f[∅](y) + log f[x](y). All is measured on rows held
    out: those of ``X_test``, or each row with models fitted to the other folds. A class that a
    model has not seen has, of q classes after N rows, the probability ½/(N + q/2).

    Parameters
    ----------
    estimator : classifier
        Any classifier of scikit-learn's kind with ``predict_proba``, a pipeline or a
        :class:`~linnet.TableModel`; clones of it are fitted.
    X : array, sparse matrix, data frame or table of n rows
        Samples to fit to.
    y : array of shape (n,)
        Their labels.
    X_test, y_test : optional
        Samples held out, and their labels. Without them every row is held out in its turn.
    null : {"same", "marginal"} or classifier
        The null model. ``"same"``: the estimator itself, fitted to features that are all 0; of a
        pipeline its last step, of a TableModel its regression. ``"marginal"``: the shares of the
        labels fitted to. Another classifier is given the features, and then the answer is how much
        better the first uses them.
    cv : int or splitter, default 5
        Number of folds, each with its share of every class, or a splitter whose test parts hold
        each row once; not used with ``X_test``.
    groups : array of shape (n,), optional
        Rows of one group stay in one fold.
    classes : array of shape (q,), optional
        The alphabet; that of all labels if not given.
    random_state : int, RandomState instance or None, default 0
        Seed of the folds.
    smoothing : float, default 0.0
        Share s of the uniform code in every prediction, (1 − s) p + s/q.
    unit : {"bits", "nats"}
        Unit of the amounts.

    Returns
    -------
    VInformation

    Raises
    ------
    DataError
        If a label is not in the alphabet, or an estimator cannot be fitted.
    SettingError
        If a setting is none of those above.

    Warns
    -----
    DataWarning
        If the classifier gave labels probability 0, so that their codes are infinite.

    References
    ----------
    Xu, Zhao, Song, Stewart and Ermon 2020, "A theory of usable information under computational
    constraints". Ethayarajh, Choi and Swayamdipta 2022, "Understanding dataset difficulty with
    V-usable information".

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from linnet import SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> told = v_information(SoftmaxRegression(), X, y)
    >>> told
    H_V(Y)       1.5850 bits
    H_V(Y | X)   0.2054 bits
    I_V(X → Y)   1.3795 bits, from 1.3310 to 1.4280
    rows         150, pointwise below 0 in 2; of 0 the class was not seen
    >>> [int(row) for row in told.longest(3)]
    [106, 83, 119]
    """
    check_classifier(estimator)
    share = check_smoothing(smoothing)
    nats_per(unit)
    if (X_test is None) != (y_test is None):
        raise DataError("X_test and y_test belong together: give both, or neither to use folds.")
    if X_test is None:
        samples = labelled(X, y, classes)
        coder = _Coder(samples, samples, fold_numbers(cv, samples, groups, random_state), share)
    elif groups is None:
        coder = _two_parts(X, y, X_test, y_test, classes=classes, smoothing=share)
    else:
        raise SettingError("groups keep rows in one fold, and with X_test there are no folds.")
    code = coder.code(estimator)
    base = coder.null_code(null, estimator)
    warn_of_infinite(code.lengths)
    warn_of_infinite(base.lengths, "null model")
    rows = coder.rows
    # ∞ − ∞ must not arise: a row that both models rule out tells nothing of either.
    both = np.isinf(base.lengths) & np.isinf(code.lengths)
    pointwise = np.subtract(base.lengths, code.lengths, out=np.zeros(len(rows)), where=~both)
    estimate: Estimate = mean_estimate(pointwise, np.ones(len(rows)))

    def amount(nats: float) -> Information:
        return Information(nats, "nats").to(unit)

    return VInformation(
        predictive_entropy=amount(float(base.lengths.mean())),
        conditional_entropy=amount(float(code.lengths.mean())),
        information=amount(estimate.value),
        interval=(amount(estimate.low), amount(estimate.high)),
        pointwise=InformationArray(pointwise, "nats").to(unit),
        code_lengths=InformationArray(code.lengths, "nats").to(unit),
        labels=rows.labels,
        predicted=rows.classes[code.predicted],
        probability=code.probability,
        unseen=int(code.unseen.sum()),
    )


@final
@dataclass(frozen=True)
class _Coder:
    """Codes held-out rows with a model fitted to the others: a test part, or folds in turn."""

    training: Labelled
    rows: Labelled
    folds: Int[Array, " n"] | None
    smoothing: float

    def code(self, estimator: Any) -> LabelCode:
        if self.folds is not None:
            return out_of_fold_code(estimator, self.rows, self.folds, smoothing=self.smoothing)
        return label_code(estimator, self.training, self.rows, smoothing=self.smoothing, where="X")

    def null_code(self, null: Any, estimator: Any) -> LabelCode:
        if isinstance(null, str):
            if null not in {"same", "marginal"}:
                raise SettingError(f"null={null!r}: it is 'same', 'marginal' or a classifier.")
            blind = _Coder(_blind(self.training), _blind(self.rows), self.folds, self.smoothing)
            return blind.code(_last_step(estimator) if null == "same" else DummyClassifier())
        check_classifier(null)
        return self.code(null)


def _two_parts(
    X: Any, y: Any, X_test: Any, y_test: Any, *, classes: Any, smoothing: float
) -> _Coder:
    if classes is None:
        classes = np.unique(np.concatenate([np.asarray(y), np.asarray(y_test)]))
    return _Coder(labelled(X, y, classes), labelled(X_test, y_test, classes), None, smoothing)


def _last_step(estimator: Any) -> Any:
    """Return the classifier itself: what stands before it has nothing to encode."""
    if isinstance(estimator, TableModel):
        return estimator.estimator
    return estimator[-1] if isinstance(estimator, Pipeline) else estimator


def _blind(samples: Labelled) -> Labelled:
    return Labelled(blank_rows(samples.X), samples.codes, samples.classes)
