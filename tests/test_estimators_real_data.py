"""On real data: the optimum is scikit-learn's best, and published fits come out."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_svmlight_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from linnet import SoftmaxRegression

HERE = Path(__file__).parent / "data"
FITS = "reference_multinomial_fits/reference_fits.json"


def letter(real_data):
    table = pd.read_csv(real_data("letter/letter-recognition.data"), header=None)
    return table.iloc[:, 1:].to_numpy(float), table[0].to_numpy(str)


def letter_of_two(real_data):
    X, y = letter(real_data)
    return X, np.isin(y, list("AEIOU"))


def a9a(real_data):
    return load_svmlight_file(str(real_data("libsvm_a9a/a9a")))


def penguins(real_data):
    table = pd.read_csv(real_data("penguins/penguins.csv")).dropna()
    columns = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
    return table[columns].to_numpy(float), table["species"].to_numpy(str)


def penguins_of_two(real_data):
    X, y = penguins(real_data)
    return X, y == "Adelie"


def loss(model, X, y, weight):
    s = np.ones(len(y)) if weight is None else weight
    mean = log_loss(y, model.predict_proba(X), sample_weight=s, labels=model.classes_)
    return mean + (model.coef_**2).sum() / (2 * model.C * s.sum())


@pytest.mark.parametrize(
    ("data", "variant"),
    [(letter, "plain")]
    + [(letter_of_two, v) for v in ("plain", "weights", "no intercept")]
    + [(a9a, v) for v in ("plain", "weights", "no intercept")]
    + [(penguins, v) for v in ("plain", "weights", "no intercept")]
    + [(penguins_of_two, v) for v in ("plain", "weights", "no intercept")],
)
def test_raw_data_are_fitted_as_well_as_scikit_learn_can_at_its_best(data, variant, real_data):
    X, y = data(real_data)
    weight = np.random.default_rng(0).random(len(y)) * 2 if variant == "weights" else None
    intercept = variant != "no intercept"
    # newton-cholesky goes to the optimum whatever the scale; it takes no sparse data.
    peer = LogisticRegression(
        fit_intercept=intercept, tol=1e-10, max_iter=1000, solver="newton-cholesky"
    ).fit(X if isinstance(X, np.ndarray) else X.toarray(), y, weight)

    model = SoftmaxRegression(fit_intercept=intercept).fit(X, y, weight)

    assert model.certificate_.kind == "proven"
    assert model.certificate_.gap <= 1e-6
    best = loss(peer, X if isinstance(X, np.ndarray) else X.toarray(), y, weight)
    assert loss(model, X, y, weight) == pytest.approx(best, abs=1e-5)


def expanded(table, classes):
    """Rows of counts, one for each class, as rows with a label and a weight."""
    q = len(classes)
    counts = table[classes].to_numpy(float).ravel()
    return table.loc[table.index.repeat(q)], np.tile(np.arange(q), len(table)), counts


def hsbdemo(fit, real_data):
    table = pd.read_csv(real_data("hsbdemo/hsbdemo.csv"), sep=";")
    X = [table["ses"] == "middle", table["ses"] == "high", table["write"]]
    return np.stack(X, axis=1), [fit["classes"].index(label) for label in table["prog"]], None


def anes96(_fit, real_data):
    table = pd.read_csv(real_data("anes96/anes96.csv"))
    columns = ["logpopul", "selfLR", "age", "educ", "income"]
    return table[columns], table["PID"].astype(int), None


def womenlf(fit, _real_data):
    table, y, weight = expanded(pd.read_csv(HERE / "womenlf.csv"), fit["classes"])
    return np.stack([table["hincome"], table["children"] == "present"], axis=1), y, weight


def mass_housing(fit, _real_data):
    table, y, weight = expanded(pd.read_csv(HERE / "mass_housing.csv"), fit["classes"])
    levels = [("infl", ["Medium", "High"]), ("type", ["Apartment", "Atrium", "Terrace"])]
    levels.append(("cont", ["High"]))
    X = [table[name] == level for name, values in levels for level in values]
    return np.stack(X, axis=1), y, weight


PUBLISHED = {
    "hsbdemo": hsbdemo,
    "anes96": anes96,
    "Womenlf": womenlf,
    "MASS_housing": mass_housing,
}


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("C", [np.inf, 1e12])
def test_published_multinomial_fits_are_reproduced(name, C, real_data):
    fit = json.loads(real_data(FITS).read_text())[name]
    X, y, weight = PUBLISHED[name](fit, real_data)
    converged = fit["newton_double"]

    model = SoftmaxRegression(C, tol=1e-16).fit(X, y, weight)

    got = np.column_stack([model.intercept_, model.coef_])
    want = np.array(converged["coef"])
    if name == "anes96":
        want = np.column_stack([want[:, -1], want[:, :-1]])  # there the constant comes last
    # A gap of 1e-16 nats leaves some 3e-7 of a standard error at most; the last step leaves less.
    np.testing.assert_allclose(got[1:] - got[0], want, rtol=1e-6, atol=1e-7)
    s = np.ones(len(y)) if weight is None else weight
    log_likelihood = -float(s @ np.asarray(model.code_lengths(X, y, unit="nats")))
    assert log_likelihood == pytest.approx(converged["loglik"], rel=1e-10)
