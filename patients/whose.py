"""
For which patient a form was opened: signed into the form, beside the patient in its address. A form of one tab that is sent to the
address of another patient answers for nobody.
"""

from django.core import signing
from django.shortcuts import render

from audit.services import note_refusal

from .models import Patient

FIELD = "for_patient"
_SALT = "patients.form-of"


class AnotherPatient(Exception):
    """The form was opened for another patient than its address names; nothing was written."""


def sealed(patient) -> str:
    return signing.dumps(getattr(patient, "pk", patient), salt=_SALT)


def check(request, patient_pk: int) -> None:
    """Raises AnotherPatient where what is sent says that it was opened for somebody else, or says it in another hand."""
    if request.method in ("GET", "HEAD") or FIELD not in request.POST:
        return
    try:
        opened_for = signing.loads(request.POST[FIELD], salt=_SALT)
    except signing.BadSignature:
        opened_for = None
    if opened_for != patient_pk and not _same_person(opened_for, patient_pk):
        raise AnotherPatient


def _same_person(one: int | None, other: int) -> bool:
    """Two records that were found to be one person's are no mix-up."""
    found = Patient.objects.filter(pk=other).first()
    return one is not None and found is not None and found.every_record().filter(pk=one).exists()


class AnotherPatientMiddleware:
    """`AnotherPatient` out of any view: a page that says that nothing was kept."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if not isinstance(exception, AnotherPatient):
            return None
        note_refusal(why="another patient")
        return render(request, "patients/another_patient.html", status=409)
