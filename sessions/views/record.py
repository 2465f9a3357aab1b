"""The record of a session: start, fill in, sign, correct."""

import secrets

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from accounts.desk import signature
from accounts.permissions import requires
from accounts.versioning import StaleRow
from audit.models import Outcome
from audit.services import about, note_read
from audit.services import record as log
from patients import whose

from ..forms.correction import CorrectionForm
from ..forms.record import values_of
from ..models import Booking, TreatmentSession
from ..record_sections import sections_of
from ..services import added, deciding, gate, late, screening, signing
from ..services import record as records
from ..services.drafts import Locked
from .record_page import changes, draft_page, locked_page, planned_into, sign_page, whole
from .signature import refused_of, say, signed


def session_or_404(request, pk) -> TreatmentSession:
    rows = TreatmentSession.objects.visible_to(request.user).select_related(
        "booking__site",
        "patient__site",
        "plan__protocol_version",
        "clinician",
        "device__site",
        "device__file",
        "gap_by",
        "consent_by",
        "saved_by",
        "signed_by",
        "entered_by",
    )
    rows = rows.defer("plan__protocol_version__document")
    session = get_object_or_404(
        rows.prefetch_related("plan__zones", "zones__plan_zone", "corrections__made_by", "used_lots", "tube_checks__by"),
        pk=pk,
    )
    about(session.patient_id)
    whose.check(request, session.patient_id)
    session.site.set_clock()
    return session


def version_of(request) -> int:
    return _count(request.POST.get("keep") or request.POST.get("version", ""))


def _turn(request) -> int:
    return _count(request.POST.get("turn", ""))


