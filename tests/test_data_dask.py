"""Rows on a Dask cluster of real processes are fitted as rows in memory are."""

import logging
import os
import signal
import subprocess
import sys
import threading
from functools import partial

import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from dask import delayed
from distributed import Client, LocalCluster
from scipy.sparse import csr_array, random_array

from linnet import ConvergenceWarning, LinnetError, SoftmaxRegression
from linnet.data import Batch, MemorySource, Source
from linnet.data.dask_collections import from_collections, is_collection
from linnet.data.dask_source import DaskSource
from linnet.engine import gradient_pass, limited_threads, thread_count
from linnet.errors import DataError, DataTypeError, SettingError, SourceLostError
from linnet.estimators import LinearRegression
from linnet.estimators.distributed import labelled_rows, measured_rows
from linnet.estimators.softmax_parameters import label_totals, marginal_start
from linnet.losses import SoftmaxCrossEntropy
from linnet.objective import Objective
from linnet.solvers import listening

EPS = np.finfo(float).eps
N, K, Q = 1200, 6, 3
TOL = 1e-9


@pytest.fixture(scope="module", autouse=True)
def quiet():
    """Workers that end are what is tested: Dask need not tell of them."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def problem():
    """Rows whose classes overlap, so that the optimum is far inside, and their weights."""
    random = np.random.default_rng(5)
    X = random.normal(size=(N, K)) * np.logspace(-1, 1, K)
    scores = X @ random.normal(size=(K, Q)) + random.gumbel(size=(N, Q))
    y = np.array(["ant", "bee", "cat"])[scores.argmax(axis=1)]
    return X, y, random.integers(0, 4, N).astype(float)


def from_batches(client, batches):
    return DaskSource(client, tuple(client.submit(Batch, b.X, b.y, b.weight) for b in batches))


def batches_of(X, y, weight, cuts):
    parts = zip(*(np.split(a, cuts) for a in (X, y, weight)), strict=True)
    return [Batch(*part) for part in parts]


def same_optimum(one, other):
    """Both within TOL of the one minimum of F: so are their values of each other."""
    assert one.certificate_.kind == other.certificate_.kind == "proven"
    assert max(one.certificate_.gap, other.certificate_.gap) < TOL
    assert abs(one.loss_ - other.loss_) < TOL
    # F is λ-strongly convex in W: ‖W − W*‖² ≤ 2·gap/λ for each of the two.
    return np.linalg.norm(one.coef_ - other.coef_)


def farthest(model, total_weight):
    return 2 * np.sqrt(2 * TOL * model.C * total_weight)


@pytest.mark.usefixtures("client")
def test_a_fit_on_a_cluster_is_that_in_memory_with_a_proof_of_the_same_kind(problem):
    X, y, weight = problem
    near = SoftmaxRegression(tol=TOL).fit(X, y, sample_weight=weight)

    far = SoftmaxRegression(tol=TOL).fit(
        da.from_array(X, chunks=(250, 4)), da.from_array(y, chunks=400), weight
    )

    assert same_optimum(near, far) <= farthest(near, weight.sum())
    np.testing.assert_array_equal(near.classes_, far.classes_)
    np.testing.assert_array_equal(near.predict(X), far.predict(X))


def test_sums_are_those_of_memory_whatever_the_partitions(client, problem):
    X, y, weight = problem
    codes = np.unique(y, return_inverse=True)[1]
    theta = np.random.default_rng(1).normal(size=(Q, K + 1))
    function = partial(gradient_pass, SoftmaxCrossEntropy(), theta=theta)
    value, gradient = MemorySource(X, codes, weight).fold(function)
    # Nineteen partitions make a tree of three levels; some of them hold nothing.
    cuts = np.sort(np.random.default_rng(2).integers(0, N, 18))
    source = from_batches(client, batches_of(X, codes, weight, cuts))

    first, again = source.fold(function), source.fold(function, tiled=False)

    # A sum of N terms errs by N·ε of the sum of their sizes at most.
    np.testing.assert_allclose(first[0], value, rtol=N * EPS)
    sizes = np.abs(weight) @ np.abs(np.c_[X, np.ones(N)])
    assert np.all(np.abs(first[1] - gradient) <= N * EPS * sizes)
    # One tile a partition: the order of the sums is the same, so all digits are.
    np.testing.assert_array_equal(first[1], again[1])
    assert isinstance(source, Source)
    assert all(part.flags.writeable for part in first)


@pytest.mark.usefixtures("client")
def test_a_source_knows_its_size(problem):
    X, y, weight = problem
    source = from_collections(da.from_array(X, chunks=(500, K)), y, weight)

    assert (source.n_samples, source.n_features, source.n_values) == (N, K, N * K)
    assert source.total_weight == weight.sum()
    assert source.room == 0


class _Pass:
    """A function of batches that notes how often it has come to a process."""

    arrivals = 0

    def __setstate__(self, state) -> None:
        type(self).arrivals += 1

    def __getstate__(self) -> dict[str, int]:
        return {"something": 1}

    def __call__(self, batch) -> tuple[np.ndarray]:
        return _rows(batch)


def test_a_function_goes_to_a_worker_once_and_not_with_each_partition(client, problem):
    X, y, weight = problem
    source = from_batches(client, batches_of(X, y, weight, np.arange(40, N, 40)))

    assert source.fold(_Pass()) == (N,)

    # Twice at most: a task may go to one worker and be given to the other. Partitions are thirty.
    assert 1 <= max(client.run(_arrivals).values()) <= 2


def _arrivals():
    return _Pass.arrivals


@pytest.mark.parametrize("size", [1, 37, N - 1, N, 2 * N])
def test_a_sample_is_the_one_that_memory_gives(client, problem, size):
    X, _, weight = problem
    memory = MemorySource(X, np.arange(N), weight).sample(np.random.default_rng(3), size)
    batches = batches_of(X, np.arange(N), weight, [0, 10, 700, 700])

    drawn = from_batches(client, batches).sample(np.random.default_rng(3), size)

    np.testing.assert_array_equal(drawn.X, memory.X)
    np.testing.assert_array_equal(drawn.y, memory.y)
    np.testing.assert_array_equal(drawn.weight, memory.weight)


def test_rotated_rows_are_those_of_memory(client, problem):
    X, _, weight = problem
    basis = np.random.default_rng(4).normal(size=(K + 1, 3))
    batches = batches_of(X, np.arange(N), weight, [100, 800])

    rotated = from_batches(client, batches).rotated(basis)

    assert rotated.n_features == 3
    everything = rotated.sample(np.random.default_rng(0), N)
    # An inner product of K + 1 terms errs by so many roundings of the sum of their sizes.
    size = np.abs(np.c_[X, np.ones(N)]) @ np.abs(basis)
    assert np.all(np.abs(everything.X - np.c_[X, np.ones(N)] @ basis) <= (K + 2) * EPS * size)


def test_a_shuffle_gives_each_row_once_in_another_order(client, problem):
    X, _, weight = problem
    source = from_batches(client, batches_of(X, np.arange(N), weight, [300, 500, 900]))

    seen = [batch.y[order] for batch, order in source.shuffled(np.random.default_rng(1))]

    assert len(seen) == 4
    together = np.concatenate(seen)
    assert not np.array_equal(together, np.arange(N))
    np.testing.assert_array_equal(np.sort(together), np.arange(N))


@pytest.mark.usefixtures("client")
def test_stochastic_descent_runs_over_partitions(problem):
    X, y, _ = problem
    best = SoftmaxRegression(C=1e-3).fit(X, y)

    model = SoftmaxRegression(C=1e-3, solver="sgd", tol=1e-2, random_state=0).fit(
        da.from_array(X, chunks=(400, K)), y
    )

    assert best.loss_ - 1e-6 <= model.loss_ <= best.loss_ + 1e-2


@pytest.mark.usefixtures("client")
def test_parts_may_be_empty_of_other_types_or_lack_a_class(problem):
    X, y, _ = problem
    X = np.round(X)
    order = np.argsort(y, kind="stable")
    X, y = X[order], y[order]
    blocks = [X[:0], X[:500].astype(np.float32), X[500:501].astype(np.int8), X[501:]]
    labels = [y[:0], y[:500], y[500:501].astype(object), y[501:]]
    far_X = da.concatenate(
        [
            da.from_delayed(delayed(np.asarray)(b), (np.nan, K), dtype=b.dtype, meta=b[:0])
            for b in blocks
        ],
        allow_unknown_chunksizes=True,
    )
    far_y = da.concatenate(
        [
            da.from_delayed(delayed(np.asarray)(b), (np.nan,), dtype=object, meta=b[:0])
            for b in labels
        ],
        allow_unknown_chunksizes=True,
    )

    near = SoftmaxRegression(tol=TOL).fit(X, y)
    far = SoftmaxRegression(tol=TOL).fit(far_X, far_y)

    assert same_optimum(near, far) <= farthest(near, N)
    assert far.classes_.tolist() == near.classes_.tolist()


@pytest.mark.usefixtures("client")
def test_sparse_blocks_stay_sparse():
    X = csr_array(random_array((300, 8), density=0.2, rng=np.random.default_rng(6)))
    y = np.arange(300) % 2
    blocks = [X[:200], X[200:]]
    far = da.concatenate(
        [da.from_delayed(delayed(lambda b: b)(b), b.shape, dtype=float, meta=X[:0]) for b in blocks]
    )

    source = from_collections(far, y)

    assert source.n_values == X.nnz
    drawn = source.sample(np.random.default_rng(0), 300)
    np.testing.assert_array_equal(drawn.X.toarray(), X.toarray())


@pytest.mark.usefixtures("client")
def test_data_frames_give_names_and_any_labels(problem):
    X, y, weight = problem
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(K)])
    frame["label"] = pd.Categorical(y)
    frame["weight"] = weight
    table = dd.from_pandas(frame, npartitions=3)
    features = list(frame.columns[:K])

    near = SoftmaxRegression(tol=TOL).fit(frame[features], y, sample_weight=weight)
    far = SoftmaxRegression(tol=TOL).fit(table[features], table["label"], table["weight"])

    assert far.feature_names_in_.tolist() == features
    assert same_optimum(near, far) <= farthest(near, weight.sum())
    np.testing.assert_array_equal(far.predict(frame[features]), near.predict(frame[features]))


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("class_weight", ["balanced", {"ant": 2.0, "bee": 1.0, "cat": 0.5}])
def test_class_weights_count_as_they_do_in_memory(problem, class_weight):
    X, y, weight = problem
    near = SoftmaxRegression(tol=TOL, class_weight=class_weight).fit(X, y, weight)

    far = SoftmaxRegression(tol=TOL, class_weight=class_weight).fit(
        da.from_array(X, chunks=(700, K)), y, weight
    )

    assert same_optimum(near, far) <= farthest(near, 4 * weight.sum())


@pytest.mark.usefixtures("client")
def test_targets_may_be_distributions(problem):
    X, _, _ = problem
    P = np.random.default_rng(8).dirichlet(np.ones(Q), N)
    near = SoftmaxRegression(tol=TOL).fit(X, P)

    far = SoftmaxRegression(tol=TOL).fit(da.from_array(X, chunks=(700, K)), da.from_array(P))

    assert same_optimum(near, far) <= farthest(near, N)
    with pytest.raises(SettingError, match="distributions"):
        SoftmaxRegression(class_weight="balanced").fit(da.from_array(X), da.from_array(P))


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("targets", [1, 3])
def test_numbers_become_columns_of_targets(targets):
    random = np.random.default_rng(9)
    X, Y = random.normal(size=(90, 4)), random.normal(size=(90, targets))
    y = Y[:, 0] if targets == 1 else Y

    source, single = measured_rows(
        LinearRegression(), da.from_array(X, chunks=(40, 4)), da.from_array(y), None
    )

    assert single == (targets == 1)
    everything = source.sample(random, 90)
    np.testing.assert_array_equal(everything.y, Y)
    np.testing.assert_array_equal(everything.X, X)


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("targets", [1, 2])
@pytest.mark.parametrize("alpha", [0.0, 10.0])
def test_least_squares_on_a_cluster_are_those_in_memory(problem, targets, alpha):
    X, _, weight = problem
    Y = np.random.default_rng(11).normal(size=(N, targets)) + X[:, :targets]
    y = Y[:, 0] if targets == 1 else Y
    near = LinearRegression(alpha).fit(X, y, weight)

    far = LinearRegression(alpha).fit(da.from_array(X, chunks=(350, 4)), da.from_array(y), weight)

    assert far.certificate_.kind == near.certificate_.kind == "proven"
    assert far.rank_ == near.rank_ == K
    # Columns of unit length are nearly orthogonal here, and sums of N terms err by N·ε at most.
    scale = np.linalg.norm(np.sqrt(weight)[:, None] * X, axis=0)
    size = np.linalg.norm(np.sqrt(weight)[:, None] * Y)
    assert far.coef_.shape == near.coef_.shape
    assert np.abs((far.coef_ - near.coef_) * scale).max() <= 2 * N * EPS * size
    np.testing.assert_allclose(far.predict(X), near.predict(X), rtol=0, atol=2 * N * EPS * size)


@pytest.mark.usefixtures("client")
def test_the_start_is_the_marginal_distribution_of_the_labels(problem):
    X, y, weight = problem
    source, classes = labelled_rows(
        SoftmaxRegression(), da.from_array(X, chunks=(500, K)), y, weight, None
    )
    totals = np.array([weight[y == label].sum() for label in classes])
    objective = Objective(source=source, loss=SoftmaxCrossEntropy(), n_scores=Q, l2=0.1)

    np.testing.assert_array_equal(label_totals(source, Q), totals)
    b = marginal_start(objective, source)[:, -1]
    # Newton's method ends where F is at its minimum to a rounding: p then is to its square root.
    np.testing.assert_allclose(
        np.exp(b) / np.exp(b).sum(), totals / totals.sum(), atol=np.sqrt(EPS)
    )


@pytest.mark.usefixtures("client")
def test_a_pass_runs_on_as_many_threads_as_the_caller_says(problem):
    X, y, _ = problem
    limited = from_collections(da.from_array(X), y, within=partial(limited_threads, 3))

    assert limited.each(_threads_of_a_worker) == [3]


def _threads_of_a_worker(batch):
    del batch
    return thread_count()


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_value_that_is_no_number_is_named_by_partition_row_and_column(problem, bad):
    X, y, _ = problem
    X = X.copy()
    X[705, 2] = bad
    with pytest.raises(DataError, match=r"Partition 2 .* in row 105, column 2"):
        SoftmaxRegression().fit(da.from_array(X, chunks=(300, K)), y)


@pytest.mark.usefixtures("client")
def test_bad_collections_are_told_apart(problem):
    X, y, weight = problem
    far, fit = da.from_array(X, chunks=(500, K)), SoftmaxRegression().fit
    with pytest.raises(DataError, match="1200 rows but y has shape"):
        fit(far, y[:-1])
    with pytest.raises(DataError, match="3 partitions but y has 2"):
        fit(far[far[:, 0] > -100], da.from_array(y, chunks=600))
    with pytest.raises(DataError, match=r"Partition \d .* rows but y has 400"):
        fit(far[far[:, 0] > -100], da.from_array(y, chunks=400))
    with pytest.raises(DataError, match="compute_chunk_sizes"):
        fit(far[far[:, 0] > -100], y)
    with pytest.raises(DataError, match="one class only, ant, in 1200 rows"):
        fit(far, np.full(N, "ant"))
    with pytest.raises(DataError, match="1200 different labels in 1200 rows"):
        fit(far, np.arange(N))
    with pytest.raises(DataError, match=r"Partition 1 .*sample_weight is negative in row 1 "):
        fit(far, y, np.where(np.arange(N) == 501, -1.0, weight))
    with pytest.raises(DataError, match="zero in every row"):
        fit(far, y, np.zeros(N))
    with pytest.raises(DataError, match="0 sample"):
        fit(far[:0], y[:0])
    with pytest.raises(DataError, match="shape"):
        fit(far[:, 0], y)
    with pytest.raises(DataError, match="y is None"):
        fit(far, None)
    with pytest.raises(DataTypeError, match="must be a dask array"):
        fit(delayed(X), y)
    with pytest.raises(DataError, match="not real numbers"):
        fit(da.from_array(np.full((4, 1), "a")), np.arange(4) % 2)


@pytest.mark.usefixtures("client")
def test_labels_of_mixed_types_are_told_with_their_partitions():
    def labels(block):
        return da.from_delayed(delayed(np.asarray)(block), block.shape, dtype=object)

    y = da.concatenate([labels(np.array(["a", "b"], object)), labels(np.array([1, 2]))])
    with pytest.raises(DataError, match="text in partition 0 and numbers in partition 1"):
        SoftmaxRegression().fit(da.ones((4, 1), chunks=(2, 1)), y)


def test_only_collections_are_collections(problem):
    assert not is_collection(problem[0])
    assert is_collection(da.ones(3))


def test_no_client_is_an_error_that_says_what_to_do():
    # In a process of its own: here a client is connected.
    code = (
        "import dask.array as da, linnet\n"
        "try:\n"
        "    linnet.SoftmaxRegression().fit(da.ones((4, 1)), [0, 1, 0, 1])\n"
        "except linnet.LinnetError as error:\n"
        "    print(error)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "distributed.Client()" in told.stdout


def test_a_worker_killed_during_the_fit_changes_nothing(client, problem):
    X, y, weight = problem
    near = SoftmaxRegression(tol=TOL).fit(X, y, sample_weight=weight)
    before = {worker["pid"] for worker in client.run(_own_pid).values()}
    killed = []

    def kill_one(step):
        if not killed and step.number == 1:
            killed.append(min(before))
            os.kill(killed[0], signal.SIGKILL)

    with listening(kill_one):
        far = SoftmaxRegression(tol=TOL).fit(da.from_array(X, chunks=(150, K)), y, weight)

    assert killed
    assert same_optimum(near, far) <= farthest(near, weight.sum())
    client.wait_for_workers(2, timeout=60)


def test_a_worker_that_ends_within_a_pass_is_done_without(client, problem, tmp_path):
    X, y, weight = problem
    source = from_collections(da.from_array(X, chunks=(150, K)), y, weight)
    died = tmp_path / "died"

    (rows,) = source.fold(partial(_rows_dying_once, died=died))

    assert died.exists()
    assert rows == N
    client.wait_for_workers(2, timeout=60)


def _rows_dying_once(batch, died):
    """Whoever comes first ends its own process, as the system does where memory runs out."""
    try:
        died.touch(exist_ok=False)
    except FileExistsError:
        return _rows(batch)
    os.kill(os.getpid(), signal.SIGKILL)
    return None


@pytest.mark.usefixtures("client")
def test_separated_classes_are_named_over_all_partitions():
    X = np.random.default_rng(10).normal(size=(200, 2))
    X[:, 0] += np.sign(X[:, 0])
    y = X[:, 0] > 0

    with pytest.warns(ConvergenceWarning, match=r"from True \(all 200 rows\)"):
        model = SoftmaxRegression(C=np.inf).fit(da.from_array(X, chunks=(60, 2)), y)

    (pair,) = model.separation_.pairs
    assert (pair.first, pair.second, pair.rows, pair.total) == (False, True, 200, 200)


def _own_pid():
    return {"pid": os.getpid()}


def test_a_lost_scheduler_is_an_error_and_not_a_silence(tmp_path):
    """The scheduler is a process of its own, and is killed in the midst of a pass."""
    file = tmp_path / "scheduler.json"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0"]
    with (
        subprocess.Popen(
            [*command, "--no-dashboard", "--scheduler-file", str(file)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as scheduler,
        Client(scheduler_file=str(file), timeout=30, set_as_default=False) as client,
    ):
        # Without a worker the pass waits, until there is nothing left to wait for.
        source = DaskSource(client, (client.submit(Batch, np.ones((2, 1)), np.ones(2)),))
        timer = threading.Timer(0.5, scheduler.kill)
        timer.start()
        with pytest.raises(SourceLostError, match="connection to the Dask scheduler is lost"):
            assert source.n_samples
        timer.join()


def test_a_cluster_without_workers_is_waited_for_only_so_long():
    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        future = client.submit(Batch, np.ones((2, 1)), np.ones(2))
        with pytest.raises(SourceLostError, match=r"no worker for 0\.1 seconds"):
            DaskSource(client, (future,), patience=0.1).fold(_rows)


def test_rows_that_cannot_be_computed_again_end_the_fit_with_an_error():
    with (
        LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        (scattered,) = client.scatter([Batch(np.ones((2, 1)), np.ones(2))])
        client.cancel([scattered], force=True)
        with pytest.raises(SourceLostError, match="failed 3 times"):
            DaskSource(client, (scattered,)).fold(_rows)


def _rows(batch):
    return (np.array(float(batch.n_samples)),)


def test_partitions_must_be_there_and_have_the_same_columns(client):
    with pytest.raises(DataError, match="no partition"):
        DaskSource(client, ())
    batches = [Batch(np.ones((2, k)), np.ones(2)) for k in (1, 2)]
    with pytest.raises(DataError, match="Partition 1 has 2 columns but partition 0 has 1"):
        assert from_batches(client, batches).n_features
    assert issubclass(SourceLostError, LinnetError)
