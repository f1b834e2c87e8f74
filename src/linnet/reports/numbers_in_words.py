"""Numbers as people read them: few digits, thousands parted, infinity said aloud."""

from math import isfinite, isnan

from linnet.reports.estimates import Estimate

__all__ = ["count", "interval", "number", "percent", "percent_interval", "signed"]


def number(value: float, digits: int = 4) -> str:
    """Write a number to so many significant digits.

    Examples
    --------
    >>> number(1234.567), number(0.00012344), number(float("inf")), number(-3.0)
    ('1,235', '0.0001234', 'infinite', '-3')
    """
    if isnan(value):
        return "unknown"
    if not isfinite(value):
        return "infinite" if value > 0 else "minus infinite"
    size = abs(value)
    if size >= 10 ** (digits - 1):
        return f"{value:,.0f}" if size < 1e9 else f"{value:.{digits}g}"
    return f"{value:.{digits}g}"


def signed(value: float) -> str:
    """Write a number with its sign.

    Examples
    --------
    >>> signed(1234.567), signed(-0.5)
    ('+1,235', '-0.5')
    """
    return number(value) if value < 0 else f"+{number(value)}"


def interval(estimate: Estimate, digits: int = 4) -> str:
    """Write the ends of an interval, or nothing if it is not known.

    Examples
    --------
    >>> interval(Estimate(0.5, 0.25, 0.75), 2)
    '0.25 to 0.75'
    """
    if not (isfinite(estimate.low) and isfinite(estimate.high)):
        return ""
    return f"{number(estimate.low, digits)} to {number(estimate.high, digits)}"


def percent(share: float) -> str:
    """Write a share in percent.

    Examples
    --------
    >>> percent(0.97253)
    '97.25 %'
    """
    return f"{100 * share:.2f} %"


def percent_interval(estimate: Estimate) -> str:
    """Write the ends of a share's interval in percent.

    Examples
    --------
    >>> percent_interval(Estimate(0.5, 0.25, 0.75))
    '25.00 % to 75.00 %'
    """
    return f"{percent(estimate.low)} to {percent(estimate.high)}"


def count(number_of: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun.

    Examples
    --------
    >>> count(1, "row"), count(32561, "row"), count(2, "class", "classes")
    ('1 row', '32,561 rows', '2 classes')
    """
    noun = one if number_of == 1 else many or f"{one}s"
    return f"{number_of:,} {noun}"
