"""What a report says of a model is what others find in the same rows."""

import numpy as np
import pytest
from scipy import sparse, stats
from sklearn.calibration import calibration_curve
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.metrics import confusion_matrix, log_loss, precision_recall_fscore_support

from linnet import LinearRegression, SoftmaxRegression, TableModel, model_report, write_report
from linnet.data.frames import as_table
from linnet.errors import DataError, SettingError
from linnet.features import TableEncoder
from linnet.information import kl_divergence
from linnet.reports import report_page
from linnet.reports.shift import measure_shift

EPS = np.finfo(float).eps


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True, as_frame=True)
    return SoftmaxRegression().fit(X, y), X, y.to_numpy()


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return SoftmaxRegression(C=1e-3).fit(X, y), X, y


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    return LinearRegression().fit(X, y), X, y.to_numpy()


# Classes ------------------------------------------------------------------------------------


def test_classes_are_counted_as_scikit_learn_counts_them(iris):
    model, X, y = iris
    weight = np.random.default_rng(0).integers(0, 4, len(y)).astype(float)

    classes = model_report(model, X, y, sample_weight=weight).classes

    predicted = model.predict(X)
    expected = confusion_matrix(y, predicted, sample_weight=weight)
    np.testing.assert_array_equal(classes.counts, expected)
    precision, recall, _, support = precision_recall_fscore_support(
        y, predicted, sample_weight=weight
    )
    np.testing.assert_allclose([row.precision for row in classes.rows], precision, rtol=4 * EPS)
    np.testing.assert_allclose([row.recall for row in classes.rows], recall, rtol=4 * EPS)
    np.testing.assert_allclose([row.rows for row in classes.rows], support, rtol=4 * EPS)


def test_the_classes_together_cost_what_the_account_says(iris):
    model, X, y = iris

    report = model_report(model, X, y)

    total = sum(row.rows * row.nats for row in report.classes.rows)
    loss = log_loss(y, model.predict_proba(X))
    assert total / len(y) == pytest.approx(loss, rel=1e3 * EPS)
    assert report.account.loss.value == pytest.approx(loss, rel=1e3 * EPS)


def test_mistakes_are_the_largest_entries_beside_the_diagonal(iris):
    model, X, y = iris

    mistakes = model_report(model, X, y).classes.mistakes

    counts = confusion_matrix(y, model.predict(X))
    expected = sorted((n for (i, j), n in np.ndenumerate(counts) if i != j and n), reverse=True)
    assert [mistake.rows for mistake in mistakes] == expected


def test_many_classes_have_mistakes_but_no_matrix():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(600, 2))
    y = np.arange(600) % 150
    model = SoftmaxRegression().fit(X, y)

    report = model_report(model, X, y)

    assert report.classes.counts == ()
    counts = confusion_matrix(y, model.predict(X))
    np.fill_diagonal(counts, 0)
    worst = [mistake.rows for mistake in report.classes.mistakes]
    assert worst == np.sort(counts, axis=None)[::-1][:10].tolist()
    assert "The 40 classes that cost most" in report_page(report)


def test_reliability_of_two_classes_is_the_calibration_curve(cancer):
    model, X, y = cancer

    bins = model_report(model, X, y).reliability.bins

    share, mean = calibration_curve(y, model.predict_proba(X)[:, 1], n_bins=10)
    np.testing.assert_allclose([each.happened.value for each in bins], share, rtol=100 * EPS)
    np.testing.assert_allclose([each.predicted for each in bins], mean, rtol=100 * EPS)
    assert sum(each.rows for each in bins) == len(y)


def test_the_calibration_error_of_a_sure_and_wrong_model_is_one():
    X = np.array([[-1.0], [1.0]])
    model = SoftmaxRegression(C=1e6, tol=1e-9).fit(X, ["a", "b"])

    report = model_report(model, 100 * X, ["b", "a"])

    assert report.reliability.error == pytest.approx(1, abs=1e-6)
    assert report.account.accuracy.value == 0


def test_labels_never_seen_stand_first_and_count_as_no_hit(iris):
    model, X, y = iris
    other = y.copy()
    other[17] = 7

    report = model_report(model, X, other)

    assert report.longest[0].row == 18
    assert report.longest[0].nats == np.inf
    assert report.to_dict()["longest_codes"][0]["nats"] == "Infinity"
    assert np.sum(report.classes.counts) == len(y) - 1


# Rows ---------------------------------------------------------------------------------------


