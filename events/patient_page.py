"""The patient page and the record: calls and events on the timeline, and the next thing to do."""

from django.urls import reverse

from patients.overview import Action, Entry, Section
from sessions.models import TreatmentSession
from sessions.record_sections import RecordSection

from .models import AdverseEvent, FollowUpCall

MOST_LINES = 200
_TONES = {"emergency": "stop", "see_today": "defer", "call_back_today": "caut", "normal": "clear"}


def calls(patient, user) -> Section | None:
    if not user.may("calls.make"):
        return None
    section = Section()
    rows = FollowUpCall.objects.visible_to(user).filter(patient=patient).select_related("site", "acknowledgement")
    for row in rows.defer("answers", "reasons", "words")[:MOST_LINES]:
        waits = row.is_alert and not hasattr(row, "acknowledgement")
        facts = f"Day {row.day}: {row.get_level_display() if row.level else row.get_outcome_display()}"
        section.entries.append(
            Entry(
                row.at,
                "Follow-up call",
                facts,
                reverse("events:made", args=[row.pk]),
                "i-here",
                "Nobody has it in hand" if waits else row.get_level_display() if row.level else "",
                "stop" if waits else _TONES.get(row.level, "mute"),
                on=row.site.day_of(row.at),
            )
        )
    treated = TreatmentSession.objects.filter(patient=patient).exclude(status=TreatmentSession.Status.CLOSED)
    if treated.exists():
        section.actions.append(Action("Follow-up call", reverse("events:call", args=[patient.number])))
    return section


def events(patient, user) -> Section | None:
    if not user.may("events.view"):
        return None
    section = Section()
    for row in AdverseEvent.objects.visible_to(user).filter(patient=patient).select_related("site")[:MOST_LINES]:
        section.entries.append(
            Entry(
                row.opened_at,
                "Adverse event",
                row.title,
                reverse("events:event", args=[row.pk]),
                "i-caut",
                tag_tone="stop",
                on=row.site.day_of(row.opened_at),
            )
        )
    return section


def on_record(session, user) -> RecordSection | None:
    """Under a signed record: ring, or open the file of an event."""
    if not user.may("calls.make"):
        return None
    return RecordSection("events/partials/record.html", {"files": list(session.adverse_events.all())})
