"""What is still to finish: the piles below the worklist, each with its first rows and the count of the rest."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import F, OuterRef, Prefetch, Q, Subquery, prefetch_related_objects
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from accounts.competence import running_out, standing_on
from accounts.models import Site
from accounts.reach import reach_of
from accounts.templatetags.clinic_format import in_words
from accounts.watched.services import standing_for
from aftercare.models import Sheet
from audit.models import Outcome
from events import today as calls
from followup.services.drift import Kind, may_wait_longer, seems_late, with_lateness
from intake.models import QuestionnaireResponse
from patients.models import EmergencyOpening, ErasedOpening, Patient
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


def _count(number: int, said) -> str:
    """*said*: ngettext_lazy of "%(n)s record to sign"."""
    return said % {"n": number}


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
        tried = _count(task.tries, ngettext_lazy(", tried %(n)s time", ", tried %(n)s times", "n")) if task.tries else ""
        address = f"{reverse('events:call', args=[task.number])}?session={task.session}&check_in={task.check_in.id}"
        due.append(Unfinished(task.patient, f"{task.check_in.label}{tried}", address))
    said = ngettext_lazy("%(n)s call that waits for a clinician", "%(n)s calls that wait for a clinician", "n")
    found = [Pile("call-alerts", _count(len(alerts), said), waiting, len(alerts) - len(waiting), page)] if alerts else []
    if tasks:
        words = _count(len(tasks), ngettext_lazy("%(n)s follow-up call to make", "%(n)s follow-up calls to make", "n"))
        found.append(Pile("follow-up-calls", words, due, len(tasks) - len(due), page))
    return found


def _recalls(user) -> Pile | None:
    """People who were treated with a lot that was recalled and are still to be reached, the recall ordered first in front."""
    items = []
    for recall, patient, words in to_reach(user):
        address = reverse("clinic:recall_person", args=[recall.pk, patient.number])
        items.append(
            Unfinished(str(patient), _("Lot %(number)s, %(stands)s") % {"number": recall.lot.number, "stands": words.lower()}, address)
        )
    if not items:
        return None
    words = _count(len(items), ngettext_lazy("%(n)s person to reach about a recall", "%(n)s people to reach about a recall", "n"))
    return Pile("recalls", words, items[:MOST_UNFINISHED], len(items[MOST_UNFINISHED:]), reverse("clinic:recalls"))


def _devices(user) -> Pile | None:
    """Devices to clean or to have serviced, those that may not be used before in front."""
    waiting = waiting_at(reach_of(user).sites)
    if not waiting:
        return None
    items = [Unfinished(str(one), ". ".join(due), reverse("sessions:device", args=[one.pk])) for one, due in waiting[:MOST_UNFINISHED]]
    words = _count(len(waiting), ngettext_lazy("%(n)s device to clean or have serviced", "%(n)s devices to clean or have serviced", "n"))
    return Pile("devices", words, items, len(waiting) - len(items), reverse("sessions:devices"))


def _answers(user) -> Pile | None:
    """What patients sent from the tablet, the first sent in front: somebody sits and waits for their clinician."""

    def item(row):
        sent = timezone.localtime(row.sent_at)
        return Unfinished(
            str(row.patient),
            _("Sent %(day)s, %(time)s") % {"day": in_words(sent.date()), "time": f"{sent:%H:%M}"},
            reverse("intake:review", args=[row.pk]),
        )

    rows = QuestionnaireResponse.objects.visible_to(user).waiting().select_related("patient").only("sent_at", *of("patient", NAMED))
    return _pile(
        "answers",
        rows.order_by("sent_at", "pk"),
        ngettext_lazy("%(n)s set of answers to go through", "%(n)s sets of answers to go through", "n"),
        item,
    )


def _refusals(user) -> Pile | None:
    """For who reads the log alone: what was refused today, the newest first."""

    def item(row):
        return Unfinished(row.actor_name, f"{words_of(row.action)}, {timezone.localtime(row.at):%H:%M}", page)

    day = timezone.localdate()
    page = f"{reverse('clinic:log')}?outcome={Outcome.REFUSED}&first_day={day.isoformat()}"
    rows = found(user, Search(outcome=Outcome.REFUSED, first_day=day))
    return _pile("refusals", rows, ngettext_lazy("%(n)s thing refused today", "%(n)s things refused today", "n"), item, url=page)


def _watched(user) -> list[Pile | None]:
    """What two people are to know of: to agree to, to carry out, to read."""
    found = standing_for(user)
    return [
        _acts("agree", found.decide, ngettext_lazy("%(n)s change waits for you to agree", "%(n)s changes wait for you to agree", "n")),
        _acts("go-on", found.go_on, ngettext_lazy("%(n)s change you asked for can go on", "%(n)s changes you asked for can go on", "n")),
        _acts("watched", found.read, ngettext_lazy("%(n)s change to read", "%(n)s changes to read", "n")),
    ]


def _acts(name: str, acts: list, said) -> Pile | None:
    if not acts:
        return None
    page = reverse("accounts:watched")

    def item(act):
        person = name == "go-on" and act.person_id is not None
        return Unfinished(act.words, act.stands, reverse("accounts:person", args=[act.person_id]) if person else page)

    return Pile(name, _count(len(acts), said), [item(act) for act in acts[:MOST_UNFINISHED]], len(acts[MOST_UNFINISHED:]), page)


def _countersignatures(user) -> list[Pile | None]:
    mine, sent = waiting_for(user)
    return [
        _listed(
            "countersign",
            mine,
            ngettext_lazy("%(n)s plan waiting for your countersignature", "%(n)s plans waiting for your countersignature", "n"),
        ),
        _listed("sent", sent, ngettext_lazy("%(n)s plan sent for countersignature", "%(n)s plans sent for countersignature", "n")),
    ]


def _plan_that_waits(plan: TreatmentPlan) -> Unfinished:
    sent = timezone.localtime(plan.accepted_at)
    said = {"name": plan.accepted_by.display_name, "day": in_words(sent.date()), "time": f"{sent:%H:%M}"}
    facts = _("Sent by %(name)s, %(day)s, %(time)s") % said
    return Unfinished(str(plan.patient), facts, reverse("plans:plan", args=[plan.patient.number, plan.number]))


def _protocols_to_read() -> Pile | None:
    def item(version):
        address = reverse("protocols:version", args=[version.version])
        title = _("Protocol %(version)s") % {"version": version.version}
        if version.is_approved:
            return Unfinished(title, _("Review overdue since %(day)s") % {"day": in_words(version.next_review_on)}, address)
        day = in_words(timezone.localtime(version.submitted_at).date()) if version.submitted_at else _("some time ago")
        if not version.submitted_by:
            return Unfinished(title, _("Handed over %(day)s") % {"day": day}, address)
        return Unfinished(title, _("Handed over %(day)s by %(name)s") % {"day": day, "name": version.submitted_by.display_name}, address)

    rows = ProtocolVersion.objects.to_read(timezone.localdate()).select_related("submitted_by")
    return _pile(
        "protocols",
        rows,
        ngettext_lazy("%(n)s protocol to review", "%(n)s protocols to review", "n"),
        item,
        url=reverse("protocols:list"),
        is_rare=True,
    )


def _certificates(user) -> Pile | None:
    day = timezone.localdate()

    def item(row):
        words = standing_on(row, day).words
        facts = f"{row.certificate}: {words[:1].lower()}{words[1:]}"
        return Unfinished(row.user.display_name, facts, reverse("accounts:person", args=[row.user_id]))

    rows = running_out(user, day)
    return _pile(
        "certificates",
        rows,
        ngettext_lazy("%(n)s certificate runs out", "%(n)s certificates run out", "n"),
        item,
        url=reverse("accounts:staff"),
    )


def _listed(name: str, rows: list, said) -> Pile | None:
    if not rows:
        return None
    shown = [_plan_that_waits(row) for row in rows[:MOST_UNFINISHED]]
    return Pile(name, _count(len(rows), said), shown, more=len(rows) - len(shown), url=reverse("plans:waiting"))


def _pile(name: str, rows, said, item, url: str = "", *, is_rare: bool = False) -> Pile | None:
    """Show the first rows and count the rest; None for an empty pile. One that is mostly empty is asked for by a column first."""
    if is_rare and not rows.order_by().values_list("pk")[:1]:
        return None
    first = list(rows[: MOST_UNFINISHED + 1])
    if not first:
        return None
    total = len(first) if len(first) <= MOST_UNFINISHED else rows.count()
    shown = [item(row) for row in first[:MOST_UNFINISHED]]
    return Pile(name, _count(total, said), shown, more=total - len(shown), url=url)


def _visits_without_anybody(user) -> Pile | None:
    """Visits to come whose clinician has left."""

    def item(row):
        starts = row.on_site(row.starts_at)
        when = f"{in_words(starts.date(), weekday=True)}, {starts:%H:%M}"
        return Unfinished(
            str(row.patient),
            _("%(when)s, %(name)s has left") % {"when": when, "name": row.clinician.name},
            reverse("sessions:booking", args=[row.pk]),
        )

    return _pile(
        "without-anybody",
        without_anybody(user),
        ngettext_lazy("%(n)s visit to move to somebody else", "%(n)s visits to move to somebody else", "n"),
        item,
        is_rare=True,
    )


def _emergencies(user) -> Pile | None:
    """Records opened by people of other sites, until somebody who answers for the site has looked at it."""

    def item(row):
        opened = timezone.localtime(row.opened_at)
        return Unfinished(
            row.user.display_name,
            _("No. %(number)s, %(day)s, %(time)s")
            % {"number": row.patient.number, "day": in_words(opened.date()), "time": f"{opened:%H:%M}"},
            page,
        )

    page = reverse("patients:openings")
    rows = (
        EmergencyOpening.objects.to_review(user)
        .select_related("user", "patient")
        .only("opened_at", "patient__number", *of("user", STAFF_NAMED))
    )
    return _pile(
        "emergencies",
        rows,
        ngettext_lazy("%(n)s emergency access to look at", "%(n)s emergency accesses to look at", "n"),
        item,
        url=page,
        is_rare=True,
    )


def _erased_emergencies(user) -> Pile | None:
    """The same of patients who were erased before anybody had looked."""

    def item(row):
        opened = timezone.localtime(row.opened_at)
        return Unfinished(
            row.user.display_name,
            _("No. %(number)s, erased, %(day)s, %(time)s")
            % {"number": row.patient_number, "day": in_words(opened.date()), "time": f"{opened:%H:%M}"},
            page,
        )

    page = reverse("patients:openings")
    rows = ErasedOpening.objects.to_review(user).select_related("user").only("opened_at", "patient_number", *of("user", STAFF_NAMED))
    said = ngettext_lazy(
        "%(n)s emergency access to an erased record to look at", "%(n)s emergency accesses to erased records to look at", "n"
    )
    return _pile("erased-emergencies", rows, said, item, url=page, is_rare=True)


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
        started = _("Session %(number)s, started %(day)s") % {"number": row.session_number, "day": in_words(row.day, weekday=True)}
        return Unfinished(str(row.patient), started, reverse("sessions:record", args=[row.pk]))

    def to_countersign(row):
        said = {"number": row.session_number, "day": in_words(row.day, weekday=True), "subject": row.needs[0]["subject"]}
        facts = _("Session %(number)s, %(day)s: %(subject)s") % said
        return Unfinished(str(row.patient), facts, reverse("sessions:countersign", args=[row.pk]))

    def to_confirm(row):
        entered = next(need["subject"] for need in row.needs if need["who"] == TREATED)
        said = {"number": row.session_number, "day": in_words(row.day, weekday=True), "entered": entered}
        facts = _("Session %(number)s, %(day)s. %(entered)s") % said
        return Unfinished(str(row.patient), facts, reverse("sessions:countersign", args=[row.pk]))

    def was_refused(row):
        facts = _("Session %(number)s: %(name)s says why") % {"number": row.session_number, "name": refused[row.pk].by}
        return Unfinished(str(row.patient), facts, reverse("sessions:record", args=[row.pk]))

    return [
        _of_list(
            "records", [row for row in rows if not row.is_signed], ngettext_lazy("%(n)s record to sign", "%(n)s records to sign", "n"), item
        ),
        _of_list(
            "confirm-records",
            confirms,
            ngettext_lazy("%(n)s record entered for you to confirm", "%(n)s records entered for you to confirm", "n"),
            to_confirm,
        ),
        _of_list(
            "countersign-records", mine, ngettext_lazy("%(n)s record to countersign", "%(n)s records to countersign", "n"), to_countersign
        ),
        _of_list(
            "refused-records",
            denied[False],
            ngettext_lazy("%(n)s countersignature refused", "%(n)s countersignatures refused", "n"),
            was_refused,
        ),
        _of_list(
            "denied-records",
            denied[True],
            ngettext_lazy("%(n)s record not confirmed by who treated", "%(n)s records not confirmed by who treated", "n"),
            was_refused,
        ),
    ]


def _of_list(name: str, rows: list, said, item) -> Pile | None:
    if not rows:
        return None
    return Pile(name, _count(len(rows), said), [item(row) for row in rows[:MOST_UNFINISHED]], len(rows[MOST_UNFINISHED:]))


def _drafts(user, own: bool) -> Pile | None:
    rows = Consultation.objects.visible_to(user).filter(status=Consultation.Status.OPEN).select_related("patient")
    rows = rows.only("visit_date", *of("patient", NAMED))
    rows = (rows.filter(clinician=user) if own else rows).order_by("started_at")

    def item(row):
        url = reverse("plans:consultation", args=[row.patient.number, row.pk])
        return Unfinished(str(row.patient), _("Consultation of %(day)s") % {"day": in_words(row.visit_date)}, url)

    return _pile("drafts", rows, ngettext_lazy("%(n)s consultation to finish", "%(n)s consultations to finish", "n"), item)


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
        _of_courses(
            "late",
            late,
            ngettext_lazy("%(n)s course past its longest wait", "%(n)s courses past their longest wait", "n"),
            _how_late,
            board,
        ),
        _of_courses("plans", left, ngettext_lazy("%(n)s plan to place", "%(n)s plans to place", "n"), _how_many_left),
    ]


def _clock_of(name: str, now: dt.datetime) -> tuple[ZoneInfo, dt.date]:
    zone = Site(time_zone=name).zone
    return zone, now.astimezone(zone).date()


def _of_courses(name: str, courses: list[tuple[int, dict]], said, facts, url: str = "") -> Pile | None:
    if not courses:
        return None
    items = []
    for count, row in courses[:MOST_UNFINISHED]:
        patient = Patient(surname=row["patient__surname"], given=row["patient__given"])
        address = reverse("sessions:book_course", args=[row["patient__number"], row["number"]])
        items.append(Unfinished(str(patient), facts(count, row), address))
    return Pile(name, _count(len(courses), said), items, more=len(courses) - len(items), url=url)


def _how_late(days: int, row: dict) -> str:
    return _("%(weeks)s past, the last session on %(day)s") % {"weeks": weeks(days), "day": in_words(row["last_day"])}


def _how_many_left(count: int, row: dict) -> str:
    of = ngettext_lazy("%(count)s of %(n)s session to book", "%(count)s of %(n)s sessions to book", "n")
    return of % {"count": count, "n": row["sessions_count"]}


def _consent_ahead(user) -> Pile | None:
    rows = ahead_of(user)
    if not rows:
        return None
    items = []
    for row in rows[:MOST_UNFINISHED]:
        day = in_words(row.visit.on_site(row.visit.starts_at).date())
        said = _("Withdrawn, next session %(day)s") if row.is_withdrawn else _("Signed on an older text, next session %(day)s")
        facts = said % {"day": day}
        items.append(Unfinished(str(row.visit.patient), facts, reverse("consent:patient", args=[row.visit.patient.person.number])))
    count = _count(len(rows), ngettext_lazy("%(n)s consent to renew before a visit", "%(n)s consents to renew before a visit", "n"))
    return Pile("consent", count, items, more=len(rows) - len(items), url=reverse("clinic:consent_ahead"))


def _failed_sheets(user, own: bool) -> Pile | None:
    rows = Sheet.objects.visible_to(user).filter(state=Sheet.State.FAILED).select_related("session__patient")
    rows = rows.only("problem", "session__patient", *of("session__patient", NAMED))
    rows = (rows.filter(session__clinician=user) if own else rows).order_by("requested_at")

    def item(row):
        return Unfinished(str(row.session.patient), row.problem or _("The sheet was not made"), reverse("aftercare:sheet", args=[row.pk]))

    return _pile(
        "sheets", rows, ngettext_lazy("%(n)s sheet failed", "%(n)s sheets failed", "n"), item, url=reverse("aftercare:queue"), is_rare=True
    )
