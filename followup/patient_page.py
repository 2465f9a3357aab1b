"""What the patient's page offers of this app."""

from django.urls import reverse

from patients.models import Patient
from patients.overview import Action, Section


def waiting_list(patient: Patient, user) -> Section | None:
    if not user.may("bookings.edit"):
        return None
    return Section(actions=[Action("Put on the waiting list", reverse("followup:wait", args=[patient.number]))])
