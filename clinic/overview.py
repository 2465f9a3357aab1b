"""
The patient page and header, filled from the diary, the records and the sheets: course strips, lines of the timeline, next booking.
The desk sees bookings and how many sessions a course has; what was done is for clinicians.
"""

from django.db.models import Prefetch
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

from accounts.templatetags.clinic_format import in_words
from aftercare.models import HandOver, Sheet
from patients.models import Patient
from patients.overview import Action, Course, Entry, Section, Step
from patients.storyboard import Fact
from patients.timeline import Source
from planner import wording
from plans.models import TreatmentPlan
from plans.querysets import PLAN_DOCUMENTS
from sessions.models import Booking, SessionCorrection, SessionZone, TreatmentSession
from sessions.querysets import RECORD_DOCUMENTS, of
from sessions.services import gap

from .recall.models import RecallContact

ZONES_NAMED = 2


def next_visit(patient: Patient, user) -> Section:
    if not user.may("bookings.edit"):
        return Section()
    url = f"{reverse('sessions:book')}?patient={patient.number}"
    return Section(actions=[Action(_("Book a visit"), url, primary=not user.may("plans.edit"))])


def _steps(plan: TreatmentPlan, bookings: list[Booking], clinical: bool) -> list[Step]:
    steps = []
    of_plan = [b for b in bookings if b.plan_id == plan.pk and b.session_number and b.kind == Booking.Kind.SESSION]
    treated = gap.last_treated({b.session_number: b for b in of_plan if b.status in Booking.LIVE})
    for number in range(1, plan.sessions_count + 1):
        mine = [b for b in of_plan if b.session_number == number]
        live = next((b for b in mine if b.status in Booking.LIVE), None)
        if live is None and number < treated:
            steps.append(Step(number, _("passed over"), "passed"))
            continue
        if live is None:
            missed = any(b.status == Booking.Status.MISSED for b in mine)
            steps.append(Step(number, _("missed, to book") if missed else _("to book"), "missed" if missed else "open"))
            continue
        record = getattr(live, "record", None)
        url = reverse("sessions:record", args=[record.pk]) if record and clinical else reverse("sessions:booking", args=[live.pk])
        done = live.status == Booking.Status.DONE or (record is not None and record.is_locked)
        day = in_words(live.on_site(live.starts_at).date(), weekday=True)
        steps.append(Step(number, pgettext("session", "done") if done else day, "done" if done else "booked", url))
    return steps


def courses(patient: Patient, user) -> Section:
    """The strip of each plan in force: what is done, when the next ones are, what is left to book."""
    if not user.may("bookings.view"):
        return Section()
    clinical = user.may("plans.view")
    plans = list(
        TreatmentPlan.objects.visible_to(user)
        .filter(patient=patient, status=TreatmentPlan.Status.ACCEPTED)
        .without_documents()
        .prefetch_related("zones")
    )
    sessions = Booking.objects.visible_to(user).filter(plan__in=plans, kind=Booking.Kind.SESSION)
    bookings = list(sessions.for_lists(record=True).order_by("-starts_at")) if plans else []
    found = []
    for plan in plans:
        steps = _steps(plan, bookings, clinical)
        left = sum(step.state in ("open", "missed") for step in steps)
        action = None
        if left and user.may("bookings.edit"):
            label = _("Book the course") if left == len(steps) else _("Book the rest")
            action = Action(label, reverse("sessions:book_course", args=[patient.number_of(plan), plan.number]), primary=True)
        facts = _apart(plan)
        if clinical:
            zones = ", ".join(f"{zone.zone_label} {wording.mm(zone.depth_mm)}" for zone in plan.zones.all())
            facts = f"{zones}. {facts}" if zones else facts
        url = reverse("plans:plan", args=[patient.number_of(plan), plan.number]) if clinical else ""
        if under := patient.under(plan):
            facts = f"{facts}, {under}"
        found.append(Course(_("Course of plan %(number)s") % {"number": plan.number}, facts, tuple(steps), url=url, action=action))
    return Section(courses=found)


def _apart(plan: TreatmentPlan) -> str:
    """`4 sessions, 4 to 6 weeks apart`"""
    said = {"n": plan.sessions_count, "low": wording.number(plan.interval_weeks_min), "high": wording.number(plan.interval_weeks_max)}
    if said["low"] == said["high"]:
        return _("%(n)s sessions, %(low)s\N{NO-BREAK SPACE}weeks apart") % said
    return _("%(n)s sessions, %(low)s to %(high)s\N{NO-BREAK SPACE}weeks apart") % said


_TAGS = {
    Booking.Status.BOOKED: (pgettext_lazy("visit", "Booked"), "info"),
    Booking.Status.ARRIVED: (pgettext_lazy("visit", "Here"), "clear"),
    Booking.Status.IN_ROOM: (pgettext_lazy("visit", "In room"), "clear"),
    Booking.Status.DONE: (pgettext_lazy("visit", "Done"), "mute"),
    Booking.Status.MISSED: (pgettext_lazy("visit", "Missed"), "defer"),
    Booking.Status.CANCELLED: (pgettext_lazy("visit", "Cancelled"), "mute"),
}


def _visits(patient: Patient, user, until) -> list[Entry]:
    rows = Booking.objects.visible_to(user).filter(patient=patient)
    if user.may("records.view"):
        rows = rows.filter(record__isnull=True)  # the record's own line says more
    entries = []
    for row in until.newest(rows.for_lists(), "starts_at"):
        tag, tone = _TAGS[row.status]
        local = row.on_site(row.starts_at)
        facts = f"{local:%H:%M}, {row.clinician}"
        url = reverse("sessions:booking", args=[row.pk])
        title = row.get_kind_display()
        if row.session_number and row.plan:
            title = _("%(kind)s %(number)s of %(all)s") % {"kind": title, "number": row.session_number, "all": row.plan.sessions_count}
        entries.append(Entry(row.starts_at, title, facts, url, "i-cal", tag, tone, on=local.date()))
    return entries


