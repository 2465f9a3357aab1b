"""Reads a mapping key by key and notes every fault with its path: unknown keys, missing ones, wrong types, impossible values."""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from .errors import Fault

T = TypeVar("T")
MISSING: Any = object()

_LONGEST_TEXT = 4000
FIRST_YEAR, LAST_YEAR = 1900, 2200  # no date of a patient lies outside


def type_name(value: object) -> str:
    """The kind of *value* in plain words, for a message."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes or no"
    if isinstance(value, (int, float, Decimal)):
        return "a number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, dt.date):
        return "a date"
    return type(value).__name__


def as_decimal(value: object) -> Decimal | None:
    """The number in *value*, None where it is none (yes and no, text and infinities are none)."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    try:
        number = Decimal(value) if isinstance(value, int) else Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def as_day(value: object) -> dt.date | None:
    """A date, or ISO text of one (`2026-03-02`); None where it is neither."""
    if isinstance(value, dt.datetime):
        return None
    if isinstance(value, dt.date):
        return value
    if isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-":  # 2026-W10-1 is a week, not a day
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            return None
    return None


class Reader:
    """One mapping being read. Call `done()` last: what nobody asked for is an unknown key."""

    __slots__ = ("data", "faults", "path", "seen")

    def __init__(self, data: object, path: str, faults: list[Fault]):
        self.path = path
        self.faults = faults
        self.seen: set[str] = set()
        if type(data) is dict or isinstance(data, Mapping):
            self.data: Mapping[str, Any] = data
        else:
            self.data = {}
            faults.append(Fault(path, f"must be a mapping, not {type_name(data)}"))

    def at(self, key: object) -> str:
        return f"{self.path}.{key}" if self.path else str(key)

    def fault(self, key: str, message: str) -> None:
        self.faults.append(Fault(self.at(key) if key else self.path, message))

    def take(self, key: str, *, required: bool = True) -> Any:
        """The raw value; MISSING (and a fault, where required) when the key is not there."""
        self.seen.add(key)
        value = self.data.get(key, MISSING)
        if value is MISSING and required:
            self.fault(key, "is missing")
        return value

    def done(self) -> None:
        if len(self.seen) < len(self.data) or not all(key in self.seen for key in self.data):
            for key in self.data:
                if key not in self.seen:
                    self.fault(str(key), "is not a key of this format")

    def ignore(self, *keys: str) -> None:
        """Keys kept for the reader only, never acted on. Prose (`*_text`, note, rule, text) is still text."""
        self.seen.update(keys)
        for key in keys:
            if key.endswith("_text") or key in ("note", "rule", "text"):
                value = self.data.get(key)
                if value is not None and not isinstance(value, str):
                    self.fault(key, f"must be text, not {type_name(value)}")

    # -- single values -------------------------------------------------------------------------------------------------

    def text(self, key: str, *, default: str = MISSING, blank: bool = False) -> str:
        value = self.take(key, required=default is MISSING)
        if value is MISSING or (value is None and default is not MISSING):
            return "" if default is MISSING else default
        if not isinstance(value, str):
            self.fault(key, f"must be text, not {type_name(value)}")
            return "" if default is MISSING else default
        if not blank and not value.strip():
            self.fault(key, "must not be empty")
        if len(value) > _LONGEST_TEXT:
            self.fault(key, f"must be at most {_LONGEST_TEXT} characters")
        return value

    def text_or_none(self, key: str, *, required: bool = False) -> str | None:
        value = self.take(key, required=required)
        if value is MISSING or value is None:
            return None
        if not isinstance(value, str):
            self.fault(key, f"must be text, not {type_name(value)}")
            return None
        return value

    def flag(self, key: str, *, default: bool = MISSING) -> bool:
        value = self.take(key, required=default is MISSING)
        if isinstance(value, bool):
            return value
        if value is not MISSING:
            self.fault(key, f"must be true or false, not {type_name(value)}")
        return False if default is MISSING else default

    def decimal(
        self, key: str, *, default: Decimal | None = MISSING, least: Decimal | int = 0, most: Decimal | int | None = None
    ) -> Decimal | None:
        """A number within least..most; None where a default is allowed and nothing is there."""
        value = self.take(key, required=default is MISSING)
        if value is MISSING or (value is None and default is not MISSING):
            return None if default is MISSING else default
        number = as_decimal(value)
        if number is None:
            shown = value if isinstance(value, float) else type_name(value)  # nan and inf are numbers to a computer only
            self.fault(key, f"must be a number, not {shown}")
            return None
        if number < least or (most is not None and number > most):
            limits = f"from {least} to {most}" if most is not None else f"{least} or more"
            self.fault(key, f"must be {limits}, not {number}")
            return None
        return number

    def whole(self, key: str, *, default: int | None = MISSING, least: int = 0, most: int | None = None) -> int | None:
        start: Decimal | None = default if default is MISSING or default is None else Decimal(default)
        number = self.decimal(key, default=start, least=least, most=most)
        if number is None:
            return None
        if number != number.to_integral_value():
            self.fault(key, f"must be a whole number, not {number}")
            return None
        return int(number)

    def day(self, key: str, *, required: bool = False) -> dt.date | None:
        value = self.take(key, required=required)
        if value is MISSING or (value is None and not required):
            return None
        day = as_day(value)
        if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fault(key, f"must lie between {FIRST_YEAR} and {LAST_YEAR}, not {day.isoformat()}")
            return None
        if day is None:
            shown = f" ({value})" if isinstance(value, (str, int)) else ""
            self.fault(key, f"must be a date like 2026-03-02{shown}")
        return day

    def choice(self, key: str, options: Collection[str], *, default: str | None = MISSING) -> str | None:
        value = self.take(key, required=default is MISSING)
        if value is MISSING or (value is None and default is not MISSING):
            return None if default is MISSING else default
        if not options and isinstance(value, str):
            return value  # the list of what is allowed is itself missing, which is said where it should stand
        if not isinstance(value, str) or value not in options:
            self.fault(key, f"must be one of {', '.join(options)}" + (f", not {value}" if isinstance(value, (str, int)) else ""))
            return None
        return value

    # -- lists and mappings --------------------------------------------------------------------------------------------

    def words(self, key: str, *, required: bool = False, options: Collection[str] | None = None) -> tuple[str, ...]:
        """A list of texts. With *options*, each must be one of them."""
        value = self.take(key, required=required)
        if value is MISSING or (value is None and not required):
            return ()
        if not isinstance(value, (list, tuple)):
            self.fault(key, f"must be a list, not {type_name(value)}")
            return ()
        found: list[str] = []
        for index, item in enumerate(value):
            if not isinstance(item, str):
                self.fault(f"{key}[{index}]", f"must be text, not {type_name(item)}")
            elif options is not None and item not in options:
                self.fault(f"{key}[{index}]", f"must be one of {', '.join(options)}, not {item}")
            else:
                found.append(item)
        return tuple(found)

    def entries(self, key: str, read: Callable[["Reader"], T], *, required: bool = False, filled: bool = False) -> tuple[T, ...]:
        """A list of mappings, each read by *read* and then checked for unknown keys. *filled*: it must hold at least one."""
        value = self.take(key, required=required)
        if value is MISSING or (value is None and not required):
            return ()
        if not isinstance(value, (list, tuple)):
            self.fault(key, f"must be a list, not {type_name(value)}")
            return ()
        if filled and not value:
            self.fault(key, "must hold at least one entry")
        found: list[T] = []
        for index, item in enumerate(value):
            reader = Reader(item, self.at(f"{key}[{index}]"), self.faults)
            if isinstance(item, Mapping):
                found.append(read(reader))
                reader.done()
        return tuple(found)

    def entry(self, key: str, read: Callable[["Reader"], T], *, required: bool = False) -> T | None:
        """One mapping, read and checked; None where it is not there."""
        value = self.take(key, required=required)
        if value is MISSING or (value is None and not required):
            return None
        reader = Reader(value, self.at(key), self.faults)
        if not isinstance(value, Mapping):
            return None
        found = read(reader)
        reader.done()
        return found


def repeated(names: Iterable[T]) -> list[T]:
    """The names that stand more than once, each once, in order."""
    seen: set[T] = set()
    twice: dict[T, None] = {}
    for name in names:
        if name in seen:
            twice[name] = None
        seen.add(name)
    return list(twice)
