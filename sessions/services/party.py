"""Who and what may take part in a visit, and a time at which they are free together."""

import datetime as dt
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.translation import gettext

from patients.models import Patient
from plans.competence import not_covered
from plans.models import TreatmentPlan

from ..models import Booking, Resource
from .hours import Visit


@dataclass(frozen=True)
class FreeTime:
    """A start at which the visit fits, with the resources it would get."""

    starts_at: dt.datetime
    ends_at: dt.datetime
    clinician: Resource
    room: Resource | None = None
    device: Resource | None = None
    bay: Resource | None = None


@dataclass
class Party:
    """
    Who and what may take part: candidates by role, preferred first. A named one is the only candidate.
    trained: by device that not everybody may use, who may.
    """

    patient: Patient | None = None
    candidates: dict[str, list[Resource]] = field(default_factory=dict)
    trained: dict[int, set[int]] = field(default_factory=dict)

    def devices_of(self, clinician: Resource) -> list[Resource]:
        """The devices that *clinician* may use, preferred first."""
        if not self.trained:
            return self.candidates["device"]
        return [one for one in self.candidates["device"] if one.pk not in self.trained or clinician.pk in self.trained[one.pk]]

    def layouts(self, visit: Visit) -> list[Visit]:
        """The ways to arrange *visit*: the numbing in a bay where there is one, then in the room itself."""
        return [visit.in_bay(), visit] if visit.numbs and self.candidates.get("bay") else [visit]


def why_unfit(resource: Resource, kind: str, plan: TreatmentPlan | None) -> str:
    """Why *resource* can never take a session of *plan*; empty where it can."""
    if kind != Booking.Kind.SESSION or plan is None:
        return ""
    if resource.kind == Resource.Kind.DEVICE:
        if plan.device_kind and resource.device_kind != plan.device_kind:
            return gettext("The plan needs a %(device_kind)s. %(resource)s is a %(value)s.") % {
                "device_kind": plan.device_kind,
                "resource": resource,
                "value": resource.device_kind or gettext("device of another kind"),
            }
        if plan.device_brand and resource.device_brand != plan.device_brand:
            return gettext("The plan was made for %(device_brand)s. %(resource)s is another brand.") % {
                "device_brand": plan.device_brand,
                "resource": resource,
            }
    if resource.kind == Resource.Kind.CLINICIAN and resource.user is not None:
        # The day is not chosen yet: a certificate may be renewed by then, and the treatment room asks again.
        beyond = not_covered(resource.user, plan, on=timezone.localdate(), any_day=True)
        if beyond:
            what = "; ".join(item.words for item in beyond)
            return gettext("Beyond what %(resource)s is signed off for: %(what)s. Choose another clinician.") % {
                "resource": resource,
                "what": what,
            }
    return ""
