"""A model as one SQL query, which predicts the rows of a table inside DuckDB."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, final

from linnet.errors import SettingError
from linnet.export.formula import Formula, formula_of, refuse
from linnet.export.sql_text import identifier, literal, number, total
from linnet.export.terms import ColumnType, Cycle, Gap, Levels, Quantity, Term, Words

__all__ = ["to_sql"]

_DAY_IN_MICROSECONDS: Final = 86_400_000_000.0
_CYCLES: Final = {"month": "month({}) - 1", "weekday": "isodow({}) - 1", "hour": "hour({})"}


def to_sql(model: Any, table: str, *, keep: Sequence[str] = ()) -> str:
    """Write a fitted model as a query that predicts each row of a table in DuckDB.

    The query gives the columns that ``linnet predict`` writes: ``prediction``, and of a
    classifier ``p(label)`` for each class, by a softmax that neither overflows nor divides 0 by 0.
    What the encoder does to a table it does too: gaps (NULL, NaN) and values not seen when
    fitting count as they do there. An infinite number is an error, and so is a gap where the
    model was fitted without an encoder.

    Parameters
    ----------
    model : SoftmaxRegression, LinearRegression or TableModel
        A fitted model. The columns of one that was fitted to an array are called c1, c2, ….
    table : str
        Name of the table or view, or path of a file that DuckDB reads. It is quoted as one name.
    keep : sequence of str
        Further columns of the table that are to stand before the predictions.

    Returns
    -------
    str
        The query, without a semicolon.

    Raises
    ------
    SettingError
        If the model uses words of a text, if ``keep`` is no list, if a name is empty, or if names
        differ only in upper and lower case, which SQL takes for the same.

    Examples
    --------
    >>> from linnet import LinearRegression, to_sql
    >>> model = LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0])
    >>> query = to_sql(model, "measured", keep=["id"])
    >>> query.splitlines()[0]
    'SELECT k1 AS "id", z1 AS "prediction"'
    """
    if isinstance(keep, str):
        raise SettingError(f"keep is the text {keep!r}, and a list of names is needed: [{keep!r}].")
    formula = formula_of(model)
    _check_names(formula, keep)
    return _Query(formula).over(table, list(keep))


def _check_names(formula: Formula, keep: Sequence[str]) -> None:
    _check_apart([*formula.columns])
    _check_apart([*keep])
    predicted = {name.lower() for name in ("prediction", *formula.outputs)}
    clash = next((name for name in keep if name.lower() in predicted), None)
    if clash is not None:
        raise SettingError(
            f"keep names the column {clash!r}, but the query gives a prediction of that name. "
            "Rename the column in the table, or leave it out."
        )


def _check_apart(names: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        if name.lower() in seen:
            raise SettingError(
                f"The columns {seen[name.lower()]!r} and {name!r} are one in SQL, where upper and "
                "lower case are the same. Rename or leave out one of them."
            )
        seen[name.lower()] = name


@final
@dataclass(frozen=True)
class _Query:
    """Nested queries: v, c, d are columns read, z scores, e exponentials, k columns kept."""

    formula: Formula

    def over(self, table: str, keep: Sequence[str]) -> str:
        kept = [f"r.{identifier(name)} AS k{i}" for i, name in enumerate(keep, start=1)]
        read = [line for name in self.formula.columns for line in self._read(name)]
        query = _select([*kept, *read], f"{identifier(table)} AS r")
        scores = [f"{score} AS z{j}" for j, score in enumerate(self._scores(), start=1)]
        names = [f"k{i}" for i in range(1, len(keep) + 1)]
        query = _select([*names, *scores], _nested(query))
        shown = [f"k{i} AS {identifier(name)}" for i, name in enumerate(keep, start=1)]
        if self.formula.classes is None:
            outputs = enumerate(self.formula.outputs, start=1)
            shown += [f"z{j} AS {identifier(name)}" for j, name in outputs]
            return f"SELECT {', '.join(shown)}\nFROM {_nested(query)}"
        return _with_softmax(query, shown, self.formula)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.formula.columns, start=1)}

    def _read(self, name: str) -> Iterator[str]:
        """Cast a column to what its terms need, so that they can name it."""
        i, given = self._numbers[name], f"r.{identifier(name)}"
        match self.formula.columns[name]:
            case ColumnType.NUMBER:
                value = f"CAST({given} AS DOUBLE)"
                yield f"{_checked(value, name, gaps=self._has_gaps(name))} AS v{i}"
            case ColumnType.DATE:
                moment = f"CAST({given} AS TIMESTAMP)"
                yield f"epoch_us({moment}) / {number(_DAY_IN_MICROSECONDS)} AS v{i}"
                yield f"{moment} AS d{i}"
            case ColumnType.CATEGORY:
                yield f"{self._text(given, name)} AS c{i}"

    def _has_gaps(self, name: str) -> bool:
        terms = [t for t in self.formula.terms if t.column == name]
        return not any(isinstance(t, Quantity) and t.fill is None for t in terms)

    def _text(self, given: str, name: str) -> str:
        text = f"CAST({given} AS VARCHAR)"
        levels = [t for t in self.formula.terms if isinstance(t, Levels) and t.column == name]
        if not any(each.are_codes for each in levels):
            return text
        # DuckDB writes a whole number 3 that is stored as DOUBLE as 3.0, and a gap there as nan.
        return f"nullif(regexp_replace({text}, '\\.0$', ''), 'nan')"

    def _scores(self) -> Iterator[str]:
        for j, intercept in enumerate(self.formula.intercept):
            summands = [self._summand(term, j) for term in self.formula.terms]
            yield total([number(intercept), *(each for each in summands if each)])

    def _summand(self, term: Term, j: int) -> str:
        """Write what a term adds to score j; nothing if that is 0 in every row."""
        i = self._numbers[term.column]
        match term:
            case Quantity():
                return _quantity(term, f"v{i}", j)
            case Gap():
                return _case("", [(f"v{i} IS NULL", term.weights[j])], 0.0)
            case Levels():
                missing, other = term.missing[j], term.other[j]
                pairs = zip(map(literal, term.levels), term.weights[:, j], strict=True)
                known = _case(f"c{i}", list(pairs), other)
                if missing == other:
                    return known
                known = known or number(other)
                return f"CASE WHEN c{i} IS NULL THEN {number(missing)} ELSE {known} END"
            case Cycle():
                pairs = zip(map(str, term.places), term.weights[:, j], strict=True)
                return _case(_CYCLES[term.unit].format(f"d{i}"), list(pairs), 0.0)
            case Words():
                raise refuse(term, "SQL", "Export to Python or scikit-learn.")


def _checked(value: str, name: str, *, gaps: bool) -> str:
    """Make NULL of NaN, and errors of infinity and of gaps that the model knows nothing of."""
    endless = literal(f"column {name!r} holds an infinite number: no prediction can be made of it")
    lacking = literal(f"column {name!r} holds no number in a row, and the model knows of no gaps")
    otherwise = "" if gaps else f" ELSE error({lacking})"
    known = f"WHEN NOT isnan({value}) THEN {value}"
    return f"CASE WHEN isinf({value}) THEN error({endless}) {known}{otherwise} END"


def _quantity(term: Quantity, value: str, j: int) -> str:
    if not term.weights[j]:
        return ""
    standard = value if term.centre == 0 else f"({value} - {number(term.centre)})"
    standard = standard if term.scale == 1 else f"{standard} / {number(term.scale)}"
    if term.filled is not None:
        standard = f"coalesce({standard}, {number(term.filled)})"
    return f"{number(term.weights[j])} * {standard}"


def _case(value: str, pairs: Sequence[tuple[str, float]], otherwise: float) -> str:
    told = [(when, then) for when, then in pairs if then != otherwise]
    if not told:
        return number(otherwise) if otherwise else ""
    lines = " ".join(f"WHEN {when} THEN {number(then)}" for when, then in told)
    start = f"CASE {value}" if value else "CASE"
    return f"{start} {lines} ELSE {number(otherwise)} END"


def _with_softmax(query: str, shown: Sequence[str], formula: Formula) -> str:
    """Add the probabilities: exp(zⱼ − max z), of which one is 1, over their sum."""
    q = len(formula.labels)
    zs = ["0e0", "z1"] if q == 2 else [f"z{j}" for j in range(1, q + 1)]
    query = _select(["*", f"greatest({', '.join(zs)}) AS top"], _nested(query))
    exponentials = [f"exp({z} - top) AS e{j}" for j, z in enumerate(zs, start=1)]
    query = _select(["*", *exponentials], _nested(query))
    query = _select(["*", f"{total([f'e{j}' for j in range(1, q + 1)])} AS whole"], _nested(query))
    lines = [f"WHEN {z} >= top THEN {literal(c)}" for z, c in zip(zs, formula.labels, strict=True)]
    prediction = f'CASE {" ".join(lines)} END AS "prediction"'
    names = map(identifier, formula.outputs)
    shares = [f"e{j} / whole AS {name}" for j, name in enumerate(names, start=1)]
    return f"SELECT {', '.join([*shown, prediction, *shares])}\nFROM {_nested(query)}"


def _select(expressions: Sequence[str], source: str) -> str:
    listed = ",\n  ".join(expressions)
    return f"SELECT\n  {listed}\nFROM {source}"


def _nested(query: str) -> str:
    return f"(\n{query}\n)"
