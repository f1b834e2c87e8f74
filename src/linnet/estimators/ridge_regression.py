"""Ridge regression by scikit-learn's name: linear regression with a penalty unless told else."""

from typing import Any

from linnet.estimators.linear import LinearRegression

__all__ = ["Ridge"]


class Ridge(LinearRegression):
    """Linear regression with a ridge penalty: :class:`~linnet.LinearRegression` at α = 1.

    For code written for scikit-learn's Ridge, where a penalty of 1 is the default. Attributes and
    methods are those of :class:`~linnet.LinearRegression`.

    Parameters
    ----------
    alpha : float, default 1.0
        Strength α of the penalty on ‖W‖²; one for all targets.
    fit_intercept : bool, default True
        Whether to fit an intercept b, which is not penalised.
    copy_X, tol, max_iter, solver, random_state
        Accepted from code for scikit-learn, and without effect: ``X`` is never written to, and
        the solution is exact, whatever the way to it. Only ``solver="sgd"``, ``"adagrad"`` and
        ``"adam"`` say how streams are learnt, as for LinearRegression.
    positive : bool, default False
        Only False: weights are not bounded.
    n_jobs : int or None, default None
        Threads of the linear algebra; −1 for all there are, ``None`` for what suits the size.

    References
    ----------
    Hoerl and Kennard 1970, "Ridge regression: biased estimation for nonorthogonal problems".

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = Ridge(alpha=0.1).fit(X, y)
    >>> round(model.score(X, y), 4)
    0.5126
    >>> model.certificate_.kind
    'proven'
    """

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(
            alpha,
            fit_intercept=fit_intercept,
            copy_X=copy_X,
            tol=tol,
            positive=positive,
            n_jobs=n_jobs,
        )
        self.max_iter = max_iter
        self.solver = solver
        self.random_state = random_state
