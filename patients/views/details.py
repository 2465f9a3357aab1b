"""What is known about a patient's health: allergies, medicines, earlier procedures, answers. Clinicians only."""

from dataclasses import dataclass

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import requires
from accounts.templatetags.clinic_format import in_words
from audit.services import note_read

from .. import services
from ..access import patient_or_404
from ..forms import AllergyForm, MedicineForm, ProcedureForm, StopForm
from ..medicine_names import Reading, class_words, current_knowledge, reading_of, said_before
from ..models import Allergy, Medication, Patient, Procedure
from ..zones import zone_labels

_LINES = {"allergy": Allergy, "medicine": Medication, "procedure": Procedure}


def _page(request, patient: Patient, *, status: int = 200, **forms):
    zones = zone_labels()
    context = {
        "patient": patient,
        "tab": "details",
        "allergies": patient.allergies.select_related("recorded_by"),
        "medicines": _medicines(patient, request.user),
        "class_choices": _class_choices(),
        "procedures": [(row, zones.get(row.zone, row.zone)) for row in patient.procedures.select_related("recorded_by")],
        "allergy_form": forms.get("allergy") or AllergyForm(),
        "medicine_form": forms.get("medicine") or MedicineForm(),
        "procedure_form": forms.get("procedure") or ProcedureForm(zones=zones.items()),
        "wrong": forms.get("allergy") or forms.get("medicine") or forms.get("procedure"),
        "errors_on_page": status == 422,
    }
    response = render(request, "patients/details.html", context, status=status)
    # Also a page that came back with something to mend shows the whole of it.
    note_read("patient.viewed", request=request, patient=patient, obj=patient, detail={"part": "details"})
    return response


@dataclass
class MedicineRow:
    """One medicine as the page shows it. `reading`: what the protocol makes of the name; `said`: what a clinician said it is."""

    row: Medication
    reading: Reading
    said: str
    before: str


def _medicines(patient: Patient, user) -> list[MedicineRow]:
    rows = patient.medications.select_related("recorded_by", "said_by")
    knowledge = current_knowledge()
    if knowledge is None:
        return [MedicineRow(row, Reading(), "", "") for row in rows]
    found = []
    for row in rows:
        reading = reading_of(knowledge, row.name, row.stopped_on)
        before = said_before(knowledge, row.name, user) if reading.unknown and row.said_classes is None else None
        found.append(MedicineRow(row, reading, _said_words(knowledge, row), _said_words(knowledge, before) if before else ""))
    return found


def _said_words(knowledge, row: Medication) -> str:
    if row.said_classes is None:
        return ""
    said = {
        "what": class_words(knowledge, row.said_classes) or _("none of the protocol's classes"),
        "name": row.said_by or _("a clinician"),
        "day": in_words(row.said_at.date()),
    }
    if row.said_ingredient:
        words = _("%(ingredient)s, %(what)s, as said by %(name)s on %(day)s")
        return words % {**said, "ingredient": row.said_ingredient}
    return _("%(what)s, as said by %(name)s on %(day)s") % said


def _class_choices() -> list[tuple[str, str]]:
    knowledge = current_knowledge()
    return [(name, row.label) for name, row in knowledge.medicine_classes.items()] if knowledge else []


@require_safe
@requires("patients.clinical")
def details(request, number: int):
    return _page(request, patient_or_404(request, number))


@require_POST
@requires("patients.clinical")
def add_allergy(request, number: int):
    patient = patient_or_404(request, number)
    form = AllergyForm(request.POST, born=patient.birth_date)
    if not form.is_valid():
        return _page(request, patient, status=422, allergy=form)
    services.add_allergy(patient, by=request.user, request=request, **form.cleaned_data)
    return redirect("patients:details", number)


@require_POST
@requires("patients.clinical")
def add_medicine(request, number: int):
    patient = patient_or_404(request, number)
    form = MedicineForm(request.POST, born=patient.birth_date)
    if not form.is_valid():
        return _page(request, patient, status=422, medicine=form)
    services.add_medicine(patient, by=request.user, request=request, **form.cleaned_data)
    return redirect("patients:details", number)


@require_POST
@requires("patients.clinical")
def stop_medicine(request, number: int, pk: int):
    patient = patient_or_404(request, number)
    form = StopForm(request.POST, born=patient.birth_date)
    medicine = get_object_or_404(patient.medications, pk=pk)
    if form.is_valid():
        services.stop_medicine(medicine, by=request.user, stopped_on=form.cleaned_data["stopped_on"], request=request)
    else:
        messages.error(request, f"{medicine.name}: {form.errors['stopped_on'][0]}.")
    return redirect("patients:details", number)


@require_POST
@requires("patients.clinical")
def add_procedure(request, number: int):
    patient = patient_or_404(request, number)
    form = ProcedureForm(request.POST, born=patient.birth_date, zones=zone_labels().items())
    if not form.is_valid():
        return _page(request, patient, status=422, procedure=form)
    services.add_procedure(patient, by=request.user, request=request, **form.cleaned_data)
    return redirect("patients:details", number)


@require_POST
@requires("patients.clinical")
def none_known(request, number: int, what: str):
    patient = patient_or_404(request, number)
    try:
        services.say_none_known(
            patient, {"allergies": "allergies_asked", "medicines": "medicines_asked"}[what], by=request.user, request=request
        )
    except services.StillListed:
        listed = {
            "allergies": _("Somebody listed allergies meanwhile. Take each back first where it was entered in error."),
            "medicines": _("Somebody listed medicines meanwhile. Take each back first where it was entered in error."),
        }
        messages.error(request, listed[what])
    return redirect("patients:details", number)


@require_POST
@requires("patients.clinical")
def take_back(request, number: int, what: str, pk: int):
    patient = patient_or_404(request, number)
    line = get_object_or_404(_LINES[what].objects, patient=patient, pk=pk)
    services.take_back(line, by=request.user, request=request)
    messages.success(request, _("%(line)s is taken back as entered in error.") % {"line": line})
    return redirect("patients:details", number)
