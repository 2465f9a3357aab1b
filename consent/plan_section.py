"""What the plan's page says about consent."""

from django.urls import reverse
from django.utils.translation import gettext as _

from plans.models import TreatmentPlan
from plans.registry import PlanSection

from .standing import SIGNED, stands_for


def consent(plan: TreatmentPlan, user) -> PlanSection | None:
    if plan.status != TreatmentPlan.Status.ACCEPTED or not user.may("consent.view"):
        return None
    stands = stands_for(plan)
    links = [(_("Open consent"), reverse("consent:patient", args=[plan.patient.person.number]))]
    if stands.state != SIGNED and user.may("consent.take"):
        links.insert(0, (_("Have it signed"), f"{reverse('consent:sign', args=[plan.patient.person.number])}?plan={plan.pk}"))
    return PlanSection(_("Consent"), [f"{row.words}." for row in stands.rows], links)
