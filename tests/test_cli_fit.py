"""``linnet fit``, ``predict`` and ``evaluate`` say on files what the library says in memory."""

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import dump_svmlight_file, load_iris

from linnet import LinearRegression, SoftmaxRegression, TableEncoder, TableModel, load

EPS = np.finfo(float).eps


def refuse(constant):
    raise AssertionError(f"{constant} is not JSON")


@pytest.fixture
def linnet_json(linnet):
    """Run a command with ``--json``; give what its output holds."""

    def command(*arguments):
        code, out, err = linnet(*arguments, "--json")
        assert code == 0, err
        return json.loads(out, parse_constant=refuse)

    return command


@pytest.fixture
def birds():
    """Three kinds of bird: numbers, a category, a boolean, gaps."""
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 3, 240)
    return pd.DataFrame(
        {
            "grams": np.round(rng.normal(15 + 5 * kind, 2), 1),
            "bill": np.where(rng.random(240) < 0.1, np.nan, rng.normal(kind, 1).round(2)),
            "place": np.array(["wood", "field", "shore"])[(kind + rng.integers(0, 2, 240)) % 3],
            "kind": np.array(["finch", "linnet", "wren"])[kind],
        }
    )


# Round trips -------------------------------------------------------------------------------


def test_fit_predict_and_evaluate_give_the_numbers_of_the_library(linnet, linnet_json, birds):
    birds[:200].to_csv("birds.csv", index=False)
    birds[200:].to_csv("new.csv", index=False)
    summary = linnet_json("fit", "birds.csv", "-t", "kind", "-o", "m.linnet", "--validation", "0")

    features = birds[:200].drop(columns="kind")
    model = TableModel(SoftmaxRegression()).fit(features, birds["kind"][:200])
    lengths = model.code_lengths(features, birds["kind"][:200], unit="nats")
    loss = summary["training"]["nats_per_label"]["loss"]["value"]
    # The optimum is reached by the same steps on the same numbers.
    assert loss == pytest.approx(float(lengths.mean()), rel=1e4 * EPS)
    assert summary["training"]["accuracy"]["value"] == model.score(features, birds["kind"][:200])
    assert summary["certificate"]["gap"] <= 1e-6
    assert summary["held_out"] is None

    assert linnet("predict", "m.linnet", "new.csv", "-o", "out.csv")[0] == 0
    predicted = pd.read_csv("out.csv")
    assert list(predicted) == ["prediction", "p(finch)", "p(linnet)", "p(wren)"]
    new = birds[200:].drop(columns="kind")
    np.testing.assert_array_equal(predicted["prediction"], model.predict(new))
    np.testing.assert_allclose(predicted.iloc[:, 1:], model.predict_proba(new), rtol=1e4 * EPS)

    judged = linnet_json("evaluate", "m.linnet", "new.csv")
    new_lengths = model.code_lengths(new, birds["kind"][200:])
    bits = judged["bits_per_label"]["loss"]["value"]
    assert bits == pytest.approx(float(new_lengths.mean()), rel=1e4 * EPS)
    assert judged["rows"] == 40


def test_the_account_of_a_held_out_file_is_that_of_evaluate(linnet_json, birds):
    birds[:200].to_csv("birds.csv", index=False)
    birds[200:].to_csv("new.csv", index=False)

    summary = linnet_json(
        "fit", "birds.csv", "-t", "kind", "-o", "m.linnet", "--validation", "new.csv"
    )

    judged = linnet_json("evaluate", "m.linnet", "new.csv")
    assert summary["held_out"] == {name: judged[name] for name in summary["held_out"]}
    assert summary["held_out_rows"] == "all of new.csv"


