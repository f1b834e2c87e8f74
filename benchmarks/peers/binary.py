"""skglm, glum and Vowpal Wabbit: two classes, and least squares where they do that."""

from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import scipy.sparse as sp

from benchmarks.peers.contender import DIGITS, ITERATIONS, Contender, Fit, stacked
from benchmarks.problems import Problem

__all__ = ["CONTENDERS"]

ENDLESS = 100_000
# Where Vowpal Wabbit keeps the intercept, less what is beyond the size of its table.
CONSTANT = 11650396


def _skglm(problem: Problem, digits: int) -> Fit:
    from skglm import GeneralizedLinearEstimator
    from skglm.datafits import Logistic
    from skglm.penalties import L1_plus_L2
    from skglm.solvers import ProxNewton

    model = GeneralizedLinearEstimator(
        datafit=Logistic(),
        penalty=L1_plus_L2(alpha=problem.l2, l1_ratio=0.0),
        solver=ProxNewton(tol=10.0**-digits, max_iter=ENDLESS, fit_intercept=True),
    ).fit(problem.X, np.where(problem.y, 1.0, -1.0))
    return Fit(stacked(np.ravel(model.coef_), model.intercept_))


def _skglm_prepare(problem: Problem) -> Problem:
    # Its kernels take columns of float64.
    X = sp.csc_matrix(problem.X) if problem.is_sparse else np.asfortranarray(problem.X, np.float64)
    return replace(problem, X=X)


def _glum(problem: Problem, digits: int) -> Fit:
    from glum import GeneralizedLinearRegressor

    model = GeneralizedLinearRegressor(
        family="binomial" if problem.has_classes else "normal",
        alpha=problem.l2,
        l1_ratio=0,
        gradient_tol=10.0**-digits,
        max_iter=ENDLESS,
        scale_predictors=False,
    ).fit(problem.X, problem.y.astype(problem.X.dtype))
    return Fit(stacked(model.coef_, model.intercept_))


def _vowpal_prepare(problem: Problem) -> tuple[Problem, str]:
    """Write the data as it reads them, columns numbered from 1, for 0 is refused."""
    file = Path(mkdtemp()) / "data.vw"
    X = sp.csr_array(problem.X)
    with file.open("w") as lines:
        for i in range(X.shape[0]):
            row = slice(X.indptr[i], X.indptr[i + 1])
            pairs = zip(X.indices[row], X.data[row], strict=True)
            label = problem.y[i] if not problem.has_classes else 2 * problem.y[i] - 1
            lines.write(f"{label} | " + " ".join(f"{j + 1}:{float(x)!r}" for j, x in pairs) + "\n")
    return problem, str(file)


def _vowpal(prepared: tuple[Problem, str], passes: int) -> Fit:
    from vowpalwabbit.pyvw import Workspace

    problem, file = prepared
    k = problem.X.shape[1]
    bits = _bits(k)
    loss = "logistic" if problem.has_classes else "squared"
    # Its penalty stands beside the sum of the losses.
    strength = problem.l2 * len(problem.y)
    trained = Workspace(
        f"--data {file} --bfgs --passes {passes} --cache --kill_cache --bit_precision {bits} "
        f"--loss_function {loss} --l2 {strength!r} --no_bias_regularization --termination 0.0 "
        "--hash strings --quiet --holdout_off --mem 15"
    )
    W = [trained.get_weight(j + 1) for j in range(k)]
    b = trained.get_weight(CONSTANT % (1 << bits))
    trained.finish()
    return Fit(stacked(W, b))


def _bits(k: int) -> int:
    """Find the least table, of 2^bits weights, in which features 1, …, k and intercept part."""
    return next(bits for bits in range(1, 32) if k < 1 << bits and CONSTANT % (1 << bits) > k)


def _two_classes(problem: Problem) -> str:
    return "" if problem.n_classes == 2 else "fits two classes only"


def _two_classes_or_numbers(problem: Problem) -> str:
    return "" if problem.n_classes in {0, 2} else "fits two classes or numbers only"


CONTENDERS = (
    Contender(
        name="skglm, prox-Newton",
        package="skglm",
        fit=_skglm,
        prepare=_skglm_prepare,
        ladder=DIGITS,
        objection=_two_classes,
    ),
    Contender(
        name="glum, IRLS",
        package="glum",
        fit=_glum,
        ladder=DIGITS,
        objection=_two_classes_or_numbers,
    ),
    Contender(
        name="Vowpal Wabbit, BFGS",
        package="vowpalwabbit",
        fit=_vowpal,
        prepare=_vowpal_prepare,
        ladder=ITERATIONS,
        objection=_two_classes,
    ),
)
