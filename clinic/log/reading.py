"""Which rows of the log a person reads, found by index at a million rows, a page at a time."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, F, Max, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Site, User
from accounts.permissions import may
from audit.models import AuditEvent, ErasureOrder, Outcome
from patients.models import Patient
from patients.person import records_of

from .words import SEEN, TONES, WRITTEN, detail_words, thing_of, words_of

PAGE_ROWS = 50
FEW_ENOUGH = 20_000  # rows of the days asked for whose numbers are looked up one by one
MOST_PEOPLE = 100


def rows_for(user) -> QuerySet[AuditEvent]:
    """
    Rows about patients of the sites *user* works at, whoever made them, and rows about no patient by people of those sites.
    Who works at every site reads all, also what is left of patients that were erased.
    """
    rows = AuditEvent.objects.all()
    if not may(user, "audit.view"):
        return rows.none()
    sites = user.site_ids()
    if not Site.objects.exclude(pk__in=sites).exists():
        return rows
    patients = Patient.objects.filter(site__in=sites).order_by().values("pk")
    people = User.sites.through.objects.filter(site__in=sites).values("user_id")
    # As sums the columns have no index: rows are walked in their own order, or by the index of what is searched, and each is asked
    # whether it is one of these. By index SQLite would first gather all of them, which takes seconds at a million.
    rows = rows.alias(of_patient=F("patient_pk") + 0, by=F("actor_id") + 0)
    return rows.filter(Q(of_patient__in=patients) | Q(of_patient__isnull=True, by__in=people))


def patient_pks(user, number: int) -> list[int]:
    """
    Primary keys under which the log knows the patient with *number*: on file at a site of *user*, with the other records of the same
    person, whichever of their numbers it is; or erased.
    """
    if not may(user, "audit.view"):
        return []
    people = [one.person_pk for one in Patient.objects.filter(number=number, site__in=user.site_ids()).only("merged_into")]
    here = Patient.objects.filter(pk__in=records_of(people), site__in=user.site_ids()).values_list("pk", flat=True) if people else []
    erased = ErasureOrder.objects.filter(patient_number=number, site_pk__in=user.site_ids()).values_list("patient_pk", flat=True)
    return sorted({*here, *erased})


@dataclass(frozen=True)
class Search:
    """What is asked for; empty fields ask for nothing. days are of the clinic's calendar, both included."""

    patient: int | None = None
    person: int | None = None
    action: str = ""
    outcome: str = ""
    address: str = ""
    first_day: dt.date | None = None
    last_day: dt.date | None = None

    @property
    def is_empty(self) -> bool:
        return self == Search()

    def as_detail(self) -> dict:
        """What was asked for, as the log keeps it of whoever asked."""
        asked = {name: getattr(self, name) for name in ("patient", "person", "action", "outcome", "address", "first_day", "last_day")}
        return {name: value.isoformat() if isinstance(value, dt.date) else value for name, value in asked.items() if value}


def found(user, search: Search) -> QuerySet[AuditEvent]:
    """The rows *search* asks for, newest first."""
    rows = rows_for(user).order_by("-pk")
    if search.patient is not None:
        rows = rows.filter(patient_pk__in=patient_pks(user, search.patient))
    if search.person is not None:
        rows = rows.filter(actor_id=search.person)
    for name in ("action", "outcome", "address"):
        if getattr(search, name):
            rows = rows.filter(**{name: getattr(search, name)})
    if search.first_day is not None or search.last_day is not None:
        rows = _on_days(rows, search.first_day, search.last_day)
    return rows


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def _on_days(rows: QuerySet, first: dt.date | None, last: dt.date | None) -> QuerySet:
    """
    Rows whose clock showed one of these days, wherever they stand in the log: numbers follow the writing and not the clock, which may
    have been ahead, or put back. The numbers of a few are looked up, so that a page is read along the rows' own order.
    """
    days = {}
    if first is not None:
        days["at__gte"] = _midnight(first)
    if last is not None:
        days["at__lt"] = _midnight(last + dt.timedelta(days=1))
    numbers = list(AuditEvent.objects.filter(**days).order_by("at").values_list("pk", flat=True)[: FEW_ENOUGH + 1])
    if not numbers:
        return rows.none()
    # Of many, a page is soon full: it is read from the newest row on, and what is of other days is left out.
    where = {"pk__range": (min(numbers), max(numbers))} if len(numbers) <= FEW_ENOUGH else {"pk__gt": 0}
    return rows.filter(**where, **days)