def test_regression_round_trip(linnet, linnet_json, birds):
    birds.to_csv("birds.csv", index=False)

    summary = linnet_json("fit", "birds.csv", "-t", "grams", "-o", "m.linnet")

    assert summary["task"] == "regression"
    assert summary["training"]["rows"] + summary["held_out"]["rows"] == 240
    assert summary["held_out"]["rows"] == 48
    assert summary["training"]["precision"] == 0.1
    code, out, _ = linnet("predict", "m.linnet", "birds.csv")
    assert code == 0
    printed = [float(line) for line in out.splitlines()[1:]]
    expected = load("m.linnet").predict(birds.drop(columns="grams"))
    np.testing.assert_allclose(printed, expected, rtol=4 * EPS)
    judged = linnet_json("evaluate", "m.linnet", "birds.csv")
    squares = (expected - birds["grams"]) ** 2
    assert judged["rmse"]["value"] == pytest.approx(np.sqrt(squares.mean()), rel=100 * EPS)
    r2 = load("m.linnet").score(birds.drop(columns="grams"), birds["grams"])
    assert judged["r2"]["value"] == pytest.approx(r2, rel=1000 * EPS)


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".tsv", ".jsonl", ".parquet", ".arrow"])
def test_every_format_gives_the_same_fit_and_takes_predictions(linnet, linnet_json, birds, suffix):
    file = f"birds{suffix}"
    write = {
        ".csv": lambda: birds.to_csv(file, index=False),
        ".csv.gz": lambda: birds.to_csv(file, index=False),
        ".tsv": lambda: birds.to_csv(file, index=False, sep="\t"),
        ".jsonl": lambda: birds.to_json(file, orient="records", lines=True),
        ".parquet": lambda: birds.to_parquet(file),
        ".arrow": lambda: pl.from_pandas(birds).write_ipc(file),
    }
    write[suffix]()
    birds.to_csv("plain.csv", index=False)

    summary = linnet_json("fit", file, "-t", "kind", "-o", "m.linnet")
    plain = linnet_json("fit", "plain.csv", "-t", "kind", "-o", "plain.linnet")

    assert summary["held_out"] == plain["held_out"]
    assert linnet("predict", "m.linnet", file, "-o", f"out{suffix}")[0] == 0
    assert linnet("entropy", f"out{suffix}")[0] == 0


def test_a_libsvm_file_has_its_target_in_itself(linnet, linnet_json):
    X, y = load_iris(return_X_y=True)
    dump_svmlight_file(X, y, "iris.svm", zero_based=False)

    summary = linnet_json("fit", "iris.svm", "-o", "m.linnet", "--validation", "0")

    model = SoftmaxRegression().fit(X, y.astype(int))
    assert isinstance(load("m.linnet"), SoftmaxRegression)
    loss = summary["training"]["nats_per_label"]["loss"]["value"]
    assert loss == pytest.approx(float(model.code_lengths(X, y, unit="nats").mean()), abs=1e-6)
    assert linnet_json("evaluate", "m.linnet", "iris.svm")["rows"] == 150
    code, out, _ = linnet("predict", "m.linnet", "iris.svm")
    assert code == 0
    assert out.splitlines()[0] == '"prediction","p(0)","p(1)","p(2)"'


def test_a_model_of_the_library_predicts_tables_of_numbers(linnet, linnet_json, birds):
    numbers = birds[["grams", "bill"]].fillna(0)
    SoftmaxRegression().fit(numbers, birds["kind"]).save("m.linnet")
    numbers.assign(kind=birds["kind"]).to_csv("birds.csv", index=False)

    judged = linnet_json("evaluate", "m.linnet", "birds.csv", "-t", "kind")

    assert judged["accuracy"]["value"] == load("m.linnet").score(numbers, birds["kind"])
    code, _, err = linnet("predict", "m.linnet", "birds.csv", "-o", "out.csv")
    assert code == 0, err
    numbers[["grams"]].to_csv("less.csv", index=False)
    code, _, err = linnet("predict", "m.linnet", "less.csv")
    assert code == 2
    assert "'bill'" in err


# Rows and columns --------------------------------------------------------------------------


def test_rows_without_a_target_are_left_out_and_counted(linnet, linnet_json, birds):
    birds.loc[[3, 50, 51], "kind"] = None
    birds.to_csv("birds.csv", index=False)

    summary = linnet_json("fit", "birds.csv", "-t", "kind")

    assert summary["table"]["rows_without_target"] == 3
    assert summary["table"]["rows"] == 237
    assert summary["model"] == "birds.linnet"
    assert "3 rows are left out" in linnet("fit", "birds.csv", "-t", "kind")[2]
    assert linnet_json("evaluate", "birds.linnet", "birds.csv")["rows_without_target"] == 3


def test_columns_are_found_by_position_where_there_is_no_header(linnet, linnet_json, birds):
    birds.to_csv("birds.csv", index=False, header=False)

    by_name = linnet_json("fit", "birds.csv", "-t", "c4", "--drop", "c2")
    by_position = linnet_json("fit", "birds.csv", "-t", "-1", "--drop", "2")

    assert by_name["target"] == by_position["target"] == "c4"
    assert by_name["table"]["used"] == ["c1", "c3"]
    assert by_name["held_out"] == by_position["held_out"]
    assert linnet("evaluate", "birds.linnet", "birds.csv")[0] == 0


