"""What the patient's page offers of this app."""

from django.urls import reverse
from django.utils.translation import gettext as _

from patients.models import Patient
from patients.overview import Action, Section


def waiting_list(patient: Patient, user) -> Section | None:
    if not user.may("bookings.edit"):
        return None
    return Section(actions=[Action(_("Put on the waiting list"), reverse("followup:wait", args=[patient.number]))])
