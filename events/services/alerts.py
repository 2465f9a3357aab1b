"""Alerts that no clinician has in hand: for the banner, for Today, and how loudly each is said."""

import datetime as dt
from dataclasses import dataclass

from accounts.models import Site
from accounts.permissions import may
from patients.models import Patient

from ..models import FollowUpCall

Level = FollowUpCall.Level
_ORDER = {Level.EMERGENCY: 0, Level.SEE_TODAY: 1, Level.CALL_BACK: 2}
COLUMNS = ("pk", "level", "at", "answer_by", "patient__number", "patient__surname", "patient__given", "site__time_zone")


@dataclass(frozen=True)
class Alert:
    """One call that waits for a clinician. patient: the name as lists write it."""

    pk: int
    level: str
    at: dt.datetime
    answer_by: dt.datetime
    number: int
    patient: str
    zone: str

    @property
    def label(self) -> str:
        return Level(self.level).label

    @property
    def tone(self) -> str:
        return {Level.EMERGENCY: "stop", Level.SEE_TODAY: "defer"}.get(self.level, "caut")

    def is_late(self, now: dt.datetime) -> bool:
        return now > self.answer_by

    def words(self, now: dt.datetime) -> str:
        """How it stands, louder the longer nobody has it in hand."""
        return said_of(Site(time_zone=self.zone), self.at, self.answer_by, now)


def said_of(site: Site, at: dt.datetime, answer_by: dt.datetime, now: dt.datetime) -> str:
    due = _clock(site, answer_by, now)
    if now <= answer_by:
        return f"Called at {_clock(site, at, now)}. A clinician has it in hand by {due}."
    late = _long(now - answer_by)
    if now - answer_by <= answer_by - at:
        return f"Nobody has it in hand. It was due by {due}, {late} ago: find any clinician now."
    return f"Nobody has it in hand. It was due by {due}, {late} ago: ring the medical lead, and the patient, now."


def _clock(site: Site, moment: dt.datetime, now: dt.datetime) -> str:
    local = site.local(moment)
    return f"{local:%H:%M}" if local.date() == site.day_of(now) else f"{local:%H:%M} on {local.day} {local:%B}"


def _long(span: dt.timedelta) -> str:
    minutes = max(1, int(span.total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    hours = minutes // 60
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"


def made_of(row: tuple) -> Alert:
    pk, level, at, answer_by, number, surname, given, zone = row
    return Alert(pk, level, at, answer_by, number, str(Patient(surname=surname, given=given)), zone)


def in_order(alerts: list[Alert]) -> list[Alert]:
    """The gravest first, and of those the one that waits longest."""
    return sorted(alerts, key=lambda one: (_ORDER[Level(one.level)], one.at, one.pk))


def rows_for(user):
    return FollowUpCall.objects.visible_to(user).waiting().order_by()


def alerts_for(user) -> list[Alert]:
    """What waits, for who is told of it: one query a request, kept on its user."""
    known = getattr(user, "_call_alerts", None)
    if known is None:
        rows = rows_for(user).values_list(*COLUMNS) if may(user, "calls.make") else ()
        known = user._call_alerts = in_order([made_of(row) for row in rows])
    return known
