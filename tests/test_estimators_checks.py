"""All estimators keep scikit-learn's whole contract, with no exception claimed."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from linnet import LinearRegression, Ridge, RidgeCV, SoftmaxRegression, SoftmaxRegressionCV

ESTIMATORS = [
    SoftmaxRegression(),
    SoftmaxRegression(C=100.0),
    SoftmaxRegression(solver="lbfgs"),
    # By default it takes up to 10,000 steps, which change nothing here but the wait.
    SoftmaxRegression(solver="gradient-descent", max_iter=500),
    SoftmaxRegression(solver="sgd"),
    LinearRegression(),
    LinearRegression(alpha=1.0, fit_intercept=False),
    Ridge(),
    RidgeCV(),
    RidgeCV(scoring="neg_mean_squared_error", cv=3),
    SoftmaxRegressionCV(Cs=[0.1, 1.0], cv=3),
]


# Gradient descent and SGD rightly warn that they stop before the proof.
@pytest.mark.filterwarnings("ignore::linnet.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS)
def test_scikit_learns_contract_is_kept(estimator, check):
    check(estimator)
