"""Ridge regression whose penalty is chosen by the bits of targets held out."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from linnet.data import Batch
from linnet.errors import SettingError
from linnet.estimators.in_memory import check_in_memory
from linnet.estimators.ridge import RidgePath, check_penalties, ridge_path
from linnet.estimators.ridge_regression import Ridge
from linnet.estimators.selection import Selection, check_scorer, compare, splits
from linnet.estimators.validation import (
    check_choice,
    check_features,
    check_numeric_targets,
    check_weights,
)
from linnet.information.units import InformationArray
from linnet.types import Array, Unit

__all__ = ["RidgeCV"]


class RidgeCV(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """Ridge regression at the ``alpha`` that codes targets held out in the fewest bits.

    Each fold is one :func:`~linnet.ridge_path`: all penalties from one reading of its rows. The
    code of a target is that of :meth:`LinearRegression.code_lengths
    <linnet.LinearRegression.code_lengths>`: Gaussian, with the variance of the residuals fitted,
    so that a penalty too small pays for residuals that look smaller than they are.

    Parameters
    ----------
    alphas : array of shape (a,), default (0.1, 1.0, 10.0)
        Penalties to compare, each at least 0.
    fit_intercept : bool, default True
        Whether to fit an intercept b, which is not penalised.
    scoring : str, callable or None, default None
        A scorer of scikit-learn, such as ``"neg_mean_squared_error"``; ``None`` for held-out bits.
    cv : int, splitter, iterable of splits or None, default None
        Folds, as in scikit-learn; ``None`` is 5, of rows in their order.
    gcv_mode : {"auto", "svd", "eigen"} or None, default None
        Accepted from code for scikit-learn, and without effect.
    store_cv_results, alpha_per_target : bool, default False
        Only False: ``scores_`` holds what was measured, and there is one penalty for all targets.
    one_standard_error : bool, default False
        Whether to take the largest alpha whose mean score is within a standard error of the best.
    n_jobs : int or None, default None
        Threads of the linear algebra; −1 for all there are, ``None`` for what suits the size.

    Attributes
    ----------
    alpha_ : float
        The penalty chosen.
    best_score_ : float
        Its mean score.
    scores_ : array of shape (f, a)
        Score of each fold and penalty, greater is better: a scorer's, or less the mean code
        length of the targets held out, in bits, at a precision of 1 in the target's unit. Another
        precision would add the same to all.
    selection_ : Selection
        ``bits`` and ``standard_error`` of each penalty, and which is ``best`` and ``chosen``.
        Printed, it is a table.
    best_estimator_ : Ridge
        The model of all rows.
    coef_, intercept_, residual_variance_, certificate_
        Those of the model.
    n_features_in_ : int
        Number of features k.
    feature_names_in_ : array of shape (k,)
        Their names, where ``X`` had text for names.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = RidgeCV([0.001, 0.1, 10]).fit(X, y)
    >>> model.selection_
         alpha  held-out bits  std. error
         0.001        7.82...     0.01...  best, chosen
           0.1        7.82...     0.01...
            10        8.19...     0.03...
    >>> model.alpha_
    0.001
    """

    def __init__(
        self,
        alphas: ArrayLike = (0.1, 1.0, 10.0),
        *,
        fit_intercept: bool = True,
        scoring: Any = None,
        cv: Any = None,
        gcv_mode: str | None = None,
        store_cv_results: bool = False,
        alpha_per_target: bool = False,
        one_standard_error: bool = False,
        n_jobs: int | None = None,
    ) -> None:
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.gcv_mode = gcv_mode
        self.store_cv_results = store_cv_results
        self.alpha_per_target = alpha_per_target
        self.one_standard_error = one_standard_error
        self.n_jobs = n_jobs

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> "RidgeCV":
        """Compare the penalties on rows held out, and fit all rows at the one chosen.

        Parameters
        ----------
        X : array, sparse matrix or data frame of shape (n, k)
            Samples.
        y : array of shape (n,) or (n, m)
            One number a row, or several.
        sample_weight : array of shape (n,), optional
            How often each row counts, in fits and in scores.
        groups : array of shape (n,), optional
            Rows of one group are held out together.

        Returns
        -------
        RidgeCV
            This model, fitted.

        Raises
        ------
        DataError
            If the data cannot be used: the message names row and column.
        SettingError
            If a setting is out of range, or the rows cannot be split so.
        """
        alphas = self._check_settings()
        check_in_memory(X, "RidgeCV")
        rows = check_features(self, X, reset=True)
        targets = check_numeric_targets(y, rows.shape[0])
        weight = check_weights(sample_weight, rows.shape[0])
        scorer = check_scorer(Ridge(), self.scoring)
        folds = splits(self.cv, rows, None, groups)
        scores, weights = compare(
            self._path(alphas), _bits, scorer, Batch(rows, targets, weight), folds
        )
        self.selection_ = Selection(
            "alpha",
            np.array(alphas),
            scores,
            weights,
            in_bits=scorer is None,
            one_standard_error=bool(self.one_standard_error),
        )
        chosen = self.selection_.chosen
        self.scores_ = self.selection_.scores
        self.alpha_ = alphas[chosen]
        self.best_score_ = float(self.selection_.mean[chosen])
        self.best_estimator_ = Ridge(
            self.alpha_, fit_intercept=self.fit_intercept, n_jobs=self.n_jobs
        ).fit(X, y, weight)
        self.coef_ = self.best_estimator_.coef_
        self.intercept_ = self.best_estimator_.intercept_
        self.residual_variance_ = self.best_estimator_.residual_variance_
        self.certificate_ = self.best_estimator_.certificate_
        return self

    def predict(self, X: Any) -> Array:
        """Predicted targets, of shape (n,), or (n, m) where several were fitted."""
        check_is_fitted(self)
        return self.best_estimator_.predict(X)

    def code_lengths(
        self, X: Any, y: Any, *, precision: float, unit: Unit = "bits"
    ) -> InformationArray:
        """Length of the code for each target, given to ``precision``, under the model."""
        check_is_fitted(self)
        return self.best_estimator_.code_lengths(X, y, precision=precision, unit=unit)

    def save(self, path: Any) -> None:
        """Write the model of all rows to one file; see :func:`linnet.load`."""
        check_is_fitted(self)
        self.best_estimator_.save(path)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _path(self, alphas: list[float]) -> Callable[[Any, Array, Any], RidgePath]:
        def path(X: Any, y: Array, weight: Any) -> RidgePath:
            return ridge_path(
                X,
                y,
                alphas,
                fit_intercept=self.fit_intercept,
                sample_weight=weight,
                n_jobs=self.n_jobs,
            )

        return path

    def _check_settings(self) -> list[float]:
        """Return the penalties, or raise a SettingError that names what is out of range."""
        if self.gcv_mode is not None:
            check_choice(self.gcv_mode, "gcv_mode", ("auto", "svd", "eigen"))
        if self.store_cv_results:
            raise SettingError(
                "store_cv_results=True: no row is left out by itself here. Set it to False, and "
                "read the scores of folds from scores_ and selection_."
            )
        if self.alpha_per_target:
            raise SettingError(
                "alpha_per_target=True: there is one penalty for all targets. Set it to False, or "
                "fit each column of y by itself."
            )
        return check_penalties(self.alphas)


def _bits(model: Any, X: Any, y: Array, weight: Float[Array, " n"] | None) -> float:
    """Mean code length of targets, in bits at a precision of 1."""
    if (np.atleast_1d(model.residual_variance_) > 0).all():
        lengths = np.asarray(model.code_lengths(X, y, precision=1.0))
        return float(np.average(lengths, weights=weight))
    # A Gaussian of no width codes what it foretells in no bits, and all else not at all.
    return -np.inf if np.array_equal(model.predict(X), y) else np.inf
