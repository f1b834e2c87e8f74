"""A printed amount of information names its unit; anything computed from it is plain."""

import copy
import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linnet.errors import DataError, SettingError
from linnet.information import NATS_PER_UNIT, Information, InformationArray, nats_per

EPS = np.finfo(float).eps
COPIERS = [
    copy.copy,
    copy.deepcopy,
    *(
        lambda x, k=protocol: pickle.loads(pickle.dumps(x, k))  # noqa: S301 (our own bytes)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    ),
]


def test_a_bit_is_the_surprise_at_a_fair_coin():
    assert dict(NATS_PER_UNIT) == {"nats": 1.0, "bits": -math.log(0.5)}


@pytest.mark.parametrize("unit", ["nat", "Bits", "", 1, None, ["nats"]])
def test_an_unknown_unit_is_an_error_that_names_the_known_ones(unit):
    # The wrong kinds too must end in our error: the undecorated function is called.
    with pytest.raises(SettingError, match=r"'nats' or 'bits'"):
        getattr(nats_per, "__wrapped__", nats_per)(unit)


def test_an_amount_prints_its_unit():
    h = Information(0.1 + 0.2, "bits")

    assert repr(h) == str(h) == f"{h}" == "0.30000000000000004 bits"
    assert f"{h:.4f}" == "0.3000 bits"
    assert f"{h:>8.2f}|" == "    0.30 bits|"
    assert [h] == [0.30000000000000004]


def test_an_amount_is_a_float_to_everything_else():
    h = Information(2.5, "nats")

    assert h == 2.5
    assert hash(h) == hash(2.5)
    assert isinstance(h, float)
    assert type(h + 1) is float
    assert json.dumps(h) == "2.5"
    assert np.asarray(h).dtype == np.float64


@given(st.floats(min_value=0, max_value=1e300))
def test_conversion_to_bits_divides_by_ln_2_and_comes_back(value):
    h = Information(value, "nats")

    # One division and one multiplication, each rounded once.
    assert float(h.to("bits").to("nats")) == pytest.approx(value, rel=2 * EPS)
    assert float(h.to("bits")) == value / math.log(2)
    assert h.to("nats") is h


@pytest.mark.parametrize("copier", COPIERS)
def test_a_copied_or_pickled_amount_keeps_its_unit(copier):
    h = copier(Information(1.5, "bits"))

    assert (float(h), h.unit, type(h)) == (1.5, "bits", Information)


@pytest.mark.parametrize("copier", COPIERS)
def test_a_copied_or_pickled_array_keeps_its_unit(copier):
    lengths = copier(InformationArray([[1.5, 2.0]], "bits"))

    assert (lengths.tolist(), lengths.unit, type(lengths)) == (
        [[1.5, 2.0]],
        "bits",
        InformationArray,
    )


def test_an_array_prints_its_unit():
    lengths = InformationArray([[1.0, 2.5], [0.0, np.inf]], "bits")

    assert repr(lengths).endswith("] bits")
    assert str(lengths).endswith("] bits")


def test_elements_slices_and_sums_of_an_array_keep_the_unit():
    lengths = InformationArray([[1.0, 2.0], [3.0, 6.0]], "bits")

    for part in (lengths[0], lengths[:, 1], lengths[lengths > 1], lengths.T, lengths.reshape(4)):
        assert isinstance(part, InformationArray)
        assert part.unit == "bits"
    for reduced, expected in [
        (lengths[1, 0], 3.0),
        (lengths.sum(), 12.0),
        (lengths.mean(), 3.0),
        (np.mean(lengths), 3.0),
        (lengths.min(), 1.0),
        (np.max(lengths), 6.0),
        (next(iter(lengths[1])), 3.0),
    ]:
        assert isinstance(reduced, Information)
        assert (float(reduced), reduced.unit) == (expected, "bits")
    assert repr(lengths.mean(axis=0)) == "[2., 4.] bits"
    assert repr(np.sum(lengths, axis=1)) == "[3., 9.] bits"
    assert [type(x) for x in lengths[0]] == [Information, Information]


@pytest.mark.parametrize(
    "compute",
    [
        np.exp,
        lambda a: a * 2,
        lambda a: 1 - a,
        lambda a: a > 1,
        lambda a: a @ a,
        lambda a: a.argsort(),
        lambda a: a.argmin(axis=0, keepdims=True),
        lambda a: np.argmax(a, axis=0, keepdims=True),
        lambda a: np.concatenate([a, a]),
        lambda a: np.multiply.outer(a, a),
        lambda a: np.add(a, 1, out=InformationArray([0.0, 0.0], "nats")),
        lambda a: a.var(keepdims=True),
        lambda a: np.where(a > 1, a, 0),
    ],
)
def test_what_else_is_computed_from_an_array_is_plain(compute):
    a = InformationArray([1.0, 3.0], "bits")

    assert not isinstance(compute(a), InformationArray | Information)
    np.testing.assert_array_equal(compute(a), compute(np.array([1.0, 3.0])))


def test_an_array_converts_as_its_elements_do():
    lengths = InformationArray([0.3, 2.0, np.inf], "nats")

    assert lengths.to("bits").tolist() == [float(h.to("bits")) for h in lengths]
    assert lengths.to("bits").unit == "bits"
    assert lengths.to("nats") is lengths


def test_an_array_leaves_the_values_it_was_given_alone():
    values = np.array([1.0, 2.0])

    InformationArray(values, "nats")[0] = 5.0

    assert values.tolist() == [1.0, 2.0]


def test_a_single_amount_is_no_array():
    with pytest.raises(DataError, match="Information"):
        InformationArray(1.0, "nats")
