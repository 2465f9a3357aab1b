"""
A day on paper, for a day without power: who comes to whom, when, where and with what, the alert words, and empty lines for what happens.
The same for every role: contact and alert words, nothing of findings and no notes.
"""

import datetime as dt
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Site
from clinic.today import checks_due, namesakes_today
from patients.models import Allergy, Asked, Patient
from sessions.models import Booking, Hold, Resource
from sessions.services.free_time import Diary
from sessions.services.hours import clinic_zone, day_bounds, seconds

WALK_INS = 2  # empty rows at the end of each list
COMES = (Booking.Status.BOOKED, Booking.Status.ARRIVED, Booking.Status.IN_ROOM, Booking.Status.DONE)


@dataclass(frozen=True)
class Line:
    """One visit. needles: when the clinician's part begins, where numbing stands before it."""

    patient_pk: int
    clock: str
    until: str
    needles: str
    name: str
    number: int
    born: dt.date
    phone: str
    kind: str
    room: str
    numbs_in: str
    device: str
    alerts: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """The day of one clinician."""

    clinician: str
    lines: list[Line] = field(default_factory=list)

    @property
    def walk_ins(self) -> range:
        return range(WALK_INS)


@dataclass(frozen=True)
class Pack:
    site: Site
    day: dt.date
    made_at: dt.datetime
    made_by: str
    sheets: list[Sheet]
    not_there: tuple[str, ...] = ()  # clinicians who have no visits and do not work that day
    closed: str = ""  # why the site is closed that day

    @property
    def lines(self) -> list[Line]:
        return [line for sheet in self.sheets for line in sheet.lines]

    @property
    def count(self) -> int:
        return len(self.lines)


def pack_of(user, site: Site, day: dt.date) -> Pack:
    """
    The day of every clinician of *site* who has visits that *user* may see, or works that day without any: then the list says so, because a
    list that is missing looks like one that was lost. Fourteen queries, however full the day.
    """
    zone = clinic_zone(site)
    start, end = day_bounds(day, zone)
    rows = Booking.objects.visible_to(user).filter(site=site, starts_at__gte=start, starts_at__lt=end, status__in=COMES)
    visits = list(rows.with_names().order_by("clinician__name", "clinician", "starts_at", "pk"))
    people = {visit.patient.person_pk for visit in visits}
    allergies: dict[int, list[str]] = {}
    for person_pk, substance in Allergy.objects.of_people(people).values_list("person", "substance"):
        allergies.setdefault(person_pk, []).append(substance)
    begins = dict(
        Hold.objects.filter(booking__in=visits, segment=Hold.Segment.NEEDLING, patient__isnull=False).values_list("booking_id", "starts_at")
    )
    namesakes, due = namesakes_today(visits), checks_due(visits, user, day)
    sheets: dict[int, Sheet] = {}
    for visit in visits:
        person = visit.patient
        needles = begins.get(visit.pk)
        line = Line(
            patient_pk=visit.patient_id,
            clock=f"{visit.starts_at.astimezone(zone):%H:%M}",
            until=f"{visit.ends_at.astimezone(zone):%H:%M}",
            needles=f"{needles.astimezone(zone):%H:%M}" if needles and needles > visit.starts_at else "",
            name=str(visit.patient),
            number=visit.patient.number,
            born=person.birth_date,
            phone=person.phone,
            kind=visit.title,
            room=visit.room.name if visit.room else "",
            numbs_in=visit.bay.name if visit.bay else "",
            device=visit.device.name if visit.device else "",
            alerts=_alerts(visit, person, allergies, namesakes, due),
        )
        sheets.setdefault(visit.clinician_id, Sheet(visit.clinician.name)).lines.append(line)
    diary, not_there = Diary(site, day, day), []
    low, high = seconds(start), seconds(end)
    for clinician in diary.resources:
        if clinician.kind != Resource.Kind.CLINICIAN or clinician.pk in sheets:
            continue
        if any(opens < high and closes > low for opens, closes in diary.open(clinician)):
            sheets[clinician.pk] = Sheet(clinician.name)
        else:
            not_there.append(clinician.name)
    found = sorted(sheets.values(), key=lambda sheet: sheet.clinician)
    return Pack(site, day, timezone.now(), user.display_name, found, tuple(not_there), diary.holidays.get(day, ""))


def _alerts(visit: Booking, person: Patient, allergies, namesakes, due) -> tuple[str, ...]:
    words = []
    if visit.patient.person_pk in allergies:
        words.append(_("Allergy: %(substances)s") % {"substances": ", ".join(allergies[visit.patient.person_pk])})
    elif person.allergies_asked == Asked.NOT_ASKED:
        words.append(_("Allergies not asked"))
    if visit.pk in due:
        words.append(_("Safety checks due"))
    if (alike := namesakes[visit.patient.surname_key]) > 1:
        words.append(_("%(n)s with this name that day") % {"n": alike})
    return tuple(words)
