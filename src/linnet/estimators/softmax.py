"""Softmax regression: the probabilities of classes as a softmax of linear scores."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from linnet.data import MemorySource, Source
from linnet.data.dask_collections import is_collection
from linnet.engine import engine_name, scores
from linnet.errors import DataError
from linnet.estimators.convergence import warn_unless_converged
from linnet.estimators.distributed import labelled_rows
from linnet.estimators.inference.softmax import SoftmaxInference
from linnet.estimators.inference.softmax_rows import softmax_inference
from linnet.estimators.kept_rows import PreparedRows
from linnet.estimators.matrix_scan import MatrixScan
from linnet.estimators.prepared import classified_rows, name_features
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
    keep_theta,
    marginal_start,
    softmax_objective,
    theta_of,
)
from linnet.estimators.streaming import Stream, check_stream
from linnet.estimators.targets import class_weights, codes_among, label_column, read_targets
from linnet.estimators.threading import threads
from linnet.estimators.validation import (
    check_choice,
    check_count,
    check_features,
    check_positive,
    check_steps,
    check_weights,
)
from linnet.features.labels import class_codes, read_labels
from linnet.information.units import InformationArray, in_unit
from linnet.losses import SoftmaxCrossEntropy
from linnet.objective import Objective
from linnet.solvers import Certificate
from linnet.solvers.choice import SOLVERS, choose_rule, choose_solver
from linnet.solvers.schedules import SCHEDULES, ScheduleName
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
        ``partial_fit`` follows the one named, else ``"sgd"``.
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
    n_iter_ : int
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

    def fit(
        self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None
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
            Labels; or, of shape (n, q), a distribution over classes 0, …, q−1 for each row.
        sample_weight : array of shape (n,), optional
            How often each row counts; a weight of 2 equals a row given twice.

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
        self._check_settings()
        if isinstance(X, Scan | MatrixScan):
            with X.prepared() as rows:
                self.fit(rows)
                name_features(self, rows)
                return self
        source, classes = self._rows(X, y, sample_weight)
        objective = self._objective(source, len(classes))
        solver = choose_solver(
            self.solver,
            tol=self.tol,
            max_iter=self.max_iter,
            learning_rate=self.learning_rate,
            schedule=self.schedule,
            batch_size=self.batch_size,
            momentum=self.momentum,
            average=self.average,
            random_state=int(self._random().integers(2**31)),
        )
        # The native engine goes through the data with threads of its own, and leaves BLAS the
        # small products of the preconditioner.
        work = 0.0 if engine_name() == "native" else objective.multiply_adds
        with threads(self.n_jobs, work):
            start = self._start(objective, source, classes)
            solution = solver.minimise(objective, start)
        self.classes_ = classes
        keep_solution(self, solution)
        # A later partial_fit counts its steps from here.
        self._stream: Stream | None = None
        self.separation_ = None
        told = ""
        if solution.separation is not None:
            self.separation_ = separation_along(source, classes, solution.separation)
            told = f" Told apart for certain: {self.separation_}." if self.separation_.pairs else ""
        warn_unless_converged("SoftmaxRegression", solution.ending, solution.certificate, told)
        return self

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
        self._check_settings()
        check_stream(self.schedule, self.max_iter)
        first = not hasattr(self, "classes_")
        X = check_features(self, X, reset=first)
        weight = check_weights(sample_weight, X.shape[0])
        self.classes_ = self._known_classes(classes, first=first)
        codes = codes_among(self.classes_, label_column(y, X.shape[0]))
        weight = class_weights(self.class_weight, self.classes_, codes, weight)
        self._descend(MemorySource(X, codes, weight))
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
        y : array of shape (n,)
            Labels; one that the model never saw has an infinite code.
        unit : {"bits", "nats"}
            Unit of the lengths.

        Returns
        -------
        InformationArray of shape (n,)
            Its mean is the cross entropy of the labels and the model.
        """
        log_q = self.predict_log_proba(X)
        codes = class_codes(label_column(y, len(log_q)), self.classes_)
        surprise = np.where(codes >= 0, -log_q[np.arange(len(codes)), codes], np.inf)
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
            "n_iter": self.n_iter_,
        }
        return meta, {"coef": self.coef_, "intercept": self.intercept_}

    @classmethod
    def from_state(cls, state: State) -> "SoftmaxRegression":
        """Return the model that :meth:`to_state` took apart."""
        meta, arrays = state
        model = cls(**meta["settings"])
        restore_fitting(model, meta)
        model.classes_ = np.array(meta["classes"])
        model.coef_, model.intercept_ = arrays["coef"], arrays["intercept"]
        model.loss_, model.n_iter_ = meta["loss"], meta["n_iter"]
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
        return scores(check_features(self, X, reset=False), theta_of(self))

    def _check_settings(self) -> None:
        check_positive(self.C, "C", infinite=True)
        check_positive(self.tol, "tol")
        check_choice(self.solver, "solver", SOLVERS)
        check_choice(self.schedule, "schedule", SCHEDULES)
        check_count(self.batch_size, "batch_size")
        if self.max_iter is not None:
            check_count(self.max_iter, "max_iter")
        if self.learning_rate is not None:
            check_positive(self.learning_rate, "learning_rate")
        check_steps(self.solver, self.momentum, self.average)

    def _random(self) -> np.random.Generator:
        """Return a generator of numbers that follow from ``random_state``."""
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        return np.random.default_rng(seed)

    def _rows(self, X: Any, y: Any, sample_weight: Any) -> tuple[Source, Array]:
        """Rows with the numbers of their classes, wherever they lie; and the classes."""
        if isinstance(X, PreparedRows):
            return classified_rows(self, X, self.class_weight)
        if is_collection(X):
            return labelled_rows(self, X, y, sample_weight, self.class_weight)
        X = check_features(self, X, reset=True)
        weight = check_weights(sample_weight, X.shape[0])
        classes, targets = read_targets(y, X.shape[0])
        weight = class_weights(self.class_weight, classes, targets, weight)
        return MemorySource(X, targets, weight), classes

    def _objective(
        self, source: Source, n_classes: int, total_weight: float | None = None
    ) -> Objective:
        return softmax_objective(
            source,
            n_classes,
            self.C,
            fit_intercept=self.fit_intercept,
            total_weight=total_weight,
        )

    def _start(self, objective: Objective, source: Source, classes: Array) -> Float[Array, "m p"]:
        """Begin from the last fit if asked to, else from the marginal distribution of y."""
        if self.warm_start and hasattr(self, "coef_") and np.array_equal(self.classes_, classes):
            theta = theta_of(self)
            if theta.shape == objective.shape:
                return theta
        return marginal_start(objective, source)

    def _known_classes(self, classes: ArrayLike | None, *, first: bool) -> Array:
        if classes is None and first:
            raise DataError(
                "classes must be passed on the first call to partial_fit: all labels that will "
                "ever occur."
            )
        if classes is None:
            return self.classes_
        known = read_labels(np.asarray(classes), given=True).classes
        if not first and not np.array_equal(known, self.classes_):
            raise DataError(
                "classes is not the same as on the last call to partial_fit: "
                f"{list(known)} and {list(self.classes_)}. Leave it out, or begin afresh."
            )
        return known

    def _descend(self, source: MemorySource) -> None:
        """One pass of stochastic gradient descent from where the model stands."""
        q = len(self.classes_)
        stream = getattr(self, "_stream", None)
        seen = source.total_weight + (0.0 if stream is None else stream.weight)
        objective = self._objective(source, q, seen)
        if not hasattr(self, "coef_"):
            keep_theta(self, np.zeros(objective.shape))
            self.n_iter_ = 0
        # A step is a small product, whatever the number of rows.
        with threads(self.n_jobs, 0):
            if stream is None:
                stream = Stream.begin(
                    objective,
                    theta_of(self),
                    rule=choose_rule(
                        self.solver, momentum=self.momentum, average=bool(self.average)
                    ),
                    learning_rate=self.learning_rate,
                    schedule=self.schedule,
                    calls=self.max_iter,
                    batch_size=self.batch_size,
                    random=self._random(),
                )
            self._stream, theta = stream.descend(objective, theta_of(self))
        keep_theta(self, theta)
        self.certificate_ = Certificate(np.inf, "none")
        self.history_: list[Step] = []
        self.n_iter_ += 1