@dataclass
class Page:
    """Some rows, newest first. before, after: the number of a row to go on from, where there is more that way."""

    rows: list[AuditEvent]
    before: int | None = None
    after: int | None = None


def page_of(rows: QuerySet, *, before: int | None = None, after: int | None = None, size: int = PAGE_ROWS) -> Page:
    """*size* of *rows*, older than the row *before* or newer than *after*: no page is counted, and none is skipped over."""
    if after is not None:
        taken = list(rows.filter(pk__gt=after).order_by("pk")[: size + 1])
        more, shown = len(taken) > size, taken[:size][::-1]
        return Page(shown, before=shown[-1].pk if shown else None, after=shown[0].pk if more else None)
    taken = list((rows.filter(pk__lt=before) if before is not None else rows)[: size + 1])
    shown = taken[:size]
    newer = shown[0].pk if shown and before is not None else None
    return Page(shown, before=shown[-1].pk if len(taken) > size else None, after=newer)


@dataclass(frozen=True)
class Line:
    """One row as it is drawn."""

    row: AuditEvent
    words: str
    outcome: str
    tone: str
    number: int | None  # of the patient
    name: str
    is_erased: bool
    thing: str
    detail: list[tuple[str, str]]


def erased_of(pks: set[int]) -> dict[int, int]:
    """{primary key: number} of those patients that were erased."""
    return dict(ErasureOrder.objects.filter(patient_pk__in=pks).values_list("patient_pk", "patient_number"))


def numbers_of(pks: set[int]) -> dict[int, int]:
    """{primary key: number} of patients, also of those that were erased."""
    return erased_of(pks) | dict(Patient.objects.filter(pk__in=pks).values_list("pk", "number"))


def lines_of(user, rows: list[AuditEvent]) -> list[Line]:
    """*rows* with numbers of patients; with names where *user* may see those patients."""
    pks = {row.patient_pk for row in rows if row.patient_pk is not None}
    numbers, erased = numbers_of(pks), erased_of(pks)
    names = {patient.pk: str(patient) for patient in Patient.objects.visible_to(user).filter(pk__in=pks)}
    return [
        Line(
            row=row,
            words=words_of(row.action),
            outcome=Outcome(row.outcome).label if row.outcome in Outcome.values else row.outcome,
            tone=TONES.get(row.outcome, "mute"),
            number=numbers.get(row.patient_pk),
            name=names.get(row.patient_pk, ""),
            is_erased=row.patient_pk in erased and row.patient_pk not in names,
            thing=thing_of(row),
            detail=detail_words(row.detail),
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Person:
    """One person beside one patient: how often they looked, changed something, were refused, and when last."""

    name: str
    role: str
    pk: int | None
    looks: int
    changes: int
    refused: int
    last: dt.datetime


def people_of(rows: QuerySet) -> list[Person]:
    """Who stands in *rows* of one patient, who came last first."""
    done = Q(outcome=Outcome.DONE)
    counted = (
        rows.order_by()
        .values("actor_id")
        .annotate(
            looks=Count("pk", filter=done & Q(action__in=SEEN)),
            changes=Count("pk", filter=done & Q(action__in=WRITTEN)),
            refused=Count("pk", filter=Q(outcome=Outcome.REFUSED)),
            last=Max("at"),
            name=Max("actor_name"),
        )
        .order_by("-last")[:MOST_PEOPLE]
    )
    counted = list(counted)
    staff = User.objects.in_bulk([row["actor_id"] for row in counted if row["actor_id"]])
    return [
        Person(
            name=str(staff[row["actor_id"]]) if row["actor_id"] in staff else _("The system"),
            role=staff[row["actor_id"]].get_role_display() if row["actor_id"] in staff else "",
            pk=row["actor_id"],
            **{name: row[name] for name in ("looks", "changes", "refused", "last")},
        )
        for row in counted
    ]
