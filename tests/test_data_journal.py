"""A journal of passes: nothing that was summed is lost, and nothing wrong is ever taken from it."""

from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from linnet.data import Batch, MemorySource
from linnet.data.journal import Journal, digest
from linnet.data.journalled import JournalledSource
from linnet.data.reweighed import ReweighedSource
from linnet.data.walking import walk_through
from linnet.engine import gradient_pass
from linnet.errors import DataError
from linnet.losses import SoftmaxCrossEntropy
from linnet.types import Array

random = np.random.default_rng(0)
SOURCE = MemorySource(random.normal(size=(50, 3)), random.integers(3, size=50))
LOSS = SoftmaxCrossEntropy()


class Counting:
    """A source in blocks that counts those read, and fails in one if asked to."""

    def __init__(self, *, fails_at: int | None = None) -> None:
        self.read = 0
        self.fails_at = fails_at
        self.n_samples, self.n_features, self.n_values = 50, 3, 150
        self.total_weight, self.room, self.room_for_sums = 50.0, 0, 0
        self.fold, self.sample = SOURCE.fold, SOURCE.sample
        self.rotated = SOURCE.rotated

    def batches(self, start: int = 0):
        for number in range(start, 5):
            if number == self.fails_at:
                raise KeyboardInterrupt
            self.read += 1
            rows = slice(10 * number, 10 * number + 10)
            yield Batch(SOURCE.X[rows], SOURCE.y[rows])

    def shuffled(self, random: np.random.Generator):
        for batch in self.batches():
            yield batch, random.permutation(batch.n_samples)


def gradient(theta: Array) -> partial:
    return partial(gradient_pass, LOSS, theta=theta)


def test_a_pass_is_read_once_and_then_taken_from_the_journal(tmp_path: Path) -> None:
    theta = np.ones((3, 4))
    source = Counting()
    with Journal.opened(tmp_path, data="rows") as journal:
        first = JournalledSource(source, journal).fold(gradient(theta))
    with Journal.opened(tmp_path, data="rows") as journal:
        again = JournalledSource(source, journal).fold(gradient(theta))
    assert source.read == 5
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_a_pass_cut_short_goes_on_from_its_last_block(tmp_path: Path) -> None:
    theta = np.full((3, 4), 0.5)
    with (
        Journal.opened(tmp_path, data="rows", seconds=0.0) as journal,
        pytest.raises(KeyboardInterrupt),
    ):
        JournalledSource(Counting(fails_at=3), journal).fold(gradient(theta))
    rest = Counting()
    with Journal.opened(tmp_path, data="rows", seconds=0.0) as journal:
        sums = JournalledSource(rest, journal).fold(gradient(theta))
    assert rest.read == 2
    for seen, expected in zip(sums, SOURCE.fold(gradient(theta), tiled=False), strict=True):
        np.testing.assert_allclose(seen, expected, rtol=1e-13)


@pytest.mark.parametrize("change", ["theta", "loss", "data"])
def test_what_differs_is_computed_anew(tmp_path: Path, change: str) -> None:
    theta, loss = np.zeros((3, 4)), LOSS
    source = Counting()
    with Journal.opened(tmp_path, data="rows") as journal:
        JournalledSource(source, journal).fold(gradient(theta))
    if change == "theta":
        theta = np.nextafter(theta, 1)
    loss = SoftmaxCrossEntropy(anchored=True) if change == "loss" else loss
    with Journal.opened(tmp_path, data="others" if change == "data" else "rows") as journal:
        key = journal.key(partial(gradient_pass, loss, theta=theta))
        assert journal.find(key) is None


@given(
    parts=st.lists(
        hnp.arrays(float, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0)), max_size=3
    ),
    cut=st.integers(1, 200),
)
def test_a_journal_cut_off_anywhere_loses_its_last_record_alone(
    tmp_path_factory: pytest.TempPathFactory, parts: list[Array], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    with Journal.opened(folder, data="") as journal:
        journal.add("first", tuple(parts))
        whole = (folder / "passes.journal").stat().st_size
        journal.add("second", tuple(parts))
    file = folder / "passes.journal"
    content = file.read_bytes()
    file.write_bytes(content[: max(whole, len(content) - cut)])
    with Journal.opened(folder, data="") as journal:
        kept = journal.find("first")
        assert kept is not None
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(kept, parts, strict=True))
        assert journal.find("second") is None
        journal.add("third", tuple(parts))
    with Journal.opened(folder, data="") as journal:
        assert len(journal) == 2


