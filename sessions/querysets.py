"""Reads of the diary. Rows about patients start at `visible_to(user)`."""

import datetime as dt

from django.db import models
from django.db.models import Count, Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from patients.querysets import OfPatientQuerySet
from plans.querysets import PLAN_DOCUMENTS

LIVE = ("booked", "arrived", "in_room", "done")
# What a line about a visit shows of it, of the patient, and of what it needs.
BOOKING_LINE = (
    "version", "site", "patient", "plan", "kind", "session_number", "status", "starts_at", "ends_at", "clinician", "room", "device",
    "cancel_reason", "arrived_at", "numbing_started_at", "late_minutes",
)  # fmt: skip
PATIENT_LINE = ("number", "surname", "given", "surname_key", "merged_into")
RECORD_LINE = ("record__booking", "record__status")
RELATED_LINE = (
    "site__time_zone", "plan__number", "plan__sessions_count", "plan__status", "plan__protocol_version",
    "clinician__name", "room__name", "device__name",
)  # fmt: skip
# Of a record: what a list, a diary or a header never shows.
RECORD_DOCUMENTS = ("start_check", "adjuvants", "note", "unread", "deviations", "signed_content")


def of(relation: str, documents: tuple[str, ...]) -> tuple[str, ...]:
    """The names of *documents* as seen through *relation*, for defer()."""
    return tuple(f"{relation}__{name}" for name in documents)


# How long a visit that is over counts as still to come where a course is judged: until the evening, when somebody says what came of it.
JUST_OVER = dt.timedelta(hours=12)


def coming(now: dt.datetime, relation: str = "") -> Q:
    """Visits still to come at *now*. One that is over and of which nobody said what came of it is none. relation: `bookings__`."""
    return Q(**{f"{relation}status__in": ("booked", "arrived"), f"{relation}ends_at__gt": now})


def placed(now: dt.datetime, relation: str = "") -> Q:
    """Visits that are done, going on, or `coming`: what a session of a course is placed by."""
    return Q(**{f"{relation}status__in": ("in_room", "done")}) | coming(now, relation)


def settled(now: dt.datetime, relation: str = ""):
    """
    How many sessions of a course need no booking any more at *now*: up to the last that was treated, those that were passed over
    included, and what is still to come or only just over. relation: `bookings__`.
    """
    sessions = Q(**{f"{relation}kind": "session"})
    treated = Q(**{f"{relation}status__in": ("in_room", "done")})
    last = Max(f"{relation}session_number", filter=sessions & treated)
    return Coalesce(last, 0) + Count(f"{relation}pk", filter=sessions & coming(now - JUST_OVER, relation))


class BookingQuerySet(OfPatientQuerySet):
    def live(self):
        """Visits that hold their resources: neither missed nor cancelled."""
        return self.filter(status__in=LIVE)

    def between(self, start: dt.datetime, end: dt.datetime):
        """Visits that share a minute with [start, end). No visit is longer than a day, so the index by start is enough."""
        return self.filter(starts_at__lt=end, starts_at__gt=start - dt.timedelta(days=1), ends_at__gt=start)

    def with_names(self):
        """Load what a line about a visit shows, in the same query."""
        return self.select_related("patient", "plan", "clinician", "room", "device", "bay").defer(*of("plan", PLAN_DOCUMENTS))

    def for_lists(self, *, record: bool = False):
        """Load what a row of a list or a block of a day shows, and nothing else, in the same query. record: its state as well."""
        related = ("site", "patient", "plan", "clinician", "room", "device", *(["record"] if record else []))
        shown = (*BOOKING_LINE, *of("patient", PATIENT_LINE), *RELATED_LINE, *(RECORD_LINE if record else ()))
        return self.select_related(*related).only(*shown)

    def for_a_day(self, *more: str):
        """As `for_lists`, without clinician, room and device (see `say_where`), and with site and record only where *more* names them."""
        shown = (*BOOKING_LINE, *of("patient", PATIENT_LINE), *(name for name in RELATED_LINE if name.startswith(("plan__", *more))))
        return self.select_related("patient", "plan", *more).only(*shown, *(RECORD_LINE if "record" in more else ()))

    def with_record(self):
        """Load the record with it, without its documents."""
        return self.select_related("record").defer(*of("record", RECORD_DOCUMENTS))

    def next_of(self, patient, now: dt.datetime):
        """The patient's coming visits, soonest first."""
        return self.filter(patient=patient, status__in=("booked", "arrived", "in_room"), ends_at__gt=now).order_by("starts_at")


class RecordQuerySet(OfPatientQuerySet):
    def without_documents(self):
        """For lists: notes, checks and what was signed stay in the database until one is asked for."""
        return self.defer(*RECORD_DOCUMENTS)

    def asking(self):
        """Signed records of which not every role that was asked has countersigned, the oldest first."""
        rows = self.model.countersignatures.rel.related_model.objects.filter(session=OuterRef("pk"), agreed=True).order_by()
        agreed = rows.values("session").annotate(roles=Count("role", distinct=True)).values("roles")
        return (
            self.filter(status="signed", roles_asked__gt=0)
            .filter(roles_asked__gt=Coalesce(Subquery(agreed), 0))
            .order_by("started_at", "pk")
        )


class OfRecordQuerySet(OfPatientQuerySet):
    """Zones and corrections: visible where their record is."""

    path = "session__patient"


class ResourceQuerySet(models.QuerySet):
    def at(self, site):
        """What takes bookings at *site*: what belongs there, and clinicians of other sites who have hours there."""
        return self.filter(Q(site=site) | Q(kind="clinician", pk__in=site.hours_of_others.values("resource")))

    def at_any(self, sites):
        """What takes bookings at one of *sites*, as `at` has it."""
        guests = self.model.objects.filter(hours__site__in=sites).values("pk")
        return self.filter(Q(site__in=sites) | Q(kind="clinician", pk__in=guests))


class Seconds(models.Func):
    """Whole seconds since 1970, counted by the database: a diary reads thousands of moments and asks only how they lie to each other."""

    output_field = models.BigIntegerField()

    def as_sqlite(self, compiler, connection, **context):
        return self.as_sql(compiler, connection, template="CAST(strftime('%%%%s', %(expressions)s) AS INTEGER)", **context)

    def as_postgresql(self, compiler, connection, **context):
        return self.as_sql(compiler, connection, template="FLOOR(EXTRACT(EPOCH FROM %(expressions)s))::bigint", **context)


class HoldQuerySet(OfPatientQuerySet):
    path = "booking__patient"

    def live_between(self, start: dt.datetime, end: dt.datetime):
        """Live holds that share a minute with [start, end); none is longer than a day (see `sessions.guards`)."""
        return self.filter(is_live=True, starts_at__lt=end, starts_at__gt=start - dt.timedelta(days=1), ends_at__gt=start)
