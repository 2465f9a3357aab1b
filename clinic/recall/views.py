"""Recall of a lot on screen: type or scan it, see who was treated, block it, reach everybody, letters and the list as a file."""

import hashlib
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import requires
from accounts.signing_in.fresh import asks_who_it_is
from audit.models import Outcome
from audit.services import about, note_read, record
from clinic.csv_out import lines as csv_lines
from papers.drawing import CannotPrint, as_pdf
from patients.access import patient_or_404
from planner import wording
from sessions.lots.codes import LONGEST_CODE, Unreadable, read_code, told_apart
from sessions.lots.rule import known_among
from sessions.models import Lot, Product

from . import services
from .forms import LETTER, ContactForm, LiftForm, OrderForm
from .models import Recall, RecallContact

MOST_LETTERS = 300


@require_safe
@requires("recall.view")
def recalls(request):
    rows = list(Recall.objects.select_related("lot__product", "ordered_by", "lifted_by"))
    standing = [(row, services.people_of(request.user, row.lot, row)) for row in rows if row.lifted_at is None]
    note_read("recall.listed", request=request, detail={"found": len(rows)})
    context = {
        "standing": [(row, len(people), sum(one.is_open for one in people)) for row, people in standing],
        "lifted": [row for row in rows if row.lifted_at is not None],
    }
    return render(request, "clinic/recall/list.html", context)


class _Asked:
    """The lot somebody typed or scanned: its number, and the product where the code or the list says it."""

    def __init__(self, typed: str, product: str = ""):
        self.typed, self.problem, self.product, self.number = typed.strip()[:LONGEST_CODE], "", None, ""
        try:
            code = read_code(self.typed)
            code = told_apart(code, known_among(code)) if code and code.splits else code
        except Unreadable as error:
            self.problem = str(error)
            return
        self.number = code.lot if code else self.typed
        if not self.number:
            self.problem = _("Scan or type a lot")
        elif len(self.number) > 40:
            self.problem = _("A lot must be 40 letters or fewer")
        elif code and code.gtin:
            self.product = Product.objects.filter(gtin=code.gtin).first()
        if product.isdecimal() and len(product) < 18:
            self.product = Product.objects.filter(pk=int(product)).first() or self.product

    @property
    def lot(self) -> Lot:
        """The lot as the clinic has it, else one that is in no list yet."""
        known = services.find(self.number, self.product)
        listed = [lot for lot in known if lot.product_id is not None]
        if len(listed) == 1:
            return listed[0]
        blocked = next((lot for lot in known if lot.product_id is None), None)
        return blocked or Lot(number=self.number, key=services.key_of(self.number), product=self.product)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("recall.view")
def new(request):
    """Who was treated with a lot; for who may, the form that blocks it. The form asks who it is before it is shown."""
    asked = _Asked(request.POST.get("q") or request.GET.get("q", ""), request.POST.get("product") or request.GET.get("product", ""))
    if request.method == "POST" or "order" in request.GET:
        if not request.user.may("recall.order"):
            return HttpResponse(status=403)
        return _order(request, asked)
    return _preview(request, asked)


def _preview(request, asked: _Asked, *, form: OrderForm | None = None, status: int = 200):
    context = {"asked": asked, "form": form, "errors_on_page": status != 200 or bool(asked.problem)}
    if asked.problem:
        # Opened without a lot there is nothing to mend yet: the field alone.
        empty = not asked.typed
        return render(request, "clinic/recall/new.html", context | {"empty": empty}, status=200 if empty else 422)
    lot = asked.lot
    people = services.people_of(request.user, lot)
    everybody, sessions = services.how_many(lot)
    standing = Recall.objects.filter(lot=lot, lifted_at__isnull=True).first() if lot.pk else None
    address = f"{reverse('clinic:recall_new')}?{urlencode({'q': asked.typed, 'order': 1})}"
    note_read("recall.prepared", request=request, detail={"lot": lot.number, "people": len(people)})
    context |= {
        "lot": lot,
        "people": people,
        "everybody": everybody,
        "sessions": sessions,
        "elsewhere": everybody - len(people),
        "standing": standing,
        "order_address": address,
    }
    return render(request, "clinic/recall/new.html", context, status=status)


@asks_who_it_is
def _order(request, asked: _Asked):
    if request.method != "POST" or asked.problem:
        lot = None if asked.problem else asked.lot
        start = {"letter": LETTER, "product": str(lot.product_id or "") if lot else ""}
        return _preview(request, asked, form=None if asked.problem else OrderForm(initial=start))
    form = OrderForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            made = services.order(
                number=asked.number,
                product=form.chosen(),
                reason=data["reason"],
                letter=data["letter"],
                by=request.user,
                request_key=data["request_key"],
                request=request,
            )
        except services.Refused as refused:
            form.add_error(None, refused.message)
        else:
            messages.success(
                request,
                _("Lot %(number)s is blocked at every site from now on, also in records that are open.") % {"number": made.lot.number},
            )
            return redirect("clinic:recall", made.pk)
    return _preview(request, asked, form=form, status=422)


def _found(pk: int) -> Recall:
    if pk > 2**63 - 1:
        raise Http404
    return get_object_or_404(Recall.objects.select_related("lot__product", "ordered_by", "lifted_by"), pk=pk)


@require_safe
@requires("recall.view")
def recall_page(request, recall: int):
    found = _found(recall)
    if "lift" in request.GET and found.lifted_at is None and request.user.may("recall.order"):
        return _ask_to_lift(request, found)
    return _page(request, found)


