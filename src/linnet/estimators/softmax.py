"""Softmax regression: the probabilities of classes as a softmax of linear scores."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import _num_samples, check_is_fitted

from linnet.data import MemorySource
from linnet.engine import engine_name
from linnet.estimators.convergence import warn_unless_converged
from linnet.estimators.in_memory import check_in_memory
from linnet.estimators.inference.softmax import SoftmaxInference
from linnet.estimators.inference.softmax_rows import softmax_inference
from linnet.estimators.matrix_scan import MatrixScan
from linnet.estimators.prepared import name_features
from linnet.estimators.saving import (
    State,
    fitting_state,
    restore_fitting,
    settings_of,
    write_model,
)
from linnet.estimators.scanning import Scan
from linnet.estimators.separation import separation_along
from linnet.estimators.softmax_parameters import (
    keep_solution,
    scores_of,
    softmax_objective,
    start_of,
    weights_of,
)
from linnet.estimators.softmax_rows import classified
from linnet.estimators.softmax_settings import check_settings, reporting, solver_of, strength_of
from linnet.estimators.softmax_stream import descend, known_classes
from linnet.estimators.streaming import Stream, check_stream
from linnet.estimators.targets import (
    codes_among,
    label_column,
    read_counts,
    refuse_classes,
    surprises,
    weigh_classes,
)
from linnet.estimators.threading import threads
from linnet.estimators.validation import check_features, check_weights
from linnet.information.units import InformationArray, in_unit
from linnet.losses import SoftmaxCrossEntropy
from linnet.solvers import Certificate
from linnet.solvers.schedules import ScheduleName
from linnet.solvers.solution import Step
from linnet.types import Array, Unit

__all__ = ["SoftmaxRegression"]


class SoftmaxRegression(ClassifierMixin, BaseEstimator):
    """Softmax regression, fitted to a proven optimum.

    Minimises the mean code length of the labels, in nats, plus a penalty on the weights:

        F(W, b) = (1/S) Σᵢ sᵢ (−log softmax(W xᵢ + b)[yᵢ]) + (1/(2 C S)) ‖W‖²

    with sample weights sᵢ and S = Σᵢ sᵢ, so that ``C`` means what it means in scikit-learn's
    LogisticRegression. The intercepts b are not penalised. With two classes the model keeps one
    score, that of the second class.

    Parameters
    ----------
    C : float, default 1.0
        Inverse strength of the penalty; ``inf`` for none.
    fit_intercept : bool, default True
        Whether to fit an intercept for each score.
    solver : {"auto", "newton-cg", "lbfgs", "gradient-descent", "sgd", "adagrad", "adam"}
        ``"auto"``, the default, is Newton's method, or dual ascent for sparse rows of very many
        features; neither needs scaling of the features. The last three are stochastic;
        ``partial_fit`` follows the one named, else ``"sgd"``. scikit-learn's other names,
        ``"newton-cholesky"``, ``"liblinear"``, ``"sag"`` and ``"saga"``, mean ``"auto"``.
    tol : float, default 1e-6
        Distance from the optimum to be proven, in nats per sample.
    max_iter : int or None, default None
        Largest number of steps (epochs of stochastic solvers); ``None`` leaves it to the solver.
    class_weight : dict, "balanced" or None, default None
        Weight of each class, by which the sample weights are multiplied. ``"balanced"`` gives
        every class the same total.
    learning_rate : float or None, default None
        Initial rate of ``"gradient-descent"``, stochastic solvers and ``partial_fit``; ``None``
        finds one.
    schedule : {"inverse-scaling", "constant", "cosine", "one-cycle"}, default "inverse-scaling"
        How the rate of stochastic solvers and ``partial_fit`` changes with the steps taken. The
        last two end after ``max_iter`` epochs, or as many calls of ``partial_fit`` as the first.
    batch_size : int, default 64
        Rows a step of stochastic solvers and ``partial_fit``. 1 learns most from an epoch of many
        rows; then a row of weight 2 is no longer the same as one given twice.
    momentum : float, default 0.0
        Share of its last velocity that a step of ``"sgd"`` keeps, at least 0 and below 1.
    average : bool, default False
        Whether ``"sgd"`` gives the mean of all its iterates.
    random_state : int, RandomState instance or None, default 0
        Seed of the shuffling, and of the sample behind the preconditioner.
    warm_start : bool, default False
        Whether ``fit`` begins from the last fit's coefficients.
    n_jobs : int or None, default None
        Threads of the linear algebra; −1 for all there are, ``None`` for what suits the size.
    penalty : {"l2", None}, default "l2"
        ``None`` for no penalty, whatever ``C`` is.
    l1_ratio : float or None, default None
        Only 0 or ``None``: there is no penalty on absolute weights.
    dual, intercept_scaling : default False and 1
        Accepted from code for liblinear, and without effect: the minimum does not depend on the
        way to it, and intercepts are not penalised.
    verbose : int, default 0
        Whether to write a line for each step to stdout.

    Attributes
    ----------
    classes_ : array of shape (q,)
        The classes, sorted.
    coef_ : array of shape (q, k), or (1, k) for two classes
        Weights W. They sum to zero over the classes.
    intercept_ : array of shape (q,), or (1,) for two classes
        Intercepts b.
    certificate_ : Certificate
        ``gap``, how far F can be from its minimum, with its ``kind`` and ``unit``.
    history_ : list of Step
        The steps: objective, gap, readings of the data, seconds.
    loss_ : float
        F at the fitted coefficients, in nats per sample, the penalty included.
    n_iter_ : array of shape (1,)
        Number of steps.
    separation_ : Separation or None
        Without a penalty, where there is no minimum: a direction along which the loss falls for
        ever, and the pairs of classes that it tells apart. The coefficients are finite all the
        same: those at which the loss came within ``tol`` of its limit.
    n_features_in_ : int
        Number of features k.
    feature_names_in_ : array of shape (k,)
        Their names, where ``X`` had text for names.

    References
    ----------
    Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, 2nd ed., section 4.4.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegression().fit(X, y)
    >>> model.certificate_.kind, model.certificate_.gap < 1e-6
    ('proven', True)
    >>> round(model.score(X, y), 3)
    0.973
    >>> f"{model.code_lengths(X, y, unit='bits').mean():.4f}"
    '0.1726 bits'
    """

    coef_: Any

    def __init__(
        self,
        C: float = 1.0,
        *,
        fit_intercept: bool = True,
        solver: str = "auto",
        tol: float = 1e-6,
        max_iter: int | None = None,
        class_weight: dict[Any, float] | Literal["balanced"] | None = None,
        learning_rate: float | None = None,
        schedule: ScheduleName = "inverse-scaling",
        batch_size: int = 64,
        momentum: float = 0.0,
        average: bool = False,
        random_state: Any = 0,
        warm_start: bool = False,
        n_jobs: int | None = None,
        penalty: Literal["l2"] | None = "l2",
        l1_ratio: float | None = None,
        dual: bool = False,
        intercept_scaling: float = 1,
        verbose: int = 0,
    ) -> None:
        self.C = C
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.class_weight = class_weight
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.momentum = momentum
        self.average = average
        self.random_state = random_state
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.penalty = penalty
        self.l1_ratio = l1_ratio
        self.dual = dual
        self.intercept_scaling = intercept_scaling
        self.verbose = verbose

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: ArrayLike | None = None,
        *,
        classes: ArrayLike | None = None,
    ) -> "SoftmaxRegression":
        """Fit to rows ``X`` and their labels.

        Parameters
        ----------
        X : array, sparse matrix or data frame of shape (n, k)
            Samples; any real type, dense or CSR, read without a copy. Or a Dask array or data
            frame, whose rows stay on their workers. Or a :func:`linnet.scan`, with targets and
            weights in itself: the coefficients are those of its encoded columns, which
            ``feature_names_in_`` names.
        y : array of shape (n,) or (n, q)
            Labels; or, of shape (n, q), a distribution over the classes for each row.
        sample_weight : array of shape (n,), optional
            How often each row counts; a weight of 2 equals a row given twice.
        classes : array of shape (q,), optional
            What the columns of distributions are called; 0, …, q−1 by default. ``classes_`` and
            all that the model predicts have them sorted.

        Returns
        -------
        SoftmaxRegression
            This model, fitted.

        Raises
        ------
        DataError
            If the data cannot be used: the message names row and column.
        SettingError
            If a setting is out of range.

        Warns
        -----
        ConvergenceWarning
            If the optimum was not reached within ``tol``.
        """
        check_settings(self)
        if isinstance(X, Scan | MatrixScan):
            refuse_classes(classes, "X is a scan")
            with X.prepared() as rows:
                self.fit(rows)
                name_features(self, rows)
                return self
        source, names = classified(self, X, y, sample_weight, classes)
        objective = softmax_objective(
            source, len(names), strength_of(self), fit_intercept=self.fit_intercept
        )
        solver = solver_of(self)
        # The native engine goes through the data with threads of its own, and leaves BLAS the
        # small products of the preconditioner.
        work = 0.0 if engine_name() == "native" else objective.multiply_adds
        with threads(self.n_jobs, work), reporting(self.verbose):
            start = start_of(self, objective, source, names)
            solution = solver.minimise(objective, start)
        self.classes_ = names
        keep_solution(self, solution)
        # A later partial_fit counts its steps from here.
        self._stream: Stream | None = None
        self.separation_ = None
        told = ""
        if solution.separation is not None:
            self.separation_ = separation_along(source, names, solution.separation)
            told = f" Told apart for certain: {self.separation_}." if self.separation_.pairs else ""
        warn_unless_converged("SoftmaxRegression", solution.ending, solution.certificate, told)
        return self

    def fit_counts(
        self,
        X: Any,
        counts: Any,
        sample_weight: ArrayLike | None = None,
        *,
        classes: ArrayLike | None = None,
    ) -> "SoftmaxRegression":
        """Fit to grouped data: how often each class was seen in each row.

        The fit is that of every row repeated, with one label, as often as its counts say; the
        work is that of the rows as they are.

        Parameters
        ----------
        X : array, sparse matrix or data frame of shape (n, k)
            Samples, as for :meth:`fit`.
        counts : array, sparse matrix or data frame of shape (n, q)
            Numbers of at least 0, whole or not. A row of zeros counts for nothing.
        sample_weight : array of shape (n,), optional
            What the counts of each row are multiplied by.
        classes : array of shape (q,), optional
            What the columns are called; 0, …, q−1 by default. ``classes_`` has them sorted.

        Returns
        -------
        SoftmaxRegression
            This model, fitted.

        Raises
        ------
        DataError
            If the data cannot be used: the message names row and column.

        Examples
        --------
        >>> dose = [[0.0], [1.0], [2.0]]
        >>> model = SoftmaxRegression(C=np.inf)
        >>> model = model.fit_counts(dose, [[9, 1], [5, 5], [1, 9]], classes=["well", "ill"])
        >>> model.classes_
        array(['ill', 'well'], dtype='<U4')
        >>> model.predict_proba([[1.0]]).round(3)
        array([[0.5, 0.5]])
        """
        check_in_memory(X, "fit_counts")
        shares, totals = read_counts(counts, _num_samples(X))
        weight = check_weights(sample_weight, len(totals))
        if weight is not None:
            totals = totals * weight
        return self.fit(X, shares, totals, classes=classes)

    def partial_fit(
        self,
        X: Any,
        y: Any,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> "SoftmaxRegression":
        """Improve the fit with one pass of stochastic gradient descent over these rows.

        Momentum, averages and what ``"adagrad"`` and ``"adam"`` remember go on from call to call,
        and so does the learning rate by ``schedule``. The penalty is that of all rows seen so
        far. ``certificate_`` then says that nothing is proven.

        Parameters
        ----------
        X, y, sample_weight
            As for :meth:`fit`; ``y`` holds labels.
        classes : array of shape (q,), optional
            All classes that will ever occur. Needed at the first call.

        Returns
        -------
        SoftmaxRegression
            This model, improved.

        Raises
        ------
        DataError
            If ``classes`` is missing at the first call, or a label is not among them.
        """
        check_settings(self)
        check_stream(self.schedule, self.max_iter)
        first = not hasattr(self, "classes_")
        X = check_features(self, X, reset=first)
        weight = check_weights(sample_weight, X.shape[0])
        self.classes_ = known_classes(self, classes, first=first)
        codes = codes_among(self.classes_, label_column(y, X.shape[0]))
        codes, weight = weigh_classes(self.class_weight, self.classes_, codes, weight)
        steps = getattr(self, "n_iter_", np.zeros(1, dtype=int))
        self._stream = descend(self, getattr(self, "_stream", None), MemorySource(X, codes, weight))
        self.certificate_ = Certificate(np.inf, "none")
        self.history_: list[Step] = []
        self.n_iter_ = steps + 1
        return self

    def decision_function(self, X: Any) -> Array:
        """Scores W x + b of shape (n, q); for two classes those of the second, of shape (n,)."""
        Z = self._scores(X)
        return Z[:, 0] if len(self.classes_) == 2 else Z

    def predict_log_proba(self, X: Any) -> Float[Array, "n q"]:
        """Logarithms of the probabilities of the classes, exact where those underflow to 0."""
        Z = self._scores(X)
        return self._loss.log_probabilities(Z)

    def predict_proba(self, X: Any) -> Float[Array, "n q"]:
        """Probabilities of the classes, each row summing to 1."""
        Z = self._scores(X)
        return self._loss.probabilities(Z)

    def predict(self, X: Any) -> Array:
        """Most probable class of each row."""
        Z = self._scores(X)
        places = (Z[:, 0] > 0).astype(int) if len(self.classes_) == 2 else Z.argmax(axis=1)
        return self.classes_[places]

    def code_lengths(self, X: Any, y: Any, unit: Unit = "bits") -> InformationArray:
        """Length of the code for each label under the model: −log q(y|x).

        Parameters
        ----------
        X : array, sparse matrix or data frame of shape (n, k)
        y : array of shape (n,) or (n, q)
            Labels; one that the model never saw has an infinite code. Or distributions over
            ``classes_``: the length is then the mean over each.
        unit : {"bits", "nats"}
            Unit of the lengths.

        Returns
        -------
        InformationArray of shape (n,)
            Its mean is the cross entropy of the labels and the model.
        """
        surprise = surprises(self.predict_log_proba(X), y, self.classes_)
        return cast("InformationArray", in_unit(surprise, unit))

    def inference(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        covariance: Literal["hessian", "sandwich"] = "hessian",
        reference: Any = None,
        terms: Mapping[str, Sequence[Any]] | None = None,
    ) -> SoftmaxInference:
        """Tell how certain the parameters are: standard errors, intervals, tests, a summary.

        Parameters
        ----------
        X, y, sample_weight
            The rows that the model was fitted to, in memory.
        covariance : {"hessian", "sandwich"}
            Whether standard errors (标准误) trust the model, or hold though it be wrong.
        reference : label, optional
            Class that the others are compared with. By default parameters are those of ``coef_``:
            of two classes the second against the first, of more each against the mean of all.
        terms : dict, optional
            For each term that is tested as one, its columns by name or position. All columns that
            it leaves out are terms by themselves.

        Returns
        -------
        SoftmaxInference
            Printed, it is its summary. With a penalty its errors are the spread of the penalised
            estimates, and know nothing of their bias. Of dependent columns the last are left out.

        Raises
        ------
        DataError
            If these are not the rows of the fit, or too few.
        SettingError
            If a setting is out of range, the model has class weights, or the parameters are too
            many for a factor.

        References
        ----------
        White 1982, "Maximum likelihood estimation of misspecified models".

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> model = SoftmaxRegression(C=float("inf")).fit(X[50:], y[50:])
        >>> told = model.inference(X[50:], y[50:])
        >>> told.standard_errors.round(2)
        array([[25.71,  2.39,  4.48,  4.74,  9.74]])
        >>> f"{told.mcfadden_r_squared:.4f}, {told.bits_gained:.4f}"
        '0.9142, 0.9142 bits'
        """
        return softmax_inference(
            self, X, y, sample_weight, covariance=covariance, reference=reference, terms=terms
        )

    def sparsify(self) -> "SoftmaxRegression":
        """Keep ``coef_`` as a sparse matrix: less memory where most weights are 0."""
        check_is_fitted(self)
        self.coef_ = csr_matrix(self.coef_)
        return self

    def densify(self) -> "SoftmaxRegression":
        """Keep ``coef_`` as an array again."""
        check_is_fitted(self)
        self.coef_ = weights_of(self)
        return self

    def save(self, path: Any) -> None:
        """Write the fitted model to one file, whole or not at all; see :func:`linnet.load`."""
        write_model(path, type(self).__name__, self.to_state())

    def to_state(self) -> State:
        """Return all that was learnt: a dict that JSON can hold, and arrays by name."""
        check_is_fitted(self)
        # Text has no place among the arrays of a safetensors file.
        meta = fitting_state(self) | {
            "settings": settings_of(self),
            "classes": self.classes_.tolist(),
            "loss": getattr(self, "loss_", None),
            "n_iter": int(self.n_iter_[0]),
        }
        return meta, {"coef": weights_of(self), "intercept": self.intercept_}

    @classmethod
    def from_state(cls, state: State) -> "SoftmaxRegression":
        """Return the model that :meth:`to_state` took apart."""
        meta, arrays = state
        model = cls(**meta["settings"])
        restore_fitting(model, meta)
        model.classes_ = np.array(meta["classes"])
        model.coef_, model.intercept_ = arrays["coef"], arrays["intercept"]
        model.loss_, model.n_iter_ = meta["loss"], np.array([meta["n_iter"]])
        return model

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @property
    def _loss(self) -> SoftmaxCrossEntropy:
        return SoftmaxCrossEntropy(anchored=len(self.classes_) == 2)

    def _scores(self, X: Any) -> Float[Array, "n m"]:
        check_is_fitted(self)
        return scores_of(self, check_features(self, X, reset=False))
