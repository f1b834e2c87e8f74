"""Numbers learnt from a scan as its rows come: errors told before, units, optimum, bad input."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.stats import norm

import linnet
from linnet import HashingEncoder, LinearRegression, Ridge, SoftmaxRegression, TableModel
from linnet.engine import StepRule
from linnet.errors import DataError, SettingError, TableError
from linnet.estimators import online
from linnet.estimators.online import learn_online
from linnet.estimators.progressive_errors import ProgressiveErrors
from linnet.estimators.target_spread import TargetSpread, in_unit
from linnet.numeric import EPSILON
from real_files import real

WORDS = {"cosy": 1.0, "old": -2.0, "large": 3.0, "garden": 1.5, "loud": -1.0, "small": -2.5}
SOLVERS = ["sgd", "adagrad", "adam"]


def homes(n, seed=0, unit=1.0, zero=0.0):
    """Rows of two or three words that make the price, with noise of deviation 0.1."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        words = rng.choice(list(WORDS), 3, replace=False)
        price = sum(WORDS[word] for word in words) + 0.1 * rng.normal()
        kind = str(rng.choice(["flat", "house"]))
        price += 0.5 * (kind == "house")
        rows.append({"said": " ".join(words), "kind": kind, "price": unit * price + zero})
    return rows


def write(folder, rows, name="homes.jsonl"):
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def scan(path, **options):
    return linnet.scan(path, **{"target": "price", "text": ["said"], "memory": "1GB"} | options)


def model(bits=8, **settings):
    return TableModel(
        LinearRegression(**{"solver": "adagrad"} | settings), encoder=HashingEncoder(bits=bits)
    )


def columns(rows):
    table = {name: [row[name] for row in rows] for name in rows[0]}
    price = np.array(table.pop("price"))
    return table, price


def design(rows, bits=8):
    table, price = columns(rows)
    return HashingEncoder(bits=bits, text="said").fit_transform(table), price


def test_errors_and_code_lengths_are_those_of_each_row_before_it_was_learnt_from(tmp_path):
    """Against steps by hand, a row at a time; the densities are SciPy's."""
    rows = homes(40)
    rate = 0.2
    settings = {"solver": "sgd", "batch_size": 1, "learning_rate": rate, "schedule": "constant"}
    found = model(**settings).fit(scan(write(tmp_path, rows)))

    X, y = design(rows)
    X = np.hstack([X.toarray(), np.ones((40, 1))])
    seed = np.random.RandomState(0).randint(2**31 - 1)
    order = np.random.default_rng(seed).permutation(40)
    w = np.zeros(X.shape[1])
    w[-1] = y[order[:20]].mean()
    errors, lengths, mean_errors, known = [], [], [], []
    squares = list((y[order[:20]] - w[-1]) ** 2)
    delta = found.progressive_errors_.precision
    for number, i in enumerate(order):
        error = X[i] @ w - y[i]
        if number >= 20:
            errors.append(error)
            mean_errors.append(np.mean(known) - y[i])
            deviation = np.sqrt(np.mean(squares))
            lengths.append(-norm.logpdf(error, scale=deviation) - np.log(delta))
            squares.append(error**2)
        known.append(y[i])
        w -= rate * error * X[i]
    told = found.progressive_errors_
    assert (told.opening_rows, told.rows) == (20, 20)
    assert told.rmse == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=1e4 * EPSILON)
    assert told.mean_rmse == pytest.approx(
        np.sqrt(np.mean(np.square(mean_errors))), rel=1e4 * EPSILON
    )
    assert found.progressive_loss_ == pytest.approx(np.mean(lengths) / np.log(2), rel=1e4 * EPSILON)
    assert found.progressive_loss_.unit == "bits"
    np.testing.assert_allclose(found.estimator_.coef_, w[:-1], atol=1e4 * EPSILON)
    assert found.estimator_.residual_variance_ == pytest.approx(told.rmse**2)