def test_text_and_categorical_columns_are_taken_as_asked(linnet_json, birds):
    birds["code"] = np.arange(240) % 7
    birds["song"] = ["sings in the " + place for place in birds["place"]]
    birds.to_csv("birds.csv", index=False)

    summary = linnet_json(
        "fit", "birds.csv", "-t", "kind", "--categorical", "code", "--text", "song"
    )

    names = load("birds.linnet").encoder_.get_feature_names_out()
    assert "code=3" in names
    assert "song:shore" in names
    assert summary["features"] == len(names)


def test_weights_count_rows_as_repetition_does(linnet_json, birds):
    weight = np.arange(240) % 3
    birds.assign(times=weight).to_csv("weighted.csv", index=False)
    birds.loc[birds.index.repeat(weight)].to_csv("repeated.csv", index=False)
    arguments = ("-t", "place", "--validation", "0", "--drop", "kind", "--drop", "bill")

    weighted = linnet_json("fit", "weighted.csv", *arguments, "--weight", "times", "--C", "inf")
    repeated = linnet_json("fit", "repeated.csv", *arguments, "--C", "inf")

    # Each is within its tol of the same optimum; the encoder's scale differs, the fit does not.
    one, other = (s["training"]["nats_per_label"]["loss"]["value"] for s in (weighted, repeated))
    assert one == pytest.approx(other, abs=2e-6)
    assert "times" not in weighted["table"]["used"]


def test_settings_reach_the_estimator(linnet_json, birds):
    birds.to_csv("birds.csv", index=False)

    summary = linnet_json(
        *("fit", "birds.csv", "-t", "kind", "--C", "inf", "--solver", "lbfgs", "--tol", "1e-4"),
        *("--max-iter", "500", "--class-weight", "balanced", "--no-intercept", "--seed", "7"),
    )

    settings = summary["settings"]
    assert settings["C"] == "Infinity"
    assert (settings["solver"], settings["tol"], settings["max_iter"]) == ("lbfgs", 1e-4, 500)
    assert settings["class_weight"] == "balanced"
    assert settings["fit_intercept"] is False
    assert settings["random_state"] == 7
    ridge = linnet_json("fit", "birds.csv", "-t", "grams", "--alpha", "3")
    assert ridge["settings"]["alpha"] == 3


def test_the_seed_decides_which_rows_are_held_out(linnet_json, birds):
    birds.to_csv("birds.csv", index=False)

    zero, again, one = (
        linnet_json("fit", "birds.csv", "-t", "kind", "--seed", seed)["held_out"]
        for seed in (0, 0, 1)
    )

    assert zero == again != one


def test_the_task_can_be_told(linnet_json, birds):
    birds["count"] = np.arange(240) % 4
    birds.to_csv("birds.csv", index=False)

    assert linnet_json("fit", "birds.csv", "-t", "count")["task"] == "classification"
    told = linnet_json("fit", "birds.csv", "-t", "count", "--task", "regression")
    assert (told["task"], told["reason"]) == ("regression", "--task says so")


def test_labels_with_a_full_stop_in_the_test_file_are_read(linnet, linnet_json, birds):
    birds[:200].to_csv("birds.csv", index=False)
    birds[200:].to_csv("new.csv", index=False)
    birds[200:].assign(kind=birds["kind"] + ".").to_csv("dotted.csv", index=False)
    linnet("fit", "birds.csv", "-t", "kind")

    dotted = linnet_json("evaluate", "birds.linnet", "dotted.csv")

    plain = linnet_json("evaluate", "birds.linnet", "new.csv")
    assert dotted["bits_per_label"] == plain["bits_per_label"]
    assert "full stop" in linnet("evaluate", "birds.linnet", "dotted.csv")[2]
    dotted, plain = (
        linnet_json("fit", "birds.csv", "-t", "kind", "--validation", file)["held_out"]
        for file in ("dotted.csv", "new.csv")
    )
    assert dotted == plain


def test_labels_that_training_never_saw_make_the_loss_infinite_and_are_told(
    linnet, linnet_json, birds
):
    birds[:200].to_csv("birds.csv", index=False)
    new = birds[200:].copy()
    new.iloc[0, 3] = "owl"
    new.to_csv("new.csv", index=False)
    linnet("fit", "birds.csv", "-t", "kind")

    judged = linnet_json("evaluate", "birds.linnet", "new.csv")

    assert judged["nats_per_label"]["loss"]["value"] == "Infinity"
    assert judged["labels_unseen_in_training"] == {"owl": 1}
    assert judged["nats_per_label"]["loss_over_known_labels"]["value"] < np.log(3)
    code, out, _ = linnet("evaluate", "birds.linnet", "new.csv")
    assert code == 0
    assert "1 row with labels that training never saw (owl)" in out


