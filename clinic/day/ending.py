"""What one site still has to settle at the end of a day: each line with the link that settles it, and nothing that is settled."""

import datetime as dt
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, prefetch_related_objects
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from accounts.models import Site
from aftercare.models import HandOver, Sheet
from audit.models import AuditEvent, Outcome
from plans.querysets import PLAN_DOCUMENTS
from sessions.countersigning import TREATED, refusal_of, roles_of, waits_for
from sessions.models import Booking, SessionZone, TreatmentSession
from sessions.querysets import RECORD_DOCUMENTS, of
from sessions.services.hours import clinic_zone, day_bounds

OPEN = (Booking.Status.BOOKED, Booking.Status.ARRIVED, Booking.Status.IN_ROOM)
NEEDED = tuple(name for name in RECORD_DOCUMENTS if name != "adjuvants")


@dataclass(frozen=True)
class Left:
    """One line. do: what the link is called; empty url: somebody else settles it, as `facts` says."""

    clock: str
    who: str
    what: str
    facts: str
    url: str
    do: str


@dataclass(frozen=True)
class Section:
    """id of the heading; many: what is counted (ngettext_lazy with %(n)s); fine: the sentence where nothing is left."""

    id: str
    title: str
    many: object
    fine: str
    lines: list[Left] = field(default_factory=list)

    @property
    def words(self) -> str:
        """`2 records to sign`."""
        return self.many % {"n": len(self.lines)} if self.lines else self.fine


@dataclass(frozen=True)
class Ending:
    site: Site
    day: dt.date
    sections: list[Section]

    @property
    def count(self) -> int:
        return sum(len(section.lines) for section in self.sections)


def ending_of(user, site: Site, day: dt.date) -> Ending:
    """What is left of *day* at *site*, of what *user* may see. Six queries, however long the day was."""
    zone = clinic_zone(site)
    start, end = day_bounds(day, zone)
    visits = Booking.objects.visible_to(user).filter(site=site, starts_at__gte=start, starts_at__lt=end)
    visits = list(visits.for_lists(record=True).order_by("starts_at", "pk"))
    done = SessionZone.objects.filter(session=OuterRef("pk"), state=SessionZone.State.DONE)
    records = TreatmentSession.objects.visible_to(user).filter(booking__in=[visit.pk for visit in visits])
    records = records.select_related("patient", "plan", "clinician").defer(*NEEDED, *of("plan", PLAN_DOCUMENTS))
    records = list(records.annotate(treated=Exists(done)).prefetch_related("corrections").order_by("started_at", "pk"))
    return Ending(
        site,
        day,
        [
            _unmarked(visits, zone),
            _unsigned(records, visits, user, zone),
            _to_countersign(records, user, zone),
            _without_lot(records, user, zone),
            _not_handed_over(records, user, zone, start),
        ],
    )


def _clock(moment: dt.datetime, zone) -> str:
    return f"{moment.astimezone(zone):%H:%M}"


def _session(row: TreatmentSession) -> str:
    return _("Session %(number)s of %(all)s") % {"number": row.session_number, "all": row.plan.sessions_count}


def _unmarked(visits: list[Booking], zone) -> Section:
    """Visits whose time is over and of which nobody said what became of them. One in the room with a record is the record's to end."""
    now, lines = timezone.now(), []
    for visit in visits:
        if visit.status not in OPEN or visit.ends_at > now or (visit.status == Booking.Status.IN_ROOM and hasattr(visit, "record")):
            continue
        facts = f"{visit.title}, {visit.clinician.name}, {visit.get_status_display().lower()}"
        url = reverse("sessions:booking", args=[visit.pk])
        lines.append(Left(_clock(visit.starts_at, zone), str(visit.patient), facts, _("Done or missed?"), url, _("Mark it")))
    return Section(
        "unmarked", _("Visits"), ngettext_lazy("%(n)s visit not marked", "%(n)s visits not marked", "n"), _("Every visit is marked."), lines
    )


def _unsigned(records: list[TreatmentSession], visits: list[Booking], user, zone) -> Section:
    """Records still to sign, and sessions that took place of which none was begun."""
    lines = []
    for visit in visits:
        treated = visit.status == Booking.Status.DONE and visit.kind == Booking.Kind.SESSION and visit.plan_id is not None
        if not treated or hasattr(visit, "record"):
            continue
        mine = user.may("records.sign")
        url = reverse("sessions:enter_record" if mine else "sessions:booking", args=[visit.pk])
        what, do = f"{visit.title}, {visit.clinician.name}", _("Enter it") if mine else _("Open the visit")
        lines.append(Left(_clock(visit.starts_at, zone), str(visit.patient), what, _("Done, and no record was begun"), url, do))
    for row in records:
        if row.status != TreatmentSession.Status.DRAFT:
            continue
        mine = user.may("records.edit")
        facts = "" if mine else _("%(name)s signs it.") % {"name": row.clinician.display_name}
        url = reverse("sessions:record", args=[row.pk]) if mine else reverse("sessions:booking", args=[row.booking_id])
        what = f"{_session(row)}, {row.clinician.display_name}"
        lines.append(Left(_clock(row.started_at, zone), str(row.patient), what, facts, url, _("Sign it") if mine else _("Open the visit")))
    return Section(
        "unsigned",
        _("Records"),
        ngettext_lazy("%(n)s record not signed", "%(n)s records not signed", "n"),
        _("Every record is signed or closed."),
        lines,
    )


