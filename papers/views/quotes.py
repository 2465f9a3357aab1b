"""Giving a quote for a plan, reading it, and writing down the answer."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import requires
from audit.services import note_read
from patients.access import patient_or_404, row_or_404
from plans.models import TreatmentPlan

from ..content.quote import rounding_said, said_lines_of, tax_line_said
from ..forms import AnswerForm, GiveForm
from ..models import Quote
from ..services import quoting
from ..services.quoting import QuoteRefused


def _plan_or_404(request, patient, plan_number: int) -> TreatmentPlan:
    if plan_number > 2**31 - 1:
        raise Http404
    rows = TreatmentPlan.objects.visible_to(request.user).select_related("protocol_version", "accepted_by")
    plan = get_object_or_404(rows.defer("case", "proposal", "decisions"), patient__pk=patient.pk, number=plan_number)
    plan.patient = patient
    return plan


@require_http_methods(["GET", "HEAD", "POST"])
@requires("quotes.give")
def give(request, number: int, plan_number: int):
    """What the plan costs by today's prices; given with one press."""
    patient = patient_or_404(request, number, as_recorded=True)
    plan = _plan_or_404(request, patient, plan_number)
    today = patient.person.site.day_of(timezone.now())
    try:
        shown = quoting.preview(plan)
    except QuoteRefused as refused:
        return _give(request, plan, None, None, problem=str(refused), status=409 if request.method == "POST" else 200)
    if request.method != "POST":
        form = GiveForm(initial={"valid_until": shown.valid_until, "seen_list": shown.price_list.pk}, today=today)
        note_read("quote.prepared", request=request, patient=patient, obj=plan)
        return _give(request, plan, shown, form)
    form = GiveForm(request.POST, today=today)
    if not form.is_valid():
        return _give(request, plan, shown, form, status=422)
    data = form.cleaned_data
    try:
        made = quoting.give(plan, by=request.user, request=request, **data)
    except QuoteRefused as refused:
        form.data = form.data.copy()
        form.data["seen_list"] = str(shown.price_list.pk)
        return _give(request, plan, shown, form, problem=str(refused), status=409)
    messages.success(
        request, _("Quote %(number)s is given. It holds until %(day)s.") % {"number": made.number, "day": quoting.spaced(made.valid_until)}
    )
    return redirect("papers:quote", made.pk)


def _give(request, plan, shown, form, *, problem: str = "", status: int = 200):
    lines, sums = [], None
    if shown is not None:
        found = shown.price_list
        draft = Quote(
            currency=found.currency, lines=[line.as_json() for line in shown.lines], tax=found.tax, tax_name=found.tax_name,
            tax_percent=found.tax_percent, tax_amount=shown.sums.tax, subtotal=shown.sums.subtotal, total=shown.sums.total,
        )  # fmt: skip
        lines, sums = said_lines_of(draft), _sums(draft)
    open_one = Quote.objects.filter(plan=plan, status__in=(Quote.Status.GIVEN, Quote.Status.ACCEPTED)).first()
    context = {"patient": plan.patient, "plan": plan, "form": form, "lines": lines, "sums": sums, "problem": problem, "open_one": open_one}
    return render(request, "papers/give.html", context | {"errors_on_page": status != 200}, status=status)


def _sums(quote: Quote) -> dict:
    said = quote.money.said
    return {
        "subtotal": said(quote.subtotal) if quote.tax == "added" else "",
        "tax": tax_line_said(quote),
        "total": said(quote.total),
        "rounding": rounding_said(quote),
    }


def _quote_or_404(request, pk: int) -> Quote:
    rows = Quote.objects.visible_to(request.user).select_related(
        "patient__site", "patient__merged_into", "plan", "site", "given_by", "answered_by"
    )
    return row_or_404(request, rows.defer("plan__case", "plan__proposal", "plan__decisions"), pk)


@require_safe
@requires("quotes.view")
def quote(request, pk: int):
    if pk > 2**63 - 1:
        raise Http404
    found = _quote_or_404(request, pk)
    note_read("quote.viewed", request=request, patient=found.patient_id, obj=found)
    return _page(request, found)


def _page(request, found: Quote, *, form=None, problem: str = "", status: int = 200):
    context = {
        "quote": found,
        "patient": found.patient,
        "lines": said_lines_of(found),
        "sums": _sums(found),
        "is_over": found.status == Quote.Status.GIVEN and found.is_over(found.site.day_of(timezone.now())),
        "form": form or AnswerForm(),
        "problem": problem,
        "errors_on_page": status != 200,
        "course": reverse("sessions:book_course", args=[found.patient.number, found.plan.number]),
    }
    return render(request, "papers/quote.html", context, status=status)


@require_POST
@requires("quotes.give")
def answer(request, pk: int):
    """Yes opens the booking of the course with the plan's sessions; no ends the quote."""
    if pk > 2**63 - 1:
        raise Http404
    found = _quote_or_404(request, pk)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form=form, status=422)
    data, yes = form.cleaned_data, form.cleaned_data["answer"] == AnswerForm.ACCEPT
    act = quoting.accept if yes else quoting.decline
    try:
        act(found, said_by=data["said_by"], note=data["note"], by=request.user, request=request)
    except QuoteRefused as refused:
        return _page(request, _quote_or_404(request, pk), form=form, problem=str(refused), status=409)
    if yes:
        messages.success(request, _("Quote %(number)s is accepted. Book the sessions of the course now.") % {"number": found.number})
        return redirect("sessions:book_course", found.patient.number, found.plan.number)
    messages.success(request, _("Quote %(number)s is declined. The plan stands; a new quote can be given.") % {"number": found.number})
    return redirect("papers:quote", found.pk)
