"""Rows for a softmax regression, wherever they lie, with their classes and their weights."""

from typing import Any

from linnet.data import MemorySource, Source
from linnet.data.dask_collections import is_collection
from linnet.estimators.distributed import labelled_rows
from linnet.estimators.kept_rows import PreparedRows
from linnet.estimators.prepared import classified_rows
from linnet.estimators.targets import read_targets, refuse_classes, weigh_classes
from linnet.estimators.validation import check_features, check_weights
from linnet.types import Array

__all__ = ["classified"]


def classified(
    model: Any, X: Any, y: Any, sample_weight: Any, classes: Any
) -> tuple[Source, Array]:
    """Rows with the numbers of their classes, or distributions over these; and the classes."""
    if isinstance(X, PreparedRows):
        return classified_rows(model, X, model.class_weight)
    if is_collection(X):
        refuse_classes(classes, "X is a Dask collection")
        return labelled_rows(model, X, y, sample_weight, model.class_weight)
    X = check_features(model, X, reset=True)
    weight = check_weights(sample_weight, X.shape[0])
    names, targets = read_targets(y, X.shape[0], classes)
    targets, weight = weigh_classes(model.class_weight, names, targets, weight)
    return MemorySource(X, targets, weight), names
