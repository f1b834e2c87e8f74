"""V-information and suspects against scikit-learn's folds and losses, and labels made wrong."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.stats import entropy as scipy_entropy
from sklearn.datasets import load_digits, load_iris
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold, ShuffleSplit, StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from linnet import SoftmaxRegression, TableEncoder, TableModel, suspects, v_information
from linnet.description.folds import fold_numbers
from linnet.description.samples import labelled
from linnet.errors import DataError, DataTypeError, DataWarning, SettingError

EPS = np.finfo(float).eps
seeds = st.integers(0, 2**32 - 1)
FOLDS = StratifiedKFold(4, shuffle=True, random_state=0)


def flipped(y, share, q):
    """Labels of which a share is another class, and which are."""
    random = np.random.default_rng(0)
    wrong = np.zeros(len(y), dtype=bool)
    wrong[random.choice(len(y), int(share * len(y)), replace=False)] = True
    turned = np.where(wrong, (y + random.integers(1, q, len(y))) % q, y)
    return turned, wrong


def test_conditional_entropy_is_the_log_loss_of_predictions_out_of_fold():
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=1000)

    told = v_information(model, X, y, cv=FOLDS, unit="nats")

    P = cross_val_predict(model, X, y, cv=FOLDS, method="predict_proba")
    assert float(told.conditional_entropy) == pytest.approx(log_loss(y, P), rel=1e-12)
    np.testing.assert_array_equal(told.predicted, P.argmax(axis=1))
    np.testing.assert_allclose(told.probability, P.max(axis=1), rtol=1e-12)
    np.testing.assert_array_equal(
        told.longest(), np.argsort(P[np.arange(len(y)), y], kind="stable")
    )


def test_of_a_test_part_it_is_the_log_loss_there():
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=1000)

    told = v_information(model, X[::2], y[::2], X[1::2], y[1::2], null="marginal", unit="nats")

    fitted = model.fit(X[::2], y[::2])
    loss = log_loss(y[1::2], fitted.predict_proba(X[1::2]))
    assert float(told.conditional_entropy) == pytest.approx(loss, rel=1e-12)
    assert float(told.predictive_entropy) == pytest.approx(np.log(3), rel=1e-12)


@settings(max_examples=10)
@given(seed=seeds)
def test_the_mean_of_pointwise_information_is_the_information(seed):
    random = np.random.default_rng(seed)
    X, y = random.normal(size=(40, 2)), random.integers(0, 3, 40)

    told = v_information(SoftmaxRegression(), X, y, classes=[0, 1, 2], unit="nats")

    gained = float(told.predictive_entropy) - float(told.conditional_entropy)
    assert float(told.pointwise.mean()) == pytest.approx(gained, abs=1000 * EPS)
    assert float(told.information) == pytest.approx(gained, abs=1000 * EPS)
    assert told.interval[0] <= told.information <= told.interval[1]


@pytest.mark.parametrize(
    "make", [np.asarray, csr_matrix, lambda X: dict(zip("abcd", X.T, strict=True))]
)
def test_the_null_model_knows_the_shares_of_labels_and_nothing_else(make):
    """An intercept without penalty gives the shares, whatever holds the features."""
    X, y = load_iris(return_X_y=True)
    X, y = X[:130], y[:130]
    holder = make(X)
    model = SoftmaxRegression(tol=1e-9)
    estimator = TableModel(model) if isinstance(holder, dict) else model

    same = v_information(estimator, holder, y, cv=FOLDS, unit="nats")
    marginal = v_information(estimator, holder, y, cv=FOLDS, null="marginal", unit="nats")

    # A mean within 1e-9 nats of the least one is within 1e-9 of it on the rows fitted; on others
    # probabilities off by √1e-9 count.
    assert float(same.predictive_entropy) == pytest.approx(
        float(marginal.predictive_entropy), abs=1e-4
    )
    shares = scipy_entropy(np.bincount(y) / len(y))
    # Stratified folds have the shares of all rows to within a row.
    assert float(same.predictive_entropy) == pytest.approx(shares, abs=3 / len(y))


def test_of_a_pipeline_the_last_step_is_the_null_model():
    X, y = load_iris(return_X_y=True)
    columns = dict(zip("abcd", X.T, strict=True))
    table = make_pipeline(TableEncoder(), SoftmaxRegression())
    numbers = make_pipeline(StandardScaler(), SoftmaxRegression())

    one, other = v_information(table, columns, y), v_information(numbers, X, y)

    assert float(one.predictive_entropy) == pytest.approx(np.log2(3), rel=1e-6)
    assert float(one.information) == pytest.approx(float(other.information), rel=1e-3)


def test_another_classifier_can_be_the_null_model():
    X, y = load_iris(return_X_y=True)

    told = v_information(SoftmaxRegression(), X, y, null=SoftmaxRegression())

    assert float(told.information) == 0
    assert not np.asarray(told.pointwise).any()


def test_who_remembers_rows_gains_nothing_out_of_fold():
    """The nearest neighbour of a row that was fitted to is the row itself; labels are noise."""
    random = np.random.default_rng(0)
    X, y = random.normal(size=(200, 3)), random.integers(0, 2, 200)
    memory = KNeighborsClassifier(1)

    told = v_information(memory, X, y, null="marginal", smoothing=0.1)
    seen = suspects(memory.fit(X, y), X, y, smoothing=0.1)

    assert told.interval[1] < 0
    assert float(seen.mean) < 0.1


def test_infinite_codes_are_told_and_have_no_information():
    X, y = load_iris(return_X_y=True)

    with pytest.warns(DataWarning, match="of 150 labels have an infinite code"):
        told = v_information(KNeighborsClassifier(1), X, y, null="marginal")

    assert told.information == -np.inf
    assert told.conditional_entropy == np.inf


def test_a_null_model_that_rules_labels_out_is_told():
    X, y = load_iris(return_X_y=True)

    with pytest.warns(DataWarning, match="the null model gave them probability 0"):
        told = v_information(SoftmaxRegression(), X, y, null=KNeighborsClassifier(1))

    assert told.information == np.inf


def test_rare_classes_fall_to_the_escape_and_are_counted():
    X, y = load_iris(return_X_y=True)
    y = np.where(np.arange(150) == 7, 3, y)

    told = v_information(SoftmaxRegression(), X, y, unit="nats")

    assert told.unseen == 1
    # ½/(N + q/2) with N = 120 and q = 4.
    assert float(told.code_lengths[7]) == pytest.approx(np.log(122 / 0.5))
    assert told.longest(1)[0] == 7


# Folds -------------------------------------------------------------------------------------


@given(
    labels=st.lists(st.integers(0, 3), min_size=10, max_size=60).filter(lambda y: len(set(y)) > 1),
    k=st.integers(2, 5),
)
def test_folds_have_their_share_of_every_class_to_within_a_row(labels, k):
    y = np.array(labels)
    samples = labelled(np.zeros((len(y), 1)), y, range(4))

    folds = fold_numbers(k, samples, None, 0)

    counts = np.array([np.bincount(folds[y == c], minlength=k) for c in range(4)])
    assert (np.ptp(counts, axis=1) <= 1).all()
    assert np.ptp(counts.sum(axis=0)) <= 1


def test_rows_of_one_group_stay_together():
    X, y = load_iris(return_X_y=True)
    groups = np.arange(150) // 5

    folds = fold_numbers(3, labelled(X, y), groups, 0)

    assert len(set(zip(groups, folds, strict=True))) == 30
    assert set(folds) == {0, 1, 2}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"cv": 1}, "from 2 to 150"),
        ({"cv": 151}, "from 2 to 150"),
        ({"cv": "five"}, "a splitter"),
        ({"cv": ShuffleSplit(3, random_state=0)}, "a partition"),
        ({"null": "none"}, "'same', 'marginal'"),
        ({"groups": np.zeros(150)}, "from 2 to 1"),
    ],
)
def test_settings_out_of_range_are_refused(setting, message):
    X, y = load_iris(return_X_y=True)

    with pytest.raises(SettingError, match=message):
        v_information(SoftmaxRegression(), X, y, **setting)


def test_a_test_part_is_whole():
    X, y = load_iris(return_X_y=True)

    with pytest.raises(DataError, match="belong together"):
        v_information(SoftmaxRegression(), X, y, X)
    with pytest.raises(SettingError, match="there are no folds"):
        v_information(SoftmaxRegression(), X, y, X, y, groups=y)


# Suspects ----------------------------------------------------------------------------------


def test_labels_turned_wrong_stand_first():
    X, y = load_digits(return_X_y=True)
    given_labels, wrong = flipped(y, 0.02, 10)

    found = suspects(SoftmaxRegression(C=0.01, tol=1e-3), X, given_labels, cv=3)

    m = wrong.sum()
    assert wrong[found.rows[:m]].mean() > 0.85
    # Chance would find 2 % of them among the first 2 % of rows.
    assert m == 35


def test_out_of_fold_codes_are_those_of_v_information():
    X, y = load_iris(return_X_y=True)

    found = suspects(SoftmaxRegression(), X, y, cv=KFold(5, shuffle=True, random_state=1))
    told = v_information(
        SoftmaxRegression(), X, y, cv=KFold(5, shuffle=True, random_state=1), unit="bits"
    )

    np.testing.assert_array_equal(found.rows, told.longest())
    np.testing.assert_array_equal(found.code_lengths, told.code_lengths[found.rows])
    assert found.held_out
    assert float(found.mean) == pytest.approx(float(told.conditional_entropy), rel=1e-12)


def test_in_sample_codes_are_the_models_own():
    X, y = load_iris(return_X_y=True)
    model = SoftmaxRegression().fit(X, y)

    found = suspects(model, X, y, unit="nats")

    lengths = np.asarray(model.code_lengths(X, y, unit="nats"))
    np.testing.assert_allclose(found.code_lengths, np.sort(lengths)[::-1], rtol=1e-12)
    np.testing.assert_array_equal(found.labels, y[found.rows])
    np.testing.assert_array_equal(found.predicted, model.predict(X)[found.rows])
    np.testing.assert_allclose(
        found.probability, model.predict_proba(X).max(axis=1)[found.rows], rtol=1e-12
    )


def test_a_label_never_seen_stands_first_with_an_infinite_code():
    X, y = load_iris(return_X_y=True)
    model = SoftmaxRegression().fit(X, y)
    strange = np.where(np.arange(150) == 42, 9, y)

    with pytest.warns(DataWarning, match="1 of 150 labels have an infinite code, and stand first"):
        found = suspects(model, X, strange)

    assert (found.rows[0], found.labels[0], found.predicted[0]) == (42, 9, 0)
    assert found.code_lengths[0] == np.inf


def test_suspects_print_the_first_and_count_the_rest():
    X, y = load_iris(return_X_y=True)

    shown = repr(suspects(SoftmaxRegression().fit(X, y), X, y)).splitlines()

    assert len(shown) == 22
    assert shown[-1] == "and 130 rows more"


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_data_frames_keep_their_columns_through_folds(frame):
    X, y = load_iris(return_X_y=True)
    columns = frame(dict(zip("abcd", X.T, strict=True)))
    model = SoftmaxRegression(tol=1e-10)

    found = suspects(make_pipeline(TableEncoder(), model), columns, y, cv=3)

    same = suspects(make_pipeline(StandardScaler(), model), X, y, cv=3)
    # Each fit lies within 1e-10 of an optimum with λ = 1/100, and so W within √(2e-10/λ) = 1.4e-4
    # of where it is best; features of length up to 6 make 2·√2·6 times that of it, in nats.
    np.testing.assert_allclose(found.code_lengths, same.code_lengths, rtol=0, atol=3.5e-3)


def test_rows_may_be_a_list_of_texts():
    texts = ["red apple", "green apple", "blue plum", "dark plum"] * 5
    y = ["apple", "apple", "plum", "plum"] * 5
    pipe = make_pipeline(CountVectorizer(), SoftmaxRegression())

    told = v_information(pipe, texts, y)

    assert float(told.predictive_entropy) == pytest.approx(1, abs=1e-6)
    assert told.information > 0.5


@pytest.mark.parametrize("X", [None, 3.0, np.float64(3)])
def test_what_holds_no_rows_is_refused(X):
    with pytest.raises(DataTypeError, match="one row of features"):
        v_information(SoftmaxRegression(), X, [0, 1])


def test_a_classifier_that_hides_its_classes_is_refused():
    class Hidden(DummyClassifier):
        def fit(self, X, y):
            super().fit(X, y)
            del self.classes_
            return self

    X, y = load_iris(return_X_y=True)

    with pytest.raises(DataTypeError, match="no classes_"):
        v_information(Hidden(), X, y)


@pytest.mark.parametrize("nothing", [None, np.nan])
def test_a_missing_label_is_named_by_its_row(nothing):
    X, y = load_iris(return_X_y=True)
    y = y.astype(object)
    y[4] = nothing

    with pytest.raises(DataError, match="no label in row 4, and in 1 rows"):
        suspects(SoftmaxRegression().fit(X, X[:, 0] > 5), X, y)
    with pytest.raises(DataError, match="no label in row 4, and in 1 rows"):
        v_information(SoftmaxRegression(), X, y)


def test_an_unfitted_model_needs_folds():
    X, y = load_iris(return_X_y=True)

    with pytest.raises(DataError, match="give cv=5"):
        suspects(SoftmaxRegression(), X, y)
