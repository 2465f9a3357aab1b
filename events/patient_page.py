"""The patient page and the record: calls and events on the timeline, and the next thing to do."""

from django.urls import reverse
from django.utils.translation import gettext as _

from patients.overview import Action, Entry, Section
from patients.timeline import Source
from sessions.models import TreatmentSession
from sessions.record_sections import RecordSection

from .models import AdverseEvent, FollowUpCall

_TONES = {"emergency": "stop", "see_today": "defer", "call_back_today": "caut", "normal": "clear"}


def _calls(patient, user, until) -> list[Entry]:
    rows = FollowUpCall.objects.visible_to(user).filter(patient=patient).select_related("site", "acknowledgement")
    found = []
    for row in until.newest(rows.defer("answers", "reasons", "words"), "at"):
        waits = row.is_alert and not hasattr(row, "acknowledgement")
        what = row.get_level_display() if row.level else row.get_outcome_display()
        facts = _("Day %(day)s: %(what)s") % {"day": row.day, "what": what}
        found.append(
            Entry(
                row.at,
                _("Follow-up call"),
                facts,
                reverse("events:made", args=[row.pk]),
                "i-here",
                _("Nobody has it in hand") if waits else row.get_level_display() if row.level else "",
                "stop" if waits else _TONES.get(row.level, "mute"),
                on=row.site.day_of(row.at),
            )
        )
    return found


def _events(patient, user, until) -> list[Entry]:
    rows = AdverseEvent.objects.visible_to(user).filter(patient=patient).select_related("site").defer("description", "actions", "facts")
    return [
        Entry(
            row.opened_at,
            _("Adverse event"),
            row.title,
            reverse("events:event", args=[row.pk]),
            "i-caut",
            tag_tone="stop",
            on=row.site.day_of(row.opened_at),
        )
        for row in until.newest(rows, "opened_at")
    ]


SOURCES = (Source("calls", "calls.make", _calls), Source("events", "events.view", _events))


def call(patient, user) -> Section | None:
    """The next thing to do where somebody was treated."""
    if not user.may("calls.make"):
        return None
    treated = TreatmentSession.objects.filter(patient=patient).exclude(status=TreatmentSession.Status.CLOSED)
    if not treated.exists():
        return None
    return Section(actions=[Action(_("Follow-up call"), reverse("events:call", args=[patient.number]))])


def on_record(session, user) -> RecordSection | None:
    """Under a signed record: ring, or open the file of an event."""
    if not user.may("calls.make"):
        return None
    return RecordSection("events/partials/record.html", {"files": list(session.adverse_events.all())})
