"""One case being judged against one protocol version on one day: what the rules share, and what they have said so far."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .case import Case, EarlierSession, Lab
from .errors import Fault, PolicyFaults
from .knowledge import Knowledge
from .knowledge.entries import ExcludedZone, Level, Source, Zone
from .records import record
from .terms import Ask, Finding
from .words import fold


@record(frozen=True, slots=True)
class Wanted:
    """One requested (indication, level, zone) that the protocol knows."""

    indication: str
    level: str
    zone: str


@dataclass(slots=True)
class Context:
    """
    What the rules read and write. `wanted`: what was asked for and is known; `zones`: those zones in the pack's order;
    `unresolved`: a zone that was asked for is not known, so that nobody can say that every one is left out.
    """

    case: Case
    knowledge: Knowledge
    today: dt.date
    policies: Mapping[str, str]
    wanted: list[Wanted] = field(default_factory=list)
    zones: tuple[str, ...] = ()
    unresolved: bool = False
    findings: list[Finding] = field(default_factory=list)
    asks: dict[str, Ask] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    classes_now: set[str] = field(default_factory=set)
    plan_interval_min_weeks: int = 0
    interval: Any = None  # of everything asked for, with its steps (`planner.terms.Traced`)
    labs: tuple[Lab, ...] = ()
    merged_upto: int = 0
    instead_of: Any = None  # the device that was the first choice and that the operator may not use (`planner.devices.Candidate`)
    no_deeper_than: tuple[Any, ...] = ()  # devices at hand whose depth holds for the one that is taken because of the operator
    labelled_devices: tuple[Any, ...] = ()  # those that would be taken in a lighter phototype or at another age: their depth holds as well

    def add(self, finding: Finding) -> None:
        self.findings.append(finding)

    def ask(
        self, ident: str, what: str, about: str, focus: str, *, question: str | None = None, label: str = "", order: int = 1000
    ) -> None:
        """Something is not known: noted once as an ask and as a finding with that action."""
        if ident in self.asks:
            return
        self.asks[ident] = Ask(ident, what, about, focus, question)
        rule = self.knowledge.rules.get(ident)
        source = rule.source if rule else self.knowledge.combination["unknown"].source
        self.add(Finding(ident, label or what, "ask", "patient", what, source, rule=rule, order=order))

    def level(self, wanted: Wanted) -> Level:
        return self.knowledge.indications[wanted.indication].levels[wanted.level]

    def zone(self, ident: str) -> Zone | ExcludedZone:
        zone = self.knowledge.zones.get(ident)
        return zone if zone is not None else self.knowledge.excluded_zones[ident]

    def region(self, ident: str) -> str:
        return self.zone(ident).region

    def zone_words(self, zones: tuple[str, ...]) -> str:
        return ", ".join(self.zone(zone).short_label.lower() for zone in zones)

    def resolve_zones(self, names: tuple[str, ...], focus: str) -> tuple[tuple[str, ...], bool]:
        """
        The zones behind what was typed, and whether all names were known. No names: every requested zone.
        A name nobody knows is asked about, and counts as every requested zone until it is known.
        """
        if not names:
            return self.zones, True
        found: dict[str, None] = {}
        complete = True
        for name in names:
            zones = self.zones_named(name)
            if zones is None:
                complete = False
                self.ask(fold(name) or name, f"{name}: which zone is meant?", "zone", focus, label=f"Unknown zone: {name}")
            else:
                found.update(dict.fromkeys(zones))
        return (tuple(found) if complete else tuple(dict.fromkeys((*found, *self.zones)))), complete

    def depth_then(self, session: EarlierSession, zone: str) -> Decimal | None:
        """How deep *zone* was needled in *session*, the shallowest of what is written down; None where nothing is."""
        found = [mm for name, mm in session.depth_mm.items() if zone in (self.zones_named(name) or ())]
        return min(found, default=None)

    def zones_named(self, name: str) -> tuple[str, ...] | None:
        """The zones a word names, its side left out; None where nobody knows it."""
        known = self.knowledge.names.zones.exact(name)
        if known:
            return known
        words = [word for word in fold(name).split() if word not in ("left", "right", "both", "the")]
        return self.knowledge.names.zones.exact(" ".join(words)) if words else None


def chosen_policies(knowledge: Knowledge, policies: Mapping[str, str] | None) -> dict[str, str]:
    """
    Every setting with its option: the clinic's, else the protocol's default.

    Raises:
        PolicyFaults: a setting or option the protocol does not have.
    """
    chosen = {setting.id: setting.default for setting in knowledge.settings.values()}
    faults = []
    for name, option in (policies or {}).items():
        setting = knowledge.settings.get(name)
        if setting is None:
            faults.append(Fault(f"policies.{name}", "is not a setting of this protocol"))
        elif option not in setting.options:
            faults.append(Fault(f"policies.{name}", f"must be one of {', '.join(setting.options)}, not {option}"))
        else:
            chosen[name] = option
    if faults:
        raise PolicyFaults(faults)
    return chosen


def own(source: Source) -> Source:
    """The same references, marked as the protocol's own reading."""
    return Source(source.refs, source.evidence, True, unread=source.unread)
