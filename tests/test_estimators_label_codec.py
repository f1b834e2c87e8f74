"""Labels come back as they were, in the bits that the model says; whatever is wrong is told."""

import re
import zlib
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from sklearn.datasets import load_digits

from linnet import LinearRegression, SoftmaxRegression, TableModel, decode_labels, encode_labels
from linnet.codes.coder import _coder
from linnet.codes.column import ColumnKind, Header, column_sizes, read_header
from linnet.codes.frequencies import frequencies
from linnet.engine import limited_threads
from linnet.errors import DataError, DataTypeError
from linnet.estimators.column_codec import decode_column, encode_column
from linnet.estimators.label_codec import LabelCoder, coded_lengths

FROZEN = Path(__file__).parent / "data" / "codes"
ENGINES = ("native", "reference")
seeds = st.integers(0, 2**32 - 1)


def fitted(classes, coef, intercept):
    """A model with these very numbers, which no fit needs to find again."""
    model = SoftmaxRegression()
    model.classes_ = np.asarray(classes)
    model.coef_, model.intercept_ = np.asarray(coef, float), np.asarray(intercept, float)
    model.n_features_in_ = model.coef_.shape[1]
    return model


def some_model(seed=0, q=5, k=4, spread=1.0, classes=None):
    rng = np.random.default_rng(seed)
    m = 1 if q == 2 else q
    labels = np.arange(q) if classes is None else classes
    return fitted(labels, spread * rng.standard_normal((m, k)), rng.standard_normal(m))


