"""
How long records are kept and who is due, the erasure of one patient, and the export of one patient. The last two ask who it is
where that was proved a while ago: a screen that was left open must not give a whole record away, nor end one.
"""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Site
from accounts.permissions import requires
from accounts.signing_in.fresh import asks_who_it_is
from audit.models import ErasureOrder
from audit.patient_models import of_patients
from audit.services import note_read, record
from patients.access import patient_or_404
from patients.models import Patient

from . import erasing, exporting, retention, rules, sending
from .countries import called
from .forms import ErasureForm, RuleForm

A_PAGE = 50
MOST_ORDERS = 50


@require_safe
@requires("retention.view")
def due(request):
    return _due(request)


def _due(request, *, failed: str = "", form: RuleForm | None = None):
    typed = request.GET.get("from", "")
    after = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 8 else 0
    found, more = retention.due(request.user, timezone.localdate(), after=after, most=A_PAGE)
    sites = Site.objects.filter(pk__in=request.user.site_ids())
    orders = ErasureOrder.objects.filter(site_pk__in=request.user.site_ids())[:MOST_ORDERS]
    context = {
        "countries": [_country(code, form if code == failed else None) for code in sorted({site.country for site in sites})],
        "due": found,
        "next": after + A_PAGE if more else None,
        "after": after,
        "orders": orders,
        "failed": form,
        "errors_on_page": form is not None,
    }
    note_read("retention.listed", request=request, detail={"found": len(found)})
    return render(request, "clinic/rights/retention.html", context, status=422 if form is not None else 200)


def _country(code: str, form: RuleForm | None) -> dict:
    rule = rules.in_force().get(code)
    waiting, _ = rules.to_come().get(code, (None, None))
    start = retention.SUGGESTED.get(code)
    if form is None:
        fields = ("years", "minor_age", "minor_years", "basis")
        initial = {name: getattr(rule, name) for name in fields} if rule else dict(zip(fields, start or ("", 18, 0, ""), strict=True))
        form = RuleForm(initial=initial, auto_id=f"rule-{code}-%s")
    return {
        "code": code,
        "name": called(code),
        "rule": rule,
        "waiting": waiting,
        "form": form,
        "suggested": start and not rule,
    }


@require_POST
@requires("retention.edit")
def set_rule(request, country: str):
    country = country.upper()
    if not Site.objects.filter(pk__in=request.user.site_ids(), country=country).exists():
        raise Http404
    form = RuleForm(request.POST, auto_id=f"rule-{country}-%s")
    if not form.is_valid():
        return _due(request, failed=country, form=form)
    try:
        waits = rules.set_rule(country, by=request.user, request=request, **form.cleaned_data)
    except rules.ReasonNeeded:
        form.add_error("reason", gettext("Say why it gets shorter: medical leads and the auditor read it"))
        return _due(request, failed=country, form=form)
    name, years = called(country), form.cleaned_data["years"]
    if waits is None:
        messages.success(
            request, gettext("Records in %(value)s are kept for %(years)s years from now on.") % {"value": name, "years": years}
        )
    else:
        messages.info(
            request,
            gettext("Kept. %(stands)s Until then nobody is due by it. The medical leads and the auditor are told.")
            % {"stands": waits.stands},
        )
    return redirect("clinic:retention")


@require_http_methods(["GET", "HEAD", "POST"])
@requires("erasure.order")
def erasure(request, number: int):
    if not Patient.objects.filter(number=number).exists():
        order = ErasureOrder.objects.filter(patient_number=number, site_pk__in=request.user.site_ids()).first()
        if order is not None:  # pressed twice, or an old page
            messages.info(
                request,
                gettext("Patient %(number)s was erased on %(ordered_at)s.")
                % {"number": number, "ordered_at": f"{timezone.localtime(order.ordered_at):%d.%m.%Y}"},
            )
            return redirect("clinic:retention")
    return _erasure(request, patient_or_404(request, number, of_own_site=True))


@asks_who_it_is
def _erasure(request, patient: Patient):
    kept = retention.kept_of(patient)
    early = not kept.is_over(timezone.localdate())
    if request.method != "POST":
        return _ask(request, patient, kept, ErasureForm(early=early))
    form, status = ErasureForm(request.POST, early=early), 422
    if form.is_valid():
        data = form.cleaned_data
        wish = erasing.Wish(data["number"], data["birth_date"], data.get("reason", ""), data.get("reference", ""))
        try:
            order = erasing.erase(patient, wish, by=request.user, request=request)
        except erasing.NotThatPatient:
            form.add_error("number", gettext("Number and date of birth must be this patient's"))
        except erasing.CannotErase as why:
            form.add_error(None, str(why))
            status = 409
        else:
            messages.success(
                request,
                gettext("Patient %(number)s has been erased. The order is kept as %(key)s.")
                % {"number": patient.number, "key": str(order.key)[:8]},
            )
            return redirect("clinic:retention")
    return _ask(request, patient, kept, form, status)


def _ask(request, patient: Patient, kept: retention.Kept, form: ErasureForm, status: int = 200):
    context = {
        "patient": patient,
        "kept": kept,
        "early": "reason" in form.fields,
        "shorter": retention.by_a_rule_to_come(kept, timezone.localdate()) if "reason" in form.fields else None,
        "counts": erasing.counts(patient),
        "merged": erasing.records(patient)[:-1],
        "in_the_way": erasing.in_the_way(patient),
        "form": form,
        "errors_on_page": status != 200,
    }
    note_read("patient.erasure_viewed", request=request, patient=patient, obj=patient)
    return render(request, "clinic/rights/erasure.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("records.export")
def export(request, number: int):
    """What would go out, and with a press the archive. It is whole before the first byte goes, so a failure is never half a file."""
    return _export(request, patient_or_404(request, number, of_own_site=True))


@asks_who_it_is
def _export(request, patient: Patient):
    if request.method != "POST":
        note_read("patient.viewed", request=request, patient=patient, obj=patient, detail={"part": "export"})
        pks = [one.pk for one in erasing.records(patient)]
        entries = [entry for entry in of_patients() if entry.files]
        files = sum(1 for entry in entries for pk in pks for file in entry.files(entry.rows_of(pk)) if file.name)
        context = {
            "patient": patient,
            "tab": "export",
            "merged": erasing.records(patient)[:-1],
            "counts": erasing.counts(patient),
            "files": files,
        }
        return render(request, "clinic/rights/export.html", context)
    with translation.override("en-gb"):
        file, size = sending.whole(exporting.of_patient(patient, by=str(request.user)))
    for one in erasing.records(patient):
        record("patient.exported", request=request, patient=one, obj=one, detail={"bytes": size})
    return sending.sent(file, size, f"patient-{patient.number}-{timezone.localdate():%Y-%m-%d}.zip")
