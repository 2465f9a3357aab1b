"""What the patient page and header say about answers from the tablet. The desk sees how far they are, never an answer."""

from django.urls import reverse

from patients.overview import Action, Entry, Section
from patients.storyboard import Fact

from .models import QuestionnaireResponse

MOST_LINES = 50
_TONES = {"in-progress": "info", "completed": "defer", "reviewed": "mute", "stopped": "mute"}


def intake(patient, user) -> Section | None:
    if not user.may("intake.hand_over"):
        return None
    actions = [Action("Questions on the tablet", reverse("intake:patient", args=[patient.number]))]
    rows = QuestionnaireResponse.objects.visible_to(user).filter(patient=patient).without_answers().select_related("handed_by")
    entries = []
    for row in rows[:MOST_LINES]:
        may_read = user.may("intake.review") and row.status in (row.Status.SENT, row.Status.REVIEWED)
        url = reverse("intake:review", args=[row.pk]) if may_read else reverse("intake:patient", args=[patient.number])
        at = row.sent_at or row.handed_at
        facts = f"Handed over by {row.handed_by.display_name}"
        entries.append(Entry(at, "Questions on the tablet", facts, url, "i-info", row.get_status_display(), _TONES[row.status]))
    return Section(entries=entries, actions=actions)


def waiting(patient, user) -> Fact | None:
    """In the header until somebody has gone through them."""
    if not user.may("intake.review"):
        return None
    row = QuestionnaireResponse.objects.visible_to(user).filter(patient=patient).waiting().only("pk").order_by("-pk").first()
    return Fact("To go through", tone="todo", url=reverse("intake:review", args=[row.pk])) if row else None