def test_unseen_categories_are_told_as_a_note(linnet, birds):
    birds.to_csv("birds.csv", index=False)
    linnet("fit", "birds.csv", "-t", "kind")
    birds.assign(place="moon").to_csv("moon.csv", index=False)

    code, _, err = linnet("predict", "birds.linnet", "moon.csv")

    assert code == 0
    told = [line for line in err.splitlines() if "'moon' in 240 rows" in line]
    assert len(told) == 1
    assert told[0].startswith("note: ")


def test_a_table_may_lack_the_target_and_have_further_columns(linnet, birds):
    birds.to_csv("birds.csv", index=False)
    linnet("fit", "birds.csv", "-t", "kind")
    shuffled = birds[["place", "bill", "grams"]].assign(extra="x")
    shuffled.to_csv("new.csv", index=False)

    _, without, _ = linnet("predict", "birds.linnet", "new.csv")

    assert without == linnet("predict", "birds.linnet", "birds.csv")[1]


# What is shown -----------------------------------------------------------------------------


def test_the_summary_says_what_people_look_for(linnet, birds):
    birds.to_csv("birds.csv", index=False)

    code, out, err = linnet("fit", "birds.csv", "-t", "kind")

    assert code == 0
    for words in (
        "192 fitted; 48 held out, 20 % at random, seed 0",
        "uniform code, log 3",
        "1.0986 nats = 1.5850 bits",
        "marginal code, H(Y)",
        "gained per label",
        "accuracy",
        "(proven)",
        "per standard deviation",
        "for linnet",
        "birds.linnet",
    ):
        assert words in out, words
    assert "Traceback" not in err
    assert "note: 'bill': values are missing" in err


def test_linear_dependence_is_told(linnet, birds):
    birds.to_csv("birds.csv", index=False)

    _, out, _ = linnet("fit", "birds.csv", "-t", "grams")

    assert "linearly dependent" in out


def test_not_converging_is_one_warning_and_no_failure(linnet, birds):
    birds.to_csv("birds.csv", index=False)

    code, _, err = linnet(
        *("fit", "birds.csv", "-t", "kind", "--solver", "gradient-descent", "--max-iter", "1")
    )

    assert code == 0
    warned = [line for line in err.splitlines() if line.startswith("warning: ")]
    assert len(warned) == 1
    assert "max_iter" in warned[0]


def test_separable_classes_without_penalty_are_told(linnet):
    rows = "".join(f"{x},{'a' if x < 20 else 'b'}\n" for x in range(40))
    Path("rows.csv").write_text("x,y\n" + rows)

    code, _, err = linnet("fit", "rows.csv", "-t", "y", "--C", "inf")

    assert code == 0
    assert "separable" in err


def test_quiet_prints_nothing_and_json_prints_only_json(linnet, birds):
    birds.to_csv("birds.csv", index=False)

    assert linnet("fit", "birds.csv", "-t", "kind", "--quiet") == (0, "", "")
    code, out, err = linnet("fit", "birds.csv", "-t", "kind", "--quiet", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out, parse_constant=refuse)["target"] == "kind"


def test_names_that_look_like_markup_are_shown_as_they_are(linnet):
    rows = "".join(f"{x},{'[bold]a[/]' if x % 3 else '[red]b'}\n" for x in range(40))
    with gzip.open("rows.csv.gz", "wt") as file:
        file.write("a[link]x,y\n" + rows)

    code, out, _ = linnet("fit", "rows.csv.gz", "-t", "y")

    assert code == 0
    assert "[bold]a[/] 26" in out
    assert "[link]x" in out


def test_encoder_settings_are_those_of_the_library_by_default(linnet, birds):
    birds.to_csv("birds.csv", index=False)
    linnet("fit", "birds.csv", "-t", "grams", "--validation", "0")

    saved = load("birds.linnet")

    assert isinstance(saved.estimator_, LinearRegression)
    encoder = TableEncoder().fit(birds.drop(columns="grams"))
    np.testing.assert_array_equal(
        saved.encoder_.transform(birds.drop(columns="grams")),
        encoder.transform(birds.drop(columns="grams")),
    )