def test_the_longest_codes_are_those_of_code_lengths(iris):
    model, X, y = iris
    numbers = np.arange(1000, 1150)

    rows = model_report(model, X, y, row_numbers=numbers, longest=7).longest

    lengths = np.asarray(model.code_lengths(X, y, unit="nats"))
    np.testing.assert_allclose([row.nats for row in rows], np.sort(lengths)[::-1][:7], rtol=4 * EPS)
    assert [row.row - 1000 for row in rows] == np.argsort(-lengths, kind="stable")[:7].tolist()


def test_a_row_of_no_weight_is_not_shown(iris):
    model, X, y = iris
    weight = np.zeros(len(y))
    weight[[5, 80]] = 1

    rows = model_report(model, X, y, sample_weight=weight).longest

    assert {row.row for row in rows} == {6, 81}


def test_rows_of_a_regression_cost_what_code_lengths_says(diabetes):
    model, X, y = diabetes

    report = model_report(model, X, y)

    lengths = np.sort(model.code_lengths(X, y, precision=report.account.precision, unit="nats"))
    np.testing.assert_allclose(
        [row.nats for row in report.longest], lengths[::-1][:10], rtol=100 * EPS
    )


def test_rows_of_a_table_are_shown_with_what_they_hold():
    table = {"place": ["wood", "sea", None, "sea"], "size": [1.5, 2.0, None, 7.0]}
    labels = ["a", "b", "a", "b"]
    model = TableModel(SoftmaxRegression()).fit(table, labels)

    rows = model_report(model, table, labels).longest

    held = {row.row: row.values for row in rows}
    assert held[2] == {"place": "sea", "size": "2"}
    assert held[3] == {"place": "missing", "size": "missing"}


# Regressions --------------------------------------------------------------------------------