def test_a_step_of_several_rows_is_coded_with_the_variance_before_all_of_them():
    """Weighed rows of two steps, against sums written out."""
    rng = np.random.default_rng(1)
    opening = TargetSpread.of(rng.normal(3, 1, 9), np.ones(9))
    y, weight, predicted = rng.normal(3, 1, 5), rng.uniform(1, 2, 5), rng.normal(3, 1, 5)
    squares = (y - predicted) ** 2
    told = ProgressiveErrors(opening=opening, start=opening.centre, precision=0.01)
    told = told.after(
        np.array([0, 3]), y, weight, np.add.reduceat(weight * squares, np.array([0, 3]))
    )
    first = opening.second / 9
    second = (opening.second + weight[:3] @ squares[:3]) / (9 + weight[:3].sum())
    deviations = np.sqrt([first] * 3 + [second] * 2)
    lengths = -norm.logpdf(y, predicted, deviations) - np.log(0.01)
    assert told.sums.nats == pytest.approx(weight @ lengths)
    assert told.sums.weight == pytest.approx(weight.sum())
    assert [mark.rows for mark in told.marks] == [3, 5]


def test_a_variance_below_the_cell_is_not_believed():
    """Else a density would give a length below nothing."""
    opening = TargetSpread.of(np.array([1.0, 1.0 + 1e-9]), np.ones(2))
    told = ProgressiveErrors(opening=opening, start=1.0, precision=1.0)
    told = told.after(np.array([0]), np.ones(1), np.ones(1), np.zeros(1))
    assert told.mean == pytest.approx(np.log2(np.sqrt(2 * np.pi)))


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("alpha", [0.0, 20.0])
def test_enough_passes_come_near_the_exact_optimum_on_the_same_columns(tmp_path, solver, alpha):
    rows = homes(400)
    found = model(solver=solver, alpha=alpha, max_iter=150).fit(scan(write(tmp_path, rows)))
    X, y = design(rows)
    exact = LinearRegression(alpha=alpha).fit(X, y)

    def objective(regression):
        return np.sum((y - regression.predict(X)) ** 2) + alpha * np.sum(regression.coef_**2)

    # What a constant loses is 100 times the noise; steps that fall as 1/√t leave some of that.
    gap = objective(found.estimator_) - objective(exact)
    assert -1e-9 < gap / (y.var() * len(y)) < 1e-3
    assert found.estimator_.certificate_.kind == "none"
    assert found.estimator_.rank_ is None


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("unit", "zero"), [(1000.0, 5.0), (1e-6, 0.0), (1.0, 1e6), (1e100, 0.0)])
def test_the_units_of_the_target_do_not_matter(tmp_path, solver, unit, zero):
    one = model(solver=solver, max_iter=2).fit(scan(write(tmp_path, homes(300))))
    rows = homes(300, unit=unit, zero=zero)
    other = model(solver=solver, max_iter=2).fit(scan(write(tmp_path, rows, "other.jsonl")))
    table, _ = columns(homes(50, 1))
    # Roundings of targets, magnified a little by each of ten steps.
    rounding = 1e4 * EPSILON * (10 * unit + zero)
    expected = unit * one.predict(table) + zero
    np.testing.assert_allclose(other.predict(table), expected, rtol=0, atol=rounding)
    assert other.progressive_errors_.rmse == pytest.approx(unit * one.progressive_errors_.rmse)
    assert other.estimator_.residual_variance_ == pytest.approx(
        unit**2 * one.estimator_.residual_variance_
    )


def test_steps_grow_with_numbers_that_grow(tmp_path, monkeypatch):
    """A stream whose prices are in thousands at first, and then in units."""
    monkeypatch.setattr(online, "_MOST_ENTRIES", 1000)
    rows = homes(4096) + homes(40_000, 1, unit=1000.0)
    found = model().fit(scan(write(tmp_path, rows)))
    test, price = columns(homes(200, 2, unit=1000.0))
    assert found.score(test, price) > 0.9


def test_neither_engine_nor_files_change_what_is_learnt(tmp_path, monkeypatch):
    rows = homes(300)
    whole = model().fit(scan(write(tmp_path, rows)))
    for part in range(3):
        write(tmp_path, rows[100 * part : 100 * part + 100], f"part{part}.jsonl")
    parts = model().fit(scan(str(tmp_path / "part*.jsonl")))
    np.testing.assert_array_equal(parts.estimator_.coef_, whole.estimator_.coef_)
    assert parts.progressive_loss_ == whole.progressive_loss_
    monkeypatch.setenv("LINNET_ENGINE", "reference")
    slow = model().fit(scan(write(tmp_path, rows)))
    np.testing.assert_allclose(
        slow.estimator_.coef_, whole.estimator_.coef_, rtol=0, atol=1e4 * EPSILON
    )


