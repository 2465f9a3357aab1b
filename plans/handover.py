"""Open consultations, and plans that wait for a countersignature, of somebody who leaves (see `accounts.handover`)."""

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.handover import Handover, Left, Outcome
from accounts.models import User
from accounts.permissions import PERMISSIONS
from accounts.templatetags.clinic_format import in_words
from audit.services import record

from .models import Consultation, TreatmentPlan
from .services import countersigning


def who_plans(user) -> list[User]:
    people = User.objects.filter(is_active=True, role__in=PERMISSIONS["plans.accept"], sites__in=user.site_ids())
    return list(people.exclude(pk=user.pk).distinct().order_by("last_name", "first_name", "pk"))


def _why_not(row, to: User | None) -> str:
    if to is None:
        return _("Nobody was named.")
    if row.patient.site_id not in to.site_ids():
        return _("%(name)s does not work at %(site)s.") % {"name": to.display_name, "site": row.patient.site.name}
    return ""


# Open consultations


def _open(user):
    rows = Consultation.objects.filter(clinician=user, status=Consultation.Status.OPEN).without_documents()
    return rows.select_related("patient__site").order_by("started_at", "pk")


def _draft_words(row: Consultation) -> str:
    return _("%(patient)s, consultation of %(day)s") % {"patient": row.patient, "day": in_words(row.visit_date)}


def drafts_of(user) -> list[str]:
    return [_draft_words(row) for row in _open(user)]


def hand_over_drafts(user, takers: list[User], by: User) -> Outcome:
    outcome, to = Outcome(), next(iter(takers), None)
    for row in _open(user).select_for_update(of=("self",)):
        url = reverse("plans:consultation", args=[row.patient.number, row.pk])
        why = _why_not(row, to)
        same_day = Consultation.objects.filter(patient=row.patient, visit_date=row.visit_date, status=Consultation.Status.OPEN)
        if not why and same_day.filter(clinician=to).exists():
            why = _("%(name)s has one of that day open: finish that one and close this.") % {"name": to.display_name}
        if why:
            outcome.left.append(Left(_draft_words(row), why, url))
            continue
        with transaction.atomic():
            row.claim(row.version)
            row.clinician, row.saved_by, row.saved_from = to, by, ""
            row.save(update_fields=["clinician", "saved_by", "saved_from"])
            record("consultation.handed_over", actor=by, patient=row.patient_id, obj=row, detail={"from": user.pk, "to": to.pk})
        outcome.took(to)
    return outcome


# Plans that wait


def _waiting(user):
    rows = TreatmentPlan.objects.filter(accepted_by=user, status=TreatmentPlan.Status.AWAITING).without_documents()
    return rows.select_related("patient__site").order_by("accepted_at", "pk")


def _plan_words(row: TreatmentPlan) -> str:
    return _("%(patient)s, plan %(number)s, waits for a countersignature") % {"patient": row.patient, "number": row.number}


def plans_of(user) -> list[str]:
    return [_plan_words(row) for row in _waiting(user)]


def hand_over_plans(user, takers: list[User], by: User) -> Outcome:
    """A plan cannot be somebody else's: it goes back, and its consultation is open again with who takes over."""
    outcome, to = Outcome(), next(iter(takers), None)
    for row in _waiting(user):
        if why := _why_not(row, to):
            outcome.left.append(Left(_plan_words(row), why, reverse("plans:plan", args=[row.patient.number, row.number])))
            continue
        countersigning.hand_over(row, to=to, by=by)
        outcome.took(to)
    return outcome


DRAFTS = Handover("consultations", gettext_lazy("Open consultations"), "", drafts_of, who_plans, hand_over_drafts)
PLANS = Handover("plans", gettext_lazy("Plans waiting for a countersignature"), "", plans_of, who_plans, hand_over_plans)
