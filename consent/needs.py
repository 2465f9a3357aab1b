"""What a plan needs consent to: the indications of its zones, and what goes with the needling."""

from dataclasses import dataclass, field

from planner.errors import KnowledgeFaults
from plans.models import TreatmentPlan
from protocols.knowledge import DocumentChanged, knowledge_of
from protocols.models import ProtocolVersion
from protocols.services import current_version

from .models import Kind


@dataclass(frozen=True)
class Need:
    """kind and code: as a consent text has them. label: what staff call it, in the words of the plan's protocol version."""

    kind: str
    code: str
    label: str = field(default="", compare=False)


def needs_of(plan: TreatmentPlan) -> list[Need]:
    """The indications first, each once, in the order of the plan's zones; then its adjuvants."""
    asked = [(Kind.INDICATION.value, zone.indication) for zone in plan.zones.all()]
    asked += [(Kind.ADJUVANT.value, name) for name in plan.adjuvants]
    names = _names_of(plan.protocol_version)
    return [Need(kind, code, name_of(kind, code, names)) for kind, code in dict.fromkeys(asked)]


def needs_in_force(patient) -> list[Need]:
    """What the person's plans in force need, in one query and without labels: for a line of every page."""
    rows = TreatmentPlan.objects.filter(patient=patient, status=TreatmentPlan.Status.ACCEPTED).order_by("pk", "zones__position")
    found = []
    for indication, adjuvants in rows.values_list("zones__indication", "adjuvants"):
        found += [Need(Kind.INDICATION.value, indication)] if indication else []
        found += [Need(Kind.ADJUVANT.value, name) for name in adjuvants]
    return list(dict.fromkeys(found))


def names_in_force() -> dict[tuple[str, str], str]:
    """{(kind, code): label} of what a text may be written for: what the protocol in force treats, and what goes with it."""
    version = current_version()
    return _names_of(version) if version else {}


def name_of(kind: str, code: str, names: dict[tuple[str, str], str]) -> str:
    return names.get((kind, code)) or code.replace("_", " ").capitalize()


def _names_of(version: ProtocolVersion) -> dict[tuple[str, str], str]:
    """Names alone: a version that was tampered with is refused where values are taken from it, and its codes can still be said."""
    try:
        knowledge = knowledge_of(version)
    except (DocumentChanged, KnowledgeFaults):
        return {}
    found = {(Kind.INDICATION.value, code): one.label for code, one in knowledge.indications.items()}
    return found | {(Kind.ADJUVANT.value, code): one.short_label for code, one in knowledge.adjuvants.items()}
