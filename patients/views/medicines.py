"""What a medicine is: names while one types, a clinician's answer for one the protocol does not know, and the list gone through."""

from django.contrib import messages
from django.http import HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.permissions import requires
from planner.medicines import key_of

from .. import services
from ..access import patient_or_404
from ..forms import WhatItIsForm
from ..medicine_names import current_knowledge, offer


@require_POST  # what is typed about a patient stands in no address, and so in no log of addresses
@requires("patients.clinical")
def medicine_names(request):
    """Names that begin as typed, each with its ingredient and class in words. Nothing of a patient is read or kept."""
    knowledge = current_knowledge()
    found = offer(knowledge, request.POST.get("typed", "")[:200]) if knowledge else []
    return JsonResponse({"names": [{"name": name.shown, "words": name.words} for name in found]}, headers={"Cache-Control": "no-store"})


def _to_medicines(number: int) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("patients:details", args=[number]) + "#h-medicines")


@require_POST
@requires("patients.clinical")
def say_what_it_is(request, number: int, pk: int):
    patient = patient_or_404(request, number)
    medicine = get_object_or_404(patient.medications.select_related("patient"), pk=pk)
    knowledge = current_knowledge()
    if knowledge is None:
        return redirect("patients:details", number)
    form = WhatItIsForm(request.POST, classes=knowledge.medicine_classes)
    if not form.is_valid():
        messages.error(request, f"{medicine.name}: {next(iter(form.errors.values()))[0]}.")
        return _to_medicines(number)
    services.say_what_it_is(
        medicine,
        classes=form.cleaned_data["classes"],
        ingredient=form.cleaned_data["ingredient"],
        key=key_of(knowledge, medicine.name),
        by=request.user,
        request=request,
    )
    messages.success(request, _("Kept: what %(medicine)s is.") % {"medicine": medicine.name})
    return _to_medicines(number)


@require_POST
@requires("patients.clinical")
def confirm_list(request, number: int, what: str):
    """The list was gone through with the patient and stands as it is."""
    patient = patient_or_404(request, number)
    try:
        services.confirm_list(
            patient, {"allergies": "allergies_asked", "medicines": "medicines_asked"}[what], by=request.user, request=request
        )
        messages.success(request, _("Gone through today: allergies.") if what == "allergies" else _("Gone through today: medicines."))
    except services.StillListed:
        asked = {
            "allergies": _("Nobody has asked for allergies yet. List them, or press Asked, none known."),
            "medicines": _("Nobody has asked for medicines yet. List them, or press Asked, none known."),
        }
        messages.error(request, asked[what])
    return redirect("patients:details", number)
