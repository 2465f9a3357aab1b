"""How long a record is kept, and who is due to be erased: counted in whole years from when the patient was last seen or heard of."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import DateField as Day
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.watched.models import WatchedAct
from audit.patient_models import PatientModel, of_patients
from patients.models import Patient
from patients.person import person_of, records_of

from ..models import RetentionRule
from . import rules as rules_of

MOST_YEARS = 100
# What a rule's form starts with: (years, age of majority, years after that birthday, law). Nobody is due before somebody saved it.
SUGGESTED = {
    "AT": (10, 18, 0, "Ärztegesetz 1998, section 51 (3)"),
    "DE": (10, 18, 0, "BGB, section 630f (3)"),
    "GB": (8, 18, 7, "NHS Records Management Code of Practice: adults 8 years, children until 25"),
    "NL": (20, 18, 20, "BW, article 7:454 (3)"),
}


@dataclass(frozen=True)
class Kept:
    """How long *patient* is kept. until: the last day; None where the site's country has no rule. last: when last seen or heard of."""

    patient: Patient
    last: dt.date
    until: dt.date | None
    rule: RetentionRule | None

    def is_over(self, today: dt.date) -> bool:
        return self.until is not None and self.until < today


def years_after(day: dt.date, years: int) -> dt.date:
    """The same day *years* later; 29 February becomes 1 March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return dt.date(day.year + years, 3, 1)


def last_day(rule: RetentionRule, *, last: dt.date, born: dt.date) -> dt.date:
    """The last day on which the record of somebody born on *born* and last seen on *last* is kept."""
    until = years_after(last, rule.years)
    if last < years_after(born, rule.minor_age):
        until = max(until, years_after(born, rule.minor_age + rule.minor_years))
    return until


def _contacts() -> list[PatientModel]:
    return [entry for entry in of_patients() if entry.contact]


def _day(moment) -> dt.date:
    return timezone.localdate(moment) if isinstance(moment, dt.datetime) else moment


def kept(patients: Iterable[Patient]) -> list[Kept]:
    """
    How long each of *patients* (with their sites) is kept; one query for each kind of contact. Two records of one person are kept as
    long as the one that was in use last.
    """
    patients = list(patients)
    records = Patient.objects.filter(pk__in=records_of({one.person_pk for one in patients})).values_list("pk", person_of())
    persons = dict(records.order_by())
    rules = rules_of.in_force()
    last: dict[int, dt.date] = {}
    for entry in _contacts():
        path = entry.path or "pk"
        rows = entry.model._base_manager.filter(**{f"{path}__in": list(persons)}).order_by()
        for record, newest in rows.values_list(path).annotate(newest=Max(entry.contact)):
            if newest is not None:
                pk = persons[record]
                last[pk] = max(last.get(pk, _day(newest)), _day(newest))
    found = []
    for patient in patients:
        rule, seen = rules.get(patient.site.country), last[patient.person_pk]
        until = last_day(rule, last=seen, born=patient.birth_date) if rule else None
        found.append(Kept(patient, seen, until, rule))
    return found


def kept_of(patient: Patient) -> Kept:
    return kept([patient])[0]


def by_a_rule_to_come(stand: Kept, today: dt.date) -> WatchedAct | None:
    """The shorter rule that would make the patient due and does not hold yet."""
    act, rule = rules_of.to_come().get(stand.patient.site.country, (None, None))
    return act if rule and last_day(rule, last=stand.last, born=stand.patient.birth_date) < today else None


def _begins(day: dt.date):
    """Midnight of *day* on the clinic's wall clock."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def maybe_due(user, today: dt.date) -> QuerySet:
    """
    Patients of the user's reach who are due on *today*, oldest first. One day round 29 February may be off: `kept` has the last word.
    """
    rows = Patient.objects.visible_to(user).filter(merged_into__isnull=True)  # a merged one goes with the record that is kept
    of_a_country = Q(pk__in=[])
    for rule in rules_of.in_force().values():
        before = years_after(today, -rule.years)
        old_enough = years_after(today, -(rule.minor_age + rule.minor_years))
        here = Q(site__country=rule.country, birth_date__lt=old_enough)
        for entry in _contacts():
            field = entry.model._meta.get_field(entry.contact)
            since = before if type(field) is Day else _begins(before)
            if entry.path:
                newer = entry.model._base_manager.filter(**{f"{entry.path}__pk": OuterRef("pk"), f"{entry.contact}__gte": since})
                here &= ~Q(Exists(newer))
            else:
                here &= Q(**{f"{entry.contact}__lt": since})
        of_a_country |= here
    return rows.filter(of_a_country).select_related("site").order_by(F("created_at"), "pk")


def due(user, today: dt.date, *, after: int = 0, most: int = 50) -> tuple[list[Kept], bool]:
    """The patients who are due, from the one numbered *after* in the list on, at most *most*; and whether there are more."""
    rows = list(maybe_due(user, today)[after : after + most + 1])
    return [one for one in kept(rows[:most]) if one.is_over(today)], len(rows) > most
