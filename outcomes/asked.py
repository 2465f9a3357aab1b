"""What is asked of a patient: the scales of each indication that was planned, or is a concern of an open consultation."""

from dataclasses import dataclass

from plans.models import Consultation, PlanZone, TreatmentPlan
from protocols.knowledge import knowledge_of
from protocols.models import ProtocolVersion
from sessions.models import Booking

from .scales import OfIndication, of_indication

NOT_AGREED = (TreatmentPlan.Status.WRITING, TreatmentPlan.Status.RETURNED)


@dataclass(frozen=True)
class Asked:
    """One indication with its scales, as one protocol version gives them."""

    version: ProtocolVersion
    of: OfIndication

    @property
    def indication(self) -> str:
        return self.of.indication


def _first_of_each(pairs) -> list[Asked]:
    """pairs: (version, indication), newest first; the newest version that asks for an indication names its scale."""
    found: dict[str, Asked] = {}
    for version, indication in pairs:
        if indication not in found and (scales := of_indication(knowledge_of(version), indication)) is not None:
            found[indication] = Asked(version, scales)
    return list(found.values())


def asked_of(patient) -> list[Asked]:
    """For everything that was planned for the person and is asked about now, newest first."""
    open_now = Consultation.objects.filter(patient=patient, status=Consultation.Status.OPEN).select_related("protocol_version")
    pairs = [
        (row.protocol_version, concern) for row in open_now.only("inputs", "protocol_version").order_by("-pk") for concern in _concerns(row)
    ]
    zones = PlanZone.objects.filter(plan__patient=patient).exclude(plan__status__in=NOT_AGREED).order_by("-plan__accepted_at", "position")
    rows = zones.values_list("plan__protocol_version", "indication")
    versions = ProtocolVersion.objects.in_bulk({pk for pk, _ in rows})
    return _first_of_each([*pairs, *((versions[pk], indication) for pk, indication in rows)])


def asked_at(consultation: Consultation) -> list[Asked]:
    return _first_of_each([(consultation.protocol_version, concern) for concern in _concerns(consultation)])


def asked_at_visit(booking: Booking) -> list[Asked]:
    """Of the plan the visit belongs to; of all plans of the person where it belongs to none."""
    if booking.plan is None:
        return asked_of(booking.patient)
    zones = booking.plan.zones.order_by("position").values_list("indication", flat=True)
    return _first_of_each([(booking.plan.protocol_version, indication) for indication in zones])


def _concerns(consultation: Consultation) -> list[str]:
    said = consultation.inputs.get("concern", [])
    return [said] if isinstance(said, str) else list(said)
