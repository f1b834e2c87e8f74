"""Drift is the divergence of each column's shares, sorted, and tested against chance."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy as scipy_entropy

from linnet.data.frames import as_table
from linnet.errors import SettingError, TableError
from linnet.reports.drift import measure_drift

EPS = np.finfo(float).eps


@pytest.fixture
def tables():
    """Two tables: one column as before, one shifted, one with a new value, and two alone."""
    rng = np.random.default_rng(0)
    first = {
        "same": rng.choice(list("abc"), 400),
        "shifted": rng.normal(size=400),
        "new": ["x"] * 400,
        "gone": [1] * 400,
    }
    second = {
        "born": [1] * 300,
        "new": ["x"] * 290 + ["y"] * 10,
        "shifted": rng.normal(0.7, size=300),
        "same": rng.choice(list("abc"), 300),
    }
    return as_table(first, "before"), as_table(second, "after")


def test_bits_are_scipys_and_columns_are_sorted_by_them(tables):
    drift = measure_drift(*tables, permutations=199)

    bits = [column.test.divergence for column in drift.columns]
    assert bits == sorted(bits, reverse=True)
    for column in drift.columns:
        P = column.pair.first / 400
        Q = column.pair.second / 300
        assert column.test.divergence == pytest.approx(jensenshannon(P, Q, base=2) ** 2, abs=1e-14)
        kl = scipy_entropy(Q, P, base=2)
        assert column.extra == (np.inf if np.isinf(kl) else pytest.approx(kl, abs=64 * EPS))


def test_drift_is_told_from_chance_and_what_changed_is_named(tables):
    drift = measure_drift(*tables, permutations=1999)

    found = {column.name: column for column in drift.columns}
    assert found["shifted"].adjusted == pytest.approx(3 / 2000)
    assert found["same"].adjusted > 0.05
    assert found["new"].new == ["y"]
    assert found["new"].change == ("y", 0.0, 1 / 30)
    assert found["new"].extra == np.inf
    assert (drift.only_first, drift.only_second) == (("gone",), ("born",))
    assert drift.rows == (400, 300)


def test_a_columns_result_does_not_depend_on_the_others(tables):
    first, second = tables
    alone = measure_drift(first.only(["same"]), second, permutations=199)
    among = measure_drift(first, second, permutations=199)

    (column,) = (column for column in among.columns if column.name == "same")
    assert alone.columns[0].test == column.test


def test_json_has_plain_values(tables):
    told = measure_drift(*tables, permutations=99).to_dict()

    assert told["first"] == {"table": "before", "rows": 400, "only_here": ("gone",)}
    assert told["columns"][0]["column"] == "shifted"
    assert set(told["columns"][0]) >= {"bits", "bits_by_chance", "p_value", "p_value_adjusted"}


def test_tables_that_cannot_be_compared_are_refused(tables):
    first, _ = tables
    with pytest.raises(TableError, match="before and other share no column"):
        measure_drift(first, as_table({"z": [1]}, "other"))
    with pytest.raises(TableError, match="none: the table has no row"):
        measure_drift(first, as_table({"same": np.array([], dtype=object)}, "none"))
    with pytest.raises(SettingError, match="at least 2"):
        measure_drift(first, first, bins=1)
