"""
Who printed what of a patient, and when: read from the log itself, which every print leaves a row in. Nothing else is kept of it, so the two
can never differ.
"""

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext

from audit.models import AuditEvent, Outcome
from patients.models import Patient

MOST = 100


@dataclass(frozen=True, slots=True)
class PaperAct:
    """An action of the log that put something of a patient on paper. title: what it is called; url: (primary key) -> where it is again."""

    title: str
    url: object = None
    permission: str = "papers.view"


@dataclass(frozen=True, slots=True)
class Printed:
    at: dt.datetime
    who: str
    title: str
    number: str
    url: str


_acts: dict[str, PaperAct] = {}


def register_act(action: str, act: PaperAct) -> None:
    """Called from AppConfig.ready of whose paper it is."""
    _acts[action] = act


def printed_of(patient: Patient, user) -> tuple[list[Printed], bool]:
    """The newest prints of all records of this person, for those papers that *user* may see, and whether there are more."""
    from ..models import Paper

    acts = {action: act for action, act in _acts.items() if user.may(act.permission)}
    records = list(patient.every_record().order_by().values_list("pk", flat=True))
    rows = AuditEvent.objects.filter(patient_pk__in=records, action__in=acts, outcome=Outcome.DONE).order_by("-pk")
    rows = list(rows.values("at", "actor_name", "action", "object_pk")[: MOST + 1])
    numbers = [row["object_pk"] for row in rows if row["action"] == "paper.printed"]
    papers = {str(one.pk): one for one in Paper.objects.filter(pk__in=numbers, patient=patient)}
    return [_printed(row, acts[row["action"]], papers) for row in rows[:MOST]], len(rows) > MOST


def _printed(row: dict, act: PaperAct, papers: dict) -> Printed:
    title, number = act.title, ""
    if row["action"] == "paper.printed" and (paper := papers.get(row["object_pk"])):
        title, number = (
            paper.get_kind_display(),
            gettext("%(number)s, version %(version)s") % {"number": paper.number, "version": paper.version},
        )
    url = act.url(int(row["object_pk"])) if act.url and row["object_pk"].isdecimal() else ""
    return Printed(row["at"], row["actor_name"], title, number, url)
