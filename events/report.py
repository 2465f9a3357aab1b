"""The file of an adverse event ready to report: one mapping, for the paper and for the file (docs/adverse-event.schema.json)."""

from .models import AdverseEvent, EventAddition
from .photos import Photo
from .services.filing import outcome_of

SCHEMA = "microneedle-clinic/adverse-event/1"


def report_of(event: AdverseEvent, additions: list[EventAddition], photos: list[Photo]) -> dict:
    """Everything a report asks for; what is not known is null or an empty list, never left out."""
    patient, site = event.patient, event.site
    facts = event.facts or {}
    device = facts.get("device") or {}
    return {
        "schema": SCHEMA,
        "event": event.pk,
        "title": event.title,
        "onset": {"on": event.onset_on.isoformat(), "at": event.onset_at.strftime("%H:%M") if event.onset_at else None},
        "zones": list(event.zones),
        "description": event.description,
        "actions": event.actions or None,
        "outcome": outcome_of(event, additions),
        "patient": {
            "number": patient.number,
            "name": str(patient),
            "born": patient.birth_date.isoformat(),
            "sex": patient.sex or None,
            "phototype": patient.phototype,
        },
        "clinic": {"name": site.name, "address": site.address or None, "phone": site.phone or None, "time_zone": site.time_zone},
        "session": {
            "id": facts["session"],
            "number": facts["session_number"],
            "on": facts["day"],
            "started_at": facts["started_at"],
            "is_signed": facts["is_signed"],
            "operator": facts["operator"],
            "device": {key: device.get(key) or None for key in ("name", "brand", "serial")},
            "zones": facts["zones"],
            "lots": [{key: row.get(key) or None for key in ("use", "product", "lot", "serial", "use_by")} for row in facts["lots"]],
        }
        if facts
        else None,
        "call": {"id": event.call_id, "at": event.call.at.isoformat(), "level": event.call.level or None} if event.call else None,
        "photos": [{"title": one.title, "taken_at": one.taken_at.isoformat(), "sha256": one.sha256} for one in photos],
        "opened": {"at": event.opened_at.isoformat(), "by": event.opened_by.display_name},
        "additions": [
            {
                "at": row.at.isoformat(),
                "by": row.by.display_name,
                "kind": row.kind,
                "text": row.text,
                "outcome": row.outcome or None,
            }
            for row in additions
        ],
    }
