"""A model is taken apart into terms, whose sum is its score; what is no model is refused."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from export_cases import COLOUR, table_model
from linnet import LinearRegression, SoftmaxRegression, TableModel, to_onnx, to_python, to_sklearn
from linnet.errors import DataError, DataTypeError
from linnet.export.formula import formula_of
from linnet.export.terms import Levels

EXPORTERS = [to_onnx, to_python, to_sklearn, formula_of]


def test_every_weight_of_the_model_is_in_a_term_once():
    model, _ = table_model("three classes")

    formula = formula_of(model)

    weights = [
        np.vstack([term.weights, term.other, term.missing])
        if isinstance(term, Levels) and term.column == COLOUR
        else np.atleast_2d(term.weights)
        for term in formula.terms
    ]
    np.testing.assert_array_equal(np.concatenate(weights), model.estimator_.coef_.T)
    np.testing.assert_array_equal(formula.intercept, model.estimator_.intercept_)
    assert list(formula.columns) == [each.name for each in model.encoder_.encoders_]


@pytest.mark.parametrize("export", EXPORTERS)
def test_only_fitted_models_of_linnet_can_be_exported(export):
    with pytest.raises(DataTypeError, match="A LogisticRegression cannot be exported"):
        export(LogisticRegression())
    for model in (SoftmaxRegression(), LinearRegression(), TableModel(LinearRegression())):
        with pytest.raises(NotFittedError):
            export(model)


@pytest.mark.parametrize("export", EXPORTERS)
def test_weights_that_are_not_finite_are_refused(export):
    model = LinearRegression().fit([[0.0], [1.0]], [1.0, 2.0])
    model.coef_ = np.array([np.inf])

    with pytest.raises(DataError, match="weights that are not finite"):
        export(model)
