"""Linear regression: a number, or several, as a linear function of the features."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, cast

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from linnet.data import Batch, MemorySource, Source
from linnet.data.dask_collections import is_collection
from linnet.engine import scores
from linnet.errors import DataError, SettingError
from linnet.estimators.convergence import warn_unless_converged
from linnet.estimators.distributed import measured_rows as distributed_rows
from linnet.estimators.inference.linear import LinearInference
from linnet.estimators.inference.linear_rows import linear_inference
from linnet.estimators.kept_rows import PreparedRows
from linnet.estimators.linear_settings import check_linear_settings, learns_by_steps
from linnet.estimators.linear_steps import descend_squares
from linnet.estimators.matrix_scan import MatrixScan
from linnet.estimators.prepared import measured_rows, name_features
from linnet.estimators.saving import (
    State,
    fitting_state,
    restore_fitting,
    settings_of,
    write_model,
)
from linnet.estimators.scanning import Scan
from linnet.estimators.threading import threads
from linnet.estimators.validation import (
    check_features,
    check_finite,
    check_numeric_targets,
    check_positive,
    check_weights,
)
from linnet.information.units import InformationArray, in_unit
from linnet.solvers.coefficient_statistics import CoefficientStatistics
from linnet.solvers.least_squares import (
    LARGEST_GRAM,
    LeastSquaresFit,
    Verify,
    least_squares,
    least_squares_of_moments,
)
from linnet.solvers.moments import Moments
from linnet.solvers.schedules import ScheduleName
from linnet.types import Array, Unit

__all__ = ["LinearRegression", "fit_source", "keep_fit"]


class LinearRegression(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """Linear regression by least squares, solved exactly.

    Minimises Σᵢ sᵢ ‖yᵢ − W xᵢ − b‖² + α ‖W‖², with sample weights sᵢ. The solution does not
    depend on the units of the features, and keeps its digits where their columns are nearly
    dependent. Where they are dependent it is the shortest W.

    Parameters
    ----------
    alpha : float, default 0.0
        Strength α of the ridge penalty, as in scikit-learn's Ridge; 0 for ordinary least squares.
    fit_intercept : bool, default True
        Whether to fit an intercept b, which is not penalised.
    copy_X, tol, positive : default True, 1e-6 and False
        As in scikit-learn, without effect: ``X`` is kept, solutions are exact. Weights bounded by
        ``positive=True`` are refused.
    n_jobs : int or None, default None
        Threads of the linear algebra; −1 for all there are, ``None`` for what suits the size.
    solver : {"auto", "sgd", "adagrad", "adam"}, default "auto"
        How streams are learnt: by ``partial_fit``, and from a scan that a HashingEncoder encodes.
        ``"auto"`` adds rows up exactly; the others take steps along the gradient of a few rows,
        for more columns than products can be kept of. All else is solved exactly in any case.
    max_iter, learning_rate, schedule, batch_size, momentum, average, random_state
        Of steps, as :class:`~linnet.SoftmaxRegression` has them. The rates of AdaGrad and Adam are
        for targets of deviation 1, and grow with theirs.

    Attributes
    ----------
    coef_ : array of shape (k,), or (m, k) for targets of shape (n, m)
        Weights W.
    intercept_ : float, or array of shape (m,)
        Intercept b.
    rank_ : int or None
        Rank of the centred design; ``None`` for sparse data with very many columns, or steps.
    condition_number_ : float or None
        Of the centred design with columns of unit length: about 10^d costs d digits.
        Infinite below full rank.
    residual_variance_ : float, or array of shape (m,)
        Mean squared residual, by weight: the variance of the Gaussian of :meth:`code_lengths`. Of
        steps, that of rows before they were learnt from.
    certificate_ : Certificate
        ``gap``: how far the objective, divided by 2S, is from its minimum.
    n_iter_ : array of shape (m,)
        1 for each target, for all are solved at once; of steps the number of passes.
    n_features_in_ : int
        Number of features k.
    feature_names_in_ : array of shape (k,)
        Their names, where ``X`` had text for names.

    References
    ----------
    Björck, *Numerical Methods for Least Squares Problems*, 1996, sections 2.7 and 2.9.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = LinearRegression().fit(X, y)
    >>> round(model.score(X, y), 4)
    0.5177
    >>> model.rank_, f"{model.condition_number_:.0f}"
    (10, '46')
    """

    def __init__(
        self,
        alpha: float = 0.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        tol: float = 1e-6,
        positive: bool = False,
        n_jobs: int | None = None,
        solver: str = "auto",
        max_iter: int | None = None,
        learning_rate: float | None = None,
        schedule: ScheduleName = "inverse-scaling",
        batch_size: int = 64,
        momentum: float = 0.0,
        average: bool = False,
        random_state: Any = 0,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.tol = tol
        self.positive = positive
        self.n_jobs = n_jobs
        self.solver = solver
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.momentum = momentum
        self.average = average
        self.random_state = random_state

    def fit(
        self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> "LinearRegression":
        """Fit to rows ``X`` and their targets.

        Parameters
        ----------
        X : array, sparse matrix or data frame of shape (n, k)
            Samples; any real type, dense or CSR. Or a Dask array or data frame, whose rows stay
            on their workers. Or a :func:`linnet.scan`, with targets and weights in itself: the
            coefficients are those of its encoded columns, which ``feature_names_in_`` names.
        y : array of shape (n,) or (n, m)
            One number a row, or several.
        sample_weight : array of shape (n,), optional
            How often each row counts; a weight of 2 equals a row given twice.

        Returns
        -------
        LinearRegression
            This model, fitted.

        Raises
        ------
        DataError
            If the data cannot be used: the message names row and column.
        SettingError
            If a setting is out of range.
        """
        check_linear_settings(self)
        if isinstance(X, Scan | MatrixScan):
            with X.prepared() as rows:
                self.fit(rows)
                name_features(self, rows)
                return self
        source, single, verify = self._rows(X, y, sample_weight)
        fit_source(self, source, single=single, verify=verify)
        return self

    def partial_fit(
        self, X: Any, y: Any, sample_weight: ArrayLike | None = None
    ) -> "LinearRegression":
        """Add rows to those that earlier calls have seen, and fit all of them exactly.

        The result is that of ``fit`` on all rows together, to rounding; the rows themselves are
        not kept, only a triangle of (k + m + 1)² numbers. A call after ``fit`` begins afresh.

        With ``solver="sgd"``, ``"adagrad"`` or ``"adam"`` it improves the fit there is by one
        pass of steps over these rows, of any number of columns, and one target each.

        Parameters
        ----------
        X, y, sample_weight
            As for :meth:`fit`.

        Returns
        -------
        LinearRegression
            This model, fitted to all rows so far.

        Raises
        ------
        DataError
            If the data cannot be used, or have another shape than before.
        """
        check_linear_settings(self)
        moments = getattr(self, "_moments", None)
        stepping = learns_by_steps(self)
        X = check_features(
            self, X, reset=not hasattr(self, "coef_") if stepping else moments is None
        )
        targets = check_numeric_targets(y, X.shape[0])
        weight = check_weights(sample_weight, X.shape[0])
        columns = targets if targets.ndim == 2 else targets[:, None]
        if stepping:
            batch = Batch(X, columns, weight)
            self._stream = descend_squares(self, getattr(self, "_stream", None), batch)
            return self
        k, m = X.shape[1], columns.shape[1]
        if k > LARGEST_GRAM:
            raise SettingError(
                f"partial_fit keeps the products of all features, and {k} features are too many "
                f"for that: it takes up to {LARGEST_GRAM}. Use fit, which takes sparse data of "
                'any width, or learn by steps: solver="adagrad".'
            )
        if moments is None:
            moments = Moments.empty(k, m)
        if m != moments.n_targets:
            raise DataError(
                f"y has {m} targets a row, but {moments.n_targets} in the calls of partial_fit "
                "before. Give the same targets in every call."
            )
        for rows in MemorySource(X, columns, weight).tiles():
            dense = rows.X if isinstance(rows.X, np.ndarray) else rows.X.toarray()
            moments = moments.with_rows(dense, rows.y, rows.weight)
        with threads(self.n_jobs, float(k) ** 3):
            fit = least_squares_of_moments(
                moments, alpha=float(self.alpha), fit_intercept=self.fit_intercept
            )
        self._moments = moments
        keep_fit(self, fit, single=targets.ndim == 1)
        return self

    def predict(self, X: Any) -> Array:
        """Predicted targets, of shape (n,), or (n, m) where several were fitted."""
        check_is_fitted(self)
        predicted = scores(check_features(self, X, reset=False), self._theta)
        return predicted[:, 0] if self.coef_.ndim == 1 else predicted

    def code_lengths(
        self, X: Any, y: Any, *, precision: float, unit: Unit = "bits"
    ) -> InformationArray:
        """Length of the code for each target, given to ``precision``, under the model.

        The residual is taken as Gaussian with variance σ² = ``residual_variance_``. A value known
        to within a cell of width Δ then costs

            −log(Δ N(y; ŷ, σ²)) = (y − ŷ)²/(2σ²) + log(σ √(2π) / Δ),

        which is the squared loss in other units, plus a constant. Several targets of a row are
        coded one after the other.

        Parameters
        ----------
        X : array, sparse matrix or data frame of shape (n, k)
        y : array of shape (n,) or (n, m)
        precision : float
            Width Δ of the cell, in the unit of the target; small beside σ.
        unit : {"bits", "nats"}
            Unit of the lengths.

        Returns
        -------
        InformationArray of shape (n,)

        Raises
        ------
        DataError
            If the model leaves no residual at all, so that σ is 0.

        References
        ----------
        Cover and Thomas, *Elements of Information Theory*, 2nd ed., section 8.3.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> X, y = load_diabetes(return_X_y=True)
        >>> model = LinearRegression().fit(X, y)
        >>> f"{model.code_lengths(X, y, precision=1).mean():.3f}"
        '7.788 bits'
        """
        width = check_positive(precision, "precision")
        check_is_fitted(self)
        Z = scores(check_features(self, X, reset=False), self._theta)
        targets = check_numeric_targets(y, len(Z)).reshape(Z.shape)
        variance = np.atleast_1d(self.residual_variance_)
        if not (variance > 0).all():
            raise DataError(
                "The model fits its data without any residual: a Gaussian of variance 0 gives no "
                "code lengths."
            )
        squares = (targets - Z) ** 2 / (2 * variance)
        lengths = (squares + 0.5 * np.log(2 * np.pi * variance) - np.log(width)).sum(axis=1)
        return cast("InformationArray", in_unit(lengths, unit))

    def inference(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        covariance: Literal["hessian", "sandwich", "hc3"] = "hessian",
        weights: Literal["counts", "precisions"] = "counts",
        terms: Mapping[str, Sequence[Any]] | None = None,
    ) -> LinearInference:
        """Tell how certain the parameters are: standard errors, intervals, tests, a summary.

        Parameters
        ----------
        X, y, sample_weight
            The rows that the model was fitted to, in memory; one target.
        covariance : {"hessian", "sandwich", "hc3"}
            Whether standard errors (标准误) take all residuals to have one variance; or hold where
            they have not (HC0, or HC3 for few rows).
        weights : {"counts", "precisions"}
            Whether a weight counts equal rows, or says how precise one row is (1/variance).
        terms : dict, optional
            For each term that is tested as one, its columns by name or position. All columns that
            it leaves out are terms by themselves.

        Returns
        -------
        LinearInference
            Printed, it is its summary. With a penalty its errors are the spread of the penalised
            estimates, and know nothing of their bias. Of dependent columns the last are left out.

        Raises
        ------
        DataError
            If these are not the rows of the fit, or no more than the parameters.
        SettingError
            If a setting is out of range, or there are several targets.

        References
        ----------
        MacKinnon and White 1985, "Some heteroskedasticity-consistent covariance matrix
        estimators with improved finite sample properties".

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> X, y = load_diabetes(return_X_y=True)
        >>> told = LinearRegression().fit(X, y).inference(X, y)
        >>> told.standard_errors[:4].round(2)
        array([ 2.58, 59.75, 61.22, 66.53])
        >>> f"{told.adjusted_r_squared:.4f}, {told.model_test.statistic:.2f}"
        '0.5066, 46.27'
        """
        return linear_inference(
            self, X, y, sample_weight, covariance=covariance, weights=weights, terms=terms
        )

    def statistics(self) -> CoefficientStatistics:
        r"""Tell how certain a fit to a scan or to a Dask collection is, from its one pass.

        For a fit to rows in memory, ``inference(X, y)`` tells more.

        Returns
        -------
        CoefficientStatistics
            Standard errors (标准误) and t values of coefficients and intercepts, the residual
            variance and its degrees of freedom, R². Weights count equal rows.

        Raises
        ------
        SettingError
            If the model was fitted to rows in memory, or loaded; or the columns are so many, or
            the budget so small, that no factor was formed.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from linnet import scan
        >>> with TemporaryDirectory() as folder:
        ...     file = Path(folder, "line.csv")
        ...     _ = file.write_text("x,y\n1,2\n2,4\n3,5\n4,4\n5,5\n")
        ...     model = LinearRegression().fit(scan(file, target="y", task="regression"))
        >>> told = model.statistics()
        >>> f"t = {told.coef_t[0, 0]:.4f}, R² = {told.r_squared[0]:.2f}"
        't = 2.1213, R² = 0.60'
        """
        check_is_fitted(self)
        if getattr(self, "_summed", None) is None:
            raise SettingError(
                "Statistics are kept of fits to scans and Dask collections alone, and not saved. "
                "For rows in memory call inference(X, y)."
            )
        return self._summed.statistics()

    def save(self, path: Any) -> None:
        """Write the fitted model to one file, whole or not at all; see :func:`linnet.load`."""
        write_model(path, type(self).__name__, self.to_state())

    def to_state(self) -> State:
        """Return all that was learnt: a dict that JSON can hold, and arrays by name."""
        check_is_fitted(self)
        meta = fitting_state(self) | {
            "settings": settings_of(self),
            "single": self.coef_.ndim == 1,
            "rank": self.rank_,
            "condition_number": self.condition_number_,
            "passes": int(self.n_iter_[0]),
        }
        return meta, {
            "coef": np.atleast_2d(self.coef_),
            "intercept": np.atleast_1d(self.intercept_),
            "residual_variance": np.atleast_1d(self.residual_variance_),
        }

    @classmethod
    def from_state(cls, state: State) -> "LinearRegression":
        """Return the model that :meth:`to_state` took apart."""
        meta, arrays = state
        model = cls(**meta["settings"])
        restore_fitting(model, meta)
        single = meta["single"]
        model.coef_ = arrays["coef"][0] if single else arrays["coef"]
        model.intercept_ = float(arrays["intercept"][0]) if single else arrays["intercept"]
        variance = arrays["residual_variance"]
        model.residual_variance_ = float(variance[0]) if single else variance
        model.rank_, model.condition_number_ = meta["rank"], meta["condition_number"]
        # Older files know of exact fits only.
        model.n_iter_ = np.full(len(arrays["coef"]), meta.get("passes", 1))
        return model

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _rows(self, X: Any, y: Any, sample_weight: Any) -> tuple[Source, bool, Verify]:
        """Rows with their targets; whether these were one column; a check of what was not read."""
        if isinstance(X, PreparedRows):
            return measured_rows(self, X), X.n_targets == 1, _verified
        if is_collection(X):
            source, single = distributed_rows(self, X, y, sample_weight)
            return source, single, _verified
        X = check_features(self, X, reset=True, finite=False)
        targets = check_numeric_targets(y, X.shape[0])
        weight = check_weights(sample_weight, X.shape[0])
        columns = targets if targets.ndim == 2 else targets[:, None]
        verify = partial(check_finite, X, "X", getattr(self, "feature_names_in_", None))
        return MemorySource(X, columns, weight), targets.ndim == 1, verify

    @property
    def _theta(self) -> Float[Array, "m p"]:
        """Weights and intercepts as the engine holds them."""
        return np.concatenate(
            [np.atleast_2d(self.coef_), np.atleast_1d(self.intercept_)[:, None]], axis=1
        )


def fit_source(
    model: LinearRegression,
    source: Source,
    *,
    single: bool,
    verify: Callable[[], None] | None = None,
) -> LeastSquaresFit:
    """Fit ``model`` to samples wherever they are stored, and warn where that falls short.

    Parameters
    ----------
    model : LinearRegression
        Set to what is learnt. Names of the features are the caller's to set.
    source : Source
        Samples of k features; targets of shape (n, m), as numbers.
    single : bool
        Whether the targets were given as (n,), so that ``coef_`` gets no axis for them.
    verify : function, optional
        Called where sums of products are not finite: to raise an error that names the value.

    Returns
    -------
    LeastSquaresFit
        With the factor that standard errors need: see its ``statistics``.

    Raises
    ------
    DataError
        If a value of the samples is not finite, or too large to be squared.
    SettingError
        If a setting of the model is out of range.
    """
    alpha = check_linear_settings(model)
    n, k = source.n_samples, source.n_features
    with threads(model.n_jobs, float(n) * k**2):
        fit = least_squares(
            source,
            alpha=alpha,
            fit_intercept=model.fit_intercept,
            **({} if verify is None else {"verify": verify}),
        )
    keep_fit(model, fit, single=single)
    model.n_features_in_ = k
    # A call of partial_fit that follows begins afresh.
    model.__dict__.pop("_moments", None)
    model.__dict__.pop("_stream", None)
    # Rows in memory can be asked again; those of a pass that is over cannot.
    model.__dict__.pop("_summed", None)
    if not isinstance(source, MemorySource):
        model.__dict__["_summed"] = fit
    warn_unless_converged("LinearRegression", fit.ending, fit.certificate, depth=4)
    return fit


def keep_fit(model: LinearRegression, fit: LeastSquaresFit, *, single: bool) -> None:
    """Set what was learnt; of one target, ``single``, without an axis for it."""
    model.coef_ = fit.coef[:, 0] if single else np.ascontiguousarray(fit.coef.T)
    model.intercept_ = float(fit.intercept[0]) if single else fit.intercept
    model.residual_variance_ = float(fit.mean_squares[0]) if single else fit.mean_squares
    model.n_iter_ = np.ones(fit.coef.shape[1], dtype=int)
    model.rank_ = fit.rank
    model.condition_number_ = fit.condition_number
    model.certificate_ = fit.certificate


def _verified() -> None:
    """Raise nothing: the values were checked as they were read."""
