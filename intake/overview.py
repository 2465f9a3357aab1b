"""What the patient page and header say about answers from the tablet. The desk sees how far they are, never an answer."""

from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _

from patients.overview import Action, Entry, Section
from patients.storyboard import Fact
from patients.timeline import Source

from .models import QuestionnaireResponse

_TONES = {"in-progress": "info", "completed": "defer", "reviewed": "mute", "stopped": "mute"}


def _answers(patient, user, until) -> list[Entry]:
    rows = QuestionnaireResponse.objects.visible_to(user).filter(patient=patient).without_answers().select_related("handed_by")
    found = []
    for row in until.newest(rows.annotate(at=Coalesce("sent_at", "handed_at")), "at"):
        may_read = user.may("intake.review") and row.status in (row.Status.SENT, row.Status.REVIEWED)
        url = reverse("intake:review", args=[row.pk]) if may_read else reverse("intake:patient", args=[patient.number])
        facts = _("Handed over by %(handed_by)s") % {"handed_by": row.handed_by.display_name}
        found.append(Entry(row.at, _("Questions on the tablet"), facts, url, "i-info", row.get_status_display(), _TONES[row.status]))
    return found


ANSWERS = Source("questions", "intake.hand_over", _answers)


def intake(patient, user) -> Section | None:
    if not user.may("intake.hand_over"):
        return None
    return Section(actions=[Action(_("Questions on the tablet"), reverse("intake:patient", args=[patient.number]))])


def waiting(patient, user) -> Fact | None:
    """In the header until somebody has gone through them."""
    if not user.may("intake.review"):
        return None
    row = QuestionnaireResponse.objects.visible_to(user).filter(patient=patient).waiting().only("pk").order_by("-pk").first()
    return Fact(_("To go through"), tone="todo", url=reverse("intake:review", args=[row.pk])) if row else None
