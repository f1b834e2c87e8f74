"""Softmax regression whose penalty is chosen by the bits of labels held out."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from linnet.data import Batch
from linnet.errors import DataError, SettingError
from linnet.estimators.in_memory import check_in_memory
from linnet.estimators.selection import (
    Fold,
    Selection,
    check_scorer,
    compare,
    held_out_score,
    splits,
)
from linnet.estimators.softmax import SoftmaxRegression
from linnet.estimators.softmax_path import SoftmaxPath, check_strengths, softmax_path
from linnet.estimators.softmax_settings import check_penalty, check_settings
from linnet.estimators.targets import label_column, read_targets
from linnet.estimators.validation import check_features, check_weights
from linnet.information.units import InformationArray
from linnet.types import Array, Unit

__all__ = ["SoftmaxRegressionCV"]


class SoftmaxRegressionCV(ClassifierMixin, BaseEstimator):
    """Softmax regression at the ``C`` that codes labels held out in the fewest bits.

    Each fold is one :func:`~linnet.softmax_path`, whose fits share their work. The mean code
    length of the labels held out decides, or a scorer; then all rows are fitted at that C.

    Parameters
    ----------
    Cs : int or array of shape (a,), default 10
        Values to compare, each above 0 and finite; or how many, from 1e-4 to 1e4 in equal ratios.
    fit_intercept : bool, default True
        Whether to fit intercepts, which are not penalised.
    cv : int, splitter, iterable of splits or None, default None
        Folds, as in scikit-learn; ``None`` is 5, each with its share of every class.
    scoring : str, callable or None, default None
        A scorer of scikit-learn; ``None`` for held-out bits.
    one_standard_error : bool, default False
        Whether to take the least C whose mean score is within a standard error of the best.
    refit : bool, default True
        Whether to fit all rows at the chosen C. Without, there is no model: only the comparison.
    solver, tol, max_iter, class_weight, random_state, n_jobs, verbose, penalty, dual, \
