"""What the columns of a design are called, which make a term, and in what units they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Bool, Float, Int

from linnet.errors import SettingError
from linnet.types import Array

__all__ = ["DesignColumns", "columns_of_array"]


@final
@dataclass(frozen=True, eq=False)
class DesignColumns:
    """The columns x = (u − c)/s of a design, where u is what a user knows.

    Parameters
    ----------
    names : tuple of str
        Their names.
    terms : dict of str to tuple of int
        The columns that stand and fall together: all those of a category.
    bases : tuple of int
        Columns that give way first where columns depend on each other: the base level of each
        category.
    centre, scale : array of shape (k,)
        c and s. Coefficients are told for u.
    """

    names: tuple[str, ...]
    terms: Mapping[str, tuple[int, ...]]
    bases: tuple[int, ...]
    centre: Float[Array, " k"]
    scale: Float[Array, " k"]

    @property
    def order(self) -> Int[Array, " k"]:
        """All columns, those that give way first at the end."""
        given = np.arange(len(self.names))
        return np.concatenate([np.delete(given, self.bases), np.array(self.bases, int)])

    @property
    def shift(self) -> Float[Array, " k"]:
        """c/s: the intercept is told for u = 0, where x = −c/s."""
        return self.centre / self.scale

    def kept_of(self, term: str, kept: Bool[Array, " k"]) -> Int[Array, " c"]:
        """Columns of a term that are kept."""
        columns = np.array(self.terms[term], int)
        return columns[kept[columns]]

    def without(self, term: str) -> Int[Array, " c"]:
        """All columns but those of a term."""
        return np.delete(np.arange(len(self.names)), list(self.terms[term]))

    def places(self, chosen: Any) -> Int[Array, " c"]:
        """Where the intercept, at 0, and columns of these names stand among the parameters.

        Raises
        ------
        SettingError
            If there is no such parameter.
        """
        known = {"intercept": 0} | {name: i + 1 for i, name in enumerate(self.names)}
        asked = [chosen] if isinstance(chosen, str) else list(chosen)
        for name in asked:
            if name not in known:
                raise SettingError(f"There is no parameter {name!r}. They are {_few(list(known))}.")
        return np.array([known[name] for name in asked], int)


def columns_of_array(
    names: Sequence[str] | None, k: int, terms: Mapping[str, Sequence[Any]] | None
) -> DesignColumns:
    """Describe the columns of an array: each is a term, but for those that ``terms`` joins.

    Raises
    ------
    SettingError
        If ``terms`` names a column that is not there, or is no mapping of names to columns.
    """
    told = tuple(f"x{i}" for i in range(k)) if names is None else tuple(str(n) for n in names)
    joined = {} if terms is None else _joined(terms, told)
    taken = {column for columns in joined.values() for column in columns}
    alone = {name: (i,) for i, name in enumerate(told) if i not in taken}
    in_order = dict(sorted((alone | joined).items(), key=lambda term: min(term[1])))
    return DesignColumns(told, in_order, (), np.zeros(k), np.ones(k))


def _joined(
    terms: Mapping[str, Sequence[Any]], names: tuple[str, ...]
) -> dict[str, tuple[int, ...]]:
    if not isinstance(terms, Mapping):
        raise SettingError(
            f"terms is {terms!r}; it must be a dict such as {{'colour': ['colour=red', "
            "'colour=blue']}: for each term its columns, by name or position."
        )
    joined = {}
    for term, columns in terms.items():
        if isinstance(columns, str) or len(columns) == 0:
            raise SettingError(f"terms[{term!r}] is {columns!r}; it must be a list of columns.")
        joined[str(term)] = tuple(_place(term, column, names) for column in columns)
    return joined


def _place(term: str, column: Any, names: tuple[str, ...]) -> int:
    if isinstance(column, str) and column in names:
        return names.index(column)
    if isinstance(column, int | np.integer) and 0 <= column < len(names):
        return int(column)
    raise SettingError(
        f"terms[{term!r}] has {column!r}, which is no column. The columns are {_few(names)}; they "
        f"are named so, or by position from 0 to {len(names) - 1}."
    )


def _few(names: Sequence[str], most: int = 10) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