def test_another_order_of_the_rows_teaches_as_much(tmp_path):
    rows = homes(2000)
    test, price = columns(homes(300, 1))
    errors = [
        np.sqrt(np.mean((model().fit(scan(write(tmp_path, order))).predict(test) - price) ** 2))
        for order in (rows, rows[::-1], sorted(rows, key=lambda row: row["price"]))
    ]
    # Thirty steps take most of what the words tell, in whichever order.
    assert max(errors) < 0.2 * price.std()


def test_blocks_are_bounded_and_nothing_is_lost_between_them(tmp_path, monkeypatch):
    monkeypatch.setattr(online, "_MOST_ENTRIES", 1000)
    path = write(tmp_path, homes(10_000))
    states = list(learn_online(scan(path), model().estimator, HashingEncoder(bits=8)))
    assert [state.progressive.rows for state in states] == [3840, 7936, 9744]
    marks = [mark.rows for mark in states[-1].progressive.marks]
    assert marks == [64, 128, 256, 512, 1024, 2048, 4096 - 256 + 256, 8192]
    assert states[-1].progressive.rmse < 0.2 * states[-1].progressive.mean_rmse
    assert states[-1].spread.weight == 10_000


def test_later_passes_tell_errors_of_their_own(tmp_path):
    path = write(tmp_path, homes(300))
    *_, last = learn_online(scan(path), model(max_iter=3).estimator, HashingEncoder(bits=8))
    assert [each.rows for each in last.losses] == [150, 300, 300]
    first, *later = (each.rmse for each in last.losses)
    assert max(later) < first
    found = model(max_iter=3).fit(scan(path))
    assert found.progressive_errors_ == last.losses[0]
    assert found.estimator_.n_iter_ == [3]
    found.save(tmp_path / "model.linnet")
    assert linnet.load(tmp_path / "model.linnet").estimator_.n_iter_ == [3]


def test_nothing_is_learnt_until_numbers_differ(tmp_path, monkeypatch):
    alike = [{**row, "price": 7.0} for row in homes(5000)]
    path = write(tmp_path, alike, "alike.jsonl")
    with pytest.raises(TableError, match=r"alike\.jsonl: the target is the same in every row"):
        model().fit(scan(path, task="regression"))
    monkeypatch.setattr(online, "_MOST_ENTRIES", 1000)
    path = write(tmp_path, alike + homes(5000, 1))
    late = model().fit(scan(path, task="regression"))
    test, price = columns(homes(200, 2))
    assert late.score(test, price) > 0.9


def test_without_an_intercept_steps_begin_at_zero(tmp_path):
    rows = homes(400, zero=1.0)
    path = write(tmp_path, rows)
    found = model(fit_intercept=False, max_iter=50).fit(scan(path))
    assert found.estimator_.intercept_ == 0
    X, y = design(rows)
    exact = LinearRegression(fit_intercept=False).fit(X, y)
    # The steps still move in the last pass, whose errors these are.
    assert found.estimator_.residual_variance_ < 1.25 * exact.residual_variance_


def test_missing_targets_are_left_out_and_counted(tmp_path):
    rows = homes(200)
    gaps = [{**row, "price": None} for row in homes(70, 1)]
    plain = model().fit(scan(write(tmp_path, rows)))
    path = write(tmp_path, rows + gaps, "gaps.jsonl")
    *_, last = learn_online(scan(path), model().estimator, HashingEncoder(bits=8))
    assert last.block.n_missing == 70
    np.testing.assert_array_equal(last.iterate.theta[0, :-1], plain.estimator_.coef_)
    nan = {name: [row[name] for row in rows + gaps] for name in rows[0]}
    nan["price"] = [np.nan if price is None else price for price in nan["price"]]
    pq.write_table(pa.table(nan), tmp_path / "nan.parquet")
    found = model().fit(scan(tmp_path / "nan.parquet"))
    np.testing.assert_array_equal(found.estimator_.coef_, plain.estimator_.coef_)


