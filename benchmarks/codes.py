"""Labels into bits and back: labels a second, with and without scoring, and bits above the ideal.

Each round runs linnet's coder and constriction's on the same labels in turn; the table gives
medians over the rounds: time of the processor, and for several threads that of the clock. Both are
given what they need: integer scores, and float64 probabilities.

    python -m benchmarks.codes [rows [rounds]]
"""

import sys
import time
from functools import partial
from statistics import median

import constriction
import numpy as np

from benchmarks import data
from linnet import SoftmaxRegression, decode_labels, encode_labels
from linnet.codes.blocks import Block, pack_block, unpack_block
from linnet.codes.column import ROWS_PER_BLOCK, column_sizes
from linnet.codes.frequencies import frequencies
from linnet.engine import thread_count
from linnet.parallel import in_order


def drawn(n, q, spread=2.0):
    """Scores in units of 2⁻¹⁰ bits, labels drawn with their probabilities, and their bits."""
    rng = np.random.default_rng(0)
    Z = np.rint(1024 * spread * rng.standard_normal((n, q))).astype(np.int32)
    P = np.exp2(Z / 1024)
    P /= P.sum(axis=1, keepdims=True)
    y = (P.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=q - 1).astype(np.int32)
    return Z, y, float(-np.log2(P[np.arange(n), y]).sum())


def check(right):
    if not right:
        raise ValueError("what was decoded is not what was encoded")


def blocks_of(n):
    return [range(a, min(a + ROWS_PER_BLOCK, n)) for a in range(0, n, ROWS_PER_BLOCK)]


def ours(Z, y, threads):
    """Encode and decode in blocks; give the seconds of each, and the bytes."""
    clock = time.process_time if threads == 1 else time.perf_counter
    parts = [slice(rows.start, rows.stop) for rows in blocks_of(len(y))]
    start = clock()
    coded = list(in_order(lambda p: pack_block([Z[p]], Block(y[p])), parts, threads))
    between = clock()
    pairs = zip(coded, blocks_of(len(y)), strict=True)
    read = list(
        in_order(lambda p: unpack_block(p[0], [Z[p[1].start : p[1].stop]], p[1]), pairs, threads)
    )
    end = clock()
    check(all((each.symbols == y[p]).all() for each, p in zip(read, parts, strict=True)))
    return between - start, end - between, sum(map(len, coded))


def theirs(P, y):
    """Do the same with constriction's range coder, on one thread."""
    family = constriction.stream.model.Categorical(perfect=False)
    start = time.process_time()
    encoder = constriction.stream.queue.RangeEncoder()
    encoder.encode(y, family, P)
    words = encoder.get_compressed()
    between = time.process_time()
    read = constriction.stream.queue.RangeDecoder(words).decode(family, P)
    end = time.process_time()
    check((read == y).all())
    return between - start, end - between, 4 * len(words)


def told(name, n, runs, bits):
    encode, decode = (median(run[i] for run in runs) for i in (0, 1))
    print(
        f"| {name} | {1e9 * encode / n:.1f} | {1e9 * decode / n:.1f} | "
        f"{n / (encode + decode) / 1e6:.1f} | {100 * (8 * runs[0][2] / bits - 1):+.4f} % |"
    )


def coding(n, rounds):
    print("| coding alone | encode, ns | decode, ns | both, M labels/s | above the ideal |")
    print("|---|---|---|---|---|")
    for q in (2, 10, 100):
        Z, y, bits = drawn(n if q < 100 else n // 10, q)
        P = (frequencies(Z)[:, :q] - 1).astype(np.float64)
        runs = {
            "linnet, 1 thread": [],
            f"linnet, {thread_count()} threads, by the clock": [],
            "constriction": [],
        }
        for _ in range(rounds):
            one, all_threads, peer = runs.values()
            one.append(ours(Z, y, 1))
            all_threads.append(ours(Z, y, thread_count()))
            peer.append(theirs(P, y))
        for name, each in runs.items():
            told(f"q = {q}: {name}", len(y), each, bits)


def scoring(n, rounds):
    print(
        "\n| with scoring, k = 64, q = 10 | encode, ns | decode, ns | both, M labels/s | payload |"
    )
    print("|---|---|---|---|---|")
    rng = np.random.default_rng(0)
    W = 0.25 * rng.standard_normal((10, 64))
    for dtype in (np.float64, np.float32, np.uint8):
        X = rng.standard_normal((n, 64)) if dtype != np.uint8 else rng.integers(0, 5, (n, 64))
        X = X.astype(dtype)
        gumbel = rng.gumbel(size=(n, 10))
        y = (X @ W.T + gumbel).argmax(axis=1)
        model = SoftmaxRegression(max_iter=100).fit(X[:20_000], y[:20_000])
        bits = float(model.code_lengths(X, y).sum())
        runs = []
        for _ in range(rounds):
            start = time.process_time()
            coded = encode_labels(model, X, y)
            between = time.process_time()
            read = decode_labels(model, X, coded)
            end = time.process_time()
            check((read == y).all())
            runs.append((between - start, end - between, column_sizes(coded).symbols))
        told(np.dtype(dtype).name, n, runs, bits)


REAL = {
    "Adult": (data.adult, 1.0),
    "a9a, CSR": (data.a9a, 1.0),
    "letter": (partial(data.numbers, "letter/letter-recognition.data", "c1"), 1.0),
    "covtype, 20,000 rows": (partial(data.numbers, "covtype_20k/covtype.20k.data", "c55"), 1.0),
    "Fashion-MNIST": (partial(data.fashion_mnist, 0.01), 0.01),
    "20 newsgroups, CSR": (partial(data.newsgroups, 1.0), 1.0),
}


def real():
    print("\n| training rows | rows | cross entropy, bits | payload above it | all bytes |")
    print("|---|---|---|---|---|")
    for name, (read, C) in REAL.items():
        problem = read()
        model = SoftmaxRegression(C=C, tol=1e-3).fit(problem.X, problem.y)
        coded = encode_labels(model, problem.X, problem.y)
        check((decode_labels(model, problem.X, coded) == problem.y).all())
        bits, n = float(model.code_lengths(problem.X, problem.y).sum()), len(problem.y)
        above = 8 * column_sizes(coded).symbols / bits - 1
        print(f"| {name} | {n:,} | {bits / n:.4f} | {100 * above:+.3f} % | {len(coded):,} |")


def main():
    given = [int(each) for each in sys.argv[1:]]
    n, rounds = given + [1_000_000, 5][len(given) :]
    coding(n, rounds)
    scoring(n, rounds)
    real()


if __name__ == "__main__":
    main()
