"""Every case by name: what is fitted, and the target it is held to."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import final

import numpy as np

from benchmarks import data, fused_pass
from benchmarks.arena import Settings, hold
from benchmarks.growth import growth
from benchmarks.problems import Problem, Work
from benchmarks.results import Result

__all__ = ["CASES", "GAP", "Case"]

GAP = 1e-6
"""Nats per sample from the optimum that everyone must reach."""

PATH_STRENGTHS = tuple(float(C) for C in np.logspace(-6, 6, 45))


@final
@dataclass(frozen=True, kw_only=True)
class Case:
    """A benchmark by name; ``run`` takes settings and itself names nothing."""

    name: str
    title: str
    target: str
    measure: Callable[..., Result]

    def run(self, settings: Settings) -> Result:
        """Measure."""
        return self.measure(settings, name=self.name, title=self.title, target=self.target)


def _contest(
    make: Callable[[], Problem], gap: float | None, settings: Settings, **about: str
) -> Result:
    return hold(make(), settings, gap=gap, **about)


def _fit(name: str, title: str, target: str, make: Callable[[], Problem]) -> Case:
    return Case(name=name, title=title, target=target, measure=partial(_contest, make, GAP))


def _other_work(make: Callable[[], Problem], work: Work, Cs: tuple[float, ...]) -> Problem:
    problem = make()
    return Problem(X=problem.X, y=problem.y, Cs=Cs, work=work)


def _growth(makers: dict[int, Callable[[], Problem]]) -> Callable[..., Result]:
    def measure(settings: Settings, **about: str) -> Result:
        return growth(makers, settings, **about)

    return measure


PIXELS = ">= 50 times scikit-learn, >= 10 times scikit-learn-intelex; uint8 not slower than float32"
TABLES = "certified, no warning, >= 10 times scikit-learn's default settings"
SMALL = "not slower than scikit-learn's default settings"
GROWTH = "no worse than linear"
LETTER = "letter/letter-recognition.data"
COVTYPE = "covtype_20k/covtype.20k.data"
BEAN = "dry_bean/dry_bean.csv"

_ALL = (
    Case(
        name="fused-pass",
        title="One pass over the data",
        target=">= 5 times NumPy's speed, >= 60 % of the roofline",
        measure=fused_pass.measure,
    ),
    *(
        _fit(
            f"fashion-mnist-C{C:g}",
            f"Fashion-MNIST, pixels/255, C = {C:g}",
            PIXELS,
            partial(data.fashion_mnist, C),
        )
        for C in (0.01, 1.0, 100.0)
    ),
    _fit(
        "fashion-mnist-raw",
        "Fashion-MNIST, pixels 0 to 255, C = 1",
        "certified to 1e-6",
        partial(data.fashion_mnist_raw, 1.0),
    ),
    *(
        _fit(
            f"newsgroups-C{C:g}",
            f"20 newsgroups, TF-IDF, C = {C:g}",
            f">= {times} times scikit-learn's best",
            partial(data.newsgroups, C),
        )
        for C, times in ((1.0, 10), (100.0, 15))
    ),
    _fit("letter", "letter, raw scale, C = 1", TABLES, partial(data.numbers, LETTER, "c1")),
    _fit("covtype", "covtype_20k, raw scale, C = 1", TABLES, partial(data.numbers, COVTYPE, "c55")),
    _fit("dry-bean", "dry_bean, raw scale, C = 1", TABLES, partial(data.numbers, BEAN, "Class")),
    _fit("adult", "adult, encoded, raw scale, C = 1", TABLES, data.adult),
    _fit("a9a", "a9a, CSR, C = 1", "", data.a9a),
    _fit("embeddings", "Embeddings of 100 classes", ">= 5 times scikit-learn", data.embeddings),
    *(
        Case(
            name=name,
            title=f"Embeddings of 100 classes, {title}",
            target=">= 20 times cold fits, >= 8 times a warm-started path",
            measure=partial(_contest, partial(_other_work, data.embeddings, "path", Cs), GAP),
        )
        for name, title, Cs in (
            ("embeddings-path", "45 values of C", PATH_STRENGTHS),
            # Peers need hours for what is beyond.
            ("embeddings-path-to-1", "the 22 of the 45 values of C up to 1", PATH_STRENGTHS[:22]),
        )
    ),
    _fit(
        "least-squares",
        "Least squares",
        ">= 30 times scikit-learn, not slower than scikit-learn-intelex",
        data.regression,
    ),
    *(
        Case(
            name=f"epoch-{name}",
            title=f"One epoch of SGD, {title}",
            target=">= 5 times SGDClassifier's samples a second",
            measure=partial(_contest, partial(_other_work, make, "epoch", (1.0,)), None),
        )
        for name, title, make in (
            ("newsgroups", "20 newsgroups", partial(data.newsgroups, 1.0)),
            ("fashion-mnist", "Fashion-MNIST", partial(data.fashion_mnist, 1.0)),
        )
    ),
    *(_fit(name, f"{name}, C = 1", SMALL, partial(data.toy, name)) for name in ("iris", "wine")),
    _fit("digits", "digits, C = 1", SMALL, partial(data.toy, "digits")),
    Case(
        name="growth-rows",
        title="Growth with the rows, Fashion-MNIST",
        target=GROWTH,
        measure=_growth(
            {rows: partial(data.fashion_mnist, 1.0, rows) for rows in (15_000, 30_000, 60_000)}
        ),
    ),
    Case(
        name="growth-classes",
        title="Growth with the classes, embeddings",
        target=GROWTH,
        measure=_growth({q: partial(data.embeddings, 20_000, 256, q) for q in (25, 50, 100)}),
    ),
)

CASES = {case.name: case for case in _ALL}