@asks_who_it_is
def _ask_to_lift(request, found: Recall):
    """The form that lifts it. Who it is, is asked before: asked for only with the press, what was typed would be lost on the way."""
    return _page(request, found, lift_form=LiftForm(auto_id="lift_%s"))


def _page(request, found: Recall, *, lift_form=None, problem: str = "", status: int = 200):
    people = services.people_of(request.user, found.lot, found)
    everybody, sessions = services.how_many(found.lot)
    counts = [(label, sum(one.status == value for one in people)) for value, label in RecallContact.Status.choices]
    note_read("recall.viewed", request=request, obj=found, detail={"people": len(people)})
    context = {
        "recall": found,
        "people": people,
        "counts": counts,
        "open": sum(one.is_open for one in people),
        "everybody": everybody,
        "sessions": sessions,
        "elsewhere": everybody - len(people),
        "lift_form": lift_form,
        "problem": problem,
        "errors_on_page": status != 200,
    }
    return render(request, "clinic/recall/recall.html", context, status=status)


@require_POST
@requires("recall.order")
def lift(request, recall: int):
    return _lift(request, _found(recall))


@asks_who_it_is
def _lift(request, found: Recall):
    form = LiftForm(request.POST, auto_id="lift_%s")
    if not form.is_valid():
        return _page(request, found, lift_form=form, status=422)
    services.lift(found, reason=form.cleaned_data["reason"], by=request.user, request=request)
    messages.success(request, _("Lot %(number)s may be used again.") % {"number": found.lot.number})
    return redirect("clinic:recall", found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("recall.contact")
def person(request, recall: int, number: int):
    """One person of a recall: what was done to reach them, and what comes next."""
    found, patient = _found(recall), patient_or_404(request, number)
    about(patient.pk)
    one = next((row for row in services.people_of(request.user, found.lot, found) if row.patient.person_pk == patient.person_pk), None)
    if one is None:
        raise Http404
    form = ContactForm(request.POST or None, initial={"status": one.status})
    if request.method == "POST" and form.is_valid():
        services.say(found, patient, by=request.user, request=request, **form.cleaned_data)
        messages.success(request, _("Kept: %(label)s.") % {"label": RecallContact.Status(form.cleaned_data["status"]).label.lower()})
        return redirect("clinic:recall", found.pk)
    note_read("recall.person_viewed", request=request, patient=patient, obj=found)
    attempts = RecallContact.objects.filter(recall=found, patient=patient).select_related("by")
    context = {"recall": found, "one": one, "patient": patient, "form": form, "attempts": attempts, "errors_on_page": bool(form.errors)}
    return render(request, "clinic/recall/person.html", context, status=422 if form.errors else 200)


@require_POST
@requires("recall.contact")
def letters(request, recall: int):
    """The letter for one person, or for all who are still to be reached, as one PDF. It is made now and kept nowhere."""
    found = _found(recall)
    people = services.people_of(request.user, found.lot, found)
    chosen = request.POST.get("number", "")
    people = [one for one in people if str(one.patient.number) == chosen] if chosen else [one for one in people if one.is_open]
    if not people:
        messages.info(request, _("Nobody is left to write to."))
        return redirect("clinic:recall", found.pk)
    people = people[:MOST_LETTERS]
    paper = people[0].patient.site.paper
    context = {"recall": found, "people": people, "today": timezone.localdate()}
    try:
        with translation.override("en-gb"):
            data = as_pdf("clinic/recall/letter.html", "clinic/recall/letter.css", context, paper=paper, lying=False)
    except CannotPrint as error:
        record("recall.letter_printed", request=request, obj=found, outcome=Outcome.FAILED)
        return _page(request, found, problem=str(error), status=503)
    services.letters_went(found, people, by=request.user, request=request)
    response = HttpResponse(data, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="recall-{found.pk}-letters.pdf"'
    return response


HEADER = ("Number", "Name", "Born", "Phone", "Address", "Sessions", "Zones", "Used as", "How it stands", "When", "By", "Note")


@require_safe
@requires("recall.contact")
def people_file(request, recall: int):
    """Everybody treated with the lot whom the reader may see, as a file for a spreadsheet, made whole before it leaves."""
    found = _found(recall)
    with translation.override("en-gb"):
        people = services.people_of(request.user, found.lot, found)
        data = "".join(csv_lines(HEADER, map(_cells, people))).encode()
    sha256 = hashlib.sha256(data).hexdigest()
    # One row for each whose name goes out, so that the log of each patient shows it.
    for patient in [one.patient for one in people] or [None]:
        note_read("recall.exported", request=request, patient=patient, obj=found, detail={"rows": len(people), "sha256": sha256})
    response = HttpResponse(data, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="recall-{found.pk}-{timezone.localdate():%Y-%m-%d}.csv"'
    return response


def _cells(one: services.Person):
    patient, contact = one.patient, one.contact
    return (
        patient.number, str(patient), patient.birth_date.isoformat(), patient.phone, patient.address,
        "; ".join(wording.day(row.day) for row in one.sessions), "; ".join(row.zones for row in one.sessions),
        "; ".join(row.used_as for row in one.sessions), one.status_words, contact.at.isoformat() if contact else "",
        contact.by.display_name if contact else "", contact.note if contact else "",
    )  # fmt: skip
