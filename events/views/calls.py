"""The calls of a day, one call with the protocol's questions, and what came of it."""

import datetime as dt

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import requires
from audit.models import Outcome
from audit.services import note_read, record
from patients.access import patient_or_404, row_or_404
from protocols.follow_up import expected_course, questions_for
from sessions.services.hours import chosen, sites_of

from ..forms import AcknowledgeForm, CallForm, DayForm
from ..models import FollowUpCall
from ..services import calling, check_ins, script
from ..services.alerts import alerts_for, said_of
from ..services.session_facts import facts_of, sessions_of

TRIES_SHOWN = 10
AHEAD = 90  # days ahead for which calls are listed


@require_safe
@requires("calls.make")
def due(request):
    """The planned calls of one day at one site, and the alerts that wait."""
    sites = sites_of(request.user)
    site = chosen(sites, request.GET.get("site", ""))
    if site is None:
        return render(request, "sessions/booking/no_site.html", status=403)
    site.set_clock()
    today = timezone.localdate()
    day = min(max(DayForm(request.GET).chosen(), today - dt.timedelta(days=365)), today + dt.timedelta(days=AHEAD))
    in_force = script.in_force()
    tasks = check_ins.tasks_of(request.user, in_force, day, today=today, site=site)
    note_read("calls.listed", request=request, detail={"found": len(tasks)})
    now = timezone.now()
    context = {
        "site": site,
        "sites": sites,
        "day": day,
        "today": today,
        "earlier": day - dt.timedelta(days=1),
        "later": day + dt.timedelta(days=1),
        "open": [task for task in tasks if not task.is_done],
        "done": [task for task in tasks if task.is_done],
        "alerts": [(alert, alert.words(now)) for alert in alerts_for(request.user)],
        "script": in_force,
    }
    return render(request, "events/calls.html", context)


def _session(request, patient, wanted: str):
    """(the session the call is about, all sessions of the person). Without one that is named, the last."""
    rows = list(sessions_of(patient, request.user)[:20])
    if not wanted:
        return (rows[0] if rows else None), rows
    found = next((row for row in rows if str(row.pk) == wanted), None)
    if found is None:
        raise Http404
    return found, rows


@require_http_methods(["GET", "HEAD", "POST"])
@requires("calls.make")
def call(request, number: int):
    patient = patient_or_404(request, number)
    sent = request.POST if request.method == "POST" else request.GET
    session, sessions = _session(request, patient, sent.get("session", ""))
    in_force = script.in_force()
    if request.method != "POST":
        note_read("call.prepared", request=request, patient=patient, obj=session)
    if session is None or in_force is None:
        context = {"patient": patient, "session": session, "script": in_force}
        return render(request, "events/no_call.html", context, status=409 if request.method == "POST" else 200)
    facts = facts_of(session)
    today = calling.day_of_call(facts, timezone.now())
    day = _day(request, today)
    band = facts.band(in_force.knowledge)
    questions = questions_for(in_force.calls, day=day, band=band.id if band else None)
    planned = {one.id: one for one in in_force.calls.check_ins}
    page = _Page(request, patient, facts, in_force, sessions, day, band)
    if request.method != "POST":
        start = {"session": session.pk, "protocol": in_force.version.pk, "day": day, "check_in": request.GET.get("check_in", "")}
        start["check_in"] = start["check_in"] if start["check_in"] in planned else ""
        return page.show(CallForm(initial=start, questions=questions))
    form = CallForm(request.POST, questions=questions)
    if request.POST.get("protocol", "") != str(in_force.version.pk):
        form.data = form.data.copy()
        form.data["protocol"] = in_force.version.pk
        record("call.made", request=request, patient=patient, outcome=Outcome.REFUSED, detail={"why": "protocol"})
        return page.show(form, changed=True, status=409)
    if not form.is_valid():
        return page.show(form, status=422)
    said, reached = form.cleaned_data, form.cleaned_data["outcome"] == FollowUpCall.Outcome.REACHED
    if reached and not said["as_it_stands"]:
        found = calling.judged(in_force, facts, day=day, answers=form.answers())
        # An emergency is never held up by a question that is still open.
        if found.unanswered and found.level != FollowUpCall.Level.EMERGENCY:
            form.say_open(found.unanswered)
            return page.show(form, unanswered=len(found.unanswered), status=422)
    with translation.override("en-gb"):  # the reasons are kept in the words of the protocol, not in the language of the screen
        made = calling.keep(
            facts,
            in_force,
            outcome=said["outcome"],
            answers=form.answers(),
            by=request.user,
            request_key=said["request_key"],
            day=day,
            check_in=said["check_in"] if said["check_in"] in planned else "",
            remark=said["remark"],
            request=request,
        )
    if not reached:
        messages.success(request, _("Kept: %(outcome)s.") % {"outcome": made.get_outcome_display().lower()})
        return redirect("events:calls")
    return redirect("events:made", made.pk)


