"""Held-out rows, spellings of labels, progress and numbers in text follow their rules."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linnet.cli.explaining import parse_numbers
from linnet.cli.progress import share_done
from linnet.cli.spelling import match_spelling
from linnet.cli.splitting import hold_out
from linnet.errors import SettingError

seeds = st.integers(0, 2**32 - 1)
shares = st.floats(0, 0.99)

# Holding out -------------------------------------------------------------------------------


@given(n=st.integers(1, 300), share=shares, seed=seeds)
def test_every_row_is_fitted_or_held_out_and_never_both(n, share, seed):
    fitted, held = hold_out(n, share, seed)

    assert sorted([*fitted, *held]) == list(range(n))
    assert len(held) == int(np.floor(n * share))


@given(labels=st.lists(st.integers(0, 5), min_size=2, max_size=300), share=shares, seed=seeds)
def test_each_class_keeps_a_row_and_gives_its_share(labels, share, seed):
    labels = np.array(labels)

    fitted, held = hold_out(len(labels), share, seed, labels)

    classes = np.unique(labels)
    others = len(labels) - len(classes)
    assert len(held) == min(int(len(labels) * share), others)
    for label in classes:
        rows = int((labels == label).sum())
        gone = int((labels[held] == label).sum())
        assert rows - gone == (labels[fitted] == label).sum() >= 1
        # Evenly spread marks over the class's other rows miss their share by at most one.
        assert abs(gone * max(others, 1) - len(held) * (rows - 1)) <= max(others, 1)


@given(seed=seeds)
def test_the_same_seed_holds_out_the_same_rows(seed):
    first, again = hold_out(100, 0.3, seed)[1], hold_out(100, 0.3, seed)[1]

    np.testing.assert_array_equal(first, again)


def test_another_seed_holds_out_other_rows():
    assert not np.array_equal(hold_out(100, 0.3, 0)[1], hold_out(100, 0.3, 1)[1])


# Spelling ----------------------------------------------------------------------------------

CLASSES = np.array(["<=50K", ">50K"])


def texts(*labels):
    return np.array(labels, dtype=object)


def test_a_full_stop_after_every_label_is_ignored_and_told():
    labels, told = match_spelling(texts("<=50K.", " >50K. "), CLASSES)

    assert list(labels) == ["<=50K", ">50K"]
    assert "'<=50K.' as '<=50K'" in told


@pytest.mark.parametrize(
    "labels",
    [
        # One label is known as it is, so the others are meant as they are.
        ("<=50K", ">50K."),
        # The rule would leave one unknown.
        ("<=50K.", "poor."),
        # Only one full stop is dropped.
        ("<=50K..", ">50K.."),
    ],
)
def test_other_labels_stay_as_they_are(labels):
    same, told = match_spelling(texts(*labels), CLASSES)

    assert (tuple(same), told) == (labels, "")


def test_classes_that_end_with_a_full_stop_are_known_as_they_are():
    labels, told = match_spelling(texts("a.", "b."), np.array(["a.", "b."]))

    assert (list(labels), told) == (["a.", "b."], "")


def test_numbers_are_read_as_text_where_the_classes_are_text():
    labels, told = match_spelling(np.array([1, 2]), np.array(["1", "2", "x"]))

    assert list(labels) == ["1", "2"]
    assert "as text" in told


def test_numeric_classes_are_never_respelt():
    labels, told = match_spelling(np.array([7, 8]), np.array([1, 2]))

    assert (list(labels), told) == ([7, 8], "")


# Progress ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gap", "first", "done"),
    [
        (1.0, 1.0, 0.0),
        (1e-3, 1.0, 0.5),
        (1e-6, 1.0, 1.0),
        (1e-9, 1.0, 1.0),
        (2.0, 1.0, 0.0),
        (np.inf, np.inf, 0.0),
        (0.0, 1.0, 1.0),
        (1e-7, 1e-7, 1.0),
        (np.inf, 1.0, 0.0),
    ],
)
def test_progress_is_counted_in_factors_of_ten(gap, first, done):
    assert share_done(gap, first, 1e-6) == pytest.approx(done)


# Numbers in text ---------------------------------------------------------------------------


def test_numbers_rows_and_matrices_are_read():
    assert parse_numbers("1", "y") == 1
    assert isinstance(parse_numbers("1", "y"), int)
    assert parse_numbers("-1.5", "y") == -1.5
    assert parse_numbers(" 1, 2e3", "x") == [1.0, 2000.0]
    assert parse_numbers("1,2; 3,4", "weights") == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize("text", ["", "a", "1,,2", "1;a"])
def test_other_text_is_refused_by_name(text):
    with pytest.raises(SettingError, match="--scores"):
        parse_numbers(text, "scores")
