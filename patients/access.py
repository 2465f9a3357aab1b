"""Opening one patient: what another site's patient is answered with."""

from django.http import Http404
from django.shortcuts import get_object_or_404

from audit.services import about

from . import whose
from .merged import MergedAway
from .models import Patient


def patient_or_404(request, number: int, *, of_own_site: bool = False, as_recorded: bool = False) -> Patient:
    """
    Return the patient with *number*, with their site, whose clock the page shows. of_own_site: an emergency access is not enough.
    as_recorded: the page shows what was written under just this record, also where it was merged into another one since.

    Raises:
        MergedAway: the record was merged into another one, whose page is the one to open.
        Http404: there is none, or none the user may see: the two look the same to them, and the log keeps which it was.
    """
    patient = Patient.objects.visible_to(request.user).select_related("site", "merged_into").filter(number=number).first()
    if patient is None or (of_own_site and patient.site_id not in request.user.site_ids()):
        raise Http404
    about(patient)
    whose.check(request, patient.pk)
    if patient.merged_into_id is not None and not as_recorded:
        raise MergedAway(patient)
    patient.site.set_clock()
    return patient


def row_or_404(request, rows, pk: int):
    """The row *pk* of *rows*, which start at `visible_to(user)` and carry `site`: noted whose it is, on the clock of its site."""
    found = get_object_or_404(rows, pk=pk)
    about(found.patient_id)
    whose.check(request, found.patient_id)
    found.site.set_clock()
    return found
