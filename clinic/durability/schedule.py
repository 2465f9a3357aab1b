"""When the next backup and the next drill are due: from the status file alone, so that a machine that was off makes up for it."""

import datetime as dt
import zoneinfo

from django.conf import settings

from accounts.desk.store import CLOCKS_DIFFER

FIRST_AFTER = dt.timedelta(minutes=5)  # of the schedule's life: a clinic that has just opened has other things to do
AGAIN_AFTER_FAILURE = dt.timedelta(minutes=30)
DRILL_AGAIN_AFTER_FAILURE = dt.timedelta(hours=6)
DRILL_HOURS = dt.timedelta(hours=4)  # after the hour of the backup: a drill is work, and is done while nobody works
DRILL_OVERDUE = dt.timedelta(days=2)  # then at whatever hour the machine is on


def last_hour(now: dt.datetime) -> dt.datetime:
    """The last time BACKUP_AT was on the clinic's clock, in UTC."""
    zone = zoneinfo.ZoneInfo(settings.CLINIC_TIME_ZONE)
    local = now.astimezone(zone)
    due = dt.datetime.combine(local.date(), settings.BACKUP_AT, zone)
    if due > local:
        due = dt.datetime.combine(local.date() - dt.timedelta(days=1), settings.BACKUP_AT, zone)
    return due.astimezone(dt.UTC)


def moment(entry: dict | None) -> dt.datetime | None:
    """When an entry of the status file was made."""
    try:
        return dt.datetime.fromisoformat(entry["at"]) if entry else None
    except (KeyError, TypeError, ValueError):
        return None


def _until(now: dt.datetime, entry: dict | None) -> dt.datetime | None:
    """As `moment`; None for one that lies ahead. The clock was put back since, and nothing waits for that time to come again."""
    at = moment(entry)
    return at if at is None or at <= now + CLOCKS_DIFFER else None


def backup_is_due(state: dict, now: dt.datetime) -> bool:
    made, failed = _until(now, state.get("backup")), _until(now, state.get("failed_backup"))
    if failed and now - failed < AGAIN_AFTER_FAILURE:
        return False
    return made is None or made < last_hour(now)


def drill_is_due(state: dict, now: dt.datetime) -> bool:
    made, passed, failed = (_until(now, state.get(name)) for name in ("backup", "drill", "failed_drill"))
    if made is None or (failed and now - failed < DRILL_AGAIN_AFTER_FAILURE):
        return False
    every = dt.timedelta(days=settings.DRILL_DAYS)
    late = now - (passed or made)
    if passed is not None and late < every:
        return False
    by_night = made >= last_hour(now) and now - last_hour(now) < DRILL_HOURS
    return by_night or late > (every if passed else dt.timedelta(0)) + DRILL_OVERDUE
