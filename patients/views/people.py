"""Find, register, open and edit a patient."""

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import requires
from accounts.versioning import StaleRow
from audit.models import AuditEvent
from audit.services import note_read

from .. import search, services
from ..access import patient_or_404
from ..forms import EditForm, RegisterForm
from ..in_words import in_words
from ..merged import led_to_kept
from ..models import Patient, PatientMerge
from ..overview import overview_of, panels_of
from ..timeline import timeline_of

RECENT = 10


def _recent(user) -> list[Patient]:
    """The patients *user* opened last, newest first."""
    opened = AuditEvent.objects.filter(actor=user).order_by("-pk").values_list("action", "patient_pk")[:300]
    pks = list(dict.fromkeys(pk for action, pk in opened if action == "patient.viewed" and pk))[:RECENT]
    rows = Patient.objects.visible_to(user).in_bulk(pks)
    return led_to_kept([rows[pk] for pk in pks if pk in rows], user)


def shown(patients: list[Patient]) -> list[dict]:
    """Rows for a list of people: no query for any of them."""
    today = timezone.localdate()
    return [{"patient": p, "surname": p.surname.upper(), "age": p.age_on(today)} for p in patients]


@require_http_methods(["GET", "HEAD", "POST"])
@requires("patients.find")
def people(request):
    """A name that is looked for is sent, not put in the address, where histories and logs would keep it."""
    text = request.POST.get("q", "").strip()[:100]
    context = {"q": text}
    if text:
        found = search.find(request.user, text)
        context |= {"found": shown(found), "more": len(found) == search.MOST}
        note_read("patients.searched", request=request, detail={"found": len(found)})
    else:
        context["recent"] = shown(_recent(request.user))
        note_read("patients.listed", request=request, detail={"found": len(context["recent"])})
    template = "patients/partials/found.html" if request.htmx and not request.htmx.boosted else "patients/list.html"
    return render(request, template, context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("patients.edit")
def register(request):
    sites = list(request.user.sites.all())
    if not sites:
        return render(request, "patients/no_site.html", status=403)
    if request.method != "POST":
        return render(request, "patients/register.html", {"form": RegisterForm(sites=sites)})
    if "begin" in request.POST:  # from a search that found nobody, with what was typed there
        start = {"surname": request.POST.get("surname", "")[:100], "phone": request.POST.get("phone", "")[:40]}
        return render(request, "patients/register.html", {"form": RegisterForm(sites=sites, initial=start)})
    form = RegisterForm(request.POST, sites=sites)
    if not form.is_valid():
        return render(request, "patients/register.html", {"form": form, "errors_on_page": True}, status=422)
    if "back" in request.POST:
        # What is typed next is asked about anew.
        form.data = form.data.copy()
        form.data["seen"] = ""
        return render(request, "patients/register.html", {"form": form})
    fields = form.patient_fields()
    key = form.cleaned_data["request_key"]
    site, seen = form.site_of_patient, form.seen_pks
    try:
        registered = services.register(site=site, by=request.user, request=request, request_key=key, seen=seen, **fields)
    except services.NotSeenYet as found:
        note_read("patients.searched", request=request, detail={"found": len(found.same), "before": "registering"})
        context = {"form": form, "same": found.same, "typed": fields, "errors_on_page": True}
        return render(request, "patients/likely_same.html", context, status=422)
    said = {"patient": registered, "number": registered.number}
    messages.success(request, _("%(patient)s is registered with the number %(number)s.") % said)
    return redirect("patients:detail", registered.number)


@require_safe
@requires("patients.view")
def detail(request, number: int):
    patient = patient_or_404(request, number)
    merges = PatientMerge.objects.visible_to(request.user).of(patient).select_related("kept", "other")
    asked = {name: request.GET.get(name, "") for name in ("kind", "before")}
    context = {
        "patient": patient,
        "overview": overview_of(patient, request.user),
        "timeline": timeline_of(patient, request.user, **asked),
        "panels": panels_of(patient, request),
        "merges": merges,
        "tab": "overview",
    }
    response = render(request, "patients/detail.html", context)
    note_read("patient.viewed", request=request, patient=patient, obj=patient)
    return response


def _last_change(patient: Patient) -> AuditEvent | None:
    return AuditEvent.objects.filter(patient_pk=patient.pk, action="patient.changed").first()


def _differences(form: EditForm, standing: Patient) -> list[tuple[str, str, str]]:
    """(label, as saved now, as typed) of each field that differs."""

    def words(name, value):
        return in_words(name, value, empty=_("Not asked") if name == "phototype" else _("Empty"))

    labels = {name: field.label for name, field in form.fields.items()} | {"birth_date": _("Date of birth")}
    return [
        (labels[name], words(name, getattr(standing, name)), words(name, typed))
        for name, typed in form.patient_fields().items()
        if getattr(standing, name) != typed
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@requires("patients.edit")
def edit(request, number: int):
    patient = patient_or_404(request, number)
    clinical = request.user.may("patients.clinical")
    context = {"patient": patient, "tab": "edit"}
    if request.method != "POST":
        form = EditForm(patient=patient, clinical=clinical)
        note_read("patient.viewed", request=request, patient=patient, obj=patient)
        return render(request, "patients/edit.html", {**context, "form": form})
    form = EditForm(request.POST, patient=patient, clinical=clinical)
    if not form.is_valid():
        return render(request, "patients/edit.html", {**context, "form": form, "errors_on_page": True}, status=422)
    try:
        services.change(patient, version=form.cleaned_data["version"], by=request.user, request=request, **form.patient_fields())
    except StaleRow as stale:
        standing = stale.row
        differences = _differences(form, standing)
        # Saving again is "Keep mine": the form now carries the version that stands.
        form.data = form.data.copy()
        form.data["version"] = standing.version
        context |= {"patient": standing, "form": form, "differences": differences, "changed": _last_change(standing)}
        return render(request, "patients/edit.html", {**context, "errors_on_page": True}, status=409)
    messages.success(request, _("Saved."))
    return HttpResponseRedirect(reverse("patients:detail", args=[patient.number]))
