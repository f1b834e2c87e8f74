"""A softmax regression learns from a stream: the classes it knows, and one pass of descent."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from linnet.data import MemorySource
from linnet.errors import DataError
from linnet.estimators.softmax_parameters import keep_theta, softmax_objective, theta_of
from linnet.estimators.softmax_settings import generator_of, strength_of
from linnet.estimators.streaming import Stream
from linnet.estimators.threading import threads
from linnet.features.labels import read_labels
from linnet.solvers.choice import choose_rule
from linnet.types import Array

__all__ = ["descend", "known_classes"]


def known_classes(model: Any, classes: ArrayLike | None, *, first: bool) -> Array:
    """Classes that ``partial_fit`` is told of at its first call, and holds to afterwards.

    Raises
    ------
    DataError
        If they are missing at the first call, or differ later.
    """
    if classes is None and first:
        raise DataError(
            "classes must be passed on the first call to partial_fit: all labels that will "
            "ever occur."
        )
    if classes is None:
        return model.classes_
    known = read_labels(np.asarray(classes), given=True).classes
    if not first and not np.array_equal(known, model.classes_):
        raise DataError(
            "classes is not the same as on the last call to partial_fit: "
            f"{list(known)} and {list(model.classes_)}. Leave it out, or begin afresh."
        )
    return known


def descend(model: Any, stream: Stream | None, source: MemorySource) -> Stream:
    """One pass of stochastic gradient descent from where the model stands."""
    objective = softmax_objective(
        source,
        len(model.classes_),
        strength_of(model),
        fit_intercept=model.fit_intercept,
        total_weight=source.total_weight + (0.0 if stream is None else stream.weight),
    )
    theta = theta_of(model) if hasattr(model, "coef_") else np.broadcast_to(0.0, objective.shape)
    # A step is a small product, whatever the number of rows.
    with threads(model.n_jobs, 0):
        if stream is None:
            stream = Stream.begin(
                objective,
                theta,
                rule=choose_rule(
                    model.solver, momentum=model.momentum, average=bool(model.average)
                ),
                learning_rate=model.learning_rate,
                schedule=model.schedule,
                calls=model.max_iter,
                batch_size=model.batch_size,
                random=generator_of(model),
            )
        stream, theta = stream.descend(objective, theta)
    # The stream begins anew from what the model has, or has a mean of iterates made for it.
    keep_theta(model, theta, own=True)
    return stream