def test_quantiles_are_those_of_a_normal_probability_plot():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(90, 2))
    y = X @ [1.0, -2.0] + rng.normal(size=90)
    model = LinearRegression().fit(X, y)

    left = model_report(model, X, y).residuals

    residual = y - model.predict(X)
    standard = np.sort((residual - residual.mean()) / residual.std())
    np.testing.assert_allclose(left.quantiles, standard, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(left.normal, stats.norm.ppf((np.arange(90) + 0.5) / 90), rtol=1e-12)
    assert sorted(left.residual) == sorted(residual)


def test_a_thousand_dots_stand_for_many_rows_from_end_to_end():
    X = np.arange(5000.0)[:, None]
    model = LinearRegression().fit(X, X[:, 0] + np.sin(X[:, 0]))

    left = model_report(model, X, X[:, 0]).residuals

    assert len(left.predicted) == 1000
    assert left.rows == 5000
    predicted = model.predict(X)
    assert (left.predicted[0], left.predicted[-1]) == (predicted[0], predicted[-1])


def test_a_fit_without_residual_has_no_code_but_a_report(tmp_path):
    X = np.arange(6.0)[:, None]
    report = model_report(LinearRegression().fit(X, np.zeros(6)), X, np.zeros(6))

    assert report.account.loss is None
    for name in ("r.html", "r.md", "r.json"):
        write_report(report, tmp_path / name)
        assert (tmp_path / name).stat().st_size > 0


# Coefficients -------------------------------------------------------------------------------


def test_intervals_belong_to_their_coefficients(iris):
    model, X, y = iris
    errors = np.arange(1.0, 13.0).reshape(3, 4)
    with_intercepts = np.hstack([np.full((3, 1), 99.0), errors])

    for given in (errors, with_intercepts):
        told = model_report(model, X, y, standard_errors=given).coefficients

        for each in told:
            row = list(model.classes_.astype(str)).index(each.speaks_for)
            column = list(X.columns).index(each.feature)
            assert each.value == model.coef_[row, column]
            margin = stats.norm.ppf(0.975) * errors[row, column]
            assert each.interval.high - each.value == pytest.approx(margin, rel=1e-12)
    assert all(c.interval is None for c in model_report(model, X, y).coefficients)


def test_pixels_are_laid_out_as_they_were_given():
    X, y = load_digits(return_X_y=True)
    model = SoftmaxRegression().fit(X, y)
    table = {f"pixel{i}": X[:, i] for i in range(64)}
    of_table = TableModel(SoftmaxRegression(), TableEncoder(scale=False)).fit(table, y)

    plain, named, rows = (
        model_report(model, X, y),
        model_report(of_table, table, y),
        model_report(model, sparse.csr_matrix(X), y),
    )

    for place, picture in enumerate(plain.pictures):
        assert picture.of == str(place)
        np.testing.assert_array_equal(picture.values, model.coef_[place].reshape(8, 8))
        # The first pixel is always empty: no feature, but in its place.
        used = np.ravel(named.pictures[place].values)[X.std(axis=0) > 0]
        np.testing.assert_allclose(used, of_table.estimator_.coef_[place], rtol=4 * EPS)
    for report in (plain, named, rows):
        first = report.longest[0]
        np.testing.assert_array_equal(first.picture, X[first.row - 1].reshape(8, 8))


def test_columns_are_pixels_only_where_their_names_say_so():
    X, y = load_digits(return_X_y=True, as_frame=True)
    X.columns = [f"{'abcdefgh'[i % 8]}{i}" for i in range(64)]
    model = SoftmaxRegression().fit(X, y)

    assert model_report(model, X, y).pictures == ()
    assert len(model_report(model, X, y, image_shape=(8, 8)).pictures) == 10
    assert model_report(model, X, y, image_shape=None).pictures == ()


# Drift --------------------------------------------------------------------------------------


def test_the_extra_bits_of_numbers_are_the_divergence_of_two_normals():
    """A histogram of fine cells has that divergence, to the width of the cells."""
    rng = np.random.default_rng(0)
    encoder = TableEncoder().fit({"x": np.append(rng.normal(5, 2, 999), np.nan)})
    new = as_table({"x": np.append(rng.normal(6, 1, 999), np.nan)})

    found = measure_shift(encoder, new).numbers[0]

    edges = np.linspace(-8, 8, 4001)
    cells = np.diff(stats.norm.cdf(edges, found.mean.value, found.deviation))
    kept = np.diff(stats.norm.cdf(edges))
    expected = float(kl_divergence(cells / cells.sum(), kept / kept.sum(), unit="nats"))
    # Cells of width h leave a relative error of h², and their tails are cut at 8 deviations.
    assert found.extra == pytest.approx(expected, rel=1e-4)
    known = np.asarray(new.column("x").drop_null())
    assert found.mean.value == pytest.approx(
        (known.mean() - encoder.mean_[0]) / encoder.scale_[0], rel=1e-12
    )


def test_rows_of_training_have_not_drifted_from_themselves():
    table = {"x": [1.0, 2.0, None, 5.0], "place": ["wood", "sea", "sea", None]}

    found = measure_shift(TableEncoder().fit(table), as_table(table))

    assert found.numbers[0].extra == pytest.approx(0, abs=10 * EPS)
    assert found.unseen == ()


def test_many_columns_are_told_to_need_more_permutations():
    rng = np.random.default_rng(2)
    table = {f"c{i} {'abc'[i % 3]}": rng.integers(0, 2, 40).astype(float) for i in range(210)}
    y = np.repeat(["a", "b"], 20)
    model = TableModel(SoftmaxRegression()).fit(table, y)

    few = dict(list(table.items())[:30])
    of_few = TableModel(SoftmaxRegression()).fit(few, y)

    assert "no p can be below" in report_page(model_report(model, table, y, training=table))
    told = report_page(model_report(of_few, few, y, training=few))
    assert "None of 30 columns differ from training" in told


# Bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "error", "told"),
    [
        ({"standard_errors": np.ones((3, 9))}, DataError, r"shape \(3, 9\)"),
        ({"standard_errors": -np.ones((3, 4))}, DataError, "negative"),
        ({"row_numbers": [1, 2]}, DataError, "150 rows"),
        ({"row_numbers": np.linspace(0, 1, 150)}, DataError, "whole number"),
        ({"image_shape": (3, 3)}, SettingError, "4 columns"),
        ({"image_shape": "large"}, SettingError, "large"),
        ({"sample_weight": np.zeros(150)}, DataError, "weight"),
        ({"training": {"x": [1.0]}}, DataError, "tables"),
    ],
)
def test_bad_input_is_named(iris, settings, error, told):
    model, X, y = iris

    with pytest.raises(error, match=told):
        model_report(model, X, y, **settings)


def test_several_targets_are_refused(diabetes):
    _, X, y = diabetes
    both = np.column_stack([y, 2 * y])
    model = LinearRegression().fit(X, both)

    with pytest.raises(SettingError, match="several targets"):
        model_report(model, X, both)


def test_a_name_that_asks_for_no_report_is_refused(iris, tmp_path):
    model, X, y = iris

    with pytest.raises(SettingError, match=r"\.html for a page"):
        write_report(model_report(model, X, y), tmp_path / "report.pdf")
    assert list(tmp_path.iterdir()) == []
