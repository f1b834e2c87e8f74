import datetime as dt

import numpy as np
import pandas as pd
import pytest

from linnet.data.frames import as_table
from linnet.features.columns import column_kind, infer_task


def column(values):
    return as_table({"x": values}).column("x")


WORDS = [f"name{i}" for i in range(200)]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 3], "number"),
        ([1.5, None], "number"),
        ([1, 1, None], "number"),
        ([True, False], "boolean"),
        ([True, True], "constant"),
        ([dt.date(2024, 1, 1), dt.date(2024, 1, 2)], "date"),
        (["a", "b", "a"], "category"),
        (["a", None], "category"),
        (["a", "a"], "constant"),
        ([7, 7], "constant"),
        ([None, None], "empty"),
        ([np.nan, np.nan], "empty"),
        (WORDS, "identifier"),
        (WORDS[:50], "category"),
        (WORDS[:51], "identifier"),
        (WORDS[:60] * 2, "category"),
        ([f"see you at {w}" for w in WORDS], "text"),
        ([f"話說天下大勢,分久必合,合久必分。{i:09}" for i in range(100)], "text"),
    ],
)
def test_kinds_of_columns(values, kind):
    assert column_kind(column(values)) == kind


def test_declared_categories_are_categories_however_many():
    table = as_table(pd.DataFrame({"x": pd.Categorical(WORDS)}))
    assert column_kind(table.column("x")) == "category"


@pytest.mark.parametrize(
    ("values", "task", "reason"),
    [
        (["a", "b"], "classification", "text"),
        ([True, False], "classification", "true and false"),
        ([0, 1, 1], "classification", "2 distinct whole numbers"),
        ([0.0, 1.0, None], "classification", "2 distinct whole numbers"),
        (list(range(20)), "classification", "20 distinct"),
        (list(range(21)), "regression", "21 distinct whole numbers, more than 20"),
        ([0.5, 1.0], "regression", "fractions"),
        ([dt.date(2024, 1, 1)], "regression", "dates"),
    ],
)
def test_tasks_are_inferred_from_targets_with_a_reason(values, task, reason):
    guess = infer_task(column(values))
    assert guess.task == task
    assert reason in guess.reason
