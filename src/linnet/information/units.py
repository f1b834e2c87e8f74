"""An amount of information carries its unit wherever it is printed.

Arithmetic gives plain numbers: a number that names no unit cannot name a wrong one.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, SupportsFloat, TypeAlias, final

import numpy as np
from numpy.typing import ArrayLike

from linnet.errors import DataError, SettingError
from linnet.types import Array, Unit

__all__ = ["NATS_PER_UNIT", "Information", "InformationArray", "in_unit", "nats_per"]

NATS_PER_UNIT: Final[Mapping[Unit, float]] = MappingProxyType({"nats": 1.0, "bits": math.log(2)})
"""Nats in one unit: 1 bit is the surprise at a fair coin, ln 2 nats."""

_Any: TypeAlias = Any
"""What NumPy's methods give, an element or an array: its stubs name more kinds than we can."""


def nats_per(unit: Unit) -> float:
    """Nats in one ``unit``; SettingError if there is no such unit."""
    # A list would fail to hash, and is no unit either.
    if not isinstance(unit, str) or unit not in NATS_PER_UNIT:
        known = " or ".join(repr(name) for name in NATS_PER_UNIT)
        raise SettingError(f"unit is {unit!r}. Information is measured in {known}: give one.")
    return NATS_PER_UNIT[unit]


def in_unit(nats: ArrayLike, unit: Unit) -> "Information | InformationArray":
    """Give an amount computed in nats its unit: one number or an array of them."""
    amount = np.asarray(nats, dtype=np.float64) / nats_per(unit)
    return InformationArray(amount, unit) if amount.ndim else Information(float(amount), unit)


@final
class Information(float):
    """One amount of information: a float that knows its unit.

    Parameters
    ----------
    value : float
        The amount, in ``unit``.
    unit : {"nats", "bits"}

    Examples
    --------
    >>> surprise = Information(0.5, "nats")
    >>> surprise
    0.5 nats
    >>> f"{surprise.to('bits'):.4f}"
    '0.7213 bits'
    >>> surprise + 1
    1.5
    """

    __slots__ = ("_unit",)
    _unit: Unit

    def __new__(cls, value: SupportsFloat, unit: Unit) -> "Information":
        """Make the number; the unit is no part of its value."""
        nats_per(unit)
        return float.__new__(cls, value)

    def __init__(self, value: SupportsFloat, unit: Unit) -> None:
        del value
        self._unit = unit

    @property
    def unit(self) -> Unit:
        """Unit of the amount: "nats" or "bits"."""
        return self._unit

    def to(self, unit: Unit) -> "Information":
        """Return the same amount in another unit."""
        factor = nats_per(unit)
        if unit == self.unit:
            return self
        return Information(float(self) * nats_per(self.unit) / factor, unit)

    def __repr__(self) -> str:
        return f"{float(self)!r} {self.unit}"

    def __str__(self) -> str:
        return repr(self)

    def __format__(self, specification: str) -> str:
        """Format the number as a float would be, and add the unit."""
        return f"{float(self).__format__(specification)} {self.unit}"

    def __reduce__(self) -> tuple[type["Information"], tuple[float, Unit]]:
        return Information, (float(self), self.unit)


@final
class InformationArray(np.ndarray[Any, np.dtype[Any]]):
    """Amounts of information, an array of any shape in one unit.

    An element is an `Information`; slices, and what ``mean``, ``sum``, ``min`` and ``max`` give,
    keep the unit. Everything else computed from the array is plain NumPy.

    Parameters
    ----------
    values : array
        The amounts, in ``unit``.
    unit : {"nats", "bits"}

    Examples
    --------
    >>> lengths = InformationArray([1.0, 3.0], "bits")
    >>> lengths
    [1., 3.] bits
    >>> lengths.mean()
    2.0 bits
    >>> lengths[1].to("nats")
    2.079... nats
    >>> 2 * lengths
    array([2., 6.])
    """

    unit: Unit

    def __new__(cls, values: ArrayLike | SupportsFloat, unit: Unit) -> "InformationArray":
        """Copy the values and note their unit."""
        nats_per(unit)
        array = np.array(values, dtype=np.float64).view(cls)
        if not array.ndim:
            raise DataError("An InformationArray has axes: give a single amount to Information.")
        array.unit = unit
        return array

    def __array_finalize__(self, source: object) -> None:
        # A view of a plain array has no unit to take over, until __new__ sets it.
        if isinstance(source, InformationArray):
            self.unit = source.unit

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: object, **settings: object
    ) -> _Any:
        """Compute on plain arrays: what a function does to the unit is not known here."""
        out = settings.pop("out", None)
        if isinstance(out, tuple):
            settings["out"] = tuple(map(_plain, out))
        return getattr(ufunc, method)(*map(_plain, inputs), **settings)

    def to(self, unit: Unit) -> "InformationArray":
        """Return the same amounts in another unit."""
        factor = nats_per(unit)
        if unit == self.unit:
            return self
        return InformationArray(_plain(self) * nats_per(self.unit) / factor, unit)

    def mean(self, *arguments: object, **settings: object) -> _Any:
        """Mean, in the array's unit; arguments are `numpy.ndarray.mean`'s."""
        return self._carry(_plain(self).mean(*arguments, **settings))

    def sum(self, *arguments: object, **settings: object) -> _Any:
        """Sum, in the array's unit; arguments are `numpy.ndarray.sum`'s."""
        return self._carry(_plain(self).sum(*arguments, **settings))

    def min(self, *arguments: object, **settings: object) -> _Any:
        """Smallest amount, in the array's unit; arguments are `numpy.ndarray.min`'s."""
        return self._carry(_plain(self).min(*arguments, **settings))

    def max(self, *arguments: object, **settings: object) -> _Any:
        """Largest amount, in the array's unit; arguments are `numpy.ndarray.max`'s."""
        return self._carry(_plain(self).max(*arguments, **settings))

    def argsort(self, *arguments: object, **settings: object) -> _Any:
        """Positions in ascending order: numbers without a unit."""
        return _plain(self).argsort(*arguments, **settings)

    def argmin(self, *arguments: object, **settings: object) -> _Any:
        """Positions of the smallest amounts: numbers without a unit."""
        return _plain(self).argmin(*arguments, **settings)

    def argmax(self, *arguments: object, **settings: object) -> _Any:
        """Positions of the largest amounts: numbers without a unit."""
        return _plain(self).argmax(*arguments, **settings)

    def __getitem__(self, key: _Any) -> _Any:
        return self._carry(_plain(self)[key])

    def __repr__(self) -> str:
        return f"{np.array2string(_plain(self), separator=', ')} {self.unit}"

    def __str__(self) -> str:
        return f"{np.array2string(_plain(self))} {self.unit}"

    def __reduce__(self) -> tuple[type["InformationArray"], tuple[Array, Unit]]:
        return InformationArray, (_plain(self), self.unit)

    def __reduce_ex__(
        self, protocol: object
    ) -> tuple[type["InformationArray"], tuple[Array, Unit]]:
        """Pickle through `__reduce__`: NumPy's own fifth protocol would drop the unit."""
        del protocol
        return self.__reduce__()

    def _carry(self, value: object) -> _Any:
        """Give ``value``, computed from this array, this array's unit."""
        if not isinstance(value, np.ndarray):
            return Information(float(_plain(value)), self.unit)
        carried = value.view(InformationArray)
        carried.unit = self.unit
        return carried


def _plain(value: object) -> _Any:
    return value.view(np.ndarray) if isinstance(value, InformationArray) else value
