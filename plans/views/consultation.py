"""The consultation and plan screen: one page, saved at every change, with and without JavaScript."""

import secrets

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import Role, requires
from accounts.versioning import StaleRow
from audit.services import about, note_read
from patients.access import patient_or_404
from patients.forms import WhatItIsForm

from .. import services, ways
from ..catalogue import catalogue_of
from ..decisions import needed
from ..inputs import differences, one, read, text, without_row
from ..models import Consultation, TreatmentPlan
from ..moved import moved
from ..overrides import read as read_values
from ..panel import Panel, field_words, value_words
from ..registry import consultation_sections, history_forms
from ..screen import Screen
from ..services.consultation import NoProtocol
from ..settled import settle

PAGE = "plans/consultation.html"
LIVE = "plans/partials/live.html"


@require_POST
@requires("plans.edit")
def start(request, number):
    patient = patient_or_404(request, number)
    try:
        consultation = services.start(patient, by=request.user, request=request)
    except NoProtocol as refusal:
        messages.error(request, str(refusal))
        return redirect("patients:detail", number=number)
    return redirect("plans:consultation", number=number, pk=consultation.pk)


def _find(request, number, pk) -> Consultation:
    rows = Consultation.objects.visible_to(request.user).select_related(
        "patient", "clinician", "protocol_version__approved_by", "saved_by", "site"
    )
    # The document is long, and its knowledge is kept by its hash; case and proposal are made anew at every look.
    found = rows.defer("protocol_version__document", "case", "proposal").filter(pk=pk, patient__number=number).first()
    if found is None:
        patient_or_404(request, number)  # somebody of another site is logged
        raise Http404
    about(found.patient_id)
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@requires("plans.edit")
def consultation(request, number, pk):
    found = _find(request, number, pk)
    if request.method == "POST":
        return _save(request, found)
    if not found.is_open:
        return _ended(request, found)
    computed = services.propose_for(found, inputs=found.inputs, chosen=found.chosen, by=request.user)
    note_read("consultation.viewed", request=request, patient=found.patient, obj=found)
    return render(request, PAGE, _context(request, found, computed, saved_from=secrets.token_hex(8)))


def _ended(request, found):
    """A consultation that has ended is read on the plan's page, or said to have ended without one."""
    note_read("consultation.viewed", request=request, patient=found.patient, obj=found)
    if found.status == Consultation.Status.PLANNED:
        return redirect("plans:plan", number=found.patient.number, plan_number=found.plan.number)
    return render(request, "plans/closed.html", {"consultation": found, "patient": found.patient})


def _context(request, found, computed, *, saved_from, left=(), stale=None) -> dict:
    settled = settle(found, computed, by=request.user)
    return {
        "consultation": found,
        "patient": found.patient,
        "panel": Panel(found, computed.catalogue, computed.reading, request.user),
        "screen": Screen(found, computed, settled, request.user),
        "settled": settled,
        "faults": computed.reading.faults,
        "shown": computed.digest,
        "saved_from": saved_from,
        "left": left,
        "stale": stale,
        "errors_on_page": bool(left),
        "can_accept": request.user.may("plans.accept"),
        "of_another_day": found.visit_date != timezone.localdate(),
        "moved": moved(found),
        # Asked for by the whole page alone, not by the reply to each save: both below.
        "history_forms": lambda: history_forms(
            found.patient, request, reverse("plans:consultation", args=[found.patient.number, found.pk])
        ),
        "sections": lambda: consultation_sections(found, request.user),
    }


