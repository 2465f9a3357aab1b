"""What is known about a patient's health: allergies, medicines, earlier procedures, answers. Clinicians only."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import requires
from audit.services import record

from .. import services
from ..access import patient_or_404
from ..forms import AllergyForm, MedicineForm, ProcedureForm, StopForm
from ..models import Allergy, Medication, Patient, Procedure
from ..zones import zone_labels

_LINES = {"allergy": Allergy, "medicine": Medication, "procedure": Procedure}


def _page(request, patient: Patient, *, status: int = 200, **forms):
    zones = zone_labels()
    context = {
        "patient": patient,
        "tab": "details",
        "allergies": patient.allergies.select_related("recorded_by"),
        "medicines": patient.medications.select_related("recorded_by"),
        "procedures": [(row, zones.get(row.zone, row.zone)) for row in patient.procedures.select_related("recorded_by")],
        "allergy_form": forms.get("allergy") or AllergyForm(),
        "medicine_form": forms.get("medicine") or MedicineForm(),
        "procedure_form": forms.get("procedure") or ProcedureForm(zones=zones.items()),
        "wrong": forms.get("allergy") or forms.get("medicine") or forms.get("procedure"),
        "errors_on_page": status == 422,
    }
    response = render(request, "patients/details.html", context, status=status)
    # Also a page that came back with something to mend shows the whole of it.
    record("patient.viewed", request=request, patient=patient, obj=patient, detail={"part": "details"})
    return response


@require_safe
@requires("patients.clinical")
def details(request, number: int):
    return _page(request, patient_or_404(request, number))


@require_POST
@requires("patients.clinical")
def add_allergy(request, number: int):
    patient, form = patient_or_404(request, number), AllergyForm(request.POST)
    if not form.is_valid():
        return _page(request, patient, status=422, allergy=form)
    services.add_allergy(patient, by=request.user, request=request, **form.cleaned_data)
    return redirect("patients:details", number)


@require_POST
@requires("patients.clinical")
def add_medicine(request, number: int):
    patient, form = patient_or_404(request, number), MedicineForm(request.POST)
    if not form.is_valid():
        return _page(request, patient, status=422, medicine=form)
    services.add_medicine(patient, by=request.user, request=request, **form.cleaned_data)
    return redirect("patients:details", number)


@require_POST
@requires("patients.clinical")
def stop_medicine(request, number: int, pk: int):
    patient, form = patient_or_404(request, number), StopForm(request.POST)
    medicine = get_object_or_404(patient.medications, pk=pk)
    if form.is_valid():
        services.stop_medicine(medicine, by=request.user, stopped_on=form.cleaned_data["stopped_on"], request=request)
    else:
        messages.error(request, f"{medicine.name}: {form.errors['stopped_on'][0]}.")
    return redirect("patients:details", number)


@require_POST
@requires("patients.clinical")
def add_procedure(request, number: int):
    patient, form = patient_or_404(request, number), ProcedureForm(request.POST, zones=zone_labels().items())
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
        messages.error(request, f"Somebody listed {what} meanwhile. Take each back first where it was entered in error.")
    return redirect("patients:details", number)


@require_POST
@requires("patients.clinical")
def take_back(request, number: int, what: str, pk: int):
    patient = patient_or_404(request, number)
    line = get_object_or_404(_LINES[what].objects, patient=patient, pk=pk)
    services.take_back(line, by=request.user, request=request)
    messages.success(request, f"{line} is taken back as entered in error.")
    return redirect("patients:details", number)