def test_weights_count_and_their_unit_does_not(tmp_path):
    rows = homes(300)
    rng = np.random.default_rng(0)
    weights = rng.integers(0, 3, 300)
    other = [{**row, "n": float(n)} for row, n in zip(rows, weights, strict=True)]
    tripled = [{**row, "n": 3.0 * row["n"]} for row in other]
    one = model().fit(scan(write(tmp_path, other), weight="n"))
    three = model().fit(scan(write(tmp_path, tripled), weight="n"))
    np.testing.assert_allclose(one.estimator_.coef_, three.estimator_.coef_, atol=1e4 * EPSILON)
    assert one.progressive_loss_ == pytest.approx(three.progressive_loss_)
    wrong = [{**row, "price": 1e6, "n": 0.0} for row in homes(200, 1)]
    kept = model(batch_size=8, max_iter=3).fit(scan(write(tmp_path, other + wrong), weight="n"))
    test, price = columns(homes(200, 2))
    assert kept.score(test, price) > 0.9
    assert kept.progressive_errors_.mean_rmse < 2 * price.std()
    idle = [{**row, "n": 0.0} for row in rows]
    with pytest.raises(TableError, match="the same in every row with weight"):
        model().fit(scan(write(tmp_path, idle), weight="n"))


def test_a_saved_model_predicts_alike_and_learns_on(tmp_path):
    fitted = model().fit(scan(write(tmp_path, homes(200))))
    fitted.save(tmp_path / "model.linnet")
    again = linnet.load(tmp_path / "model.linnet")
    test, price = columns(homes(100, 1))
    np.testing.assert_array_equal(again.predict(test), fitted.predict(test))
    assert again.estimator_.residual_variance_ == fitted.estimator_.residual_variance_
    assert again.estimator_.get_params() == fitted.estimator_.get_params()
    np.testing.assert_array_equal(
        again.code_lengths(test, price, precision=0.01),
        fitted.code_lengths(test, price, precision=0.01),
    )
    before = again.score(test, price)
    again.partial_fit(*columns(homes(2000, 2)))
    assert again.score(test, price) > before


@pytest.mark.parametrize("solver", SOLVERS)
def test_partial_fit_takes_tables_as_they_come(solver):
    found = TableModel(
        LinearRegression(solver=solver, batch_size=16), HashingEncoder(bits=8, text="said")
    )
    other = TableModel(LinearRegression(solver=solver, batch_size=16), found.encoder)
    for seed in range(30):
        table, price = columns(homes(100, seed))
        found.partial_fit(table, price)
        other.partial_fit(table, 1000 * price + 5)
    test, price = columns(homes(200, 99))
    # Steps of Adam are short at first, and these are two hundred.
    assert found.score(test, price) > (0.5 if solver == "adam" else 0.95)
    expected = 1000 * found.predict(test) + 5
    np.testing.assert_allclose(other.predict(test), expected, rtol=0, atol=1e6 * 1000 * EPSILON)


def test_partial_fit_learns_from_single_rows_once_they_differ():
    found = TableModel(LinearRegression(solver="adagrad"), HashingEncoder(bits=8, text="said"))
    rows = homes(800)
    for number, row in enumerate([rows[0], *rows]):
        found.partial_fit(*columns([row]))
        if number < 2:
            assert found.predict({"said": ["old"], "kind": ["flat"]}) == rows[0]["price"]
    test, price = columns(homes(200, 99))
    assert found.score(test, price) > 0.5


def test_fit_is_exact_whatever_the_solver_and_partial_fit_goes_on_from_it():
    X, y = design(homes(300))
    stepping = LinearRegression(solver="adagrad").fit(X, y)
    exact = LinearRegression().fit(X, y)
    np.testing.assert_array_equal(stepping.coef_, exact.coef_)
    assert stepping.certificate_.kind == exact.certificate_.kind
    more, price = design(homes(100, 1))
    stepping.partial_fit(more, price)
    assert stepping.certificate_.kind == "none"
    # Steps in the unit of what is left to be learnt do not throw away what is known.
    assert stepping.score(X, y) > 0.95


