"""The softmax path: one softmax regression for each C, each begun where the last ones point to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, final

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from linnet.data import MemorySource
from linnet.engine import engine_name
from linnet.errors import SettingError
from linnet.estimators.convergence import warn_unless_converged
from linnet.estimators.softmax import SoftmaxRegression
from linnet.estimators.softmax_parameters import keep_solution, marginal_start, softmax_objective
from linnet.estimators.softmax_settings import generator_of
from linnet.estimators.targets import read_targets, weigh_classes
from linnet.estimators.threading import threads
from linnet.estimators.validation import check_count, check_features, check_positive, check_weights
from linnet.information.units import InformationArray, in_unit
from linnet.solvers import NewtonCG, minimise_path
from linnet.types import Array, Unit

__all__ = ["SoftmaxPath", "check_strengths", "softmax_path"]

MAXIMUM_STEPS: Final = 1000


@final
@dataclass(frozen=True, repr=False, eq=False)
class SoftmaxPath:
    """Softmax regressions along a path of penalties, and how they compare.

    A path is the sequence of its models: ``path[0]`` is a fitted
    :class:`~linnet.SoftmaxRegression`, and iterating gives one after another. Printed, it is a
    table. Arrays have the values of C along their first axis, in the order in which they were
    given.

    Parameters
    ----------
    models : tuple of SoftmaxRegression
        One for each C.
    """

    models: tuple[SoftmaxRegression, ...]

    def __len__(self) -> int:
        return len(self.models)

    def __getitem__(self, place: int) -> SoftmaxRegression:
        return self.models[place]

    def __iter__(self) -> Iterator[SoftmaxRegression]:
        return iter(self.models)

    @property
    def Cs(self) -> Float[Array, " a"]:
        """Inverse strengths of the penalty, of shape (a,)."""
        return np.array([model.C for model in self.models])

    @property
    def classes(self) -> Array:
        """The classes, of shape (q,)."""
        return self.models[0].classes_

    @property
    def coef(self) -> Float[Array, "a m k"]:
        """Weights W, of shape (a, m, k): m is q, or 1 for two classes."""
        return np.stack([model.coef_ for model in self.models])

    @property
    def intercept(self) -> Float[Array, "a m"]:
        """Intercepts b, of shape (a, m)."""
        return np.stack([model.intercept_ for model in self.models])

    @property
    def objective(self) -> Float[Array, " a"]:
        """Minimised objective F, in nats per sample, of shape (a,)."""
        return np.array([model.loss_ for model in self.models])

    @property
    def gap(self) -> Float[Array, " a"]:
        """How far each objective can be from its minimum, in nats per sample, of shape (a,)."""
        return np.array([model.certificate_.gap for model in self.models])

    def cross_entropy(self, X: Any, y: Any, unit: Unit = "bits") -> InformationArray:
        """Mean code length of the labels of rows under each model, of shape (a,).

        Parameters
        ----------
        X : array, sparse matrix or data frame of shape (n, k)
            Rows, best ones that the models have not seen.
        y : array of shape (n,) or (n, q)
            Their labels; or distributions over the classes.
        unit : {"bits", "nats"}
            Unit of the lengths.
        """
        lengths = [np.mean(model.code_lengths(X, y, unit="nats")) for model in self.models]
        return cast("InformationArray", in_unit(np.array(lengths), unit))

    def best(self, X: Any, y: Any) -> SoftmaxRegression:
        """Return the model that codes the labels of these rows, not seen before, in fewest bits."""
        return self.models[int(np.argmin(np.asarray(self.cross_entropy(X, y))))]

    def __repr__(self) -> str:
        header = f"{'C':>10} {'objective':>12} {'gap':>8} {'passes':>8} {'size of W':>12}"
        sizes = np.linalg.norm(self.coef, axis=(1, 2))
        lines = [
            f"{model.C:>10.4g} {model.loss_:>12.6g} {model.certificate_.gap:>8.0e} "
            f"{model.history_[-1].passes:>8.1f} {size:>12.6g}"
            for model, size in zip(self.models, sizes, strict=True)
        ]
        return "\n".join([header, *lines])


def softmax_path(
    X: Any,
    y: Any,
    Cs: ArrayLike,
    *,
    fit_intercept: bool = True,
    tol: float = 1e-6,
    class_weight: dict[Any, float] | Literal["balanced"] | None = None,
    sample_weight: ArrayLike | None = None,
    random_state: Any = 0,
    n_jobs: int | None = None,
) -> SoftmaxPath:
    """Fit a softmax regression for each of several strengths of the penalty.

    Each minimises what ``SoftmaxRegression(C)`` does, and each has its certificate. They are
    fitted from the smallest C to the largest; each begins where the ones before it point to, and
    they share what makes Newton's method fast. Many values cost little more than a few.

    Parameters
    ----------
    X : array, sparse matrix or data frame of shape (n, k)
        Samples; any real type, dense or CSR, read without a copy.
    y : array of shape (n,) or (n, q)
        Labels; or a distribution over classes 0, …, q−1 for each row.
    Cs : array of shape (a,), or int
        Inverse strengths of the penalty, each above 0 and finite, in any order; for instance
        ``np.logspace(-4, 4, 9)``. Or how many, from 1e-4 to 1e4 in equal ratios.
    fit_intercept : bool, default True
        Whether to fit intercepts, which are not penalised.
    tol : float, default 1e-6
        Gap to be proven for each, in nats per sample.
    class_weight : dict, "balanced" or None
        As for :class:`~linnet.SoftmaxRegression`.
    sample_weight : array of shape (n,), optional
        How often each row counts; a weight of 2 equals a row given twice.
    random_state : int, RandomState instance or None, default 0
        Seed of the rows that preconditioners are made from.
    n_jobs : int or None, default None
        Threads; −1 for all there are, ``None`` for what suits the size.

    Returns
    -------
    SoftmaxPath
        The fitted models, in the order of ``Cs``.

    Raises
    ------
    DataError
        If the data cannot be used: the message names row and column.
    SettingError
        If ``Cs`` is empty, or one of them is not above 0 and finite.

    Warns
    -----
    ConvergenceWarning
        If an optimum was not reached within ``tol``; the message names its C.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> path = softmax_path(X[::2], y[::2], [0.01, 1, 100])
    >>> path
             C    objective      gap   passes    size of W
          0.01     0.847...      ...      ...     0.4508...
             1     0.246...      ...      ...       3.71...
           100     0.043...      ...      ...       14.9...
    >>> path.best(X[1::2], y[1::2]).C
    100.0
    """
    strengths = check_strengths(Cs)
    check_positive(tol, "tol")
    models = [
        SoftmaxRegression(
            C,
            fit_intercept=fit_intercept,
            tol=tol,
            class_weight=class_weight,
            random_state=random_state,
            n_jobs=n_jobs,
        )
        for C in strengths
    ]
    X = check_features(models[0], X, reset=True)
    weight = check_weights(sample_weight, X.shape[0])
    classes, targets = read_targets(y, X.shape[0])
    targets, weight = weigh_classes(class_weight, classes, targets, weight)
    source = MemorySource(X, targets, weight)
    order = np.argsort(strengths, kind="stable")
    problems = [
        softmax_objective(source, len(classes), strengths[place], fit_intercept=fit_intercept)
        for place in order
    ]
    work = 0.0 if engine_name() == "native" else problems[0].multiply_adds
    with threads(n_jobs, work):
        start = marginal_start(problems[0], source)
        seed = int(generator_of(models[0]).integers(2**31))
        solver = NewtonCG(tol=tol, max_steps=MAXIMUM_STEPS, random_state=seed)
        solutions = minimise_path(problems, start, solver)
        for place, solution in zip(order, solutions, strict=True):
            model = models[place]
            model.classes_ = classes
            model.n_features_in_ = models[0].n_features_in_
            if (names := getattr(models[0], "feature_names_in_", None)) is not None:
                model.feature_names_in_ = names
            keep_solution(model, solution)
            warn_unless_converged(
                f"softmax_path at C={model.C:g}", solution.ending, solution.certificate
            )
    return SoftmaxPath(tuple(models))


def check_strengths(Cs: Any) -> list[float]:
    """Give the strengths as a list of numbers in range; of a count, so many from 1e-4 to 1e4."""
    if isinstance(Cs, int | np.integer):
        check_count(Cs, "Cs")
        Cs = np.logspace(-4, 4, int(Cs))
    try:
        given = np.asarray(Cs)
    except ValueError as error:
        raise SettingError(f"Cs must be a list of numbers: {error}.") from error
    if given.ndim != 1 or given.size == 0:
        raise SettingError(
            f"Cs has shape {given.shape}; it must be a list of one or more numbers, such as "
            "np.logspace(-4, 4, 9)."
        )
    return [check_positive(C, f"Cs[{place}]") for place, C in enumerate(given.tolist())]
