"""A walk of gradient descent: what defines it against formulas of others, and the native engine."""

import subprocess
import sys
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.example_libraries import optimizers

from engine_cases import DENSE, LOSSES, case
from linnet import engine
from linnet.data import Batch
from linnet.engine import (
    Iterate,
    StepRule,
    Walk,
    descent_native,
    descent_reference,
    native,
)
from linnet.errors import DataError
from linnet.numeric import EPSILON

needs_native = pytest.mark.skipif(
    not native.is_built(), reason="linnet was installed without its native engine"
)
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=15, deadline=None)
RULES = {
    "plain": StepRule(),
    "average": StepRule(average=True),
    "momentum": StepRule(momentum=0.9),
    "both": StepRule(momentum=0.5, average=True),
    "adagrad": StepRule(optimizer="adagrad"),
    "adam": StepRule(optimizer="adam"),
}
every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


@pytest.fixture(params=native.instruction_sets())
def simd(request, monkeypatch):
    monkeypatch.setenv("LINNET_SIMD", request.param)


def walk_over(batch, seed=0, *, batch_size=3, l2=0.1, rate=0.05, rows=None):
    """A walk over all rows, or the first few of a random order, at rates that fall."""
    n = batch.n_samples
    order = np.random.default_rng(seed).permutation(n)[:rows]
    steps = -(-len(order) // batch_size)
    rates = rate / np.sqrt(1 + np.arange(steps))
    weight = n if batch.weight is None else max(1.0, batch.weight.sum())
    return Walk(order=order, batch_size=batch_size, rates=rates, l2=l2, share=n / weight)


def sparse(batch, dtype=np.float64, indices=np.int32, above=1.0):
    X = sp.csr_array(np.where(above < batch.X, batch.X, 0).astype(dtype))
    X.indices, X.indptr = X.indices.astype(indices), X.indptr.astype(indices)
    return Batch(X, batch.y, batch.weight)


def dense(batch):
    return Batch(batch.X.toarray(), batch.y, batch.weight)


def arrays(iterate):
    return np.stack(arrays_of(iterate))


def arrays_of(iterate):
    return [iterate.theta, *iterate.slots]


def assert_same(one, other, steps):
    """Two walks differ by the rounding of their steps alone.

    A step moves the numbers by a share of themselves, so that each adds a few roundings of their
    size; the steps of these walks are short enough not to magnify them more than a hundredfold.
    """
    assert one.steps == other.steps
    for a, b in zip(arrays(one), arrays(other), strict=True):
        bound = 100 * EPSILON * (steps + 10) * max(1.0, np.abs(b).max(initial=0))
        np.testing.assert_allclose(a, b, rtol=0, atol=bound)


def assert_engines_agree(loss, batch, walk, rule, theta, *, walks=2):
    begun = ours = theirs = Iterate.begin(theta, rule)
    for _ in range(walks):
        ours = descent_native.descend(loss, batch, walk, rule, ours)
        theirs = descent_reference.descend(loss, batch, walk, rule, theirs)
    assert_same(ours, theirs, walks * len(walk.rates))
    # A loss is a sum over rows of what moves with the parameters.
    bound = 1e4 * EPSILON * (len(walk.rates) + 10) * max(1.0, np.abs(theirs.losses).max(initial=0))
    np.testing.assert_allclose(ours.losses, theirs.losses, rtol=0, atol=bound)
    assert begun.steps == 0
    assert not arrays(begun)[1:].any()


@needs_native
@every_rule
@pytest.mark.parametrize("kind", LOSSES)
@few
@given(seed=seeds, data=st.data())
def test_dense_walks_agree_with_the_reference(rule, kind, seed, data):
    loss, batch, theta = case(
        seed,
        kind,
        n=data.draw(st.sampled_from([1, 3, 64, 65, 130])),
        k=data.draw(st.sampled_from([1, 2, 7, 8, 9, 17, 33])),
        q=data.draw(st.sampled_from([1, 2, 3, 7, 8, 17])),
        order=data.draw(
            st.sampled_from(["C", "F", "strided rows", "strided columns", "backwards"])
        ),
        weighted=data.draw(st.booleans()),
        intercept=data.draw(st.booleans()),
    )
    walk = walk_over(
        batch,
        seed,
        batch_size=data.draw(st.sampled_from([1, 2, 5, 64, 65, 1000])),
        l2=data.draw(st.sampled_from([0.0, 0.3])),
        rate=data.draw(st.sampled_from([1e-3, 0.05])),
        rows=data.draw(st.sampled_from([0, 1, 50, None])),
    )

    assert_engines_agree(loss, batch, walk, rule, theta)


@needs_native
@every_rule
@pytest.mark.parametrize("kind", LOSSES)
@few
@given(seed=seeds, data=st.data())
def test_sparse_walks_agree_with_the_reference(rule, kind, seed, data):
    loss, batch, theta = case(
        seed,
        kind,
        n=data.draw(st.sampled_from([1, 3, 65, 130])),
        k=data.draw(st.sampled_from([1, 2, 9, 40])),
        q=data.draw(st.sampled_from([1, 2, 3, 5, 17, 33])),
        weighted=data.draw(st.booleans()),
        intercept=data.draw(st.booleans()),
    )
    batch = sparse(
        batch,
        data.draw(st.sampled_from([np.float32, np.float64])),
        data.draw(st.sampled_from([np.int32, np.int64])),
        above=data.draw(st.sampled_from([0.0, 1.5])),
    )
    walk = walk_over(
        batch,
        seed,
        batch_size=data.draw(st.sampled_from([1, 2, 5, 64, 65, 1000])),
        l2=data.draw(st.sampled_from([0.0, 0.3])),
        rate=data.draw(st.sampled_from([1e-3, 0.05])),
        rows=data.draw(st.sampled_from([0, 1, 50, None])),
    )

    assert_engines_agree(loss, batch, walk, rule, theta)


@needs_native
@every_rule
@pytest.mark.parametrize("storage", DENSE)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.usefixtures("simd")
def test_rows_of_every_type_are_read_as_they_are(rule, order, storage):
    loss, batch, theta = case(3, "labels", n=70, k=37, storage=storage, order=order)

    assert_engines_agree(loss, batch, walk_over(batch, rate=1e-3), rule, theta)
    if storage in {"float32", "float64"}:
        assert_engines_agree(loss, sparse(batch), walk_over(batch), rule, theta)


@needs_native
@every_rule
@pytest.mark.parametrize("in_csr", [False, True])
@pytest.mark.parametrize("decay", [0.5, 1.0, 1.5, 2.5])
def test_a_penalty_may_be_of_any_strength(rule, in_csr, decay):
    """Plain steps multiply weights by 1 − ηλ: by ½, by 0, and by −½ and −3/2 where it overshoots.

    Sixty of them take the scale of the weights through 1e-18 and 3e10.
    """
    loss, batch, theta = case(8, "labels", n=60, k=9)
    batch = sparse(batch) if in_csr else batch
    walk = replace(walk_over(batch, batch_size=1), l2=decay / 1e-3, rates=np.full(60, 1e-3))

    assert_engines_agree(loss, batch, walk, rule, theta, walks=1)


def objective_in_jax(batch, rows, walk, k):
    """Mean softmax loss of a few rows, with the penalty on the weights."""

    def value(theta):
        Z = batch.X[rows] @ theta[:, :k].T + theta[:, k]
        losses = -jax.nn.log_softmax(Z, axis=1)[jnp.arange(len(rows)), batch.y[rows]]
        mean = (batch.weight[rows] * losses).mean() * walk.share
        return mean + 0.5 * walk.l2 * (theta[:, :k] ** 2).sum()

    return value


@pytest.mark.parametrize("name", ["plain", "momentum", "adam"])
@pytest.mark.parametrize("batch_size", [1, 7])
def test_steps_are_those_of_jax(name, batch_size):
    """Without a penalty also those of Adam, whose penalty flows by itself."""
    rule = RULES[name]
    loss, batch, theta = case(4, "labels", n=40, k=6)
    walk = walk_over(batch, batch_size=batch_size, l2=0.0 if name == "adam" else 0.2)
    with jax.enable_x64(True):
        rates = jnp.asarray(walk.rates)
        begin, update, params = {
            "plain": lambda: optimizers.sgd(lambda t: rates[t]),
            "momentum": lambda: optimizers.momentum(lambda t: rates[t], rule.momentum),
            "adam": lambda: optimizers.adam(lambda t: rates[t], *rule.betas, rule.epsilon),
        }[name]()
        state = begin(jnp.asarray(theta))
        for t, (rows, _) in enumerate(walk.steps()):
            slope = jax.grad(objective_in_jax(batch, rows, walk, 6))
            state = update(t, slope(params(state)), state)
        expected = np.asarray(params(state))

    for module in (descent_reference, engine):
        after = module.descend(loss, batch, walk, rule, Iterate.begin(theta, rule))
        np.testing.assert_allclose(after.theta, expected, rtol=0, atol=1e-13)


def test_adagrad_divides_by_the_root_of_all_squares_so_far():
    """Θ_T = Θ_0 − Σ η g_t/√(Σ_{s ≤ t} g_s²), the gradients being taken where the walk was."""
    loss, batch, theta = case(5, "labels", n=30, k=4)
    walk = walk_over(batch, batch_size=2, l2=0.0)
    rule = RULES["adagrad"]
    gradients, now = [], Iterate.begin(theta, rule)
    for t, (rows, rate) in enumerate(walk.steps()):
        some = Batch(batch.X[rows], batch.y[rows], batch.weight[rows])
        gradient = engine.gradient_pass(loss, some, now.theta)[1]
        gradients.append(gradient * walk.share / len(rows))
        roots = np.sqrt(np.square(gradients).cumsum(axis=0)) + rule.epsilon
        expected = theta - (walk.rates[: t + 1, None, None] * gradients / roots).sum(axis=0)
        one = replace(walk, order=rows, rates=np.array([rate]))
        now = engine.descend(loss, batch, one, rule, now)
        np.testing.assert_allclose(now.theta, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", ["adagrad", "adam"])
@pytest.mark.parametrize("in_csr", [False, True])
def test_the_penalty_alone_flows_as_its_differential_equation_says(name, in_csr):
    """Rows of no weight leave Θ' = −λΘ/d: a thousand small steps of Euler solve it too."""
    rule = RULES[name]
    loss, batch, theta = case(6, "labels", n=12, k=5)
    idle = Batch(batch.X, batch.y, np.zeros(12))
    idle = sparse(idle) if in_csr else idle
    walk = Walk(order=np.arange(12), batch_size=1, rates=np.full(12, 0.1), l2=0.3)
    # Moments of Adam fade while no gradient comes: let it be one step, or every column missed.
    if name == "adam":
        idle = Batch(sp.csr_array((12, 5)), batch.y, np.zeros(12))
    begun = replace(Iterate.begin(theta, rule), slots=(np.ones_like(theta),) * rule.n_slots)
    begun = replace(begun, steps=10**6)  # the bias of Adam's moments is long gone
    flowed = theta[:, :5].copy()
    for _ in range(1000):
        flowed -= 0.3 * flowed * (1.2 / 1000)

    after = engine.descend(loss, idle, walk, rule, begun)

    # Euler's method errs by half the step times the time times the square of the rate.
    np.testing.assert_allclose(after.theta[:, :5], flowed, rtol=(0.3 * 1.2) ** 2 / 1000)
    if name == "adagrad":
        np.testing.assert_array_equal(after.theta[:, 5], theta[:, 5])


@pytest.mark.parametrize("momentum", [0.0, 0.8])
@pytest.mark.parametrize("in_csr", [False, True])
def test_the_average_is_the_mean_of_all_iterates(in_csr, momentum):
    loss, batch, theta = case(7, "labels", n=50, k=12)
    batch = sparse(batch) if in_csr else batch
    walk = walk_over(batch, batch_size=4)
    averaged, bare = StepRule(average=True, momentum=momentum), StepRule(momentum=momentum)
    now, iterates = Iterate.begin(theta, bare), []
    for rows, rate in walk.steps():
        one = replace(walk, order=rows, rates=np.array([rate]))
        now = engine.descend(loss, batch, one, bare, now)
        iterates.append(now.theta)

    after = engine.descend(loss, batch, walk, averaged, Iterate.begin(theta, averaged))

    np.testing.assert_allclose(after.estimate(averaged), np.mean(iterates, axis=0), atol=1e-13)
    np.testing.assert_allclose(after.theta, now.theta, atol=1e-13)
    begun = Iterate.begin(theta, averaged)
    np.testing.assert_array_equal(begun.estimate(averaged), theta)


@every_rule
@pytest.mark.parametrize("in_csr", [False, True])
def test_a_walk_may_be_cut_in_two(rule, in_csr):
    """Adam on sparse rows without a penalty: what of it is made up for depends on the cut."""
    loss, batch, theta = case(9, "distributions", n=60, k=12)
    batch = sparse(batch) if in_csr else batch
    lazy = in_csr and rule.optimizer == "adam"
    walk = walk_over(batch, batch_size=4, l2=0.0 if lazy else 0.2)
    whole = engine.descend(loss, batch, walk, rule, Iterate.begin(theta, rule))

    cut = Iterate.begin(theta, rule)
    for rows, steps in ((slice(0, 28), slice(0, 7)), (slice(28, 60), slice(7, 15))):
        part = replace(walk, order=walk.order[rows], rates=walk.rates[steps])
        cut = engine.descend(loss, batch, part, rule, cut)

    assert_same(cut, whole, 15)


@every_rule
def test_sparse_rows_go_the_way_of_the_same_rows_held_densely(rule):
    """Adam too, where every step has an entry in every column."""
    loss, batch, theta = case(10, "labels", n=60, k=12)
    adam = rule.optimizer == "adam"
    rows = sparse(batch, above=-np.inf if adam else 1.0)
    walk = walk_over(batch, batch_size=2)

    assert_same(
        engine.descend(loss, rows, walk, rule, Iterate.begin(theta, rule)),
        engine.descend(loss, dense(rows), walk, rule, Iterate.begin(theta, rule)),
        30,
    )


def test_adam_leaves_alone_what_a_sparse_step_does_not_meet():
    loss, batch, theta = case(11, "labels", n=20, k=6)
    batch.X[:, 2] = 0
    rule = RULES["adam"]
    rows = sparse(batch, above=0.0)

    after = engine.descend(loss, rows, walk_over(rows, l2=0.0), rule, Iterate.begin(theta, rule))

    np.testing.assert_array_equal(after.theta[:, 2], theta[:, 2])
    assert not arrays(after)[1:, :, 2].any()
    assert (
        arrays(after)[:, :, [0, 1, 3, 4, 5, 6]]
        != arrays(Iterate.begin(theta, rule))[:, :, [0, 1, 3, 4, 5, 6]]
    ).all()


@pytest.mark.parametrize("weighted", [True, False])
@few
@given(seed=seeds)
def test_steps_of_one_epoch_average_to_the_gradient(weighted, seed):
    """Each taken from the same point, with a rate of 1."""
    loss, batch, theta = case(seed, "labels", n=40, k=3, weighted=weighted)
    walk = walk_over(batch, seed, batch_size=8, l2=0.3)
    begun = Iterate.begin(theta, RULES["plain"])
    steps = [
        theta
        - engine.descend(
            loss, batch, replace(walk, order=rows, rates=np.ones(1)), RULES["plain"], begun
        ).theta
        for rows, _ in walk.steps()
    ]

    total = engine.gradient_pass(loss, batch, theta)[1]
    expected = total * walk.share / 40 + 0.3 * np.pad(theta[:, :3], ((0, 0), (0, 1)))
    np.testing.assert_allclose(np.mean(steps, axis=0), expected, atol=1e-13)


@needs_native
@pytest.mark.parametrize("in_csr", [False, True])
@pytest.mark.parametrize("q", [2, 3, 4, 21])
@every_rule
def test_a_walk_gives_the_same_bits_whatever_the_order_of_its_parameters_in_memory(rule, q, in_csr):
    loss, batch, theta = case(15, "labels", n=70, q=q)
    batch = sparse(batch) if in_csr else batch
    walk = walk_over(batch)
    begun = Iterate.begin(theta, rule)
    turned = replace(
        begun,
        theta=np.asfortranarray(theta),
        slots=tuple(np.repeat(slot, 2, axis=1)[:, ::2] for slot in begun.slots),
    )

    once = descent_native.descend(loss, batch, walk, rule, begun)
    np.testing.assert_array_equal(
        arrays(descent_native.descend(loss, batch, walk, rule, turned)), arrays(once)
    )
    # What a walk gives is where the next begins, and is left as it is.
    before = arrays(once).copy()
    twice = descent_native.descend(loss, batch, walk, rule, once)
    np.testing.assert_array_equal(arrays(once), before)
    assert not any(np.shares_memory(a, b) for a in arrays_of(twice) for b in arrays_of(once))


@needs_native
@pytest.mark.parametrize("in_csr", [False, True])
@every_rule
def test_what_cannot_be_used_is_named_and_nothing_is_changed(rule, in_csr):
    loss, batch, theta = case(12, "labels", n=70)
    batch.y[[40]] = 9
    batch = sparse(batch) if in_csr else batch
    begun = Iterate.begin(theta, rule)
    before = arrays(begun).copy()

    with pytest.raises(DataError, match="label in row 40 is 9, but the model has 4 classes"):
        descent_native.descend(loss, batch, walk_over(batch), rule, begun)
    np.testing.assert_array_equal(arrays(begun), before)
    if not in_csr:
        return
    batch.y[40] = 0
    batch.X.indices[batch.X.indptr[30]] = 10**6
    with pytest.raises(DataError, match="row 30 of the sparse matrix names column 1000000"):
        descent_native.descend(loss, batch, walk_over(batch), rule, begun)


@needs_native
def test_a_walk_reads_read_only_arrays_and_refuses_rows_that_there_are_not():
    loss, batch, theta = case(13, "labels", storage="float32")
    before = [a.copy() for a in (batch.X, batch.y, batch.weight, theta)]
    for array in (batch.X, batch.y, batch.weight, theta):
        array.flags.writeable = False
    begun = Iterate.begin(theta, RULES["plain"])
    walk = walk_over(batch)

    descent_native.descend(loss, batch, walk, RULES["plain"], begun)

    for array, copy in zip((batch.X, batch.y, batch.weight, theta), before, strict=True):
        np.testing.assert_array_equal(array, copy)
    for row in (-1, 70):
        wrong = replace(walk, order=np.where(walk.order == 5, row, walk.order))
        with pytest.raises(ValueError, match="a row that there is not"):
            descent_native.descend(loss, batch, wrong, RULES["plain"], begun)


def test_what_the_engine_cannot_read_goes_to_the_reference():
    loss, batch, theta = case(14, "labels")
    begun = Iterate.begin(theta, RULES["adam"])
    for X, same in (
        (batch.X.astype(">f8"), batch.X),
        (sp.csc_array(sparse(batch).X), sparse(batch).X),
    ):
        assert_same(
            engine.descend(loss, Batch(X, batch.y), walk_over(batch), RULES["adam"], begun),
            engine.descend(loss, Batch(same, batch.y), walk_over(batch), RULES["adam"], begun),
            24,
        )


ENDLESS = """
import signal, threading
import numpy as np
from linnet.data import Batch
from linnet.engine import Iterate, StepRule, Walk, descent_native
from linnet.losses import SoftmaxCrossEntropy

n = 3 * 10**7  # ten rows, told many times over: a minute of work
X, y = np.ones((10, 64)), np.zeros(10, dtype=np.int64)
walk = Walk(order=np.zeros(n, dtype=np.int64), batch_size=1, rates=np.ones(n))
begun = Iterate.begin(np.zeros((100, 64)), StepRule())
threading.Timer(0.2, lambda: signal.raise_signal(signal.SIGINT)).start()
try:
    descent_native.descend(SoftmaxCrossEntropy(), Batch(X, y), walk, StepRule(), begun)
except KeyboardInterrupt:
    print("interrupted", bool(begun.theta.any()))
"""


@needs_native
def test_a_walk_can_be_interrupted():
    done = subprocess.run(
        [sys.executable, "-c", ENDLESS], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.stdout.split() == ["interrupted", "False"], done.stderr


@every_rule
@pytest.mark.parametrize("kind", LOSSES)
@given(seed=seeds)
@few
def test_losses_are_those_of_rows_not_yet_learnt_from(rule, kind, seed):
    """Each step by itself: its loss is that of its rows at the parameters it begins with."""
    loss, batch, theta = case(seed, kind, n=40, k=5, q=3, weighted=True, intercept=True)
    walk = walk_over(batch, seed, batch_size=7)
    now = Iterate.begin(theta, rule)
    for rows, rate in walk.steps():
        some = batch.take(rows)
        Z = np.hstack([some.X, np.ones((len(rows), 1))]) @ now.theta.T
        each = some.weight * loss.value(Z, some.y)
        step = replace(walk, order=rows, rates=np.array([rate]))
        now = engine.descend(loss, batch, step, rule, now)
        # Losses are differences of scores and their sums.
        bound = 100 * EPSILON * max(1.0, some.weight @ np.abs(Z).sum(axis=1))
        np.testing.assert_allclose(now.losses, [each.sum()], rtol=0, atol=bound)
