"""What Today says of calls: alerts that wait, and the planned calls of the day. One query for both; the banner asks nothing more."""

import datetime as dt

from django.db.models import CharField, DateTimeField, DecimalField, F, IntegerField, Value
from django.utils import timezone

from accounts.permissions import may

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
_COLUMNS = tuple(_TASK)


def of(user, now: dt.datetime) -> tuple[list[Alert], list[Task]]:
    """(alerts that wait, calls of today that nobody made yet) of what *user* reaches; nothing for who makes no calls."""
    if not may(user, "calls.make"):
        return [], []
    in_force, today = script.in_force(), timezone.localtime(now).date()
    alerts = rows_for(user).annotate(**_ALERT).values_list(*_COLUMNS)
    asked = alerts
    if in_force is not None and in_force.calls.check_ins:
        latest = max(one.day for one in in_force.calls.check_ins)
        earliest = today - dt.timedelta(days=latest + check_ins.LATE_DAYS)
        tasks = check_ins.visits(user, earliest, today).annotate(**_TASK).values_list(*_COLUMNS)
        asked = tasks.union(alerts, all=True)
    rows = list(asked)
    waiting = [made_of((row[1], row[2], row[3], row[19], row[6], row[7], row[8], row[5])) for row in rows if row[0] == "alert"]
    user._call_alerts = waiting = in_order(waiting)
    if in_force is None:
        return waiting, []
    found = check_ins.tasks_from((row[1:19] for row in rows if row[0] == "call"), in_force, today, today=today)
    return waiting, sorted((task for task in found if not task.is_done and task.session), key=lambda one: (one.due_on, one.patient))
