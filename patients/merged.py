"""A record that was merged into another one is shown and written to no more: whoever comes to it is led to the kept one, with a word."""

from collections.abc import Iterable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from .models import Patient


class MergedAway(Exception):
    """*patient* is not used any more; `kept` is the record that is. The text says so in whole sentences."""

    def __init__(self, patient: Patient):
        self.patient, self.kept = patient, patient.merged_into
        numbers = {"number": patient.number, "kept": self.kept.number}
        super().__init__(_("No. %(number)s was merged into no. %(kept)s. Go on here.") % numbers)


def refuse_merged(patient: Patient) -> None:
    """
    The door of whatever begins something new for *patient*, inside the transaction that writes it: the row stays locked, so that
    nobody merges it meanwhile.

    Raises:
        MergedAway: the record was merged into another one.
    """
    stored = Patient.objects.select_for_update(no_key=True).only("number", "merged_into").get(pk=patient.pk)
    if stored.merged_into_id is not None:
        raise MergedAway(stored)


def as_it_stands(patient: Patient) -> Patient:
    """
    *patient*, with the record it was merged into since it was read, if it was. Locks nothing: for a transaction that holds already what
    a merge waits for.
    """
    patient.merged_into_id = Patient.objects.values_list("merged_into", flat=True).get(pk=patient.pk)
    return patient


def record_of_plan(patient: Patient, plan) -> Patient:
    """
    Which record of a person something that follows from *plan* belongs to: the plan's own, so that a course goes on where it began.
    Without a plan *patient* stays, and `refuse_merged` judges.
    """
    if plan is None or plan.patient_id == patient.pk:
        return patient
    if not Patient.objects.of_person(patient.pk).filter(pk=plan.patient_id).exists():
        raise ValueError("What follows from a plan belongs to the patient of that plan")
    return plan.patient


def led_to_kept(patients: Iterable[Patient], user) -> list[Patient]:
    """
    *patients*, each merged one replaced by the record that is kept, with `known_as`: the record that was found. Nobody twice; a query
    more only where one is merged.
    """
    patients = list(patients)
    wanted = {one.merged_into_id for one in patients} - {None}
    if not wanted:
        return patients
    kept = Patient.objects.visible_to(user).in_bulk(wanted)
    found: dict[int, Patient] = {}
    for one in patients:
        if one.merged_into_id is None:
            known = getattr(found.get(one.pk), "known_as", None)
            one.known_as = known
            found[one.pk] = one
        elif (there := found.get(one.merged_into_id) or kept.get(one.merged_into_id)) is not None:
            there.known_as = one
            found.setdefault(there.pk, there)
    return list(found.values())


class MergedAwayMiddleware:
    """`MergedAway` out of any view: the kept record's page, with the words. Nothing was written."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if not isinstance(exception, MergedAway):
            return None
        words = str(exception) if request.method in ("GET", "HEAD") else _("Nothing was saved. %(why)s") % {"why": exception}
        messages.warning(request, words)
        url = reverse("patients:detail", args=[exception.kept.number])
        if getattr(request, "htmx", False) and not request.htmx.boosted:
            return HttpResponse(status=204, headers={"HX-Redirect": url})
        return redirect(url)