def _number(text: str) -> int:
    """The version a form carries; 0, which no row has, where it is not one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _read(request, found) -> tuple[dict, dict]:
    """Return (inputs, chosen) as posted; decisions and lifted deferrals come from the row, never from the form."""
    post = request.POST
    inputs = read(post)
    if post.get("remove"):
        inputs = without_row(inputs, post["remove"])
    chosen = {
        "values": read_values(post),
        "numbing": text(post.get("numbing", ""), 20),
        "numbing_other": text(post.get("numbing_other", "").strip(), 60),
        "device": {
            "value": text(post.get("use_device", ""), 20),
            "reason": text(post.get("reason.device", ""), 40),
            "reason_text": text(post.get("other.device", "").strip()),
        },
        "decisions": found.chosen.get("decisions", {}),
        "lifted": found.chosen.get("lifted", {}),
        "said": found.chosen.get("said", {}),
    }
    return inputs, chosen


def _say(request, found, inputs, chosen) -> dict:
    """What a clinician says a medicine is that the protocol does not know (a button of the form), or takes back."""
    number = request.POST.get("said", "")
    name = one(inputs, f"medicine.{number.removeprefix('-')}.name")
    if not name:
        return chosen
    knowledge = catalogue_of(found.protocol_version).knowledge
    if number.startswith("-"):
        return services.take_answer_back(chosen, name, knowledge)
    posted = {
        "classes": request.POST.getlist(f"said_class.{number}"),
        "ingredient": [text(request.POST.get(f"said_ingredient.{number}", ""))],
    }
    form = WhatItIsForm(MultiValueDict(posted), classes=knowledge.medicine_classes)
    if not form.is_valid():
        messages.error(request, f"{name}: {next(iter(form.errors.values()))[0]}.")
        return chosen
    return services.say_what_it_is(found, chosen, name, knowledge=knowledge, by=request.user, request=request, **form.cleaned_data)


def _decide(request, found, chosen) -> dict:
    """Take the decision that a button of the form carries, if the person may make it."""
    key, _, what = request.POST.get("decide", "").partition("|")
    if not key:
        return chosen
    computed = services.propose_for(found, inputs=found.inputs, chosen=chosen, by=request.user)
    decision = next((item for item in needed(computed.proposal, computed.catalogue, chosen["decisions"]) if item.key == key), None)
    note = text(request.POST.get(f"note.{key}", "").strip(), 120)
    if decision is None or (what != "undo" and not decision.allows(what)) or not decision.may(request.user):
        return chosen
    if decision.needs_name and what != "undo" and not note:
        messages.error(request, gettext("%(subject)s: write down who agreed and when.") % {"subject": decision.subject_said})
        return chosen
    return services.decide(chosen, key, what, by=request.user, note=note)


def _lift(request, found, chosen) -> dict:
    """A deferral that the protocol lets a role lift is lifted with a reason, or put back."""
    rule_id = request.POST.get("lift", "")
    rule = catalogue_of(found.protocol_version).rules.get(rule_id.removeprefix("-"))
    if rule is None or request.user.role not in rule.overridable_by:
        return chosen
    lifted = dict(chosen["lifted"])
    if rule_id.startswith("-"):
        lifted.pop(rule.id, None)
        return {**chosen, "lifted": lifted}
    reason = text(request.POST.get(f"lift_reason.{rule_id}", "").strip())
    if not reason:
        messages.error(request, gettext("%(rule)s: say why treatment may go ahead.") % {"rule": rule.label})
        return chosen
    who = request.user
    lifted[rule_id] = {"by": Role(who.role).value, "by_pk": who.pk, "by_name": who.display_name, "reason": reason}
    return {**chosen, "lifted": lifted}


def _go(request, found, chosen) -> dict:
    """Take the values of the way that a button of the comparison carries."""
    name = text(request.POST.get("way", ""), 40)
    if not name:
        return chosen
    computed = services.propose_for(found, inputs=found.inputs, chosen=chosen, by=request.user)
    return ways.choose(chosen, computed.proposal, name)


def _keep(request, found):
    """Save what was posted; on a conflict return None and what differs."""
    if request.POST.get("go_on") and not services.go_on(found, to=_number(request.POST["go_on"])):
        messages.error(request, gettext("The protocol to go on with is another one now. Read what the page says."))
    inputs, chosen = _read(request, found)
    found.inputs = inputs
    chosen = _say(request, found, inputs, _go(request, found, _lift(request, found, _decide(request, found, chosen))))
    keep = request.POST.get("keep", "")
    version = _number(keep) if keep else _number(request.POST.get("version", ""))
    saved_from = text(request.POST.get("saved_from", ""), 20)
    try:
        computed = services.save(
            found, inputs=inputs, chosen=chosen, by=request.user, version=version, saved_from="" if keep else saved_from, request=request
        )
    except StaleRow as conflict:
        found.inputs, found.chosen = inputs, chosen
        catalogue = catalogue_of(found.protocol_version)
        names = differences(conflict.row.inputs, inputs)
        return None, {
            "by": conflict.row.saved_by,
            "at": conflict.row.saved_at,
            "version": conflict.row.version,
            "changes": [
                {
                    "what": field_words(name, catalogue),
                    "theirs": value_words(conflict.row.inputs.get(name)),
                    "yours": value_words(inputs.get(name)),
                }
                for name in names
            ],
        }
    if keep:
        Consultation.objects.filter(pk=found.pk).update(saved_from=saved_from)
        found.saved_from = saved_from
    return computed, None


def _save(request, found):
    if not found.is_open:
        return _gone(request, found)
    try:
        computed, stale = _keep(request, found)
    except services.ConsultationClosed:
        return _gone(request, found)
    saved_from = text(request.POST.get("saved_from", ""), 20)
    if stale:
        # What a colleague wrote is shown beside one's own.
        note_read("consultation.viewed", request=request, patient=found.patient, obj=found, detail={"beside": "own changes"})
        if request.htmx:
            return render(request, "plans/partials/stale.html", {"stale": stale}, status=409)
        computed = services.propose_for(found, inputs=found.inputs, chosen=found.chosen, by=request.user)
        return render(request, PAGE, _context(request, found, computed, saved_from=saved_from, stale=stale), status=409)
    if request.htmx:
        return render(request, LIVE, _context(request, found, computed, saved_from=saved_from))
    if request.POST.get("draft"):
        messages.success(request, gettext("Draft saved."))
        return redirect("patients:detail", number=found.patient.number)
    if computed.reading.faults:
        return render(request, PAGE, _context(request, found, computed, saved_from=saved_from), status=422)
    return redirect("plans:consultation", number=found.patient.number, pk=found.pk)


def _gone(request, found):
    """The consultation ended meanwhile: say so instead of saving into it."""
    found.refresh_from_db()
    if request.htmx:
        return render(request, "plans/partials/stale.html", {"ended": found}, status=409)
    return _ended(request, found)


@require_POST
@requires("plans.accept")
def accept_plan(request, number, pk):
    found = _find(request, number, pk)
    saved_from = text(request.POST.get("saved_from", ""), 20)
    if found.status == Consultation.Status.PLANNED:
        return _go_on(found.plan)
    if not found.is_open:
        return _ended(request, found)
    try:
        computed, stale = _keep(request, found)
        if stale:
            computed = services.propose_for(found, inputs=found.inputs, chosen=found.chosen, by=request.user)
            return render(request, PAGE, _context(request, found, computed, saved_from=saved_from, stale=stale), status=409)
        plan = services.accept(
            found,
            by=request.user,
            version=found.version,
            shown=request.POST.get("shown", ""),
            saved_from=saved_from,
            send=bool(request.POST.get("send")),
            request=request,
        )
    except services.AcceptanceRefused as refusal:
        return render(request, PAGE, _context(request, found, computed, saved_from=saved_from, left=refusal.left), status=422)
    except StaleRow:
        return redirect("plans:consultation", number=number, pk=pk)
    except services.ConsultationClosed:
        found.refresh_from_db()
        if found.status == Consultation.Status.PLANNED:
            return _go_on(found.plan)
        return _ended(request, found)
    if plan.is_awaiting:
        words = gettext("Plan %(number)s is sent for countersignature. It can be booked once it is signed.")
        messages.success(request, words % {"number": plan.number})
    else:
        messages.success(request, gettext("Plan %(number)s accepted.") % {"number": plan.number})
    return _go_on(plan)


def _go_on(plan):
    """To the diary, or to the plan where nothing can be booked from it yet."""
    name = "sessions:book_course" if plan.status == TreatmentPlan.Status.ACCEPTED else "plans:plan"
    return redirect(name, number=plan.patient.number, plan_number=plan.number)


@require_POST
@requires("plans.edit")
def close_consultation(request, number, pk):
    found = _find(request, number, pk)
    if not found.is_open:
        return _ended(request, found)
    saved_from = text(request.POST.get("saved_from", ""), 20)
    try:
        computed, stale = _keep(request, found)
        if stale:
            computed = services.propose_for(found, inputs=found.inputs, chosen=found.chosen, by=request.user)
            return render(request, PAGE, _context(request, found, computed, saved_from=saved_from, stale=stale), status=409)
        services.close(found, by=request.user, version=found.version, saved_from=saved_from, request=request)
    except (StaleRow, services.ConsultationClosed):
        return redirect("plans:consultation", number=number, pk=pk)
    messages.success(request, gettext("Saved without a plan. What is new stays with the consultation, not on the file."))
    return redirect("patients:detail", number=number)