def some_rows(model, seed=0, n=300):
    """Rows, and labels with the probabilities that the model gives them."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, model.n_features_in_))
    P = model.predict_proba(X) if n else np.ones((0, len(model.classes_)))
    places = (P.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return X, model.classes_[places.clip(max=len(model.classes_) - 1)]


def same(given, decoded):
    assert decoded.shape == (len(given),)
    assert list(given) == decoded.tolist()


@settings(max_examples=40)
@given(seed=seeds, q=st.integers(2, 12), k=st.integers(1, 6), n=st.integers(0, 200))
def test_labels_come_back(seed, q, k, n):
    model = some_model(seed, q, k)
    X, y = some_rows(model, seed, n)

    decoded = decode_labels(model, X, encode_labels(model, X, y))

    same(y.tolist(), decoded)
    assert decoded.dtype == model.classes_.dtype


@pytest.mark.parametrize("q", [2, 10])
def test_payload_is_within_a_thousandth_of_the_cross_entropy(q):
    model = some_model(1, q, 8)
    X, y = some_rows(model, 1, 100_000)

    data = encode_labels(model, X, y)

    ideal = float(model.code_lengths(X, y).sum()) / 8
    sizes = column_sizes(data)
    assert sizes.symbols == pytest.approx(ideal, rel=1e-3)
    assert len(data) < ideal * 1.001 + 64
    same(y.tolist(), decode_labels(model, X, data))


def test_integer_frequencies_cost_next_to_nothing():
    model = some_model(2, 10, 8)
    X, y = some_rows(model, 2, 20_000)

    integer = coded_lengths(model, X, y)
    ideal = np.asarray(model.code_lengths(X, y))

    # Rounding of scores alone moves a length by up to 2⁻¹⁰ bits, and by far less in the mean.
    assert np.abs(integer - ideal).max() < 2.0**-8
    assert abs(integer.mean() - ideal.mean()) < 1e-5 * ideal.mean()
    # And they are what is written, to within the 63 bits of the state.
    symbols = 8 * column_sizes(encode_labels(model, X, y)).symbols
    assert integer.sum() - 1 <= symbols <= integer.sum() + 32


@pytest.mark.parametrize("written", ENGINES)
@pytest.mark.parametrize("read", ENGINES)
def test_either_engine_reads_what_the_other_wrote(written, read, monkeypatch):
    model = some_model()
    X, y = some_rows(model, n=700)
    monkeypatch.setenv("LINNET_ENGINE", written)
    data = encode_labels(model, X, y)
    monkeypatch.setenv("LINNET_ENGINE", read)

    same(y.tolist(), decode_labels(model, X, data))
    assert encode_labels(model, X, y) == data


SETTINGS = [("native", name, 2) for name in ([] if _coder is None else _coder.instruction_sets())]
SETTINGS += [("reference", "", 1), ("native", "", 1)]


def test_neither_threads_nor_instruction_sets_nor_the_engine_change_a_bit(monkeypatch):
    model = some_model(q=7, k=20)
    X, y = some_rows(model, n=900)
    coder, coded = LabelCoder.of(model), set()
    for engine, simd, threads in SETTINGS:
        monkeypatch.setenv("LINNET_ENGINE", engine)
        monkeypatch.setenv("LINNET_SIMD", simd)
        with limited_threads(threads):
            coded.add(b"".join(encode_column(coder, [(X, y)], 900, rows_per_block=128)))

    assert len(coded) == 1
    for engine, simd, threads in SETTINGS:
        monkeypatch.setenv("LINNET_ENGINE", engine)
        monkeypatch.setenv("LINNET_SIMD", simd)
        stream = BytesIO(next(iter(coded)))
        with limited_threads(threads):
            read = np.concatenate(list(decode_column(coder, read_header(stream), [X], stream)))
        same(y.tolist(), read)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["labels-1", "words-1", "two-1"])
def test_bytes_written_once_can_be_read_for_ever(name, engine, monkeypatch):
    """Nothing of these cases depends on a fit, or on a generator of random numbers."""
    monkeypatch.setenv("LINNET_ENGINE", engine)
    model, X, y = frozen_case(name)
    data = (FROZEN / f"{name}.lnc").read_bytes()

    same(y, decode_labels(model, X, data))
    assert encode_labels(model, X, y) == data


def frozen_case(name):
    i, j = np.arange(400)[:, None], np.arange(6)[None]
    X = ((i * 37 + j * j * 11 + i * j) % 101 - 50) / 8.0
    weights = ((np.arange(4)[:, None] * 7 + j * 5) % 13 - 6) / 32.0
    if name == "two-1":
        y = [bool(v) for v in (i[:, 0] * i[:, 0] // 7) % 3 == 0]
        return fitted([False, True], weights[:1], [0.25]), csr_array(np.maximum(X, 0)), y
    numbers = (i[:, 0] * i[:, 0] // 5) % 4
    if name == "labels-1":
        return fitted([0, 1, 2, 3], weights, [0.5, 0.0, -0.5, 0.0]), X, numbers.tolist()
    words = np.array(["bé", "c", "à", "未知"])
    y = [*words[numbers][:-3].tolist(), "never seen", None, ""]
    intercept = np.array([0.5, 0.0, -0.5, 0.0]) - 1e6 * weights.sum(axis=1)
    return fitted(words, weights, intercept), X + 1e6, y


class SlowReader:
    """The format as docs/codes.md has it, in Python's own integers; scores are linnet's."""

    def __init__(self, data) -> None:
        self.data = data

    def take(self, size):
        taken, self.data = self.data[:size], self.data[size:]
        assert len(taken) == size
        return taken

    def number(self):
        (byte,) = self.take(1)
        return byte if byte < 128 else byte - 128 + 128 * self.number()

    def symbols(self, blocks_of_scores):
        whole = self.data
        assert self.take(4) == b"lnc\1"
        crc = self.take(4)
        assert zlib.crc32(whole[:4] + self.data[: 1 + self.data[0]]) == int.from_bytes(
            crc, "little"
        )
        rest = SlowReader(self.take(self.number()))
        assert rest.take(1) == b"\1"
        rest.take(8)
        rows, rows_per_block, features, q = (rest.number() for _ in range(4))
        assert rest.data == b""
        for index, scores in enumerate(blocks_of_scores):
            assert len(scores) == min(rows_per_block, rows - index * rows_per_block)
            before = self.data
            size = self.number()
            digits = before[: len(before) - len(self.data)]
            check, block = self.take(4), self.take(size)
            seed = int.from_bytes(crc, "little") + index
            assert zlib.crc32(digits + block, seed) == int.from_bytes(check, "little")
            yield from SlowReader(block).block(scores, q)
        assert self.data == b""
        assert features

    def block(self, scores, q):
        x, count = self.number(), self.number()
        words = [int.from_bytes(self.take(4), "little") for _ in range(count)]
        symbols = []
        for row in frequencies(scores).tolist():
            assert len(row) == q + 1
            low, start, symbol = x % 2**24, 0, 0
            while low >= start + row[symbol]:
                start += row[symbol]
                symbol += 1
            x = row[symbol] * (x // 2**24) + low - start
            if x < 2**31:
                x = 2**32 * x + words.pop(0)
            symbols.append(symbol)
        numbers = b"".join(symbol.to_bytes(4, "little") for symbol in symbols)
        assert words == []
        assert x == 2**31 + zlib.crc32(numbers) // 2
        return symbols


def test_the_format_is_the_one_described():
    model = some_model(q=7)
    X, y = some_rows(model, n=250)
    coder = LabelCoder.of(model)
    data = b"".join(encode_column(coder, [(X, y)], 250, rows_per_block=100))
    scores = [
        np.concatenate(list(coder.scores.integers(X[rows])))
        for rows in (slice(0, 100), slice(100, 200), slice(200, 250))
    ]

    assert list(SlowReader(data).symbols(scores)) == y.tolist()


# Labels --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("classes", "y"),
    [
        (["a", "b"], ["a", "b", "never", "", "b", "never"]),
        (["a", "b", "c"], ["a", None, "c", float("nan"), "𝛼" * 300]),
        ([0, 1], [0, 1, 2, -5, 2**62]),
        ([0, 1], [0, 1, 2**64 - 1, 0]),
        ([0, 1], [0, -1, 2**64 - 1, 0]),
        ([0, 1], [1, None, 0]),
        ([-1, 1], [1, 2**63, -1]),
        ([False, True], [True, False, None]),
        ([False, True], [True, False]),
        ([1.0, 2.0], [1.0, 2.0, 7.0, 1e300]),
    ],
)
def test_labels_never_seen_and_missing_ones_come_back_too(classes, y):
    model = some_model(q=len(classes), classes=np.array(classes))
    X, _ = some_rows(model, n=len(y))

    decoded = decode_labels(model, X, encode_labels(model, X, y))

    missing = [None if label is None or label != label else label for label in y]  # noqa: PLR0124
    same(missing, decoded)


@pytest.mark.parametrize("dtype", ["int8", "uint64", "float32", "object", "bool"])
def test_labels_may_be_of_any_type_of_numbers(dtype):
    model = some_model(q=2)
    X, y = some_rows(model)

    same(y.tolist(), decode_labels(model, X, encode_labels(model, X, y.astype(dtype))))


def test_a_label_never_seen_costs_24_bits_and_itself():
    model = some_model(q=3, classes=np.array(["a", "b", "c"]))
    X, y = some_rows(model, n=1000)
    strange = y.astype(object)
    strange[:100] = "xyz"

    sizes = column_sizes(encode_labels(model, X, strange))

    known = float(model.code_lengths(X[100:], y[100:]).sum()) / 8
    assert sizes.beside == 100 * (1 + 1 + 3)
    assert sizes.symbols == pytest.approx(known + 100 * 3, abs=4)


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (["a"] * 300, "labels are text, such as 'a', but the model's classes are numbers"),
        ([0.5] * 300, "continuous"),
        ([0] * 299, "X has 300 rows but y has 299"),
        (np.zeros((300, 2)), "shape (300, 2)"),
        ([0] * 299 + [object()], "row 299"),
    ],
)
def test_what_is_no_label_is_refused(y, words):
    model = some_model()
    X, _ = some_rows(model)

    with pytest.raises(DataError, match=re.escape(words)):
        encode_labels(model, X, y)


def test_bytes_as_labels_are_refused():
    model = some_model(q=2, classes=np.array(["a", "b"]))
    X, _ = some_rows(model, n=2)

    with pytest.raises(DataTypeError, match="Decode them to text"):
        encode_labels(model, X, np.array([b"a", b"b"]))


# Features ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float16", "uint8", "int64"])
def test_features_of_any_type_are_the_same_features(dtype):
    model = some_model()
    X = np.random.default_rng(0).integers(0, 4, (300, 4)).astype(dtype)
    y = model.predict(X)

    data = encode_labels(model, X, y)

    assert data == encode_labels(model, X.astype(np.float64), y)
    assert data == encode_labels(model, np.asfortranarray(X), y)
    same(y.tolist(), decode_labels(model, X, data))


def test_sparse_rows_are_coded():
    model = some_model(k=50)
    X, _ = some_rows(model)
    X = csr_array(np.where(X > 1.5, X, 0.0))
    y = model.predict(X)

    same(y.tolist(), decode_labels(model, X, encode_labels(model, X, y)))


@pytest.mark.parametrize("huge", [1e6, 1e30, 1e308])
def test_huge_features_cost_bits_and_no_label(huge):
    model = some_model()
    X, y = some_rows(model, n=2000)
    X[::500] *= huge

    data = encode_labels(model, X, y)

    usual = np.arange(2000) % 500 != 0
    ideal = float(model.code_lengths(X[usual], y[usual]).sum()) / 8
    same(y.tolist(), decode_labels(model, X, data))
    # 16 bits of the precision go to the huge rows, and the others hardly notice. A huge row costs
    # at most 24 bits.
    assert ideal * 0.998 <= column_sizes(data).symbols <= ideal * 1.002 + 4 * 3 + 4


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_not_finite_are_refused(value):
    model = some_model()
    X, y = some_rows(model)
    X[7, 1] = value

    with pytest.raises(DataError, match="row 7, column 1"):
        encode_labels(model, X, y)


def test_no_rows_are_coded():
    model = some_model()
    X, y = some_rows(model, n=0)

    data = encode_labels(model, X, y)

    assert len(data) < 32
    assert decode_labels(model, X, data).shape == (0,)
    with pytest.raises(DataError, match="X has 3 rows, but 0 are coded"):
        decode_labels(model, np.zeros((3, 4)), data)


def test_an_alphabet_of_one_class_costs_no_bits():
    model = some_model(q=1)
    X = np.zeros((1000, 4))

    data = encode_labels(model, X, [0] * 1000)

    assert column_sizes(data).symbols <= 1
    same([0] * 1000, decode_labels(model, X, data))


def test_models_of_tables_code_their_target():
    table = {"colour": ["red", "blue", None, "red"] * 30, "size": [1.0, None, 3.0, 2.5] * 30}
    y = ["apple", "plum", "plum", "apple"] * 30
    model = TableModel(SoftmaxRegression(), target="fruit").fit(table, y)

    data = encode_labels(model, table, y)

    same(y, decode_labels(model, table, data))
    none = {"colour": [], "size": []}
    assert decode_labels(model, none, encode_labels(model, none, [])).shape == (0,)
    table["size"][5] = 100.0
    with pytest.raises(DataError, match="not the features that rows"):
        decode_labels(model, table, data)


# Blocks --------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(
    cuts=st.lists(st.integers(0, 100), max_size=5),
    others=st.lists(st.integers(0, 100), max_size=5),
    rows=st.integers(1, 60),
)
def test_batches_of_any_size_make_the_same_blocks(cuts, others, rows):
    model = some_model()
    X, y = some_rows(model, n=100)
    coder = LabelCoder.of(model)

    def encoded(places):
        batches = [(X[a:b], y[a:b]) for a, b in pairwise([0, *sorted(places), 100])]
        return b"".join(encode_column(coder, iter(batches), 100, rows_per_block=rows))

    data = encoded(cuts)
    stream = BytesIO(data)
    batches = (X[a:b] for a, b in pairwise([0, *sorted(others), 100]))
    parts = list(decode_column(coder, read_header(stream), batches, stream))

    assert data == encoded(others)
    assert [len(part) for part in parts[:-1]] == [rows] * (len(parts) - 1)
    same(y.tolist(), np.concatenate(parts))


def test_sparse_batches_are_joined_to_blocks():
    model = some_model(k=30)
    X = csr_array(np.where(np.random.default_rng(0).random((90, 30)) < 0.1, 1.0, 0.0))
    y = model.predict(X)
    coder = LabelCoder.of(model)
    batches = ((X[a : a + 30], y[a : a + 30]) for a in (0, 30, 60))

    data = b"".join(encode_column(coder, batches, 90))

    same(y.tolist(), decode_labels(model, X, data))


def test_a_block_may_be_sparse_in_one_batch_and_dense_in_the_next():
    model = some_model()
    X, y = some_rows(model, n=40)
    coder = LabelCoder.of(model)
    batches = [(csr_array(X[:20]), y[:20]), (X[20:], y[20:])]

    data = b"".join(encode_column(coder, batches, 40))

    same(y.tolist(), decode_labels(model, csr_array(X), data))
    with pytest.raises(DataError, match="sparse only if they were"):
        decode_labels(model, X, data)


def test_blocks_are_taken_as_they_are_needed():
    """Memory holds a few blocks, and not all the rows."""
    model = some_model()
    X, y = some_rows(model, n=10)
    taken = 0

    def batches():
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield X, y

    pieces = encode_column(LabelCoder.of(model), batches(), 1000, rows_per_block=10)
    next(pieces)
    next(pieces)

    assert taken < 10


def test_types_of_blocks_are_joined_without_loss():
    model = some_model(q=2, classes=np.array([0, 1]))
    X, _ = some_rows(model, n=4)
    y = [0, 2**64 - 1, -1, 1]
    coder = LabelCoder.of(model)
    data = b"".join(encode_column(coder, [(X, np.array(y, dtype=object))], 4, rows_per_block=2))

    same(y, decode_labels(model, X, data))


# What can be wrong ---------------------------------------------------------------------------


def small():
    model = some_model(classes=np.array(["a", "b", "c", "d", "e"]))
    X, y = some_rows(model, n=60)
    y = y.astype(object)
    y[[5, 30]] = ["never seen", None]
    coder = LabelCoder.of(model)
    return model, X, y, b"".join(encode_column(coder, [(X, y)], 60, rows_per_block=25))


def test_every_changed_byte_is_noticed():
    model, X, y, data = small()
    same(y.tolist(), decode_labels(model, X, data))

    for position in range(len(data)):
        for change in (1, 0x80, 0xFF):
            damaged = bytearray(data)
            damaged[position] ^= change
            with pytest.raises(DataError, match=r"damaged|truncated|format|not coded labels"):
                decode_labels(model, X, bytes(damaged))


def test_every_truncation_is_noticed_and_every_byte_too_many():
    model, X, _, data = small()

    for size in range(len(data)):
        with pytest.raises(DataError, match="truncated"):
            decode_labels(model, X, data[:size])
    with pytest.raises(DataError, match="Bytes were added"):
        decode_labels(model, X, data + b"\0")


def test_blocks_in_another_order_are_noticed():
    model = some_model()
    X, y = some_rows(model, n=20)
    coder = LabelCoder.of(model)
    X, y = np.vstack([X, X]), np.append(y, y)
    head, one, two = encode_column(coder, [(X, y)], 40, rows_per_block=20)

    assert one[5:] == two[5:]
    with pytest.raises(DataError, match="damaged in the block of rows 0 to 19"):
        decode_labels(model, X, head + two + one)


@settings(max_examples=60)
@given(row=st.integers(0, 199), column=st.integers(0, 3), factor=st.sampled_from([-1.0, 1.1, 1e9]))
def test_features_that_were_altered_are_told(row, column, factor):
    """What moves no score by 2⁻¹⁰ bits moves no probability, and no label."""
    model = some_model()
    X, y = some_rows(model, n=200)
    data = encode_labels(model, X, y)
    assume(abs(X[row, column]) > 0.1)
    X[row, column] *= factor

    with pytest.raises(DataError, match="not the features that rows 0 to 199 were encoded with"):
        decode_labels(model, X, data)


def test_rows_in_another_order_are_told():
    model = some_model()
    X, y = some_rows(model)
    data = encode_labels(model, X, y)

    with pytest.raises(DataError, match="same order of rows"):
        decode_labels(model, X[::-1], data)


@pytest.mark.parametrize("rows", [slice(1, None), slice(0, 299), [*range(300), 0]])
def test_another_number_of_rows_is_told(rows):
    model = some_model()
    X, y = some_rows(model)
    data = encode_labels(model, X, y)

    with pytest.raises(DataError, match=rf"X has {len(X[rows])} rows, but 300 are coded"):
        decode_labels(model, X[rows], data)


@pytest.mark.parametrize(
    "other",
    [
        some_model(1),
        some_model(q=4),
        some_model(classes=np.array([0, 1, 2, 3, 5])),
        some_model(classes=np.arange(5.0)),
        some_model(k=3),
    ],
)
def test_another_model_is_told(other):
    model = some_model()
    X, y = some_rows(model)
    data = encode_labels(model, X, y)

    with pytest.raises(DataError, match="another model: one of 4 features and 5 symbols"):
        decode_labels(other, X[:, : other.n_features_in_], data)


def test_a_saved_model_decodes_what_the_fitted_one_encoded(tmp_path):
    X, y = load_digits(return_X_y=True)
    model = SoftmaxRegression(C=1e-3).fit(X, y)
    data = encode_labels(model, X, y)
    model.save(tmp_path / "model.linnet")
    from linnet import load

    same(y.tolist(), decode_labels(load(tmp_path / "model.linnet"), X, data))


def test_models_that_are_no_classifiers_are_refused():
    X, y = load_digits(return_X_y=True)
    regression = LinearRegression().fit(X, y)

    with pytest.raises(DataTypeError, match="a SoftmaxRegression is needed"):
        encode_labels(regression, X, y)
    with pytest.raises(DataTypeError, match="data is a str"):
        decode_labels(some_model(), X[:, :4], "text")
    with pytest.raises(DataError, match="not coded labels"):
        decode_labels(some_model(), X[:, :4], b"\x89PNG....")


@pytest.mark.parametrize(("place", "value"), [(9, 7), (19, 0)])
def test_a_header_made_by_other_means_is_refused(place, value):
    """An unknown kind, and blocks of no rows, under a right checksum."""
    header = bytearray(
        Header(
            kind=ColumnKind.LABELS,
            fingerprint=bytes(8),
            n_rows=3,
            rows_per_block=3,
            n_features=4,
            n_symbols=5,
        ).to_bytes()
    )
    header[place] = value
    header[4:8] = zlib.crc32(header[:4] + header[8:]).to_bytes(4, "little")

    with pytest.raises(DataError, match="does not know"):
        decode_labels(some_model(), np.zeros((3, 4)), bytes(header))


def test_a_newer_format_is_told():
    model, X, _, data = small()

    with pytest.raises(DataError, match=r"format 2, but this linnet reads format 1\."):
        decode_labels(model, X, data[:3] + b"\2" + data[4:])
