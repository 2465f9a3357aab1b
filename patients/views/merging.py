"""Two records of one person: looked at side by side, put together, taken apart again."""

import uuid

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.permissions import requires
from accounts.templatetags.clinic_format import in_words
from accounts.versioning import StaleRow
from audit.services import about, note_read

from .. import merge_services as service
from .. import search, side_by_side
from ..access import patient_or_404
from ..merge_forms import LABELS, MergeForm
from ..models import Patient, PatientMerge
from .people import shown

_FIELDS = {
    **LABELS,
    "site": gettext_lazy("Site"), "phototype": gettext_lazy("Phototype"),
    "allergies_asked": gettext_lazy("Allergies: asked or not"), "medicines_asked": gettext_lazy("Medicines: asked or not"),
}  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@requires("patients.merge")
def merge(request, number: int):
    """Which other record it is: found as always. The name is sent, not put in the address."""
    patient = patient_or_404(request, number, of_own_site=True)
    text = request.POST.get("q", "").strip()[:100]
    context = {"patient": patient, "q": text}
    if text:
        found = [one for one in search.find(request.user, text) if one.pk != patient.pk]
        context["found"] = shown(found)
        note_read("patients.searched", request=request, detail={"found": len(found), "before": "merging"})
    else:
        note_read("patient.merge_viewed", request=request, patient=patient, obj=patient)
    return render(request, "patients/merge/choose.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("patients.merge")
def merge_with(request, number: int, other: int):
    if request.method == "POST" and (done := _done_before(request)):
        return _to_kept(request, done)
    two = patient_or_404(request, other, of_own_site=True)
    one = patient_or_404(request, number, of_own_site=True)
    if request.method != "POST":
        return _page(request, one, two, MergeForm(one=one, two=two))
    if one.pk == two.pk:
        return _page(request, one, two, MergeForm(one=one, two=two), status=422)
    form = MergeForm(request.POST, one=one, two=two)
    if not form.is_valid():
        # A row may have changed so that other things differ now: then it is looked at anew, not only mended.
        return _stale(request, one, two) if _is_stale(form) else _page(request, one, two, form, status=422)
    kept, merged = form.kept_and_other
    try:
        row = service.merge(
            kept,
            merged,
            by=request.user,
            versions=form.versions,
            holds=form.holds,
            reason=form.cleaned_data.get("reason", ""),
            request_key=form.cleaned_data["request_key"],
            request=request,
        )
    except StaleRow:
        return _stale(request, Patient.objects.get(pk=one.pk), Patient.objects.get(pk=two.pk))
    except service.MergeRefused as refused:
        field = refused.field if refused.field in form.fields else None
        for why in refused.why:
            form.add_error(field, why)
        return _page(request, one, two, form, status=422 if field else 409)
    return _to_kept(request, row)


def _done_before(request) -> PatientMerge | None:
    """What the same form made a moment ago: a double press."""
    rows = PatientMerge.objects.visible_to(request.user).select_related("kept", "other")
    try:
        return rows.filter(request_key=uuid.UUID(request.POST.get("request_key", ""))).first()
    except ValueError:
        return None


def _to_kept(request, row: PatientMerge):
    about(row.kept_id)
    said = {"number": row.other.number, "kept": row.kept.number, "day": in_words(service.last_day(row))}
    messages.success(request, _("No. %(number)s is merged into no. %(kept)s. It can be undone until %(day)s.") % said)
    for words in service.look_at(row):
        messages.warning(request, words)
    return redirect("patients:detail", row.kept.number)


def _is_stale(form: MergeForm) -> bool:
    return any(str(form.data.get(f"version_{row.number}", "")) != str(row.version) for row in (form.one, form.two))


def _stale(request, one: Patient, two: Patient):
    """One of the two was saved meanwhile: both are shown as they stand, with everything that was chosen and still fits."""
    data = request.POST.copy()
    for row in (one, two):
        data[f"version_{row.number}"] = str(row.version)
    return _page(request, one, two, MergeForm(data, one=one, two=two), status=409, stale=True)


def _page(request, one: Patient, two: Patient, form: MergeForm, *, status: int = 200, stale: bool = False):
    # The same words for both ways round are said once.
    ways = {row.number: service.in_the_way(row, away, by=request.user) for row, away in ((one, two), (two, one))}
    always = [words for words in ways[one.number] if words in ways[two.number]]
    context = {
        "patient": one,
        "one": one,
        "two": two,
        "lines": side_by_side.lines(one, two, request.user),
        "kinds": side_by_side.kinds(one, two, request.user),
        "blocked": all(ways.values()),
        "always": always,
        "ways": [(number, left) for number, why in ways.items() if (left := [words for words in why if words not in always])],
        "form": form,
        "stale": stale,
        "undo_days": service.UNDO_DAYS,
        "errors_on_page": status != 200,
    }
    for row in (one, two):
        note_read("patient.merge_viewed", request=request, patient=row, obj=row)
    return render(request, "patients/merge/side_by_side.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("patients.unmerge")
def unmerge(request, pk: int):
    row = (
        PatientMerge.objects.visible_to(request.user).select_related("kept__site", "other", "merged_by", "undone_by").filter(pk=pk).first()
    )
    if row is None or row.kept.site_id not in request.user.site_ids():  # an emergency access is not enough
        raise Http404
    about(row.kept_id)
    if request.method == "POST":
        stays = service.stays(row)
        try:
            was_undone = row.undone_at is not None
            service.undo(row, by=request.user, request=request)
        except service.MergeRefused as refused:
            return _undo_page(request, row, status=409, refused=str(refused))
        said = {"number": row.other.number, "kept": row.kept.number, "things": ", ".join(stays)}
        if stays and not was_undone:
            words = _("No. %(number)s and no. %(kept)s are two records again. With no. %(kept)s stay: %(things)s.")
        else:
            words = _("No. %(number)s and no. %(kept)s are two records again.")
        messages.success(request, words % said)
        return redirect("patients:detail", row.kept.number)
    return _undo_page(request, row)


def _undo_page(request, row: PatientMerge, *, status: int = 200, refused: str = ""):
    changed = service.changed_since(row, row.kept) if row.undone_at is None else []
    context = {
        "patient": row.kept,
        "merge": row,
        "last_day": service.last_day(row),
        "why_not": refused or service.why_not_undone(row, by=request.user),
        "stays": service.stays(row) if row.undone_at is None else [],
        "changed": [_FIELDS[name] for name in changed if name in _FIELDS],
        "chosen": [(LABELS[name], number) for name, number in row.holds.items() if name in LABELS],
        "errors_on_page": status != 200,
    }
    note_read("patient.merge_viewed", request=request, patient=row.kept, obj=row)
    return render(request, "patients/merge/undo.html", context, status=status)
