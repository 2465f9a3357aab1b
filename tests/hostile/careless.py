"""Views as somebody in a hurry would write them. Each must be found by the test that looks for its kind."""

import logging

from django.forms import model_to_dict, modelform_factory
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from accounts.permissions import requires
from microneedle_clinic.urls import handler400, handler403, handler404, handler500  # noqa: F401
from patients.models import Patient


@requires("patients.view")
def any_patient(request, number: int):
    """By number, whoever asks: no `visible_to`."""
    return HttpResponse(f"<p>{get_object_or_404(Patient, number=number).surname}</p>")


@requires("patients.find")
def logs_what_was_typed(request):
    logging.getLogger("clinic").warning("Looked for " + request.POST.get("q", "nothing"))
    return HttpResponse("<p>Nobody</p>")


@requires("patients.find")
def falls_over(request):
    raise ValueError(f"no answer to {request.POST!r}")


@csrf_exempt
@requires("patients.find")
def asks_for_no_secret(request):
    return HttpResponse("<p>Done</p>")


@requires("patients.view")
def changes_by_being_looked_at(request, number: int):
    Patient.objects.filter(number=number).update(phone="020 7946 0999")
    return HttpResponse("<p>Seen</p>")


@requires("patients.edit")
def takes_every_column(request, number: int):
    patient = get_object_or_404(Patient, number=number)
    form = modelform_factory(Patient, fields="__all__")({**model_to_dict(patient), **request.POST.dict()}, instance=patient)
    if form.is_valid():
        form.save()
    return HttpResponse(f"<p>{form.errors}</p>")


urlpatterns = [
    path("patients/<int:number>/", any_patient),
    path("careless/log/", logs_what_was_typed),
    path("careless/fault/", falls_over),
    path("careless/exempt/", asks_for_no_secret),
    path("careless/<int:number>/opened/", changes_by_being_looked_at),
    path("careless/<int:number>/form/", takes_every_column),
    path("", include("microneedle_clinic.urls")),
]
