"""What somebody who leaves has in the diary and in unsigned records, and how others take it over (see `accounts.handover`)."""

import datetime as dt

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, gettext_noop

from accounts.handover import Handover, Left, Outcome
from accounts.models import User
from accounts.permissions import PERMISSIONS
from accounts.templatetags.clinic_format import in_words

from .models import Absence, Booking, Resource, TreatmentSession
from .querysets import of
from .services import booking as door
from .services import record as records
from .services.hours import clinic_zone, local_day
from .services.refusals import BookingRefused

GONE = gettext_noop("no longer works here")
FOR_GOOD = dt.timedelta(days=3650)
_NAMED = ("number", "surname", "given")


def _when(moment: dt.datetime, zone=None) -> str:
    local = timezone.localtime(moment, zone)
    return f"{in_words(local.date(), weekday=True)}, {local:%H:%M}"


# Visits


def _coming(user):
    rows = Booking.objects.filter(clinician__user=user, status__in=(Booking.Status.BOOKED, Booking.Status.ARRIVED))
    return rows.filter(ends_at__gt=timezone.now()).with_names().select_related("site").order_by("starts_at", "pk")


def _visit_words(visit: Booking) -> str:
    return f"{_when(visit.starts_at, clinic_zone(visit.site))}, {visit.patient}, {visit.title}"


def visits_of(user) -> list[str]:
    return [_visit_words(visit) for visit in _coming(user)]


def who_takes_visits(user) -> list[User]:
    """
    Clinicians who can be booked where the visits are, at their own site or as a guest with hours there. Whether one can take a visit
    is asked of each visit.
    """
    sites = {visit.site_id for visit in _coming(user)} | set(Resource.objects.filter(user=user).values_list("site", flat=True))
    columns = Resource.objects.at_any(sites).filter(kind=Resource.Kind.CLINICIAN, is_active=True, user__is_active=True)
    return list(User.objects.filter(pk__in=columns.exclude(user=user).values("user")).order_by("last_name", "first_name", "pk"))


def hand_over_visits(user, takers: list[User], by: User) -> Outcome:
    """
    Each visit keeps its time and goes to the first of *takers* who can take it; one that nobody can stays and is shown to be
    moved. Nothing is ever double-booked.
    """
    outcome = Outcome()
    visits = list(_coming(user))
    columns = {row.user_id: row for row in Resource.objects.filter(user__in=takers, is_active=True)}
    _wait_for_the_diary(visits)
    for visit in visits:
        url = reverse("sessions:booking", args=[visit.pk])
        why = "" if takers else gettext("To be moved by the desk.")
        for taker in takers:
            try:
                door.move(visit, starts_at=visit.starts_at, clinician=columns[taker.pk], by=by)
                outcome.took(taker)
                break
            except BookingRefused as refused:
                why = f"{why} {refused.message}".strip()
        else:
            outcome.left.append(Left(_visit_words(visit), why, url))
    return outcome


def _wait_for_the_diary(visits: list[Booking]) -> None:
    """All days first, then all patients, in the order everybody takes them: so nobody waits in a ring."""
    places = {(visit.site, local_day(at, clinic_zone(visit.site))) for visit in visits for at in (visit.starts_at, visit.ends_at)}
    for patient in sorted({visit.patient for visit in visits}, key=lambda patient: patient.pk):
        door.enter_diary(None, patient, (), places=places)
        places = set()


def stops_being_booked(user) -> None:
    """No visit can be booked with *user* any more; those that stay are shown as having nobody."""
    now = timezone.now()
    for column in Resource.objects.filter(user=user, is_active=True):
        Absence.objects.create(resource=column, starts_at=now, ends_at=now + FOR_GOOD, reason=GONE)
        Resource.objects.filter(pk=column.pk).update(is_active=False)


def is_booked_again(user) -> None:
    Absence.objects.filter(resource__user=user, reason=GONE, ends_at__gt=timezone.now()).delete()
    Resource.objects.filter(user=user).update(is_active=True)


# Unsigned records


def _unsigned(user):
    # A late record is signed by who enters it too; who treated stays who treated.
    theirs = Q(clinician=user, entered_at__isnull=True) | Q(entered_by=user)
    rows = TreatmentSession.objects.filter(theirs, status=TreatmentSession.Status.DRAFT).without_documents()
    return rows.select_related("patient__site").order_by("started_at", "pk")


def _record_words(row: TreatmentSession) -> str:
    return gettext("%(patient)s, session %(session_number)s, started %(started_at)s") % {
        "patient": row.patient,
        "session_number": row.session_number,
        "started_at": _when(row.started_at, clinic_zone(row.patient.site)),
    }


def records_of(user) -> list[str]:
    return [_record_words(row) for row in _unsigned(user)]


def who_signs(user) -> list[User]:
    people = User.objects.filter(is_active=True, role__in=PERMISSIONS["records.sign"], sites__in=user.site_ids())
    return list(people.exclude(pk=user.pk).distinct().order_by("last_name", "first_name", "pk"))


def hand_over_records(user, takers: list[User], by: User) -> Outcome:
    """Who takes them is who treats from now on, and so who signs. What was written stays as it is."""
    outcome, to = Outcome(), next(iter(takers), None)
    for row in _unsigned(user):
        url = reverse("sessions:record", args=[row.pk])
        if to is None:
            outcome.left.append(Left(_record_words(row), gettext("Nobody was named."), url))
        elif row.patient.site_id not in to.site_ids():
            outcome.left.append(
                Left(
                    _record_words(row),
                    gettext("%(to)s does not work at %(site)s.") % {"to": to.display_name, "site": row.patient.site.name},
                    url,
                )
            )
        else:
            try:
                records.hand_over(row, to=to, by=by)
                outcome.took(to)
            except records.Locked:
                continue  # it was signed at this very moment
    return outcome


# For Today


def without_anybody(user):
    """Visits to come at the own sites whose clinician has left."""
    rows = Booking.objects.visible_to(user).filter(site__in=user.site_ids(), status=Booking.Status.BOOKED)
    rows = rows.filter(starts_at__gte=timezone.now() - dt.timedelta(days=1), ends_at__gt=timezone.now(), clinician__is_active=False)
    return (
        rows.select_related("site", "patient", "clinician")
        .only("starts_at", "site__time_zone", "clinician__name", *of("patient", _NAMED))
        .order_by("starts_at")
    )


VISITS = Handover(
    "visits",
    gettext_lazy("Visits to come"),
    gettext_lazy("Nobody: the desk moves them one by one"),
    visits_of,
    who_takes_visits,
    hand_over_visits,
    gettext_lazy("Whoever is free at that time"),
)
RECORDS = Handover("records", gettext_lazy("Unsigned records"), "", records_of, who_signs, hand_over_records)
