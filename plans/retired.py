"""Open plans that stand on a retired protocol: they keep it, and somebody should know of them."""

from django.db.models import Count
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import ngettext

from protocols.models import VersionStatus
from protocols.registry import InUse

from .models import TreatmentPlan

OPEN = (TreatmentPlan.Status.ACCEPTED, TreatmentPlan.Status.AWAITING)


def on_retired(user):
    """Open plans of patients *user* may see whose protocol version is retired, by the patient's name."""
    plans = TreatmentPlan.objects.visible_to(user).filter(status__in=OPEN, protocol_version__status=VersionStatus.RETIRED)
    return plans.order_by("patient__surname_key", "patient__given_key", "patient_id", "number")


def open_plans_of_versions(user) -> dict[int, InUse]:
    """For the pages of protocols: how many open plans stand on each version and, of a retired one, where they are listed."""
    if not user.may("plans.view"):
        return {}
    columns = ("protocol_version_id", "protocol_version__version", "protocol_version__status")
    plans = TreatmentPlan.objects.visible_to(user).filter(status__in=OPEN).order_by()
    address = reverse("plans:on_retired")
    found = {}
    for pk, name, status, number in plans.values_list(*columns).annotate(number=Count("pk")):
        listed = f"{address}?{urlencode({'version': name})}" if status == VersionStatus.RETIRED else ""
        found[pk] = InUse(number, ngettext("%(count)s open plan", "%(count)s open plans", number) % {"count": number}, listed)
    return found
