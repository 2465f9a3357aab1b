"""
Find patients by what the caller says: a name in any order, a birth date, a number, the last digits of a telephone.

Every step is one range of an index (see performance traps in docs): no step reads more than it may return, at any number
of patients. What sounds right comes first, what was mistyped after it.
"""

import datetime as dt
import re
from dataclasses import dataclass

from django.db.models import Q

from . import names
from .models import Patient, SurnameSlip
from .querysets import starting

MOST = 20
FEW = 5  # with fewer hits than this, mistyped names are looked for as well
LEAST_PHONE_DIGITS = 4
OLDEST = 1900

MONTHS = {
    name: number
    for number, both in enumerate(
        [
            ("jan", "january"), ("feb", "february"), ("mar", "march"), ("apr", "april"), ("may", "may"), ("jun", "june"),
            ("jul", "july"), ("aug", "august"), ("sep", "september"), ("oct", "october"), ("nov", "november"), ("dec", "december"),
        ],
        1,
    )
    for name in both
}  # fmt: skip
_ISO = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b")
_SLASHED = re.compile(r"\b(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\b")
_WORDED = re.compile(r"\b(\d{1,2})\.?[\s-]+([a-z]{3,9})\.?,?[\s-]+(\d{4})\b", re.IGNORECASE)
_WORDED_US = re.compile(r"\b([a-z]{3,9})\.?\s+(\d{1,2}),?\s+(\d{4})\b", re.IGNORECASE)
_NUMERIC = re.compile(r"[\d\s+()./-]+")


@dataclass(frozen=True)
class Wanted:
    """What the text can mean. Each empty part was not said."""

    words: tuple[str, ...] = ()
    dates: tuple[dt.date, ...] = ()
    digits: str = ""


def _real(year: str | int, month: str | int, day: str | int) -> list[dt.date]:
    try:
        return [dt.date(int(year), int(month), int(day))] if int(year) >= OLDEST else []
    except ValueError:
        return []


def _dates(text: str) -> tuple[list[dt.date], str]:
    """Return the dates *text* can mean, and the text without them. 4/3/1991 is 4 March and April 3: both are looked for."""
    for pattern in (_ISO, _SLASHED, _WORDED, _WORDED_US):
        match = pattern.search(text)
        if match is None:
            continue
        one, two, three = match.groups()
        if pattern is _ISO:
            found = _real(one, two, three)
        elif pattern is _SLASHED:
            found = list(dict.fromkeys(_real(three, two, one) + _real(three, one, two)))
        else:
            day, month = (one, two) if pattern is _WORDED else (two, one)
            found = _real(three, MONTHS.get(month.lower(), 0), day)
        if found:
            return found, text[: match.start()] + " " + text[match.end() :]
    return [], text


def read(text: str) -> Wanted:
    """Return what *text* can mean. Never fails: what cannot be read finds nobody."""
    text = text.strip()[:100]
    dates, rest = _dates(text)
    if rest.strip() and _NUMERIC.fullmatch(rest.strip()):
        said = names.digits(rest)
        if len(said) == 8 and not dates:
            dates = _real(said[:4], said[4:6], said[6:]) + _real(said[4:], said[2:4], said[:2])
        return Wanted(dates=tuple(dates), digits=said)
    return Wanted(words=tuple(names.key(rest.replace(",", " ")).split()), dates=tuple(dates))


def _name_filters(words: tuple[str, ...]):
    """Yield (condition, order) from the most to the least likely meaning of *words*."""
    by_surname, by_given = ("surname_key", "given_key", "id"), ("given_key", "surname_key", "id")
    whole = " ".join(words)
    if len(words) > 1:
        splits = [(" ".join(words[:cut]), " ".join(words[cut:])) for cut in range(1, len(words))]
        for first, second in splits:
            yield Q(surname_key=first) & starting("given_key", second), by_surname
            yield Q(surname_key=second) & starting("given_key", first), by_surname
        yield starting("surname_key", whole), by_surname
        for first, second in splits:
            yield starting("surname_key", first) & starting("given_key", second), by_surname
            yield starting("surname_key", second) & starting("given_key", first), by_surname
    else:
        yield starting("surname_key", whole), by_surname
    yield starting("given_key", whole), by_given
    yield starting("preferred_key", whole), ("preferred_key", "id")


def mistyped(surname_key: str) -> list[str]:
    """Return the surnames within the slips allowed of *surname_key*, nearest first, those with the same first letter before the rest."""
    most = names.slips_allowed(surname_key)
    near = []
    for known in SurnameSlip.objects.filter(slip__in=names.slips(surname_key)).values_list("surname_key", flat=True).distinct():
        slips = names.distance(surname_key, known, most)
        if slips <= most:
            near.append((slips, known[0] != surname_key[0], known))
    return [known for _, _, known in sorted(near)[:60]]


def _find_mistyped(people, words: tuple[str, ...], limit: int) -> list[Patient]:
    parts = [(" ".join(words), "")]
    for cut in range(1, len(words)):
        first, second = " ".join(words[:cut]), " ".join(words[cut:])
        parts += [(first, second), (second, first)]
    found: dict[int, Patient] = {}
    for surname, given in parts:
        if len(surname) < 3 or len(found) >= limit:
            continue
        near = mistyped(surname)
        rank = {known: place for place, known in enumerate(near)}
        rows = people.filter(surname_key__in=near)
        if given:
            # The given name may be mistyped too, past its first letter.
            rows = [row for row in rows.filter(starting("given_key", given[0]))[:400] if names.alike(row.given_key, given)]
        else:
            rows = list(rows[: limit * 3])
        for row in sorted(rows, key=lambda r: (rank[r.surname_key], r.given_key, r.pk)):
            found.setdefault(row.pk, row)
    return list(found.values())[:limit]


def find(user, text: str, *, limit: int = MOST) -> list[Patient]:
    """Return up to *limit* patients *user* may see, the likeliest first; an empty text finds nobody."""
    wanted = read(text)
    people = Patient.objects.visible_to(user)
    if wanted.dates and not wanted.digits:
        people = people.filter(birth_date__in=wanted.dates)
    found: dict[int, Patient] = {}

    def add(rows) -> bool:
        for row in rows:
            found.setdefault(row.pk, row)
        return len(found) >= limit

    if wanted.digits:
        if len(wanted.digits) <= 9:
            add(people.filter(number=int(wanted.digits))[:1])
        if wanted.dates:
            add(people.filter(birth_date__in=wanted.dates).order_by("birth_date", "id")[:limit])
        if len(wanted.digits) >= LEAST_PHONE_DIGITS:
            add(people.filter(starting("phone_reversed", names.phone_tail(wanted.digits))).order_by("phone_reversed", "id")[:limit])
        return list(found.values())[:limit]
    if not wanted.words:
        return list(people.order_by("surname_key", "given_key", "id")[:limit]) if wanted.dates else []
    for condition, order in _name_filters(wanted.words):
        if add(people.filter(condition).order_by(*order)[:limit]):
            break
    if len(found) < FEW:
        add(_find_mistyped(people, wanted.words, limit))
    return list(found.values())[:limit]
