"""What Today says of calls: alerts that wait, and the planned calls of the day. One query for both; the banner asks nothing more."""

import datetime as dt

from django.db.models import CharField, DateTimeField, DecimalField, F, IntegerField, Value
from django.utils import timezone

from accounts.permissions import may
from protocols.models import ProtocolVersion, VersionStatus

from .services import check_ins, script
from .services.alerts import Alert, in_order, made_of, rows_for
from .services.check_ins import Task

_TASK = {
    "what": Value("call"),
    "a_pk": F("pk"),
    "a_status": F("status"),
    "a_at": F("starts_at"),
    "a_number": F("session_number"),
    "a_zone": F("site__time_zone"),
    "a_patient": F("patient__number"),
    "a_surname": F("patient__surname"),
    "a_given": F("patient__given"),
    "a_phone": F("patient__phone"),
    "a_clinician": F("clinician__name"),
    "a_record": F("record__pk"),
    "a_record_status": F("record__status"),
    "a_started": F("record__started_at"),
    "a_deepest": F("deepest_mm"),
    "a_call": F("record__follow_up_calls__pk"),
    "a_check_in": F("record__follow_up_calls__check_in"),
    "a_outcome": F("record__follow_up_calls__outcome"),
    "a_called": F("record__follow_up_calls__at"),
    "a_by": Value(None, output_field=DateTimeField()),
}


def _nothing(field):
    return Value(None, output_field=field)


_ALERT = {
    "what": Value("alert"),
    "a_pk": F("pk"),
    "a_status": F("level"),
    "a_at": F("at"),
    "a_number": _nothing(IntegerField()),
    "a_zone": F("site__time_zone"),
    "a_patient": F("patient__number"),
    "a_surname": F("patient__surname"),
    "a_given": F("patient__given"),
    "a_phone": _nothing(CharField()),
    "a_clinician": _nothing(CharField()),
    "a_record": _nothing(IntegerField()),
    "a_record_status": _nothing(CharField()),
    "a_started": _nothing(DateTimeField()),
    "a_deepest": _nothing(DecimalField()),
    "a_call": _nothing(IntegerField()),
    "a_check_in": _nothing(CharField()),
    "a_outcome": _nothing(CharField()),
    "a_called": _nothing(DateTimeField()),
    "a_by": F("answer_by"),
}
_VERSION = {name: _nothing(CharField()) for name in _TASK} | {
    "what": Value("protocol"),
    "a_pk": F("pk"),
    "a_status": F("sha256"),
    **{name: _nothing(DateTimeField()) for name in ("a_at", "a_started", "a_called", "a_by")},
    **{name: _nothing(IntegerField()) for name in ("a_number", "a_patient", "a_record", "a_call")},
    "a_deepest": _nothing(DecimalField()),
}
_COLUMNS = tuple(_TASK)
# How far back sessions are looked at: as far as the protocol read last plans calls. One that plans them later costs one more query.
_reach_back = {"days": 7}


def of(user, now: dt.datetime) -> tuple[list[Alert], list[Task]]:
    """(alerts that wait, calls of today that nobody made yet) of what *user* reaches; nothing for who makes no calls."""
    if not may(user, "calls.make"):
        return [], []
    today = timezone.localtime(now).date()
    rows = _rows(user, today)
    in_force = next((script.of_row(row[1], row[2]) for row in rows if row[0] == "protocol"), None)
    latest = max((one.day for one in in_force.calls.check_ins), default=0) if in_force else 0
    if latest > _reach_back["days"]:
        _reach_back["days"] = latest
        rows = _rows(user, today)
    waiting = [made_of((row[1], row[2], row[3], row[19], row[6], row[7], row[8], row[5])) for row in rows if row[0] == "alert"]
    user._call_alerts = waiting = in_order(waiting)
    if in_force is None:
        return waiting, []
    found = check_ins.tasks_from((row[1:19] for row in rows if row[0] == "call"), in_force, today, today=today)
    return waiting, sorted((task for task in found if not task.is_done and task.session), key=lambda one: (one.due_on, one.patient))


def _rows(user, today: dt.date) -> list[tuple]:
    earliest = today - dt.timedelta(days=_reach_back["days"] + check_ins.LATE_DAYS)
    tasks = check_ins.visits(user, earliest, today).annotate(**_TASK).values_list(*_COLUMNS)
    alerts = rows_for(user).annotate(**_ALERT).values_list(*_COLUMNS)
    versions = ProtocolVersion.objects.filter(status=VersionStatus.APPROVED).order_by().annotate(**_VERSION).values_list(*_COLUMNS)
    return list(tasks.union(alerts, versions, all=True))
