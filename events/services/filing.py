"""Opening the file of an adverse event and adding to it. Nothing in it is ever changed."""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from audit.services import record

from ..models import AdverseEvent, EventAddition, FollowUpCall
from .session_facts import SessionFacts


def snapshot(facts: SessionFacts) -> dict:
    """The session as it stands now, for the file: what a report names, whatever is corrected or renamed later."""
    session = facts.session
    return {
        "session": session.pk,
        "session_number": session.session_number,
        "day": session.day.isoformat(),
        "started_at": session.started_at.isoformat(),
        "is_signed": session.is_locked,
        "operator": facts.operator,
        "device": {"name": facts.device, "brand": facts.device_brand, "serial": facts.device_serial},
        "zones": [
            {"zone": zone.label, "depth_mm": str(zone.depth_mm), "passes": zone.passes} for zone in facts.zones
        ],
        "lots": [
            {"use": one.use, "product": one.name, "lot": one.lot, "serial": one.serial, "use_by": one.use_by} for one in facts.used
        ],
    }  # fmt: skip


def open_file(
    patient,
    facts: SessionFacts | None,
    *,
    site,
    title: str,
    onset_on: dt.date,
    onset_at: dt.time | None,
    zones: list[str],
    description: str,
    actions: str,
    outcome: str,
    by,
    request_key: str,
    call: FollowUpCall | None = None,
    request=None,
) -> AdverseEvent:
    """Open the file of one event, with the session as it stands now where one is named. The same *request_key* opens one."""
    with transaction.atomic():
        standing = AdverseEvent.objects.filter(request_key=request_key).first()
        if standing is not None:
            return standing
        event = AdverseEvent.objects.create(
            patient=facts.session.patient if facts else patient,  # of the record the session belongs to, where a person has two
            session=facts.session if facts else None,
            call=call,
            site=site,
            title=title,
            onset_on=onset_on,
            onset_at=onset_at,
            zones=zones,
            description=description,
            actions=actions,
            outcome=outcome,
            facts=snapshot(facts) if facts else {},
            opened_at=timezone.now(),
            opened_by=by,
            request_key=request_key,
        )
        detail = {"session": event.session_id, "call": event.call_id}
        record("event.opened", actor=by, patient=event.patient_id, obj=event, request=request, detail=detail)
    return event


def add(event: AdverseEvent, *, kind: str, text: str, outcome: str, by, request_key: str, request=None) -> EventAddition:
    """Add one dated row. The same *request_key* adds once."""
    with transaction.atomic():
        standing = EventAddition.objects.filter(request_key=request_key).first()
        if standing is not None:
            return standing
        made = EventAddition.objects.create(
            event=event, kind=kind, text=text, outcome=outcome, at=timezone.now(), by=by, request_key=request_key
        )
        record("event.added_to", actor=by, patient=event.patient_id, obj=event, request=request, detail={"kind": kind, "outcome": outcome})
    return made


def outcome_of(event: AdverseEvent, additions: list[EventAddition]) -> str:
    """How it stands: what was said last."""
    return next((row.outcome for row in reversed(additions) if row.outcome), event.outcome)
