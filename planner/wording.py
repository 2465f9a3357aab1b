"""How values are written: one formatter each, for screens, sheets, exports and the planner's own sentences."""

from datetime import date
from decimal import Decimal
from functools import lru_cache

NBSP = "\u00a0"
ROMAN = ("I", "II", "III", "IV", "V", "VI")


@lru_cache(maxsize=4096)
def number(value: Decimal | int | float | str) -> str:
    """`0.5`, `1`, `1.25`: no padding zeros, no bare point."""
    text = format(Decimal(str(value)).normalize(), "f")
    return "0" if text == "-0" else text


def counted(value: Decimal | int, one: str) -> str:
    """`1 day`, `3 days`."""
    return f"{number(value)} {one}" if value == 1 else f"{number(value)} {one}s"


def mm(value: Decimal | int | float | str | None) -> str:
    """`0.5 mm`, with a space that does not break. None is `Not recorded`."""
    return "Not recorded" if value is None else f"{number(value)}{NBSP}mm"


def span(low: Decimal | int, high: Decimal | int, unit: str = "") -> str:
    """`0.5 to 1 mm`; one value where both are the same."""
    tail = f"{NBSP}{unit}" if unit else ""
    if Decimal(str(low)) == Decimal(str(high)):
        return f"{number(low)}{tail}"
    return f"{number(low)} to {number(high)}{tail}"


def day(value: date, *, weekday: bool = False) -> str:
    """`17 Nov 2026`, or `Tue 17 Nov 2026`."""
    text = f"{value.day}{NBSP}{value:%b}{NBSP}{value.year}"
    return f"{value:%a} {text}" if weekday else text


def phototype(value: int | None) -> str:
    """`5 (V)`; None is `Not asked`."""
    return "Not asked" if value is None else f"{value} ({ROMAN[value - 1]})"