def test_ridge_learns_streams_by_steps_where_it_is_told_to(tmp_path):
    path = write(tmp_path, homes(300))
    found = TableModel(Ridge(solver="adagrad", random_state=0), HashingEncoder(bits=8))
    np.testing.assert_array_equal(
        found.fit(scan(path)).estimator_.coef_, model(alpha=1.0).fit(scan(path)).estimator_.coef_
    )


def test_steps_bear_the_unit_where_their_rule_does_not():
    rule = StepRule(optimizer="adagrad", epsilon=1e-10)
    assert in_unit(rule, 50.0) == (StepRule(optimizer="adagrad", epsilon=5e-9), 50.0)
    assert in_unit(StepRule(), 50.0) == (StepRule(), 1.0)


def test_what_cannot_be_learnt_from_is_refused(tmp_path):
    path = write(tmp_path, homes(50))
    with pytest.raises(SettingError, match="the target is a class, because task says so"):
        model().fit(scan(path, task="classification"))
    with pytest.raises(SettingError, match="the target is a class, because classes are announced"):
        model().fit(scan(path, target="kind", classes=["flat", "house"]))
    with pytest.raises(SettingError, match=r'number.* Use LinearRegression\(solver="adagrad"\)'):
        TableModel(SoftmaxRegression(solver="sgd"), HashingEncoder()).fit(scan(path))
    with pytest.raises(TableError, match=r"homes.jsonl, column 'kind', row 1: .* is not a number"):
        model().fit(scan(path, target="kind"))
    with pytest.raises(SettingError, match="only steps can follow them"):
        model(solver="svd").fit(scan(path))
    with pytest.raises(SettingError, match="schedule='cosine'"):
        model(schedule="cosine").fit(scan(path))
    with pytest.raises(SettingError, match="momentum"):
        model(momentum=0.5).fit(scan(path))
    with pytest.raises(SettingError, match="Take fewer bits"):
        model(bits=26).fit(scan(path, memory="600MB"))
    with pytest.raises(DataError, match=r"went astray: at the learning rate 1e\+03"):
        model(solver="sgd", learning_rate=1e3, max_iter=100).fit(scan(path))
    with pytest.raises(DataError, match="2 targets a row, and steps learn one"):
        LinearRegression(solver="sgd").partial_fit(np.ones((2, 1)), np.ones((2, 2)))
    with pytest.raises(SettingError, match="batch_size=0"):
        LinearRegression(solver="sgd", batch_size=0).partial_fit(np.ones((2, 1)), np.ones(2))


def test_targets_that_are_no_good_are_told_with_file_and_row(tmp_path):
    far = tmp_path / "far.csv"
    far.write_text("x,price\n1,2.5\n2,inf\n3,1.5\n")
    with pytest.raises(TableError, match=r"far.csv, column 'price', row 2: the value is infinite"):
        model().fit(scan(far, text=[]))
    odd = tmp_path / "odd.csv"
    odd.write_text("x,price\n" + "1,2.5\n" * 3000 + "2,dear\n")
    with pytest.raises(TableError, match=r"odd.csv"):
        model().fit(scan(odd, text=[]))
    large = write(tmp_path, [{**row, "price": 1e200 * row["price"]} for row in homes(50)])
    with pytest.raises(DataError, match="too large to be squared"):
        model().fit(scan(large))
    missing = write(tmp_path, [{**row, "price": None} for row in homes(5)], "missing.jsonl")
    with pytest.raises(TableError, match="no row with a target"):
        model().fit(scan(missing))


def test_air_quality_is_learnt_in_one_pass():
    """Within two per cent of the error of the exact fit to the same hashed columns."""
    path = real("beijing_air_quality/PRSA_Data_Dongsi_20130301-20170228.csv")
    rows = linnet.scan(
        path,
        target="PM2.5",
        task="regression",
        drop=["No", "PM10", "station"],
        categorical=["hour", "month"],
    )
    *_, last = learn_online(rows, model(bits=10).estimator, HashingEncoder(bits=10))
    fitted = model(bits=10).keep_learnt(last, "air")
    exact = TableModel(LinearRegression()).fit(rows)
    assert last.progressive.rmse < 1.05 * exact.estimator_.residual_variance_**0.5
    assert last.progressive.rmse < 0.6 * last.progressive.mean_rmse
    assert fitted.progressive_loss_ < last.progressive.sums.mean_bits - 0.7
