"""The page on the tablet: the texts in the patient's language, and the signature under them."""

import secrets

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.addresses import inside
from accounts.models import User
from accounts.permissions import PERMISSIONS, requires
from audit.models import Outcome
from audit.services import note_read, record
from patients.access import patient_or_404

from ..forms import SignForm
from ..models import ConsentText, Kind, Language
from ..needs import Need, names_in_force, needs_of
from ..services.signing import TextsChanged
from ..services.signing import sign as keep
from ..services.texts import in_use
from ..standing import Stands, judged, newest_items
from ..wording import language_of, meaning
from .patient import plans_in_force


def _stands(request, patient) -> Stands:
    """For the plans in force, or for one of them; with something to be used beyond them, where that is asked for."""
    plans = plans_in_force(patient)
    asked = request.GET.get("plan", "")
    chosen = [plan for plan in plans if str(plan.pk) == asked] or plans
    needs = [need for plan in chosen for need in needs_of(plan)]
    more = request.GET.get("with", "")
    names = names_in_force() if more else {}
    if (Kind.ADJUVANT.value, more) in names:  # to be used beyond the plan
        needs.append(Need(Kind.ADJUVANT.value, more, names[Kind.ADJUVANT.value, more]))
    return judged(dict.fromkeys(needs), newest_items(patient))


def _language(request, patient, wanted) -> str:
    """The one asked for, else the patient's own where there is a text in it, else the clinic's."""
    asked = request.GET.get("language", "")
    if asked in Language.values:
        return asked
    own = language_of(patient)
    return own if in_use(own, wanted) else Language.ENGLISH.value


def _shown(text: str) -> list[ConsentText]:
    """The texts that were on the page, in their order; empty where one is not in use any more."""
    numbers = [int(one) for one in text.split(",") if one.isascii() and one.isdigit() and len(one) < 10]
    found = ConsentText.objects.filter(status=ConsentText.Status.APPROVED).in_bulk(numbers)
    return [found[number] for number in numbers] if len(found) == len(set(numbers)) == len(numbers) else []


@require_http_methods(["GET", "HEAD", "POST"])
@requires("consent.take")
def sign(request, number: int):
    patient = patient_or_404(request, number)
    staff = User.objects.filter(is_active=True, sites=patient.site, role__in=PERMISSIONS["consent.take"]).order_by(
        "last_name", "first_name"
    )
    back = inside(request, request.POST.get("next") or request.GET.get("next", ""))
    if request.method != "POST":
        note_read("consent.prepared", request=request, patient=patient)
        form = SignForm(patient=patient, staff=staff, initial={"request_key": secrets.token_urlsafe(16)})
        return _page(request, patient, form, back)
    form = SignForm(request.POST, patient=patient, staff=staff)
    shown = _shown(request.POST.get("texts", ""))
    if not shown:
        return _changed(request, patient, form, back)
    if not form.is_valid():
        record("consent.signed", request=request, patient=patient, outcome=Outcome.REFUSED, detail={"fields": sorted(form.errors)})
        return _page(request, patient, form, back, shown=shown, status=422)
    try:
        consent = keep(patient, shown, form.signature(), site=patient.site, by=request.user, request_key=form.cleaned_data["request_key"])
    except TextsChanged:
        return _changed(request, patient, form, back)
    messages.success(request, _("Signed and kept."))
    return redirect(back or reverse("consent:document", args=[consent.pk]))


def _changed(request, patient, form: SignForm, back: str):
    """A signature belongs to the words it stood under: these are others now, so it is asked for again. Names come back."""
    form.data = form.data.copy()
    form.data["strokes"] = form.data["typed_name"] = ""
    record("consent.signed", request=request, patient=patient, outcome=Outcome.REFUSED, detail={"why": "texts"})
    return _page(request, patient, form, back, changed=True, status=409)


def _page(request, patient, form: SignForm, back: str, *, shown=None, changed: bool = False, status: int = 200):
    stands = _stands(request, patient)
    rows = stands.rows if request.GET.get("again") else stands.open
    wanted = [row.need for row in rows]
    language = shown[0].language if shown else _language(request, patient, wanted)
    texts = shown or in_use(language, wanted)
    have = {(text.kind, text.code) for text in texts}
    query = request.GET.copy()
    query.pop("language", None)
    context = {
        "patient": patient,
        "form": form,
        "texts": texts,
        "texts_shown": ",".join(str(text.pk) for text in texts),
        "stands": stands,
        "without_text": [] if shown else [row for row in rows if (row.need.kind, row.need.code) not in have],
        "language": Language(language),
        "languages": [(code, label, code == language) for code, label in Language.choices],
        "query": query.urlencode(),
        "meaning": meaning(language),
        "next": back,
        "changed": changed,
        "errors_on_page": status != 200,
    }
    return render(request, "consent/sign.html", context, status=status)
