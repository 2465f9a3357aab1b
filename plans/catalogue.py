"""
What one protocol version offers on the consultation screen: concerns, levels, zones, questions, devices and limits, in
the words and the order of the protocol. Kept per process, because a version never changes.
"""

from decimal import Decimal
from functools import cached_property

from planner.knowledge import Knowledge

PREGNANT, BREASTFEEDING = "pregnancy", "lactation"  # rule ids that the case format keeps as a field of its own


class Catalogue:
    def __init__(self, knowledge: Knowledge):
        self.knowledge = knowledge
        self.zones = knowledge.zones
        self.rules = knowledge.rules
        self.questions = knowledge.questions
        self.references = knowledge.references

    # What can be treated

    def concern_word(self, indication: str) -> str:
        found = self.knowledge.indications.get(indication)
        return found.short_label if found else words_of(indication)

    def level_label(self, indication: str, level: str) -> str:
        found = self.knowledge.indications.get(indication)
        return found.levels[level].label if found and level in found.levels else words_of(level)

    def level_word(self, indication: str, level: str) -> str:
        found = self.knowledge.indications.get(indication)
        return found.levels[level].short_label if found and level in found.levels else words_of(level)

    def morphologies(self, indication: str) -> list[tuple[str, str]]:
        """Shapes to choose from; what the protocol has only for "not recorded" is no choice."""
        found = self.knowledge.indications.get(indication)
        return (
            [(item.id, words_of(item.id)) for item in found.morphology if item.action != "ask"] if found and found.morphology_asked else []
        )

    @cached_property
    def _zones_of(self) -> dict[str, list[str]]:
        offered: dict[str, set[str]] = {}
        for indication, _, zone in self.knowledge.depth_rows:
            offered.setdefault(indication, set()).add(zone)
        return {indication: [zone for zone in self.zones if zone in found] for indication, found in offered.items()}

    def zones_of(self, indication: str) -> list[str]:
        """Zones the protocol has a depth for, at any level of *indication*, in the protocol's order."""
        return self._zones_of.get(indication, [])

    def zone_label(self, zone: str) -> str:
        found = self.zones.get(zone) or self.knowledge.excluded_zones.get(zone)
        return found.label if found else words_of(zone)

    def zone_word(self, zone: str) -> str:
        found = self.zones.get(zone) or self.knowledge.excluded_zones.get(zone)
        return found.short_label if found else words_of(zone)

    # What is asked

    def rule_label(self, rule: str) -> str:
        found = self.rules.get(rule)
        return found.label if found else words_of(rule)

    @cached_property
    def skin_findings(self) -> list[tuple[str, str]]:
        """Rules about one zone that can be seen on the day."""
        return [(rule.id, rule.label) for rule in self.rules.values() if rule.scope == "zone" and not rule.derived.procedures]

    @cached_property
    def labs(self) -> list[tuple[str, list[str]]]:
        """Laboratory values the protocol knows, each with the units it reads."""
        found: dict[str, list[str]] = {}
        for rule in self.knowledge.lab_rules:
            units = found.setdefault(rule.name, [])
            units += [limit.unit for limit in rule.limits if limit.unit and limit.unit not in units]
        return list(found.items())

    @cached_property
    def downtime_choices(self) -> list[int]:
        """Days of visible downtime worth offering: where the protocol's bands end."""
        return sorted({int(band.measures["visible_downtime"].span.max) for band in self.knowledge.downtime_bands})

    # What it is done with

    @cached_property
    def device_kinds(self) -> list[tuple[str, str]]:
        return [(device.id, device.short_label) for device in self.knowledge.devices.values() if device.allowed]

    @cached_property
    def device_brands(self) -> list[tuple[str, str]]:
        return [(model.brand, model.brand) for model in self.knowledge.device_models.values()]

    def kind_of(self, device: str) -> str:
        """The kind of a device named by kind or brand; empty where the protocol does not know it."""
        model = self.knowledge.device_models.get(device)
        return model.kind if model else device if device in self.knowledge.devices else ""

    def device_word(self, device: str) -> str:
        found = self.knowledge.devices.get(device)
        return found.short_label if found else device

    def device_steps(self, device: str) -> tuple[Decimal | None, tuple[Decimal, ...]]:
        """Return (dial step in mm or None, the lengths it comes in)."""
        found = self.knowledge.devices.get(device)
        return (found.dial_step_mm, found.needle_lengths_mm) if found else (None, ())

    def device_limit(self, device: str, brand: str) -> tuple[Decimal | None, tuple[str, ...]]:
        """The deepest the device at hand can be set to, and the references for it."""
        model = self.knowledge.device_models.get(brand)
        if model:
            return model.max_set_mm, model.source.refs
        found = self.knowledge.devices.get(device)
        return (max(found.needle_lengths_mm), found.source.refs) if found and found.needle_lengths_mm else (None, ())

    @cached_property
    def adjuvants(self) -> list[tuple[str, str]]:
        return [(item.id, item.short_label) for item in self.knowledge.adjuvants.values()]

    def adjuvant_word(self, adjuvant: str) -> str:
        found = self.knowledge.adjuvants.get(adjuvant)
        return found.label if found else words_of(adjuvant)

    def citation(self, ref: str) -> str:
        found = self.references.get(ref)
        return found.citation if found else ref


def words_of(name: str) -> str:
    """An id in words, where the protocol has no label for it."""
    return name.replace("_", " ").capitalize()


_kept: dict[str, Catalogue] = {}


def catalogue_of(version) -> Catalogue:
    """The catalogue of a ProtocolVersion row, kept per process by the document's hash."""
    from protocols.knowledge import knowledge_of

    knowledge = knowledge_of(version)
    kept = _kept.get(version.sha256)
    if kept is None or kept.knowledge is not knowledge:
        kept = _kept[version.sha256] = Catalogue(knowledge)
    return kept