def _done(record: TreatmentSession) -> str:
    """The two facts that matter: where and how deep, and whether the skin reacted; or why nothing was done."""
    if record.status == TreatmentSession.Status.CLOSED:
        return _("Nothing was treated: %(reason)s") % {"reason": record.closed_reason}
    zones = [zone for zone in record.zones.all() if zone.state == SessionZone.State.DONE]
    zones.sort(key=lambda zone: (-zone.done_depth_mm, zone.position))
    words = [f"{zone.zone_label} {wording.mm(zone.done_depth_mm)}" for zone in zones[:ZONES_NAMED]]
    if len(zones) > ZONES_NAMED:
        words.append(_("and %(more)s more") % {"more": len(zones) - ZONES_NAMED})
    reaction = {"none": _("no reaction"), "expected": _("reaction as expected"), "adverse": _("adverse event")}.get(record.reaction, "")
    return ", ".join([*words, *([reaction] if reaction else [])]) or _("No zone recorded yet")


def _treatments(patient: Patient, user, until) -> list[Entry]:
    rows = TreatmentSession.objects.visible_to(user).filter(patient=patient).without_documents()
    rows = rows.select_related("plan", "booking__site").defer(*of("plan", PLAN_DOCUMENTS)).prefetch_related("zones")
    entries, shown = [], list(until.newest(rows, "started_at"))
    asks = [row.pk for row in shown if row.roles_asked]
    asking = set(TreatmentSession.objects.filter(pk__in=asks).asking().values_list("pk", flat=True)) if asks else set()
    for row in shown:
        tag, tone = (_("Adverse event"), "stop") if row.reaction == TreatmentSession.Reaction.ADVERSE else ("", "mute")
        if not row.is_locked and row.status == TreatmentSession.Status.DRAFT:
            tag, tone = _("Not signed"), "defer"
        if row.status == TreatmentSession.Status.CLOSED:
            tag, tone = _("Not treated"), "mute"
        if row.pk in asking:
            tag, tone = _("Waits for countersignature"), "caut"
        title = _("Session %(number)s of %(all)s") % {"number": row.session_number, "all": row.plan.sessions_count}
        entries.append(Entry(row.started_at, title, _done(row), reverse("sessions:record", args=[row.pk]), "i-pen", tag, tone, on=row.day))
    return entries


def _corrections(patient: Patient, user, until) -> list[Entry]:
    rows = SessionCorrection.objects.visible_to(user).filter(session__patient=patient)
    rows = rows.select_related("made_by", "session__booking__site").defer(*of("session", RECORD_DOCUMENTS))
    return [
        Entry(
            row.made_at,
            _("Correction %(number)s of session %(session)s") % {"number": row.number, "session": row.session.session_number},
            f"{row.reason}, {row.made_by}",
            reverse("sessions:record", args=[row.session_id]),
            "i-pen",
            on=row.session.site.day_of(row.made_at),
        )
        for row in until.newest(rows, "made_at")
    ]


def _sheets(patient: Patient, user, until) -> list[Entry]:
    rows = Sheet.objects.visible_to(user).filter(session__patient=patient).select_related("session__booking__site")
    rows = rows.defer(*of("session", RECORD_DOCUMENTS)).prefetch_related(Prefetch("hand_overs", HandOver.objects.select_related("by")))
    entries = []
    for row in until.newest(rows, "requested_at"):
        tone = {"ready": "mute", "failed": "defer"}.get(row.state, "info")
        said = {"session": row.session.session_number, "variant": row.get_variant_display(), "version": row.record_version}
        facts = _("After session %(session)s, %(variant)s, version %(version)s") % said
        for given in row.hand_overs.all():
            said = {"whom": given.whom, "day": in_words(row.session.site.day_of(given.at)), "name": given.by}
            facts += _("; given to %(whom)s %(day)s by %(name)s") % said
        url = reverse("aftercare:sheet", args=[row.pk])
        state = _("Superseded") if row.superseded_at else row.get_state_display()
        entries.append(
            Entry(row.requested_at, _("Aftercare sheet %(number)s") % {"number": row.number}, facts, url, "i-print", state, tone)
        )
    return entries


def _recall_calls(patient: Patient, user, until) -> list[Entry]:
    rows = RecallContact.objects.visible_to(user).filter(patient=patient).select_related("recall__lot", "by", "patient")
    return [
        Entry(
            row.at,
            _("Recall of lot %(number)s") % {"number": row.recall.lot.number},
            f"{row.get_status_display()}, {row.by}",
            reverse("clinic:recall_person", args=[row.recall_id, patient.number_of(row)]),
            "i-info",
        )
        for row in until.newest(rows, "at")
    ]


SOURCES = (
    Source("visits", "bookings.view", _visits),
    Source("sessions", "records.view", _treatments),
    Source("corrections", "records.view", _corrections),
    Source("documents", "sheets.view", _sheets),
    Source("calls", "recall.view", _recall_calls),
)


def next_booking(patient: Patient, user) -> Fact | None:
    if not user.may("bookings.view"):
        return None
    row = Booking.objects.visible_to(user).next_of(patient, timezone.now()).select_related("site").first()
    if row is None:
        return None
    local = row.on_site(row.starts_at)
    return Fact(f"{in_words(local.date())}, {local:%H:%M}", url=reverse("sessions:booking", args=[row.pk]))


SECTIONS = (next_visit, courses)
