"""
The calls that the protocol plans after each session, as tasks of a day. They are worked out from the sessions as they stand, so they move
with them, go with a visit that is cancelled, and leave nothing behind of somebody who was erased.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Max, OuterRef, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Site
from patients.models import Patient
from protocols.follow_up import CheckIn
from sessions.models import Booking, SessionZone, TreatmentSession

from ..models import FollowUpCall
from .script import Script

LATE_DAYS = 5  # so long a call that was not made stays on the list of today
Outcome = FollowUpCall.Outcome
_OVER = (Outcome.REACHED, Outcome.DECLINED)


@dataclass
class Task:
    """One planned call. booking: the visit, where the session is still to come. tries: how often nobody was reached."""

    check_in: CheckIn
    due_on: dt.date
    number: int
    patient: str
    phone: str
    session_number: int
    clinician: str
    session: int | None
    booking: int
    is_done: bool = False
    tries: int = 0
    last_try: str = ""
    tried_at: dt.datetime | None = None
    done_call: int | None = field(default=None)

    @property
    def key(self) -> tuple:
        return (self.booking, self.check_in.id)


def _deepest(session) -> Subquery:
    done = SessionZone.objects.filter(session=OuterRef(session), state=SessionZone.State.DONE).order_by()
    return Subquery(done.values("session").annotate(deepest=Max("done_depth_mm")).values("deepest"))


def _planned(booking) -> Subquery:
    from plans.models import PlanZone

    zones = PlanZone.objects.filter(plan=OuterRef(booking)).order_by()
    return Subquery(zones.values("plan").annotate(deepest=Max("depth_mm")).values("deepest"))


COLUMNS = (
    "pk", "status", "starts_at", "session_number", "site__time_zone", "patient__number", "patient__surname", "patient__given",
    "patient__phone", "clinician__name", "record", "record__status", "record__started_at", "deepest_mm",
    "record__follow_up_calls__pk", "record__follow_up_calls__check_in", "record__follow_up_calls__outcome",
    "record__follow_up_calls__at",
)  # fmt: skip


def visits(user, first: dt.date, last: dt.date):
    """Sessions begun or booked from *first* to *last*, a day either side for the clocks of sites, with the deepest zone; one row a call."""
    start = dt.datetime.combine(first - dt.timedelta(days=1), dt.time(), tzinfo=dt.UTC)
    end = dt.datetime.combine(last + dt.timedelta(days=2), dt.time(), tzinfo=dt.UTC)
    rows = Booking.objects.visible_to(user).live().filter(kind=Booking.Kind.SESSION, starts_at__gte=start, starts_at__lt=end)
    return rows.order_by().annotate(deepest_mm=Coalesce(_deepest("record"), _planned("plan")))


def tasks_of(user, script: Script | None, day: dt.date, *, today: dt.date, site: Site | None = None) -> list[Task]:
    """
    The calls of *day*: on *today* with those of the days before that nobody made. One query.

    site: of this site alone. A visit whose day is over and of which nobody said that it took place plans no call.
    """
    if script is None or not script.calls.check_ins:
        return []
    latest = max(one.day for one in script.calls.check_ins)
    earliest = day - dt.timedelta(days=latest + (LATE_DAYS if day == today else 0))
    rows = visits(user, earliest, day)
    rows = rows.filter(site=site) if site is not None else rows
    found = tasks_from(rows.values_list(*COLUMNS), script, day, today=today)
    return sorted(found, key=lambda one: (one.is_done, one.due_on, one.patient, one.check_in.day))


def tasks_from(rows: Iterable[tuple], script: Script, day: dt.date, *, today: dt.date) -> list[Task]:
    zones: dict[str, Site] = {}
    tasks: dict[tuple, Task] = {}
    for row in rows:
        (
            pk, status, starts_at, number, clock, patient, surname, given, phone, clinician, record, record_status, started_at, depth,
            call, call_check_in, outcome, at,
        ) = row  # fmt: skip
        if record_status == TreatmentSession.Status.CLOSED:
            continue
        site = zones.setdefault(clock, Site(time_zone=clock))
        treated_on = site.day_of(started_at or starts_at)
        if record is None and (status == Booking.Status.DONE or treated_on < today):
            continue
        for one in _due(script, depth):
            due = treated_on + dt.timedelta(days=one.day)
            is_late = day == today and due < day and (day - due).days <= LATE_DAYS
            if due != day and not is_late:
                continue
            task = tasks.get((pk, one.id))
            if task is None:
                name = str(Patient(surname=surname, given=given))
                task = Task(one, due, patient, name, phone, number or 0, clinician, record, pk)
                tasks[task.key] = task
            # Who was asked everything on that day or later, by whatever call, is not rung again for it.
            if call is not None and (call_check_in == one.id or (outcome == Outcome.REACHED and site.day_of(at) >= due)):
                _count(task, call, outcome, at)
    # A call that was not made is not asked for any more once the next one of the same session is due.
    newest: dict[int, dt.date] = {}
    for task in tasks.values():
        newest[task.booking] = max(task.due_on, newest.get(task.booking, task.due_on))
    return [task for task in tasks.values() if task.due_on == newest[task.booking] and not (task.is_done and task.due_on < day)]


def _due(script: Script, depth) -> list[CheckIn]:
    """Planned calls after this depth; where it is not known, all of them."""
    try:
        band = script.knowledge.band_of(depth).id if depth is not None else None
    except LookupError:
        band = None
    return [one for one in script.calls.check_ins if not one.bands or band is None or band in one.bands]


def _count(task: Task, call: int, outcome: str, at: dt.datetime) -> None:
    if outcome in _OVER:
        task.is_done, task.done_call = True, call
    else:
        task.tries += 1
    if task.tried_at is None or at > task.tried_at:
        task.tried_at, task.last_try = at, str(Outcome(outcome).label)
