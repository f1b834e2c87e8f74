"""Models to be exported, tables for them, and how far roundings may move what they predict."""

import numpy as np
import pandas as pd

from linnet import LinearRegression, SoftmaxRegression, TableEncoder, TableModel

EPS = np.finfo(float).eps

COLOUR = "the 'colour\""
"""A column whose name needs care."""


def mixed_table(n=300, seed=0):
    """A table of every kind of column but texts, with gaps, and dates before and after 1970."""
    rng = np.random.default_rng(seed)
    moments = rng.integers(-40 * 10**8, 20 * 10**8, n)
    table = pd.DataFrame(
        {
            "age": rng.normal(40, 10, n),
            "member": rng.random(n) < 0.5,
            COLOUR: rng.choice(["r'ed", 'bl"ue', "绿", "a\\b\n"], n),
            "code": rng.integers(-1, 4, n),
            "when": pd.to_datetime(moments, unit="s").as_unit("us"),
        }
    )
    table.loc[3:9, "age"] = np.nan
    table.loc[7:12, COLOUR] = None
    table.loc[20:23, "when"] = pd.NaT
    table.loc[50:52, COLOUR] = "rare"
    return table


def targets(n=300, seed=1):
    """Targets of every kind, by name."""
    rng = np.random.default_rng(seed)
    return {
        "two classes": rng.choice(["yes", 'it\'s "no"'], n),
        "three classes": rng.choice([7, -1, 3], n),
        "truth": rng.random(n) < 0.4,
        "number": rng.normal(3, 2, n),
        "two numbers": rng.normal(3, 2, (n, 2)),
    }


TARGETS = sorted(targets())


def regression_for(y):
    """The regression that fits a target."""
    return LinearRegression() if np.asarray(y).dtype.kind == "f" else SoftmaxRegression()


def table_model(target, *, dates=True, **settings):
    """A model of the mixed table, and the table."""
    table = mixed_table()
    if not dates:
        table = table.drop(columns="when")
    settings = {"categorical": ["code"], "min_frequency": 10, **settings}
    y = targets()[target]
    return TableModel(regression_for(y), TableEncoder(**settings)).fit(table, y), table


def strange_rows(table):
    """Rows with levels and gaps that fitting did not see."""
    table = table.head(6).copy()
    table[COLOUR] = ["mauve", "rare", None, "", "r'ed", "R'ED"]
    table["code"] = [9, 0, 1, 2, 3, -1]
    table["member"] = table["member"].astype("boolean")
    table.loc[2, "member"] = pd.NA
    table.loc[1, "age"] = np.nan
    return table


def expected(model, rows):
    """What a model predicts, as a matrix with a column for each number."""
    is_classifier = hasattr(model, "classes_")
    predict = model.predict_proba if is_classifier else model.predict
    return np.asarray(predict(rows), dtype=float).reshape(len(rows), -1)


def rounding(model, rows):
    """How far two ways of adding up the scores may be apart, and so the probabilities.

    A sum of k products is off by k·ε times the sum of their sizes, however it is ordered. Softmax
    brings no two scores further apart, and exp, sum and quotient each cost an ε or two.
    """
    X, regression = rows, model
    if isinstance(model, TableModel):
        X, regression = model.encoder_.transform(rows), model.estimator_
    W, b = np.atleast_2d(regression.coef_), np.atleast_1d(regression.intercept_)
    sizes = abs(np.asarray(X, dtype=float)) @ abs(W).T + abs(b)
    return 2 * (W.shape[1] + 8) * EPS * sizes.max() + 16 * EPS


def assert_same(found, model, rows):
    """Check that what an export predicted is what the model predicts, but for roundings."""
    np.testing.assert_allclose(found, expected(model, rows), rtol=0, atol=rounding(model, rows))
