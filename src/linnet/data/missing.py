"""Text from a file becomes values: trimmed, missing where it says so, of one type if all agree."""

from typing import Final

from linnet.data.tables import ArrowColumn

__all__ = ["MISSING", "known_text", "points_for_commas", "typed_column"]

MISSING: Final = (
    *("", "?", "NA", "N/A", "n/a", "#N/A"),
    *("NaN", "nan", "NULL", "null", "None"),
)
"""What a cell of a text file may say, after trimming, for a value that is not known."""

_DECIMAL_COMMA: Final = r"^[-+]?\d+(,\d+)?([eE][-+]?\d+)?$"


def typed_column(column: ArrowColumn, *, decimal_comma: bool = False) -> ArrowColumn:
    """Trim a text column, mark what is missing, and give it the one type all its values have.

    Parameters
    ----------
    column : pyarrow.ChunkedArray of text
        The values as read; a column of any other type is returned as it is.
    decimal_comma : bool
        Whether ``3,5`` may stand for 3.5.

    Returns
    -------
    pyarrow.ChunkedArray
        Integers, else floats, else booleans, else dates, else timestamps, else trimmed text:
        the first that all values fit; null if no value is known.

    Examples
    --------
    >>> import pyarrow as pa
    >>> typed_column(pa.chunked_array([[" 3", "?", "4"]])).to_pylist()
    [3, None, 4]
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.type not in (pa.string(), pa.large_string()):
        return column
    known = known_text(column)
    if known.null_count == len(known):
        return pa.chunked_array([pa.nulls(len(known))])
    if decimal_comma and pc.all(pc.match_substring_regex(known, _DECIMAL_COMMA)).as_py():
        known = points_for_commas(known)
    return _narrowest(known)


def known_text(column: ArrowColumn) -> ArrowColumn:
    """Trim a column of text, and mark what is missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(column)
    is_missing = pc.is_in(trimmed, value_set=pa.array(MISSING, type=column.type))
    return pc.if_else(is_missing, pa.scalar(None, type=column.type), trimmed)


def points_for_commas(known: ArrowColumn) -> ArrowColumn:
    """Write the numbers of a column of text, and only them, with a decimal point."""
    import pyarrow.compute as pc

    is_number = pc.match_substring_regex(known, _DECIMAL_COMMA)
    return pc.if_else(is_number, pc.replace_substring(known, ",", "."), known)


def _narrowest(known: ArrowColumn) -> ArrowColumn:
    import pyarrow as pa

    for target in (pa.int64(), pa.float64(), pa.bool_(), pa.date32(), pa.timestamp("us")):
        try:
            return known.cast(target)
        except pa.ArrowInvalid:
            continue
    return known
