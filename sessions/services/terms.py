"""What the pinned protocol version offers on the record: words of the endpoints, names of the adjuvants, ceilings, the device's step."""

from dataclasses import dataclass
from decimal import Decimal

from plans.models import TreatmentPlan
from protocols.knowledge import knowledge_of


@dataclass(frozen=True)
class AdjuvantTerm:
    id: str
    label: str
    own_blood: bool = False
    is_added: bool = False  # not of the plan: put on the record by who treats


@dataclass(frozen=True)
class Terms:
    endpoints: tuple[str, ...]
    adjuvants: tuple[AdjuvantTerm, ...]
    step_mm: Decimal | None  # what one press of plus or minus adds; None = the device has fixed lengths
    lengths_mm: tuple[Decimal, ...]


def added_ids(session) -> tuple[str, ...]:
    """What was put on the record beyond its plan."""
    return tuple(row["id"] for row in session.adjuvants if row.get("added"))


def terms_for(session) -> Terms:
    """`terms_of` the plan, with what the record has beyond it."""
    return terms_of(session.plan, added=added_ids(session))


def terms_of(plan: TreatmentPlan, *, added: tuple[str, ...] = ()) -> Terms:
    knowledge = knowledge_of(plan.protocol_version)
    words = [endpoint.text for endpoint in knowledge.technique.endpoints if not endpoint.always]
    # A plan may word an endpoint of its own: it can be reached too.
    words += [zone.endpoint for zone in plan.zones.all() if zone.endpoint]
    device = knowledge.devices.get(plan.device_kind)
    return Terms(
        endpoints=tuple(dict.fromkeys(words)),
        adjuvants=(
            *(_adjuvant(knowledge, name) for name in plan.adjuvants),
            *(_adjuvant(knowledge, name, is_added=True) for name in added),
        ),
        step_mm=device.dial_step_mm if device else None,
        lengths_mm=device.needle_lengths_mm if device else (),
    )


def _adjuvant(knowledge, name: str, *, is_added: bool = False) -> AdjuvantTerm:
    found = knowledge.adjuvants.get(name)
    if found is None:
        return AdjuvantTerm(name, name.replace("_", " ").capitalize(), is_added=is_added)
    return AdjuvantTerm(name, found.short_label, found.own_blood, is_added)


def ceiling_mm(plan: TreatmentPlan, zone) -> Decimal:
    """The deepest setting the protocol allows in a plan's zone; where the protocol no longer knows the zone, what the plan allowed."""
    found = knowledge_of(plan.protocol_version).zones.get(zone.zone)
    return found.max_depth_mm if found else zone.max_depth_mm


def zone_word(plan: TreatmentPlan, zone: str, otherwise: str) -> str:
    """The short name of a zone: what fits in a row and in a sentence."""
    found = knowledge_of(plan.protocol_version).zones.get(zone)
    return found.short_label if found else otherwise
