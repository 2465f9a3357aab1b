"""What the patient header says about consent: from the last record in which it was confirmed."""

from patients.storyboard import Fact
from planner import wording

from .models import TreatmentSession


def consent(patient, user) -> Fact | None:
    """`Confirmed 12 Oct 2026`: the newest record that stands, signed or still open, with consent ticked. None: no such record."""
    rows = TreatmentSession.objects.visible_to(user).filter(patient=patient, consent_confirmed=True)
    standing = rows.exclude(status=TreatmentSession.Status.CLOSED).order_by("-started_at", "-pk")
    newest = standing.select_related("booking__site").only("started_at", "booking__site__time_zone").first()
    return Fact(f"Confirmed {wording.day(newest.day)}") if newest else None