def _to_countersign(records: list[TreatmentSession], user, zone) -> Section:
    """Signed records of what went beyond the right of who treated, or was entered for them. Asked for only where there is one."""
    asking = [row for row in records if row.is_signed and row.roles_asked]
    if asking:
        prefetch_related_objects(asking, "countersignatures")
    lines = []
    for row in asking:
        if not (waits := waits_for(row)):
            continue
        refused = refusal_of(row) is not None
        roles = roles_of(row, user)
        mine = bool(roles) and not refused
        name = "sessions:countersign" if mine else "sessions:record" if user.may("records.view") else "sessions:booking"
        url = reverse(name, args=[row.booking_id if name == "sessions:booking" else row.pk])
        facts = _("Refused: read why") if refused else _("Waits for %(who)s") % {"who": waits}
        what = f"{_session(row)}, {row.clinician.display_name}"
        do = {"sessions:record": _("Open the record"), "sessions:booking": _("Open the visit")}.get(name) or (
            _("Confirm it") if roles == [TREATED] else _("Countersign it")
        )
        lines.append(Left(_clock(row.started_at, zone), str(row.patient), what, facts, url, do))
    many = ngettext_lazy("%(n)s record to countersign", "%(n)s records to countersign", "n")
    return Section("countersign", _("Countersignatures"), many, _("No record waits for a countersignature."), lines)


def lots_missing(row: TreatmentSession) -> list[str]:
    """What was used and has no lot: the needle, and each product beside it."""
    needle = [_("needle")] if row.treated and not row.needle_lot else []
    return needle + [str(used.get("label") or used.get("product") or _("product")) for used in row.adjuvants if not used.get("lot")]


def _without_lot(records: list[TreatmentSession], user, zone) -> Section:
    lines = []
    for row in records:
        missing = lots_missing(row) if row.status != TreatmentSession.Status.CLOSED else []
        if not missing:
            continue
        if not user.may("records.edit"):
            url, do = reverse("sessions:booking", args=[row.booking_id]), _("Open the visit")
        elif row.is_signed:
            url, do = reverse("sessions:correct", args=[row.pk]), _("Add a correction")
        else:
            url, do = f"{reverse('sessions:record', args=[row.pk])}#f-needle_lot", _("Enter the lot")
        what = f"{_session(row)}, {row.clinician.display_name}"
        lines.append(
            Left(_clock(row.started_at, zone), str(row.patient), what, _("Lot missing: %(what)s") % {"what": ", ".join(missing)}, url, do)
        )
    return Section(
        "lots",
        _("Lots"),
        ngettext_lazy("%(n)s record without a lot", "%(n)s records without a lot", "n"),
        _("Every lot is recorded."),
        lines,
    )


def _not_handed_over(records: list[TreatmentSession], user, zone, start: dt.datetime) -> Section:
    """A sheet counts as handed over once that was noted of the one of the record as it stands, or it was opened to print."""
    signed = {row.pk: row for row in records if row.is_signed}
    sheets: dict[int, list[Sheet]] = {}
    given = Exists(HandOver.objects.filter(sheet=OuterRef("pk")))
    for sheet in Sheet.objects.visible_to(user).filter(session__in=signed).annotate(given=given).order_by("pk"):
        if sheet.record_version == 1 + len(signed[sheet.session_id].corrections.all()):
            sheets.setdefault(sheet.session_id, []).append(sheet)
    pks = [str(sheet.pk) for found in sheets.values() for sheet in found]
    rows = AuditEvent.objects.filter(at__gte=start, action="sheet.opened", outcome=Outcome.DONE, object_type=Sheet._meta.label_lower)
    opened = set(rows.filter(object_pk__in=pks).values_list("object_pk", flat=True))
    lines = []
    for row in signed.values():
        found = sheets.get(row.pk, [])
        if any(sheet.given or str(sheet.pk) in opened for sheet in found):
            continue
        sheet = found[-1] if found else None
        if not user.may("sheets.view"):
            url, do = reverse("sessions:booking", args=[row.booking_id]), _("Open the visit")
        elif sheet is None:
            url, do = reverse("sessions:record", args=[row.pk]) if user.may("records.view") else reverse("aftercare:queue"), _("Ask for it")
        elif sheet.state == Sheet.State.READY:
            url, do = reverse("aftercare:sheet", args=[sheet.pk]), _("Print it")
        else:
            url, do = reverse("aftercare:sheet", args=[sheet.pk]), _("Look at it")
        facts = {None: _("Not made yet"), Sheet.State.READY: _("Ready, not printed"), Sheet.State.FAILED: _("Could not be made")}
        what = _session(row)
        words = facts.get(sheet.state if sheet else None, _("Being made"))
        lines.append(Left(_clock(row.started_at, zone), str(row.patient), what, words, url, do))
    many = ngettext_lazy("%(n)s aftercare sheet not handed over", "%(n)s aftercare sheets not handed over", "n")
    return Section("sheets", _("Aftercare sheets"), many, _("Every aftercare sheet was printed."), lines)
