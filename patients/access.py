"""Opening one patient: what another site's patient is answered with, and what the log keeps of it."""

from django.http import Http404

from audit.models import Outcome
from audit.services import record

from .models import Patient


def log_other_site(request, number: int) -> None:
    """Where *number* is a patient of a site the user does not work at, keep in the log that it was asked for."""
    hidden = Patient.objects.filter(number=number).exclude(site__in=request.user.site_ids()).first()
    if hidden is not None:
        record("access.refused", request=request, patient=hidden, obj=hidden, outcome=Outcome.REFUSED, detail={"why": "another site"})


def patient_or_404(request, number: int) -> Patient:
    """
    Return the patient with *number*, with their site.

    Raises:
        Http404: there is none, or none the user may see: the two look the same to them, and the second is logged.
    """
    patient = Patient.objects.visible_to(request.user).select_related("site").filter(number=number).first()
    if patient is None:
        log_other_site(request, number)
        raise Http404
    return patient
