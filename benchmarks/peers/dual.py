"""cyanure and adelie: softmax regression by other means, tolerances for efforts."""

import os
from math import isinf
from typing import Any

import numpy as np

from benchmarks.peers.contender import DIGITS, Contender, Fit, stacked
from benchmarks.problems import Problem

__all__ = ["CONTENDERS"]

ENDLESS = 1_000_000


def _threads() -> int:
    return int(os.environ.get("OMP_NUM_THREADS", "1"))


def _cyanure(problem: Problem, digits: int) -> Fit:
    from cyanure.estimators import Classifier

    model = Classifier(
        loss="logistic",
        penalty="l2",
        lambda_1=problem.l2,
        fit_intercept=True,
        tol=10.0**-digits,
        max_iter=ENDLESS,
        multi_class="multinomial",
        n_threads=_threads(),
        verbose=False,
        random_state=0,
    ).fit(problem.X, problem.y)
    W, b = np.asarray(model.coef_), np.ravel(model.intercept_)
    return Fit(stacked(W.T if len(W) == problem.X.shape[1] else W, b))


def _cyanure_objection(problem: Problem) -> str:
    if not problem.has_classes:
        return "its Regression wants a penalty to work with"
    return ""


class _OlderNumPy:
    """NumPy, but for ``array(copy=False)``: before version 2 it copied where it had to.

    adelie 1.1.52 asks for NumPy below 2, and linnet for 2.1 or newer. This is all that keeps
    adelie from running on both.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def array(self, values: Any, *, copy: bool = True, **rest: Any) -> np.ndarray:
        return np.array(values, copy=copy or None, **rest)


def _adelie_prepare(problem: Problem) -> Any:
    import adelie as ad

    for module in (ad.glm, ad.solver, ad.state):
        module.np = _OlderNumPy()
    y = problem.y
    X = np.asfortranarray(problem.X)
    if problem.n_classes > 2:
        labels = np.asfortranarray(np.eye(problem.n_classes, dtype=X.dtype)[y])
        glm, scale = ad.glm.multinomial(labels), problem.n_classes
    elif problem.has_classes:
        glm, scale = ad.glm.binomial(y.astype(X.dtype)), 1
    else:
        glm, scale = ad.glm.gaussian(y.astype(X.dtype)), 1
    return X, glm, problem.l2 / scale, problem.n_classes if scale > 1 else 1


def _adelie(prepared: Any, digits: int) -> Fit:
    import adelie as ad

    X, glm, strength, scores = prepared
    state = ad.grpnet(
        X,
        glm,
        alpha=0.0,
        penalty=np.ones(X.shape[1], X.dtype),
        lmda_path=np.array([strength]),
        tol=10.0**-digits,
        irls_tol=10.0**-digits,
        early_exit=False,
        progress_bar=False,
        n_threads=_threads(),
    )
    W = state.betas.toarray()[-1].reshape(X.shape[1], scores)
    return Fit(stacked(W.T, np.ravel(state.intercepts[-1])))


def _adelie_objection(problem: Problem) -> str:
    if problem.is_sparse:
        return "a sparse X is for its other estimators"
    if not problem.has_classes and isinf(problem.strength):
        return "wants a penalty"
    return ""


CONTENDERS = (
    Contender(
        name="cyanure",
        package="cyanure",
        fit=_cyanure,
        ladder=DIGITS,
        objection=_cyanure_objection,
    ),
    Contender(
        name="adelie",
        package="adelie",
        fit=_adelie,
        prepare=_adelie_prepare,
        ladder=DIGITS,
        objection=_adelie_objection,
    ),
)