intercept_scaling
        As for :class:`~linnet.SoftmaxRegression`. ``solver``, ``max_iter`` and ``verbose``
        are of the last fit; paths are fitted by Newton's method.
    l1_ratios : array or None, default None
        Only zeros or ``None``: there is no penalty on absolute weights.
    use_legacy_attributes : bool, default False
        Only False: attributes have the shapes below.

    Attributes
    ----------
    C_ : float
        The C chosen.
    Cs_ : array of shape (a,)
        Values compared.
    scores_ : array of shape (f, a)
        Score of each fold and C, greater is better: a scorer's, or less the mean code length of
        the labels held out, in bits.
    selection_ : Selection
        ``bits`` and ``standard_error`` of each C, and which is ``best`` and ``chosen``. Printed,
        it is a table.
    best_estimator_ : SoftmaxRegression
        The model of all rows.
    classes_, coef_, intercept_, n_iter_, certificate_, loss_
        Those of the model.
    n_features_in_ : int
        Number of features k.
    feature_names_in_ : array of shape (k,)
        Their names, where ``X`` had text for names.

    References
    ----------
    Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, 2nd ed., section 7.10.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegressionCV(Cs=[0.01, 1, 100], one_standard_error=True).fit(X, y)
    >>> model.selection_
             C  held-out bits  std. error
          0.01       0.922...     0.006...
             1       0.202...      0.02...
           100       0.079...      0.03...  best, chosen
    >>> model.C_
    100.0
    >>> round(model.score(X, y), 2)
    0.98
    """

    def __init__(
        self,
        Cs: int | ArrayLike = 10,
        *,
        fit_intercept: bool = True,
        cv: Any = None,
        scoring: Any = None,
        one_standard_error: bool = False,
        refit: bool = True,
        solver: str = "auto",
        tol: float = 1e-6,
        max_iter: int | None = None,
        class_weight: dict[Any, float] | Literal["balanced"] | None = None,
        random_state: Any = 0,
        n_jobs: int | None = None,
        verbose: int = 0,
        penalty: Literal["l2"] = "l2",
        l1_ratios: ArrayLike | None = None,
        dual: bool = False,
        intercept_scaling: float = 1,
        use_legacy_attributes: bool = False,
    ) -> None:
        self.Cs = Cs
        self.fit_intercept = fit_intercept
        self.cv = cv
        self.scoring = scoring
        self.one_standard_error = one_standard_error
        self.refit = refit
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.class_weight = class_weight
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.penalty = penalty
        self.l1_ratios = l1_ratios
        self.dual = dual
        self.intercept_scaling = intercept_scaling
        self.use_legacy_attributes = use_legacy_attributes

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        *,
        classes: ArrayLike | None = None,
    ) -> "SoftmaxRegressionCV":
        """Compare the values of C on rows held out, and fit all rows at the one chosen.

        Parameters
        ----------
        X : array, sparse matrix or data frame of shape (n, k)
            Samples.
        y : array of shape (n,) or (n, q)
            Labels; or, of shape (n, q), a distribution over the classes for each row.
        sample_weight : array of shape (n,), optional
            How often each row counts, in fits and in scores.
        groups : array of shape (n,), optional
            Rows of one group are held out together.
        classes : array of shape (q,), optional
            What the columns of distributions are called.

        Returns
        -------
        SoftmaxRegressionCV
            This model, fitted.

        Raises
        ------
        DataError
            If the data cannot be used: the message names row and column, or fold and class.
        SettingError
            If a setting is out of range, or the rows cannot be split so.

        Warns
        -----
        ConvergenceWarning
            If an optimum was not reached within ``tol``.
        """
        Cs = self._check_settings()
        check_in_memory(X, "SoftmaxRegressionCV")
        rows = check_features(self, X, reset=True)
        weight = check_weights(sample_weight, rows.shape[0])
        names, targets = read_targets(y, rows.shape[0], classes)
        labels = names[targets] if targets.ndim == 1 else None
        scorer = check_scorer(self._model(1.0), self.scoring)
        if scorer is not None and labels is None:
            raise SettingError(
                f"scoring={self.scoring!r} needs one label a row, and y holds distributions. Leave "
                "it None for held-out bits."
            )
        folds = splits(self.cv, rows, labels, groups)
        if scorer is None:
            _check_classes(folds, names, targets, weight)
        given = targets if labels is None else labels
        scores, weights = compare(self._path(Cs), _bits, scorer, Batch(rows, given, weight), folds)
        self.selection_ = Selection(
            "C",
            np.array(Cs),
            scores,
            weights,
            in_bits=scorer is None,
            one_standard_error=bool(self.one_standard_error),
        )
        self.Cs_, self.scores_ = self.selection_.settings, self.selection_.scores
        self.C_ = float(self.Cs_[self.selection_.chosen])
        self.classes_ = names
        if self.refit:
            self._keep(self._model(self.C_).fit(X, y, weight, classes=classes))
        return self

    def decision_function(self, X: Any) -> Array:
        """Scores W x + b of shape (n, q); for two classes those of the second, of shape (n,)."""
        return self._fitted().decision_function(X)

    def predict_log_proba(self, X: Any) -> Float[Array, "n q"]:
        """Logarithms of the probabilities of the classes."""
        return self._fitted().predict_log_proba(X)

    def predict_proba(self, X: Any) -> Float[Array, "n q"]:
        """Probabilities of the classes, each row summing to 1."""
        return self._fitted().predict_proba(X)

    def predict(self, X: Any) -> Array:
        """Most probable class of each row."""
        return self._fitted().predict(X)

    def code_lengths(self, X: Any, y: Any, unit: Unit = "bits") -> InformationArray:
        """Length of the code for each label under the model: −log q(y|x)."""
        return self._fitted().code_lengths(X, y, unit)

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Score by ``scoring``; the share of labels predicted right where that is ``None``."""
        model = self._fitted()
        scorer = check_scorer(model, "accuracy" if self.scoring is None else self.scoring)
        weight = None if sample_weight is None else np.asarray(sample_weight)
        return held_out_score(scorer, model, X, label_column(y, len(model.predict(X))), weight)

    def save(self, path: Any) -> None:
        """Write the model of all rows to one file; see :func:`linnet.load`."""
        self._fitted().save(path)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _model(self, C: float) -> SoftmaxRegression:
        return SoftmaxRegression(
            C,
            fit_intercept=self.fit_intercept,
            solver=self.solver,
            tol=self.tol,
            max_iter=self.max_iter,
            class_weight=self.class_weight,
            random_state=self.random_state,
            n_jobs=self.n_jobs,
            verbose=self.verbose,
        )

    def _check_settings(self) -> list[float]:
        """Return the values of C, or raise a SettingError that names what is out of range."""
        check_settings(self._model(1.0))
        if self.penalty is None:
            raise SettingError(
                "penalty=None leaves no C to choose. Fit SoftmaxRegression(penalty=None)."
            )
        ratios = [] if self.l1_ratios is None else np.ravel(self.l1_ratios).tolist()
        for ratio in [None, *ratios]:
            check_penalty(self.penalty, ratio)
        if self.use_legacy_attributes:
            raise SettingError(
                "use_legacy_attributes=True: attributes have scikit-learn's new shapes alone. Set "
                "it to False, and read C_ as a number and scores_ as an array of folds and Cs."
            )
        return check_strengths(self.Cs)

    def _path(self, Cs: list[float]) -> Callable[[Any, Array, Any], SoftmaxPath]:
        def path(X: Any, y: Array, weight: Any) -> SoftmaxPath:
            return softmax_path(
                X,
                y,
                Cs,
                fit_intercept=self.fit_intercept,
                tol=self.tol,
                class_weight=self.class_weight,
                sample_weight=weight,
                random_state=self.random_state,
                n_jobs=self.n_jobs,
            )

        return path

    def _keep(self, model: SoftmaxRegression) -> None:
        self.best_estimator_ = model
        self.coef_, self.intercept_ = model.coef_, model.intercept_
        self.n_iter_, self.loss_ = model.n_iter_, model.loss_
        self.certificate_ = model.certificate_

    def _fitted(self) -> SoftmaxRegression:
        check_is_fitted(self)
        if not self.refit:
            raise SettingError(
                "refit=False compares values of C and keeps no model. Set refit=True, or fit "
                "SoftmaxRegression at C_."
            )
        return self.best_estimator_


def _bits(model: SoftmaxRegression, X: Any, y: Array, weight: Any) -> float:
    """Mean code length of labels, or of distributions, in bits."""
    return float(np.average(np.asarray(model.code_lengths(X, y)), weights=weight))


def _check_classes(
    folds: list[Fold], names: Array, targets: Array, weight: Float[Array, " n"] | None
) -> None:
    """Raise a DataError where a class is held out that the rows fitted never show."""
    ones = np.ones(len(targets)) if weight is None else weight
    for number, (train, test) in enumerate(folds):
        fitted, held = (_totals(targets[rows], ones[rows], len(names)) for rows in (train, test))
        unseen = (fitted == 0) & (held > 0)
        if unseen.any():
            raise DataError(
                f"Fold {number} holds out every row of class {names[unseen.argmax()]!s}: without "
                "one to learn from, its code is infinite whatever C is. Give more rows of it, "
                "leave it out, or set scoring."
            )


def _totals(targets: Array, weight: Float[Array, " n"], q: int) -> Float[Array, " q"]:
    """Weight of each class."""
    if targets.ndim == 2:
        return weight @ targets
    return np.bincount(targets, weights=weight, minlength=q)
