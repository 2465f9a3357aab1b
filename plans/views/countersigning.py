"""Plans that wait for a countersignature: the list, and what is decided on one of them."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import requires
from audit.services import note_read
from patients.access import patient_or_404

from .. import services
from ..countersigning import FIELD
from ..inputs import text
from ..models import TreatmentPlan
from ..said import joined
from .plan import show

LONGEST_REASON = 300


@require_safe
@requires("plans.countersign")
def waiting(request):
    mine, sent = services.waiting_for(request.user)
    note_read("plan.waiting_listed", request=request, detail={"mine": len(mine), "sent": len(sent)})
    today = timezone.localdate()
    for plan in {*mine, *sent}:
        plan.days_late = services.days_late(plan, today)
    for plan in mine:
        plan.roles_said = joined([services.role_words(role) for role in services.roles_of(plan, request.user)])
    for plan in sent:
        plan.roles_said = joined([services.role_words(role) for role in services.open_roles(plan)])
    return render(request, "plans/waiting.html", {"mine": mine, "sent": sent})


@require_POST
@requires("plans.countersign")
def countersign(request, number, plan_number):
    """Countersign or send back, by the button pressed; both with a reason."""
    patient = patient_or_404(request, number, as_recorded=True)
    rows = TreatmentPlan.objects.visible_to(request.user).select_related("patient", "consultation", "accepted_by", "protocol_version")
    plan = get_object_or_404(rows, patient__pk=patient.pk, number=plan_number)
    back = request.POST.get("do") == "return"
    reason = " ".join(request.POST.get("reason", "").split())
    choices = {name.removeprefix(FIELD): text(value, 40) for name, value in request.POST.items() if name.startswith(FIELD)}
    if not services.roles_of(plan, request.user):
        return _too_late(request, plan)
    faults = {}
    if not reason:
        faults["reason"] = _("Say why you send it back") if back else _("Say why this may go ahead")
    elif len(reason) > LONGEST_REASON:
        faults["reason"] = _("The reason must be %(most)s letters or fewer") % {"most": LONGEST_REASON}
    try:
        if faults:
            if not back:
                faults |= services.missing_choices(plan, request.user, choices)
            return show(request, plan, typed=request.POST, faults=faults, status=422)
        if back:
            services.send_back(plan, by=request.user, reason=reason, request=request)
            values = {"number": plan.number, "name": plan.accepted_by.display_name}
            messages.success(request, _("Plan %(number)s is sent back to %(name)s.") % values)
        else:
            signed = services.countersign(plan, by=request.user, reason=reason, choices=choices, request=request)
            if signed.is_awaiting:
                words = _("Plan %(number)s is countersigned. It still waits for another countersignature.")
            else:
                words = _("Plan %(number)s is countersigned. It can be booked now.")
            messages.success(request, words % {"number": plan.number})
    except services.NotWaiting as refusal:
        return _too_late(request, refusal.plan)
    except services.CountersignRefused as refusal:
        refused = "" if refusal.fields else str(refusal)
        return show(request, plan, typed=request.POST, faults=refusal.fields, refused=refused, status=422)
    return redirect("plans:plan", number=number, plan_number=plan_number)


@require_POST
@requires("plans.accept")
def take_back(request, number, plan_number):
    """The one who sent a plan takes it back, and goes on with the consultation."""
    patient = patient_or_404(request, number, as_recorded=True)
    rows = TreatmentPlan.objects.visible_to(request.user).select_related("patient", "consultation", "accepted_by")
    plan = get_object_or_404(rows, patient__pk=patient.pk, number=plan_number)
    try:
        consultation = services.take_back(plan, by=request.user, request=request)
    except services.NotWaiting as refusal:
        return _too_late(request, refusal.plan)
    messages.success(request, _("Plan %(number)s is taken back. The consultation is open again.") % {"number": plan.number})
    return redirect("plans:consultation", number=number, pk=consultation.pk)


def _too_late(request, plan):
    """Somebody was first, or it was never this person's to decide: the plan's page says how it stands."""
    values = {"number": plan.number, "status": plan.get_status_display().lower()}
    words = _("Nothing was changed: plan %(number)s is %(status)s.") % values
    if plan.is_awaiting:
        words = _("Nothing was changed: plan %(number)s does not wait for you.") % {"number": plan.number}
    messages.info(request, words)
    return redirect("plans:plan", number=plan.patient.number, plan_number=plan.number)
