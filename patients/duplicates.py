"""Who is likely the same person as somebody being registered. Asked before saving, never decided by the program."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext, gettext_noop

from . import names
from .merged import led_to_kept
from .models import Patient
from .querysets import starting

MOST_SHOWN = 10


@dataclass(frozen=True)
class Likeness:
    patient: Patient
    reason: str  # in English; `why` says it in the language of the page

    @property
    def why(self) -> str:
        return gettext(self.reason)


def _turned(day: dt.date) -> dt.date | None:
    """The date with day and month swapped, where that is a date."""
    try:
        return dt.date(day.year, day.day, day.month)
    except ValueError:
        return None


def _why(patient: Patient, surname: str, given: str, birth_date: dt.date, tail: str) -> str:
    swapped = bool(given) and names.alike(patient.surname_key, given) and names.alike(patient.given_key, surname)
    named = names.alike(patient.surname_key, surname) or swapped
    if patient.birth_date == birth_date and swapped and not names.alike(patient.surname_key, surname):
        return gettext_noop("Same birth date, names the other way round")
    if patient.birth_date == birth_date and named:
        return (
            gettext_noop("Same birth date, same surname")
            if patient.surname_key == surname
            else gettext_noop("Same birth date, similar surname")
        )
    if patient.birth_date == birth_date and given and given in (patient.given_key, patient.preferred_key):
        return gettext_noop("Same birth date, same given name")
    if tail and patient.phone_reversed.startswith(tail):
        return gettext_noop("Same phone number")
    if (patient.surname_key, patient.given_key) == (surname, given) and patient.birth_date in (birth_date, _turned(birth_date)):
        return gettext_noop("Same name, day and month of birth the other way round")
    return ""


def likely_same(user, *, surname: str, given: str, birth_date: dt.date, phone: str) -> list[Likeness]:
    """Return the patients *user* may see who may be the same person, with the reason in words; the surest first."""
    surname_key, given_key = names.key(surname), names.key(given)
    tail = names.phone_tail(phone) if len(names.digits(phone)) >= 7 else ""
    days = [day for day in (birth_date, _turned(birth_date)) if day]
    people = Patient.objects.visible_to(user)
    rows = {row.pk: row for row in people.filter(birth_date=birth_date).order_by("id")[:500]}
    rows |= {row.pk: row for row in people.filter(Q(surname_key=surname_key, given_key=given_key, birth_date__in=days))[:MOST_SHOWN]}
    if tail:
        rows |= {row.pk: row for row in people.filter(starting("phone_reversed", tail)).order_by("phone_reversed", "id")[:MOST_SHOWN]}
    alike = {row.pk: why for row in rows.values() if (why := _why(row, surname_key, given_key, birth_date, tail))}
    # One that was merged into another is that person: asked about once, by the record that is kept.
    kept = led_to_kept([rows[pk] for pk in alike], user)
    likely = [Likeness(row, alike.get(row.pk) or alike[row.known_as.pk]) for row in kept]
    likely.sort(key=lambda same: (same.patient.birth_date != birth_date, not same.reason.endswith("same surname"), same.patient.pk))
    return likely[:MOST_SHOWN]
