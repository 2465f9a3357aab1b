"""The clinician's side of a proposal: every value as chosen, every decision as made, and what is still missing."""

from dataclasses import dataclass, field

from . import decisions, overrides
from .catalogue import Catalogue
from .decisions import Decision
from .inputs import many, one
from .overrides import OTHER, Setting

NO_NUMBING = "none"
CREAM = "cream"
OTHER_NUMBING = "other"
NUMBING = (
    (NO_NUMBING, "No numbing"),
    (CREAM, "Numbing cream, as its label and the prescriber say"),
    (OTHER_NUMBING, "Another way, named here"),
)
MAX_SESSIONS = overrides.MOST_VISITS


@dataclass
class Missing:
    """Something the planner asks for, in words, and the element of the screen that answers it."""

    words: str
    anchor: str


@dataclass
class Settled:
    depths: list[Setting] = field(default_factory=list)
    sessions: Setting | None = None
    interval: Setting | None = None
    device_kind: str = ""
    device_brand: str = ""
    device_override: dict | None = None
    device_fault: str = ""
    decisions: list[Decision] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    numbing: str = ""
    numbing_other: str = ""
    numbing_barred: list[dict] = field(default_factory=list)  # findings that forbid numbing cream
    numbing_fault: str = ""

    @property
    def settings(self) -> list[Setting]:
        return [setting for setting in (self.sessions, self.interval) if setting] + self.depths

    @property
    def overridden(self) -> list[Setting]:
        return [setting for setting in self.settings if setting.changed]

    @property
    def undecided(self) -> list[Decision]:
        return [decision for decision in self.decisions if not decision.made]

    @property
    def decided(self) -> list[dict]:
        """Decisions as they are pinned to the plan."""
        return [
            {"finding": item.finding, "who": item.who, "subject": item.subject, "words": item.words, **item.made}
            for item in self.decisions
            if item.made
        ]

    @property
    def numbing_choices(self) -> list[tuple[str, str]]:
        return [choice for choice in NUMBING if not (self.numbing_barred and choice[0] == CREAM)]

    @property
    def numbing_words(self) -> str:
        """As pinned to the plan; empty = decided on the day."""
        if self.numbing == OTHER_NUMBING:
            return self.numbing_other[:60]
        return {NO_NUMBING: "No numbing", CREAM: "Numbing cream"}.get(self.numbing, "")

    def setting(self, name: str) -> Setting | None:
        return next((setting for setting in self.settings if setting.name == name), None)


def settle(consultation, computed, *, by) -> Settled:
    """Judge everything the clinician chose against the proposal *computed*."""
    proposal, catalogue, chosen = computed.proposal, computed.catalogue, consultation.chosen
    settled = Settled(missing=missing(proposal, consultation, catalogue))
    settled.decisions = decisions.needed(proposal, catalogue, chosen.get("decisions", {}))
    if proposal["status"] not in {"plan", "caution"}:
        return settled
    values = chosen.get("values", {})
    settled.device_kind, settled.device_brand = device_of(proposal, consultation, catalogue)
    shade = one(consultation.inputs, "phototype")
    for zone in proposal["zones"]:
        limits = overrides.depth_limits(
            zone["zone"],
            proposal,
            catalogue,
            phototype=int(shade) if shade else None,
            device=settled.device_kind,
            brand=settled.device_brand,
            operator_max=by.max_depth_mm,
        )
        mine = values.get(f"depth.{zone['zone']}", {})
        settled.depths.append(overrides.depth_setting(zone, mine, catalogue=catalogue, limits=limits, device=settled.device_kind))
    interval = proposal["interval_weeks"]
    settled.sessions = overrides.count_setting(
        "sessions", "sessions", "", proposal["sessions"], values.get("sessions", {}), lowest=1, highest=overrides.MOST_VISITS
    )
    settled.interval = overrides.count_setting(
        "interval_weeks",
        "weeks between sessions",
        "weeks",
        interval,
        values.get("interval_weeks", {}),
        lowest=int(interval["min"]),
        highest=overrides.LONGEST_INTERVAL_WEEKS,
        lowest_why="the shortest interval of the protocol",
    )
    device = chosen.get("device") or {}
    if device.get("value") and computed.first_choice and device["value"] != computed.first_choice:
        settled.device_override = device
        if device.get("reason") not in dict(overrides.REASONS["device"]):
            settled.device_fault = "Choose the reason for the other device"
        elif device["reason"] == OTHER and not device.get("reason_text"):
            settled.device_fault = "Say why you chose the other device"
    _numbing(settled, proposal, catalogue, chosen)
    return settled


def device_of(proposal: dict, consultation, catalogue: Catalogue) -> tuple[str, str]:
    """Return (kind, brand) of the device proposed; brand is empty where none was named."""
    device = proposal["device"]
    kind, brand = device["id"], device.get("brand") or ""
    if not brand:
        named = [name for name in many(consultation.inputs, "device") if catalogue.kind_of(name) == kind and name != kind]
        brand = named[0] if len(named) == 1 else ""
    return kind, brand


def _numbing(settled: Settled, proposal: dict, catalogue: Catalogue, chosen: dict) -> None:
    settled.numbing = chosen.get("numbing", "")
    settled.numbing_other = chosen.get("numbing_other", "")
    for finding in proposal["findings"]:
        rule = catalogue.rules.get(finding["id"])
        if rule is not None and rule.no_topical_anaesthetic:
            label = finding.get("label") or rule.label
            settled.numbing_barred.append({"id": finding["id"], "word": label.split(",")[0].lower()})
    if settled.numbing == OTHER_NUMBING and not settled.numbing_other:
        settled.numbing_fault = "Name the other way of numbing"
    elif settled.numbing_barred and settled.numbing not in {NO_NUMBING, OTHER_NUMBING}:
        settled.numbing_fault = "Choose another numbing, or none"


def missing(proposal: dict, consultation, catalogue: Catalogue) -> list[Missing]:
    """What the planner asks for, each with the element that answers it."""
    found = []
    for item in proposal.get("asks") or []:
        item = {"id": item, "text": item} if isinstance(item, str) else item
        found.append(Missing(item.get("text") or item.get("reason") or item["id"], anchor_of(item["id"], consultation, catalogue)))
    return found


def anchor_of(asked: str, consultation, catalogue: Catalogue) -> str:
    """The element of the screen that answers what the planner asks for under the id *asked*."""
    tail = asked.split(".")[-1]
    plain = {
        "phototype": "f-phototype",
        "pregnancy": "f-pregnancy",
        "pregnancy_or_breastfeeding": "f-pregnancy",
        "medications": "f-medicines",
        "allergies": "f-allergies",
        "devices": "f-device",
        "device": "f-device",
        "requests": "f-concern",
        "indication": "f-concern",
        "level": "f-level",
        "zones": "f-zones",
        "zone": "f-zones",
        "morphology": "f-morphology",
        "labs": "f-labs",
        "adjuvants": "f-adjuvants",
    }
    for name in (asked, tail):
        if name in plain:
            return plain[name]
    for question in catalogue.questions:
        if question.id == asked or any(cover.rule == asked for cover in question.covers):
            return f"f-q.{question.id}"
    if any(name.lower() in asked.lower() for name, _ in catalogue.labs):
        return "f-labs"
    return "f-medicines" if "medic" in asked else "findings"
