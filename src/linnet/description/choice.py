"""The choice between models by the length of what they describe, parameters included."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

from numpy.typing import ArrayLike

from linnet.description.two_part import DescriptionLength, description_length
from linnet.errors import DataTypeError, SettingError
from linnet.types import Unit

__all__ = ["DescriptionChoice", "shortest_description"]


@final
@dataclass(frozen=True, repr=False, eq=False)
class DescriptionChoice:
    """Two-part codes of the same targets with several models. Printed, it is a table of them.

    Attributes
    ----------
    models : dict of str to model
        The models as they were given, by name.
    lengths : dict of str to DescriptionLength
        What each makes of the targets.
    """

    models: dict[str, Any]
    lengths: dict[str, DescriptionLength]

    def __len__(self) -> int:
        return len(self.models)

    def __iter__(self) -> Iterator[str]:
        return iter(self.models)

    def __getitem__(self, name: str) -> DescriptionLength:
        return self.lengths[name]

    @property
    def best_name(self) -> str:
        """Name of the model with the shortest description; the first of equal ones."""
        return min(self.lengths, key=lambda name: float(self.lengths[name].total))

    @property
    def best(self) -> Any:
        """The model with the shortest description, as it was given."""
        return self.models[self.best_name]

    def to_dict(self) -> dict[str, Any]:
        """Return all but the models, as plain numbers and texts."""
        return {
            "best": self.best_name,
            "models": {name: length.to_dict() for name, length in self.lengths.items()},
        }

    def __repr__(self) -> str:
        unit = next(iter(self.lengths.values())).data.unit
        width = max(5, *(len(name) for name in self.models))
        header = (
            f"{'model':<{width}} {f'{unit} in all':>13} {'parameters':>11} {'data':>13} "
            f"{'not 0':>7} {'step':>6}"
        )
        lines = [
            f"{name:<{width}} {float(length.total):>13,.1f} {float(length.parameters):>11,.1f} "
            f"{float(length.data):>13,.1f} {length.n_nonzero:>7,} {f'2^{-length.exponent}':>6}"
            f"{'  shortest' * (name == self.best_name)}"
            for name, length in self.lengths.items()
        ]
        return "\n".join([header, *lines])


def shortest_description(
    models: Mapping[str, Any] | Iterable[Any],
    X: Any,
    y: ArrayLike,
    *,
    precision: float | None = None,
    unit: Unit = "bits",
) -> DescriptionChoice:
    """Choose between models by total bits: their parameters, then the targets given them.

    A model of more parameters must save more on the targets than they cost. No rows need be held
    out. The lengths are those of :func:`~linnet.description_length`; which of m models is used
    costs log₂ m further bits, the same for each, which are left out.

    Parameters
    ----------
    models : mapping of names to models, or sequence of models
        Fitted models, as :func:`~linnet.description_length` takes them; without names they are
        called 1, 2, … . A :class:`~linnet.SoftmaxPath` or :class:`~linnet.RidgePath` is a sequence
        of models. All take the same ``X``: pipelines may make different features of it.
    X : array, sparse matrix, data frame or table of n rows
        Samples.
    y : array of shape (n,)
        Their targets: labels, or numbers.
    precision : float, optional
        To which numbers are coded, the same for all; found from the way in which they are written
        if not given.
    unit : {"bits", "nats"}
        Unit of the lengths.

    Returns
    -------
    DescriptionChoice

    Raises
    ------
    SettingError
        If there is no model.
    DataTypeError
        If some models are for labels and others for numbers.

    References
    ----------
    Grünwald 2007, *The Minimum Description Length Principle*, chapter 5.

    Examples
    --------
    A cubic, found among polynomials:

    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import PolynomialFeatures
    >>> from linnet import LinearRegression
    >>> x = np.linspace(-1, 1, 200)[:, None]
    >>> noise = np.random.default_rng(0).normal(0, 0.2, 200)
    >>> y = np.round(4 * x[:, 0] ** 3 - 2 * x[:, 0] + noise, 2)
    >>> models = {
    ...     f"degree {d}": make_pipeline(
    ...         PolynomialFeatures(d, include_bias=False), LinearRegression()
    ...     ).fit(x, y)
    ...     for d in (1, 3, 5, 9)
    ... }
    >>> choice = shortest_description(models, x, y)
    >>> choice
    model      bits in all  parameters          data   not 0   step
    degree 1       1,646.1        29.0       1,617.1       1    2^3
    degree 3       1,307.8        46.0       1,261.8       2    2^2  shortest
    degree 5       1,314.9        44.0       1,270.9       2    2^5
    degree 9       1,344.3        80.0       1,264.3       8    2^4
    >>> choice.best_name
    'degree 3'
    """
    named = _named(models)
    lengths = {
        name: description_length(model, X, y, precision=precision, unit=unit)
        for name, model in named.items()
    }
    if len({length.precision is None for length in lengths.values()}) > 1:
        raise DataTypeError(
            "Some of the models code labels and others numbers, which cannot be compared. Give "
            "models of one kind."
        )
    return DescriptionChoice(named, lengths)


def _named(models: Any) -> dict[str, Any]:
    """Models by name; a sequence is numbered from 1."""
    if isinstance(models, Mapping):
        named = {str(name): model for name, model in models.items()}
    elif isinstance(models, Iterable):
        named = {str(place): model for place, model in enumerate(models, start=1)}
    else:
        raise DataTypeError(
            f"models is a {type(models).__name__}. Give several fitted models: a dict by name, or "
            "a list."
        )
    if not named:
        raise SettingError("There is no model to choose. Give one or more fitted models.")
    return named