def _count(text: str) -> int:
    """A count the page keeps; 0 for anything it never sent, also for what no column holds."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _to_record(session, anchor: str = ""):
    return redirect(reverse("sessions:record", args=[session.pk]) + (f"#{anchor}" if anchor else ""))


@requires("records.edit")
@require_POST
def start(request, pk):
    booking = get_object_or_404(Booking.objects.visible_to(request.user).select_related("patient"), pk=pk)
    about(booking.patient_id)
    try:
        session = records.start(booking, request.user)
    except records.CannotStart as refusal:
        log(
            "record.started",
            request=request,
            patient=booking.patient_id,
            obj=booking,
            outcome=Outcome.REFUSED,
            detail={"booking": booking.pk},
        )
        return render(request, "sessions/record/cannot_start.html", _cannot(request, booking, str(refusal)), status=422)
    return _to_record(session)


def _cannot(request, booking: Booking, why: str) -> dict:
    return {"booking": booking, "why": why, "can_enter_late": request.user.may("records.sign") and late.may_be_entered(booking)}


@requires("records.view")
@require_http_methods(["GET", "HEAD", "POST"])
def record(request, pk):
    session = session_or_404(request, pk)
    if request.method == "POST":
        return _save(request, session)
    note_read("record.viewed", request=request, patient=session.patient_id, obj=session)
    if session.is_locked:
        return render(
            request, "sessions/record/locked.html", locked_page(session, request.user) | {"sections": sections_of(session, request)}
        )
    return whole(request, draft_page(session, request.user, pressed="missing" in request.GET, again="again" in request.GET))


def _save(request, session):
    if not request.user.may("records.edit"):
        return HttpResponse(status=403)
    pressed_one, pressed_all = request.POST.get("as_planned"), "all_as_planned" in request.POST
    typed = request.POST.dict()
    if pressed_one or pressed_all:
        typed = planned_into(session, typed, only=pressed_one)
    page = typed.get("page", "")[:40]
    try:
        saved = records.save(session, by=request.user, typed=typed, version=version_of(request), page=page, turn=_turn(request))
    except StaleRow:
        return _stale(request, session, typed)
    except Locked:
        return _locked_meanwhile(request, session)
    if "add_adjuvant" in request.POST:
        return _add(request, session, saved)
    session = session_or_404(request, session.pk)
    if request.htmx:
        context = draft_page(session, request.user, form=saved.form)
        answer = render(request, "sessions/record/partials/_saved.html", context | {"swap": True})
        # Ticks are as the screen has them; texts come back as they were read ("1,5" as "1.5").
        texts = {name: value for name, value in values_of(session).items() if value != "on"}
        return trigger_client_event(answer, "recordSaved", {"values": texts})
    if request.POST.get("next") == "sign":
        missing = gate.unmet(gate.may_sign(session, by=request.user))
        if not missing and not saved.form.errors:
            return redirect("sessions:sign", session.pk)
        return whole(request, draft_page(session, request.user, form=saved.form, pressed=True), status=422)
    if saved.form.errors:
        return whole(request, draft_page(session, request.user, form=saved.form, failed=True), status=422)
    return _to_record(session, f"zone-{pressed_one}" if pressed_one and pressed_one.isdigit() else "")


def _add(request, session, saved):
    """Something the plan does not have was used: added where the protocol and the consent let it."""
    which = request.POST.get("adjuvant", "")[:60]
    try:
        added.add(session, which, by=request.user, request=request)
    except added.NotAdded as refused:
        session = session_or_404(request, session.pk)
        said = {"which": which, "words": refused.message, "consent": refused.consent}
        form = saved.form if saved.form.errors else None
        return whole(request, draft_page(session, request.user, form=form, not_added=said), status=422)
    except Locked:
        return _locked_meanwhile(request, session)
    return _to_record(session, f"f-adj-{which}-product")


def _stale(request, session, typed):
    """409: what the other saved beside what was typed here; nothing was written, nothing is lost."""
    session = session_or_404(request, session.pk)
    if session.is_locked:
        return _locked_meanwhile(request, session)
    log("record.saved", request=request, patient=session.patient_id, obj=session, outcome=Outcome.REFUSED, detail={"why": "stale"})
    form = records.form_for(session, typed)
    context = draft_page(session, request.user, form=form) | {"changes": changes(session, form), "is_stale": True}
    if not request.htmx:
        return whole(request, context | {"swap": False}, status=409)
    return render(request, "sessions/record/partials/_stale.html", context | {"swap": True}, status=409)


def _locked_meanwhile(request, session):
    session = session_or_404(request, session.pk)
    context = {"session": session, "typed": request.POST.get("note", ""), "swap": bool(request.htmx)}
    template = "sessions/record/partials/_locked_bar.html" if request.htmx else "sessions/record/locked_meanwhile.html"
    return render(request, template, context, status=409)


@requires("records.edit")
@require_POST
def answers(request, pk):
    """The safety checks that are due, asked again."""
    session = session_or_404(request, pk)
    if session.is_locked:
        return _to_record(session)
    again = "again" in request.POST
    faults = screening.answer_due(session, request.POST, by=request.user)
    if faults:
        context = draft_page(session_or_404(request, pk), request.user, answers=request.POST, answer_faults=faults, again=again)
        return whole(request, context, status=422)
    return _to_record(session, "before")


@requires("records.sign")
@require_POST
def decide(request, pk):
    """What is decided where the planner is more careful today than the plan."""
    session = session_or_404(request, pk)
    if session.is_locked:
        return _to_record(session)
    sent = request.POST
    typed = {"reason": sent.get("decided_reason", ""), "note": sent.get("decided_note", "")}
    try:
        deciding.decide(session, by=request.user, shown=sent.getlist("change"), request=request, **typed)
    except deciding.NotDecided as refusal:
        context = draft_page(session_or_404(request, pk), request.user, decided=typed, decide_faults=refusal.faults)
        return whole(request, context, status=422)
    except Locked:
        return _to_record(session)  # the page shows who locked it
    return _to_record(session, "before")


@requires("records.edit")
@require_POST
def treats(request, pk):
    """Whoever presses is who treats, and signs."""
    session = session_or_404(request, pk)
    try:
        records.take_over(session, by=request.user, version=version_of(request))
    except (StaleRow, Locked):
        return _to_record(session)  # the page shows who treats now, and the button again
    return _to_record(session)


@requires("records.edit")
@require_http_methods(["GET", "POST"])
def close(request, pk):
    session = session_or_404(request, pk)
    if session.is_locked:
        return _to_record(session)
    context = {"session": session, "reason": request.POST.dict().get("reason", "")}
    if request.method == "GET":
        note_read("record.viewed", request=request, patient=session.patient_id, obj=session)
        return render(request, "sessions/record/close.html", context)
    try:
        records.close_untreated(session, by=request.user, version=version_of(request), reason=context["reason"])
    except ValueError as fault:
        return render(request, "sessions/record/close.html", context | {"fault": str(fault), "errors_on_page": True}, status=422)
    except StaleRow:
        session = session_or_404(request, pk)
        return render(request, "sessions/record/close.html", context | {"session": session, "is_stale": True}, status=409)
    except Locked:
        return _to_record(session)
    return _to_record(session)


@sensitive_post_parameters("password", "credential")
@requires("records.sign")
@require_http_methods(["GET", "HEAD", "POST"])
def sign(request, pk):
    """Shows what will be locked, and locks it once the signer has shown again who they are."""
    session = session_or_404(request, pk)
    if session.is_locked:
        return _to_record(session)
    if request.method != "POST":
        if gate.unmet(gate.may_sign(session, by=request.user)):
            return redirect(f"{reverse('sessions:record', args=[session.pk])}?missing=1")
        note_read("record.viewed", request=request, patient=session.patient_id, obj=session)
        return _sign_page(request, session)
    page = reverse("sessions:sign", args=[session.pk])
    try:
        tried = signed(request, page, lambda how: signing.sign(session, by=request.user, shown=how, version=version_of(request)))
    except signing.NotComplete:
        return redirect(f"{reverse('sessions:record', args=[session.pk])}?missing=1")
    except StaleRow:
        return say(request, page, is_stale=True)  # locked meanwhile: the page leads to the record
    except Locked:
        return _to_record(session)
    return tried.answer or _to_record(session)


def _sign_page(request, session):
    """What was said at a refused signature stands there as long as it is news: a record changed since is read anew."""
    said = refused_of(request, reverse("sessions:sign", args=[session.pk]))
    context = sign_page(session, request.user) | {"ways": signature.ways(request), "errors_on_page": bool(said.get("fault"))} | said
    return render(request, "sessions/record/sign.html", context)


@requires("records.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request, pk):
    """A dated correction above the original, which stays."""
    session = session_or_404(request, pk)
    if not session.is_signed:
        return _to_record(session)
    form = CorrectionForm(request.POST or None, initial={"request_key": secrets.token_urlsafe(16)})
    if request.method == "POST" and form.is_valid():
        correction = records.correct(session, by=request.user, **form.cleaned_data)
        return _to_record(session, f"correction-{correction.number}")
    if request.method != "POST":
        note_read("record.viewed", request=request, patient=session.patient_id, obj=session)
    context = locked_page(session, request.user) | {"form": form, "errors_on_page": bool(form.errors)}
    return render(request, "sessions/record/correct.html", context, status=422 if form.errors else 200)