def test_a_flipped_bit_ends_what_is_believed(tmp_path: Path) -> None:
    with Journal.opened(tmp_path, data="") as journal:
        journal.add("first", (np.arange(9.0),))
    file = tmp_path / "passes.journal"
    content = bytearray(file.read_bytes())
    content[-20] ^= 1
    file.write_bytes(content)
    with Journal.opened(tmp_path, data="") as journal:
        assert journal.find("first") is None


def test_two_fits_do_not_share_a_journal(tmp_path: Path) -> None:
    with Journal.opened(tmp_path, data=""), pytest.raises(DataError, match="another fit"):
        Journal(tmp_path, data="")


STATE = (np.zeros(3), np.array(0.0))


class Strides:
    """What is walked, told from others by its rate alone, and how many strides were made."""

    def __init__(self, rate: float = 0.5) -> None:
        self.made = 0
        self.rate = rate

    def of_module(self) -> partial:
        self.made = 0
        # Called through the module, as what is noted must be: see `digest`.
        MADE.append(self)
        return partial(stride, rate=self.rate)


MADE: list[Strides] = []


def stride(
    batch: Batch, order: Array, state: tuple[Array, ...], *, rate: float
) -> tuple[Array, ...]:
    MADE[-1].made += 1
    theta, steps = state
    for row in order:
        theta = theta * (1 - rate) + rate * batch.X[row] * (1 + batch.y[row])
        steps = steps + 1
    return theta, np.asarray(steps)


def walk(source, strides: Strides, seed: int = 0):
    """Walk once; give the state, and what the generator draws next."""
    generator = np.random.default_rng(seed)
    state = walk_through(source, strides.of_module(), STATE, generator)
    return *state, generator.random(4)


def are_equal(first: tuple[Array, ...], second: tuple[Array, ...]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("reweighed", [False, True])
def test_a_walk_is_made_once_and_then_taken_from_the_journal(
    tmp_path: Path, *, reweighed: bool
) -> None:
    """With where it leaves the generator, for later walks go on drawing from there."""
    strides, found = Strides(), []
    for expected in (5, 0):
        with Journal.opened(tmp_path, data="rows") as journal:
            source = JournalledSource(Counting(), journal)
            found.append(
                walk(ReweighedSource(source, np.ones(3)) if reweighed else source, strides)
            )
        assert strides.made == expected
    assert are_equal(found[0], found[1])
    assert are_equal(found[0], walk(Counting(), strides))
    assert strides.made == 5


@pytest.mark.parametrize("fails_at", range(6))
def test_a_walk_cut_short_goes_on_from_its_last_batch(tmp_path: Path, fails_at: int) -> None:
    strides = Strides()
    with suppress(KeyboardInterrupt), Journal.opened(tmp_path, data="", seconds=0.0) as journal:
        walk(JournalledSource(Counting(fails_at=fails_at), journal), strides)
    assert strides.made == min(5, fails_at)
    with Journal.opened(tmp_path, data="", seconds=0.0) as journal:
        found = walk(JournalledSource(Counting(), journal), strides)
    assert strides.made == 5 - min(5, fails_at)
    assert are_equal(found, walk(Counting(), strides))


@pytest.mark.parametrize(("rate", "seed", "data"), [(0.25, 0, ""), (0.5, 1, ""), (0.5, 0, "more")])
def test_another_walk_is_made_anew(tmp_path: Path, rate: float, seed: int, data: str) -> None:
    with Journal.opened(tmp_path, data="") as journal:
        walk(JournalledSource(Counting(), journal), Strides())
    strides = Strides(rate)
    with Journal.opened(tmp_path, data=data) as journal:
        walk(JournalledSource(Counting(), journal), strides, seed)
    assert strides.made == 5


@pytest.mark.parametrize("what", ["function", "generator"])
def test_a_walk_that_nothing_tells_from_others_is_not_noted(tmp_path: Path, what: str) -> None:
    strides = Strides()
    named = strides.of_module()

    def nameless(batch: Batch, order: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        return named(batch, order, state)

    for expected in (5, 10):
        with Journal.opened(tmp_path, data="") as journal:
            generator = np.random.Generator(
                np.random.MT19937(0) if what == "generator" else np.random.PCG64(0)
            )
            walked = named if what == "generator" else nameless
            walk_through(JournalledSource(Counting(), journal), walked, STATE, generator)
            assert len(journal) == 0
        assert strides.made == expected


def test_functions_without_a_name_have_no_digest() -> None:
    with pytest.raises(TypeError, match="cannot be told"):
        digest(lambda: None)