def _day(request, today: int) -> int:
    """The day whose questions are asked: a page opened before midnight keeps its own."""
    shown = request.POST.get("day", "")
    return today - 1 if today and shown == str(today - 1) else today


class _Page:
    """The page of one call: who it is, what was done, what is expected, the questions."""

    def __init__(self, request, patient, facts, in_force, sessions, day, band):
        self.request, self.facts = request, facts
        self.context = {
            "patient": patient,
            "facts": facts,
            "session": facts.session,
            "sessions": sessions,
            "script": in_force,
            "day": day,
            "band": band,
            "expected": expected_course(in_force.knowledge, day=day, band=band),
            "measures": [(label, band.measures[name].span) for name, label in _SIGNS] if band else [],
            "check_in": None,
        }

    def show(self, form, *, changed=False, unanswered=0, status=200):
        wanted = form["check_in"].value()
        self.context["check_in"] = next((one for one in self.context["script"].calls.check_ins if one.id == wanted), None)
        earlier = FollowUpCall.objects.visible_to(self.request.user).filter(session=self.facts.session).select_related("by")
        self.context |= {
            "form": form,
            "changed": changed,
            "unanswered": unanswered,
            "earlier": list(earlier[:TRIES_SHOWN]),
            "errors_on_page": status != 200,
        }
        return render(self.request, "events/call.html", self.context, status=status)


_SIGNS = (
    ("erythema", gettext_lazy("Redness")),
    ("oedema", gettext_lazy("Swelling")),
    ("flaking", gettext_lazy("Flaking")),
    ("visible_downtime", gettext_lazy("Visible")),
)


def _call_or_404(request, pk: int) -> FollowUpCall:
    rows = FollowUpCall.objects.visible_to(request.user)
    rows = rows.select_related("patient__site", "site", "session__booking__site", "session__clinician", "session__device__file", "by")
    rows = rows.select_related("protocol_version").defer("protocol_version__document")
    return row_or_404(request, rows, pk)


@require_safe
@requires("calls.make")
def made(request, pk: int):
    found = _call_or_404(request, pk)
    note_read("call.viewed", request=request, patient=found.patient_id, obj=found)
    return _made(request, found)


def _made(request, found: FollowUpCall, *, form=None, problem: str = "", status: int = 200):
    in_hand = getattr(found, "acknowledgement", None)
    rules = script.of_version(found.protocol_version)
    level = rules.calls.levels.get(found.level) if rules and found.level else None
    context = {
        "call": found,
        "patient": found.patient,
        "level": level,
        "facts": facts_of(found.session),
        "in_hand": in_hand,
        "stands": said_of(found.site, found.at, found.answer_by, timezone.now()) if found.is_alert and not in_hand else "",
        "is_late": bool(found.answer_by and not in_hand and timezone.now() > found.answer_by),
        "form": form or AcknowledgeForm(),
        "problem": problem,
        "errors_on_page": status != 200,
        "events": list(found.adverse_events.all()) if request.user.may("events.view") else [],
    }
    return render(request, "events/made.html", context, status=status)


@require_POST
@requires("calls.acknowledge")
def acknowledge(request, pk: int):
    found = _call_or_404(request, pk)
    form = AcknowledgeForm(request.POST)
    if not form.is_valid():
        return _made(request, found, form=form, status=422)
    try:
        in_hand, is_new = calling.acknowledge(found, decision=form.cleaned_data["decision"], by=request.user, request=request)
    except calling.Refused as refused:
        return _made(request, found, form=form, problem=str(refused), status=409)
    if not is_new and in_hand.by_id != request.user.pk:
        words = _("%(name)s took it in hand before you: %(decision)s")
        said = {"name": in_hand.by.display_name, "decision": in_hand.decision}
        return _made(request, found, form=form, problem=words % said, status=409)
    messages.success(request, _("Kept: you have it in hand."))
    return redirect("events:made", found.pk)
