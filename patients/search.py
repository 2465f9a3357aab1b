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
from .merged import led_to_kept
from .models import Patient, SurnameSlip
from .querysets import starting

MOST = 20
FEW = 10  # with fewer hits than this, mistyped surnames are looked for as well
LEAST_MISTYPED = 3  # letters
NEAR_SURNAMES, OF_EACH, MOST_READ = 15, 4, 200
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
_NUMBER_MARK = re.compile(r"^(#|no\.?|№)\s*(?=\d)", re.IGNORECASE)  # as the number stands on screens and paper: no. 10482
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
    text = _NUMBER_MARK.sub("", text.strip()[:100])
    dates, rest = _dates(text)
    if rest.strip() and _NUMERIC.fullmatch(rest.strip()):
        said = names.digits(rest)
        if len(said) == 8 and not dates:
            dates = _real(said[:4], said[4:6], said[6:]) + _real(said[4:], said[2:4], said[:2])
        return Wanted(dates=tuple(dates), digits=said)
    return Wanted(words=tuple(names.key(rest.replace(",", " ")).split()), dates=tuple(dates))


_BY_SURNAME, _BY_GIVEN = ("surname_key", "given_key", "id"), ("given_key", "surname_key", "id")


def _meanings(words: tuple[str, ...]):
    """Yield (condition, order, enough) from the most to the least likely meaning of *words*. enough: with any hit, ask no further."""
    whole = " ".join(words)
    if len(words) == 1:
        yield starting("surname_key", whole), _BY_SURNAME, False
    else:
        exact, begun = starting("surname_key", whole), Q()
        for cut in range(1, len(words)):
            for surname, given in ((first := " ".join(words[:cut]), second := " ".join(words[cut:])), (second, first)):
                exact |= Q(surname_key=surname) & starting("given_key", given)
                begun |= starting("surname_key", surname) & starting("given_key", given)
        yield exact, _BY_SURNAME, True
        yield begun, _BY_SURNAME, True
    yield starting("given_key", whole), _BY_GIVEN, False
    yield starting("preferred_key", whole), ("preferred_key", "id"), False


def mistyped(surname_key: str) -> list[str]:
    """Return the surnames within the slips allowed of *surname_key*, nearest first, those with the same first letter before the rest."""
    most = names.slips_allowed(surname_key)
    near = []
    for known in SurnameSlip.objects.filter(slip__in=names.slips(surname_key)).values_list("surname_key", flat=True).distinct():
        slips = min(names.distance(surname_key, part, most) for part in names.parts(known))
        if slips <= most:
            near.append((slips, known[0] != surname_key[0], known))
    return [known for _, _, known in sorted(near)[:60]]


def _near(people, surname: str, limit: int) -> list[Patient]:
    """A few of each surname that is near, so that a common one does not push the rare one meant out of sight."""
    found: list[Patient] = []
    for known in mistyped(surname)[:NEAR_SURNAMES]:
        found += people.filter(surname_key=known).order_by("given_key", "id")[:OF_EACH]
        if len(found) >= limit:
            break
    return found


def _near_with_given(people, surname: str, given: str, limit: int) -> list[Patient]:
    """The given name narrows what is near; it may be mistyped too, past its first letter."""
    found: list[Patient] = []
    near = mistyped(surname)
    for start in range(0, len(near), NEAR_SURNAMES):
        rank = {known: place for place, known in enumerate(near[start : start + NEAR_SURNAMES])}
        rows = people.filter(starting("given_key", given[0]), surname_key__in=rank).order_by("surname_key", "given_key", "id")[:MOST_READ]
        alike = [row for row in rows if names.alike(row.given_key, given)]
        found += sorted(alike, key=lambda row: (rank[row.surname_key], row.given_key, row.pk))
        if len(found) >= limit:
            break
    return found


def _find_mistyped(people, words: tuple[str, ...], limit: int) -> list[Patient]:
    for cut in range(1, len(words)):
        first, second = " ".join(words[:cut]), " ".join(words[cut:])
        for surname, given in ((second, first), (first, second)):
            if len(surname) >= LEAST_MISTYPED and (found := _near_with_given(people, surname, given, limit)):
                return found
    whole = " ".join(words)
    return _near(people, whole, limit) if len(whole) >= LEAST_MISTYPED else []


def find(user, text: str, *, limit: int = MOST) -> list[Patient]:
    """
    Return up to *limit* patients *user* may see, the likeliest first; an empty text finds nobody. A record that was merged into
    another one leads to that, with `known_as`.
    """
    return led_to_kept(_found(user, text, limit), user)


def _found(user, text: str, limit: int) -> list[Patient]:
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
    for condition, order, enough in _meanings(wanted.words):
        if add(people.filter(condition).order_by(*order)[:limit]) or (enough and found):
            break
    if not found or (len(wanted.words) == 1 and len(found) < FEW):
        add(_find_mistyped(people, wanted.words, limit))
    return list(found.values())[:limit]
