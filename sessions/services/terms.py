"""What the pinned protocol version offers on the record: words of the endpoints, names of the adjuvants, ceilings, the device's step."""

from dataclasses import dataclass
from decimal import Decimal

from plans.catalogue import catalogue_of
from plans.models import TreatmentPlan


@dataclass(frozen=True)
class AdjuvantTerm:
    id: str
    label: str


@dataclass(frozen=True)
class Terms:
    endpoints: tuple[str, ...]
    adjuvants: tuple[AdjuvantTerm, ...]
    step_mm: Decimal | None  # what one press of plus or minus adds; None = the device has fixed lengths
    lengths_mm: tuple[Decimal, ...]


def terms_of(plan: TreatmentPlan) -> Terms:
    catalogue = catalogue_of(plan.protocol_version)
    words = [row["endpoint"] for row in catalogue.document["technique"]["endpoints"] if not row.get("match_any", {}).get("always")]
    # A plan may word an endpoint of its own: it can be reached too.
    words += [zone.endpoint for zone in plan.zones.all() if zone.endpoint]
    step, lengths = catalogue.device_steps(plan.device_kind)
    return Terms(
        endpoints=tuple(dict.fromkeys(words)),
        adjuvants=tuple(AdjuvantTerm(id=name, label=catalogue.adjuvant_label(name)) for name in plan.adjuvants),
        step_mm=step,
        lengths_mm=tuple(lengths),
    )


def ceiling_mm(plan: TreatmentPlan, zone) -> Decimal:
    """The deepest setting the protocol allows in a plan's zone; where the protocol no longer knows the zone, what the plan allowed."""
    entry = catalogue_of(plan.protocol_version).zones.get(zone.zone)
    return Decimal(str(entry["max_depth_mm"])) if entry else zone.max_depth_mm
