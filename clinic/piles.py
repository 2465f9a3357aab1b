"""What is still to finish: the piles below the worklist, each with its first rows and the count of the rest."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import F, OuterRef, Prefetch, Q, Subquery, prefetch_related_objects
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from accounts.competence import running_out, standing_on
from accounts.models import Site
from accounts.reach import reach_of
from accounts.watched.services import standing_for
from aftercare.models import Sheet
from audit.models import Outcome
from events import today as calls
from followup.services.drift import Kind, may_wait_longer, seems_late, with_lateness
from intake.models import QuestionnaireResponse
from patients.models import EmergencyOpening, ErasedOpening, Patient
from planner import wording
from plans.models import Consultation, TreatmentPlan
from plans.services import waiting_for
from protocols.models import ProtocolVersion
from sessions.countersigning import TREATED, refusal_of, roles_of
from sessions.devices.setup import waiting_at
from sessions.handover import without_anybody
from sessions.models import Booking, RecordCountersignature, TreatmentSession
from sessions.querysets import of, settled
from sessions.services.gap import weeks

from .consent_ahead import ahead_of
from .log.reading import Search, found
from .log.words import words_of
from .recall.services import to_reach

MOST_UNFINISHED = 6
NAMED = ("number", "surname", "given")  # what a line says of a patient
STAFF_NAMED = ("title", "first_name", "last_name", "username")


@dataclass(frozen=True)
class Unfinished:
    title: str
    facts: str
    url: str


@dataclass(frozen=True)
class Pile:
    """One sort of unfinished work. *words*: '2 records to sign'."""

    id: str
    words: str
    items: list[Unfinished]
    more: int = 0
    url: str = ""


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def piles_of(user, *, own: bool, now: dt.datetime) -> list[Pile]:
    piles = []
    if user.may("calls.make"):
        piles += _calls(user, now)
    if user.may("plans.countersign"):
        piles += _countersignatures(user)
    if user.may("intake.review"):
        piles.append(_answers(user))
    if user.may("records.edit"):
        piles += [*_records(user, own), _drafts(user, own)]
    if user.may("bookings.edit"):
        piles += [*_courses(user, own, now), _visits_without_anybody(user)]
    if user.may("consent.take"):
        piles.append(_consent_ahead(user))
    if user.may("sheets.make"):
        piles.append(_failed_sheets(user, own))
    if user.may("devices.log"):
        piles.append(_devices(user))
    if user.may("recall.contact"):
        piles.append(_recalls(user))
    if user.may("protocols.approve"):
        piles.append(_protocols_to_read())
    if user.may("competence.view"):
        piles.append(_certificates(user))
    if user.may("emergency.view"):
        piles += [_emergencies(user), _erased_emergencies(user)]
    if user.may("audit.view") and not user.may("patients.view"):
        piles.append(_refusals(user))
    piles += _watched(user)
    return [pile for pile in piles if pile is not None]


def _calls(user, now: dt.datetime) -> list[Pile | None]:
    """Follow-up calls: alerts that no clinician has in hand, and the planned calls of today. One query for both."""
    page = reverse("events:calls")
    alerts, tasks = calls.of(user, now)
    waiting = [
        Unfinished(one.patient, f"{one.label}. {one.words(now)}", reverse("events:made", args=[one.pk])) for one in alerts[:MOST_UNFINISHED]
    ]
    due = []
    for task in tasks[:MOST_UNFINISHED]:
        tried = f", tried {_count(task.tries, 'time', 'times')}" if task.tries else ""
        address = f"{reverse('events:call', args=[task.number])}?session={task.session}&check_in={task.check_in.id}"
        due.append(Unfinished(task.patient, f"{task.check_in.label}{tried}", address))
    one, many = "call that waits for a clinician", "calls that wait for a clinician"
    found = [Pile("call-alerts", _count(len(alerts), one, many), waiting, len(alerts) - len(waiting), page)] if alerts else []
    if tasks:
        words = _count(len(tasks), "follow-up call to make", "follow-up calls to make")
        found.append(Pile("follow-up-calls", words, due, len(tasks) - len(due), page))
    return found


def _recalls(user) -> Pile | None:
    """People who were treated with a lot that was recalled and are still to be reached, the recall ordered first in front."""
    items = []
    for recall, patient, words in to_reach(user):
        address = reverse("clinic:recall_person", args=[recall.pk, patient.number])
        items.append(Unfinished(str(patient), f"Lot {recall.lot.number}, {words.lower()}", address))
    if not items:
        return None
    words = _count(len(items), "person to reach about a recall", "people to reach about a recall")
    return Pile("recalls", words, items[:MOST_UNFINISHED], len(items[MOST_UNFINISHED:]), reverse("clinic:recalls"))


def _devices(user) -> Pile | None:
    """Devices to clean or to have serviced, those that may not be used before in front."""
    waiting = waiting_at(reach_of(user).sites)
    if not waiting:
        return None
    items = [Unfinished(str(one), ". ".join(due), reverse("sessions:device", args=[one.pk])) for one, due in waiting[:MOST_UNFINISHED]]
    words = _count(len(waiting), "device to clean or have serviced", "devices to clean or have serviced")
    return Pile("devices", words, items, len(waiting) - len(items), reverse("sessions:devices"))


def _answers(user) -> Pile | None:
    """What patients sent from the tablet, the first sent in front: somebody sits and waits for their clinician."""

    def item(row):
        sent = timezone.localtime(row.sent_at)
        return Unfinished(str(row.patient), f"Sent {wording.day(sent.date())}, {sent:%H:%M}", reverse("intake:review", args=[row.pk]))

    rows = QuestionnaireResponse.objects.visible_to(user).waiting().select_related("patient").only("sent_at", *of("patient", NAMED))
    return _pile("answers", rows.order_by("sent_at", "pk"), "set of answers to go through", "sets of answers to go through", item)


def _refusals(user) -> Pile | None:
    """For who reads the log alone: what was refused today, the newest first."""

    def item(row):
        return Unfinished(row.actor_name, f"{words_of(row.action)}, {timezone.localtime(row.at):%H:%M}", page)

    day = timezone.localdate()
    page = f"{reverse('clinic:log')}?outcome={Outcome.REFUSED}&first_day={day.isoformat()}"
    rows = found(user, Search(outcome=Outcome.REFUSED, first_day=day))
    return _pile("refusals", rows, "thing refused today", "things refused today", item, url=page)


def _watched(user) -> list[Pile | None]:
    """What two people are to know of: to agree to, to carry out, to read."""
    found = standing_for(user)
    return [
        _acts("agree", found.decide, "change waits for you to agree", "changes wait for you to agree"),
        _acts("go-on", found.go_on, "change you asked for can go on", "changes you asked for can go on"),
        _acts("watched", found.read, "change to read", "changes to read"),
    ]


def _acts(name: str, acts: list, one: str, many: str) -> Pile | None:
    if not acts:
        return None
    page = reverse("accounts:watched")

    def item(act):
        person = name == "go-on" and act.person_id is not None
        return Unfinished(act.words, act.stands, reverse("accounts:person", args=[act.person_id]) if person else page)

    return Pile(name, _count(len(acts), one, many), [item(act) for act in acts[:MOST_UNFINISHED]], len(acts[MOST_UNFINISHED:]), page)


def _countersignatures(user) -> list[Pile | None]:
    mine, sent = waiting_for(user)
    return [
        _listed("countersign", mine, "plan waiting for your countersignature", "plans waiting for your countersignature"),
        _listed("sent", sent, "plan sent for countersignature", "plans sent for countersignature"),
    ]


def _plan_that_waits(plan: TreatmentPlan) -> Unfinished:
    sent = timezone.localtime(plan.accepted_at)
    facts = f"Sent by {plan.accepted_by.display_name}, {wording.day(sent.date())}, {sent:%H:%M}"
    return Unfinished(str(plan.patient), facts, reverse("plans:plan", args=[plan.patient.number, plan.number]))


def _protocols_to_read() -> Pile | None:
    def item(version):
        address = reverse("protocols:version", args=[version.version])
        if version.is_approved:
            return Unfinished(f"Protocol {version.version}", f"Review overdue since {wording.day(version.next_review_on)}", address)
        handed = wording.day(timezone.localtime(version.submitted_at).date()) if version.submitted_at else "some time ago"
        by = f" by {version.submitted_by.display_name}" if version.submitted_by else ""
        return Unfinished(f"Protocol {version.version}", f"Handed over {handed}{by}", address)

    rows = ProtocolVersion.objects.to_read(timezone.localdate()).select_related("submitted_by")
    return _pile("protocols", rows, "protocol to review", "protocols to review", item, url=reverse("protocols:list"), is_rare=True)


def _certificates(user) -> Pile | None:
    day = timezone.localdate()

    def item(row):
        words = standing_on(row, day).words
        facts = f"{row.certificate}: {words[:1].lower()}{words[1:]}"
        return Unfinished(row.user.display_name, facts, reverse("accounts:person", args=[row.user_id]))

    rows = running_out(user, day)
    return _pile("certificates", rows, "certificate runs out", "certificates run out", item, url=reverse("accounts:staff"))


def _listed(name: str, rows: list, one: str, many: str) -> Pile | None:
    if not rows:
        return None
    shown = [_plan_that_waits(row) for row in rows[:MOST_UNFINISHED]]
    return Pile(name, _count(len(rows), one, many), shown, more=len(rows) - len(shown), url=reverse("plans:waiting"))


def _pile(name: str, rows, one: str, many: str, item, url: str = "", *, is_rare: bool = False) -> Pile | None:
    """Show the first rows and count the rest; None for an empty pile. One that is mostly empty is asked for by a column first."""
    if is_rare and not rows.order_by().values_list("pk")[:1]:
        return None
    first = list(rows[: MOST_UNFINISHED + 1])
    if not first:
        return None
    total = len(first) if len(first) <= MOST_UNFINISHED else rows.count()
    shown = [item(row) for row in first[:MOST_UNFINISHED]]
    return Pile(name, _count(total, one, many), shown, more=total - len(shown), url=url)


def _visits_without_anybody(user) -> Pile | None:
    """Visits to come whose clinician has left."""

    def item(row):
        starts = row.on_site(row.starts_at)
        when = f"{wording.day(starts.date(), weekday=True)}, {starts:%H:%M}"
        return Unfinished(str(row.patient), f"{when}, {row.clinician.name} has left", reverse("sessions:booking", args=[row.pk]))

    return _pile(
        "without-anybody", without_anybody(user), "visit to move to somebody else", "visits to move to somebody else", item, is_rare=True
    )


def _emergencies(user) -> Pile | None:
    """Records opened by people of other sites, until somebody who answers for the site has looked at it."""

    def item(row):
        opened = timezone.localtime(row.opened_at)
        return Unfinished(row.user.display_name, f"No. {row.patient.number}, {wording.day(opened.date())}, {opened:%H:%M}", page)

    page = reverse("patients:openings")
    rows = (
        EmergencyOpening.objects.to_review(user)
        .select_related("user", "patient")
        .only("opened_at", "patient__number", *of("user", STAFF_NAMED))
    )
    return _pile("emergencies", rows, "emergency access to look at", "emergency accesses to look at", item, url=page, is_rare=True)


def _erased_emergencies(user) -> Pile | None:
    """The same of patients who were erased before anybody had looked."""

    def item(row):
        opened = timezone.localtime(row.opened_at)
        return Unfinished(row.user.display_name, f"No. {row.patient_number}, erased, {wording.day(opened.date())}, {opened:%H:%M}", page)

    page = reverse("patients:openings")
    rows = ErasedOpening.objects.to_review(user).select_related("user").only("opened_at", "patient_number", *of("user", STAFF_NAMED))
    one, many = "emergency access to an erased record to look at", "emergency accesses to erased records to look at"
    return _pile("erased-emergencies", rows, one, many, item, url=page, is_rare=True)


def _records(user, own: bool) -> list[Pile | None]:
    """
    Records to sign, and signed ones that wait for a countersignature: for who may give it, and for who was refused one. In front, what
    was entered for *user*, who treated, and is to be confirmed.
    One query, and one more where any waits.
    """
    drafts = Q(status=TreatmentSession.Status.DRAFT)
    drafts &= Q(clinician=user) | Q(entered_by=user) if own else Q()
    rows = TreatmentSession.objects.visible_to(user).filter(drafts | Q(pk__in=TreatmentSession.objects.asking().order_by().values("pk")))
    rows = rows.select_related("patient", "booking__site", "clinician").order_by("started_at")
    needed = ("session_number", "started_at", "status", "needs", "clinician__is_active", "signed_by_id", "entered_by_id")
    rows = list(rows.only(*needed, "booking__site__time_zone", *of("patient", NAMED)))
    asking = [row for row in rows if row.is_signed]
    if asking:
        prefetch_related_objects(asking, Prefetch("countersignatures", RecordCountersignature.objects.select_related("by")))
    refused = {row.pk: answer for row in asking if (answer := refusal_of(row)) is not None}
    # Where who treated has left, whoever may countersign sees to it.
    theirs = [
        row for row in asking if row.pk in refused and (user.pk in (row.clinician_id, row.signed_by_id) or not row.clinician.is_active)
    ]
    denied = {of_treated: [row for row in theirs if (refused[row.pk].role == TREATED) is of_treated] for of_treated in (False, True)}
    open_to = {row.pk: roles for row in asking if row.pk not in refused and (roles := roles_of(row, user))}
    confirms = [row for row in asking if open_to.get(row.pk) == [TREATED]]
    mine = [row for row in asking if row.pk in open_to and row not in confirms]

    def item(row):
        started = f"Session {row.session_number}, started {wording.day(row.day, weekday=True)}"
        return Unfinished(str(row.patient), started, reverse("sessions:record", args=[row.pk]))

    def to_countersign(row):
        facts = f"Session {row.session_number}, {wording.day(row.day, weekday=True)}: {row.needs[0]['subject']}"
        return Unfinished(str(row.patient), facts, reverse("sessions:countersign", args=[row.pk]))

    def to_confirm(row):
        entered = next(need["subject"] for need in row.needs if need["who"] == TREATED)
        facts = f"Session {row.session_number}, {wording.day(row.day, weekday=True)}. {entered}"
        return Unfinished(str(row.patient), facts, reverse("sessions:countersign", args=[row.pk]))

    def was_refused(row):
        facts = f"Session {row.session_number}: {refused[row.pk].by} says why"
        return Unfinished(str(row.patient), facts, reverse("sessions:record", args=[row.pk]))

    return [
        _of_list("records", [row for row in rows if not row.is_signed], "record to sign", "records to sign", item),
        _of_list("confirm-records", confirms, "record entered for you to confirm", "records entered for you to confirm", to_confirm),
        _of_list("countersign-records", mine, "record to countersign", "records to countersign", to_countersign),
        _of_list("refused-records", denied[False], "countersignature refused", "countersignatures refused", was_refused),
        _of_list(
            "denied-records", denied[True], "record not confirmed by who treated", "records not confirmed by who treated", was_refused
        ),
    ]


def _of_list(name: str, rows: list, one: str, many: str, item) -> Pile | None:
    if not rows:
        return None
    return Pile(name, _count(len(rows), one, many), [item(row) for row in rows[:MOST_UNFINISHED]], len(rows[MOST_UNFINISHED:]))


def _drafts(user, own: bool) -> Pile | None:
    rows = Consultation.objects.visible_to(user).filter(status=Consultation.Status.OPEN).select_related("patient")
    rows = rows.only("visit_date", *of("patient", NAMED))
    rows = (rows.filter(clinician=user) if own else rows).order_by("started_at")

    def item(row):
        url = reverse("plans:consultation", args=[row.patient.number, row.pk])
        return Unfinished(str(row.patient), f"Consultation of {wording.day(row.visit_date)}", url)

    return _pile("drafts", rows, "consultation to finish", "consultations to finish", item)


def unplaced(user, now: dt.datetime):
    """Accepted plans with fewer sessions done, passed over, or still to come, than agreed; `placed` counts those."""
    sessions = Booking.objects.filter(plan=OuterRef("pk"), kind=Booking.Kind.SESSION).order_by()
    count = sessions.values("plan").values(count=settled(now))
    plans = TreatmentPlan.objects.visible_to(user).filter(status=TreatmentPlan.Status.ACCEPTED)
    return plans.annotate(placed=Coalesce(Subquery(count), 0)).filter(placed__lt=F("sessions_count"))


_OF_A_COURSE = ("pk", "number", "sessions_count", "interval_weeks_max", "placed", "last", "is_booked")


def _courses(user, own: bool, now: dt.datetime) -> list[Pile | None]:
    """
    Courses whose longest wait is over with nothing booked next, the latest first, and those to place, the oldest first. One query for
    both, of few columns: all that wait are looked at, because which are late is not the database's to say. And one more where any seem so.
    """
    rows = unplaced(user, now).filter(accepted_by=user) if own else unplaced(user, now)
    rows = with_lateness(rows, now).order_by("accepted_at", "pk")
    rows = rows.values(*_OF_A_COURSE, *of("patient", NAMED), zone=F("patient__site__time_zone"))
    rows, zones = list(rows), {}
    for row in rows:
        zone, row["today"] = zones.get(row["zone"]) or zones.setdefault(row["zone"], _clock_of(row["zone"], now))
        row["last_day"] = row["last"].astimezone(zone).date() if row["last"] else None
    past = {row["pk"] for row in rows if seems_late(row, row["last_day"], row["today"])}
    if past:
        past -= may_wait_longer(TreatmentPlan.objects.visible_to(user).filter(pk__in=past))
    late = [((row["today"] - row["last_day"]).days - row["interval_weeks_max"] * 7, row) for row in rows if row["pk"] in past]
    left = [(row["sessions_count"] - row["placed"], row) for row in rows if row["pk"] not in past]
    late.sort(key=lambda one: -one[0])
    board = f"{reverse('followup:drift')}?kind={Kind.PAST_LATEST}"
    return [
        _of_courses("late", late, "course past its longest wait", "courses past their longest wait", _how_late, board),
        _of_courses("plans", left, "plan to place", "plans to place", _how_many_left),
    ]


def _clock_of(name: str, now: dt.datetime) -> tuple[ZoneInfo, dt.date]:
    zone = Site(time_zone=name).zone
    return zone, now.astimezone(zone).date()


def _of_courses(name: str, courses: list[tuple[int, dict]], one: str, many: str, facts, url: str = "") -> Pile | None:
    if not courses:
        return None
    items = []
    for count, row in courses[:MOST_UNFINISHED]:
        patient = Patient(surname=row["patient__surname"], given=row["patient__given"])
        address = reverse("sessions:book_course", args=[row["patient__number"], row["number"]])
        items.append(Unfinished(str(patient), facts(count, row), address))
    return Pile(name, _count(len(courses), one, many), items, more=len(courses) - len(items), url=url)


def _how_late(days: int, row: dict) -> str:
    return f"{weeks(days)} past, the last session on {wording.day(row['last_day'])}"


def _how_many_left(count: int, row: dict) -> str:
    return f"{count} of {_count(row['sessions_count'], 'session', 'sessions')} to book"


def _consent_ahead(user) -> Pile | None:
    rows = ahead_of(user)
    if not rows:
        return None
    items = []
    for row in rows[:MOST_UNFINISHED]:
        day = wording.day(row.visit.on_site(row.visit.starts_at).date())
        facts = f"{'Withdrawn' if row.is_withdrawn else 'Signed on an older text'}, next session {day}"
        items.append(Unfinished(str(row.visit.patient), facts, reverse("consent:patient", args=[row.visit.patient.person.number])))
    count = _count(len(rows), "consent to renew before a visit", "consents to renew before a visit")
    return Pile("consent", count, items, more=len(rows) - len(items), url=reverse("clinic:consent_ahead"))


def _failed_sheets(user, own: bool) -> Pile | None:
    rows = Sheet.objects.visible_to(user).filter(state=Sheet.State.FAILED).select_related("session__patient")
    rows = rows.only("problem", "session__patient", *of("session__patient", NAMED))
    rows = (rows.filter(session__clinician=user) if own else rows).order_by("requested_at")

    def item(row):
        return Unfinished(str(row.session.patient), row.problem or "The sheet was not made", reverse("aftercare:sheet", args=[row.pk]))

    return _pile("sheets", rows, "sheet failed", "sheets failed", item, url=reverse("aftercare:queue"), is_rare=True)
