"""Alerts that no clinician has in hand: for the banner, for Today, and how loudly each is said."""

import datetime as dt
from dataclasses import dataclass

from django.utils.dates import MONTHS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

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
        said = {"time": _clock(site, at, now), "due": due}
        return _("Called at %(time)s. A clinician has it in hand by %(due)s.") % said
    late = {"due": due, "late": _long(now - answer_by)}
    if now - answer_by <= answer_by - at:
        return _("Nobody has it in hand. It was due by %(due)s, %(late)s ago: find any clinician now.") % late
    return _("Nobody has it in hand. It was due by %(due)s, %(late)s ago: ring the medical lead, and the patient, now.") % late


def _clock(site: Site, moment: dt.datetime, now: dt.datetime) -> str:
    local = site.local(moment)
    clock = f"{local:%H:%M}"
    if local.date() == site.day_of(now):
        return clock
    return _("%(time)s on %(day)s %(month)s") % {"time": clock, "day": local.day, "month": MONTHS[local.month]}


def _long(span: dt.timedelta) -> str:
    minutes = max(1, int(span.total_seconds() // 60))
    if minutes < 120:
        return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
    hours = minutes // 60
    if hours < 48:
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
    return ngettext("%(n)s day", "%(n)s days", hours // 24) % {"n": hours // 24}


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
