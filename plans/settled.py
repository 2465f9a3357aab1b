"""The clinician's side of a proposal: every value as chosen, every decision as made, and what is still missing."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from planner.wording import mm
from planner.words import tokens

from . import decisions, overrides, registry
from .catalogue import Catalogue
from .competence import Beyond, beyond_of
from .decisions import Decision
from .lists import ListAsked, lists_of
from .overrides import OTHER, Setting
from .taken_for import ToExplain

NO_NUMBING = "none"
CREAM = "cream"
OTHER_NUMBING = "other"
NOT_DECIDED = ("", "No numbing")  # as pinned to a plan: no prescriber decided on anything that is put on
NUMBING = (
    (NO_NUMBING, gettext_lazy("No numbing")),
    (CREAM, gettext_lazy("Numbing cream, as its label and the prescriber say")),
    (OTHER_NUMBING, gettext_lazy("Another way, named here")),
)
# The field of a case to the element of the screen; the longer name first.
FOCUS = (
    ("patient.phototype", "f-phototype"),
    ("patient", "f-phototype"),
    ("pregnancy", "checks"),
    ("screening", "checks"),
    ("medications", "f-medicines"),
    ("allergies", "f-allergies"),
    ("recent_procedures", "f-procedures"),
    ("findings_today", "f-seen"),
    ("labs", "f-labs"),
    ("requests.level", "f-level"),
    ("requests.morphology", "f-level"),
    ("requests.zones", "f-zones"),
    ("requests", "f-concern"),
    ("devices", "f-device"),
    ("adjuvants", "f-adjuvants"),
    ("wishes", "f-wishes"),
    ("history", "history"),
)


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
    lists: dict[str, ListAsked] = field(default_factory=dict)  # medicines and allergies: what is still to be asked
    status: str = ""  # of the proposal; "ask" where a list was not asked about
    by: User | None = None
    unanswered: list[Beyond] = field(default_factory=list)  # beyond the clinician's sign-off, and no decision is about it
    lifted_by: int | None = None  # who lifted a deferral
    numbing: str = ""
    numbing_other: str = ""
    numbing_barred: list[str] = field(default_factory=list)  # what forbids numbing cream, in words
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
    def to_countersign(self) -> list[Decision]:
        """What the clinician may not decide, and somebody else of the clinic may on a plan that is sent to them."""
        return [decision for decision in self.decisions if self.by is not None and decision.can_wait_for(self.by)]

    @property
    def decided(self) -> list[dict]:
        """Decisions as they are pinned to the plan."""
        return [
            {"finding": item.finding, "who": item.who, "subject": item.subject, "words": item.words, **item.made}
            | ({"keys": item.keys} if item.keys else {})
            for item in self.decisions
            if item.made
        ]

    @property
    def countersigned_by(self) -> int | None:
        """The medical lead who agreed to something beyond the clinician's own right: primary key of the user."""
        signed = [item.made["by"] for item in self.decisions if item.made and item.who == "medical_lead"]
        return signed[0] if signed else self.lifted_by

    @property
    def numbing_choices(self) -> list[tuple[str, str]]:
        return [choice for choice in NUMBING if not (self.numbing_barred and choice[0] == CREAM)]

    @property
    def numbing_words(self) -> str:
        """As pinned to the plan; empty = decided on the day."""
        if self.numbing == OTHER_NUMBING:
            return self.numbing_other[:60]
        return {NO_NUMBING: NOT_DECIDED[1], CREAM: "Numbing cream"}.get(self.numbing, "")

    def setting(self, name: str) -> Setting | None:
        return next((setting for setting in self.settings if setting.name == name), None)


def settle(consultation, computed, *, by) -> Settled:
    """Judge everything the clinician chose against the proposal *computed*."""
    proposal, catalogue, chosen = computed.proposal, computed.catalogue, consultation.chosen
    settled = Settled(missing=missing(proposal, catalogue, computed.reading.to_explain), by=by, status=proposal["status"])
    _lists(settled, consultation, catalogue)
    settled.decisions = decisions.needed(proposal, catalogue, chosen.get("decisions", {}))
    settled.lifted_by = next((lift.get("by_pk") for lift in chosen.get("lifted", {}).values()), None)
    if settled.status not in {"plan", "caution"}:
        return settled
    values = chosen.get("values", {})
    settled.device_kind, settled.device_brand = proposal["device"]["id"], proposal["device"].get("brand") or ""
    own = registry.label_of(consultation.site, settled.device_kind, settled.device_brand)
    for zone in proposal["zones"]:
        mine = values.get(f"depth.{zone['zone']}", {})
        setting = overrides.depth_setting(zone, mine, catalogue=catalogue, device=proposal["device"], own=own)
        settled.depths.append(setting)
        above = zone.get("sign_off_above_mm")
        if setting.changed and not setting.faults and above is not None and setting.value > Decimal(str(above)):
            settled.decisions.append(decisions.above_evaluated(zone["zone"], zone["label"], mm(setting.value), mm(above)))
        most = zone.get("operator_max_mm")
        if setting.changed and not setting.faults and most is not None and setting.value > Decimal(str(most)):
            settled.decisions.append(decisions.beyond_sign_off(zone["zone"], zone["label"], mm(setting.value), mm(most)))
    interval = proposal["interval_weeks"]
    settled.sessions = overrides.count_setting(
        "sessions", _("sessions"), "", proposal["sessions"], values.get("sessions", {}), lowest=1, highest=overrides.MOST_VISITS
    )
    settled.interval = overrides.count_setting(
        "interval_weeks",
        _("weeks between sessions"),
        "weeks",
        interval,
        values.get("interval_weeks", {}),
        lowest=int(interval["min"]),
        highest=overrides.LONGEST_INTERVAL_WEEKS,
        lowest_why=_("the shortest interval of the protocol"),
    )
    device = chosen.get("device") or {}
    if device.get("value") and computed.first_choice and device["value"] != computed.first_choice:
        settled.device_override = device
        if device.get("reason") not in dict(overrides.REASONS["device"]):
            settled.device_fault = _("Choose the reason for the other device")
        elif device["reason"] == OTHER and not device.get("reason_text"):
            settled.device_fault = _("Say why you chose the other device")
    _numbing(settled, proposal, catalogue, chosen)
    if settled.numbing in (CREAM, OTHER_NUMBING) and not settled.numbing_fault and not decisions.entitled(by, "prescriber"):
        settled.decisions.append(decisions.numbing(settled.numbing_words if settled.numbing == OTHER_NUMBING else ""))
    for decision in settled.decisions:
        decision.made = chosen.get("decisions", {}).get(decision.key)
    _beyond(settled, consultation, proposal, catalogue)
    return settled


def _lists(settled: Settled, consultation, catalogue: Catalogue) -> None:
    """The planner reads a list that is not there as one without lines: here it is a question, and no plan is shown until it is answered."""
    settled.lists = lists_of(consultation, catalogue.knowledge)
    left = [Missing(row.left, row.anchor) for row in settled.lists.values() if row.left]
    if left and settled.status in {"plan", "caution", "ask"}:
        settled.missing += left
        settled.status = "ask"


def _beyond(settled: Settled, consultation, proposal: dict, catalogue: Catalogue) -> None:
    """Tie each thing beyond the clinician's sign-off to the decision about it, so that nothing beyond goes unsaid."""
    rules = catalogue.knowledge.operator_rules
    rows = [
        (zone["zone"], setting.value) for zone, setting in zip(proposal["zones"], settled.depths, strict=True) if setting.value is not None
    ]
    device = settled.device_brand or settled.device_kind
    for item in beyond_of(settled.by, catalogue.knowledge, device=device, depths=rows, on=consultation.visit_date):
        if item.depth_mm is not None:
            found = [one for one in settled.decisions if one.key.startswith(f"beyond.{item.zone}.")]
        elif item.zone:
            asks = {rules.beyond_zone.id, rules.certificate_expired.id}
            found = [one for one in settled.decisions if asks & set(one.because) and item.zone in one.zones]
        else:
            found = [one for one in settled.decisions if rules.beyond_device.id in one.because]
        for decision in found:
            decision.keys.append(item.key)
        if not found and not any(setting.faults for setting in settled.depths):
            settled.unanswered.append(item)


def _same_again(words: str, because: list[str], catalogue: Catalogue) -> bool:
    """Whether *words* name what one of the rules that forbid numbing cream is about: an allergy to it, mostly."""
    found = catalogue.knowledge.names.allergens.find(tokens(words))
    return any(rule in because for match in found for rule in match.value.leads_to)


def _numbing(settled: Settled, proposal: dict, catalogue: Catalogue, chosen: dict) -> None:
    settled.numbing = chosen.get("numbing", "")
    settled.numbing_other = chosen.get("numbing_other", "")
    advice = (proposal.get("advice") or {}).get("numbing") or {}
    labels = {finding["id"]: finding.get("short_label") or finding["label"] for finding in proposal["findings"]}
    if advice.get("allowed") is False:
        settled.numbing_barred = [labels.get(rule, catalogue.rule_label(rule)) for rule in advice.get("because") or []] or [advice["text"]]
    if settled.numbing == OTHER_NUMBING and not settled.numbing_other:
        settled.numbing_fault = _("Name the other way of numbing")
    elif settled.numbing == OTHER_NUMBING and _same_again(settled.numbing_other, advice.get("because") or [], catalogue):
        settled.numbing_fault = _("%(numbing)s is what is ruled out. Choose another, or none") % {"numbing": settled.numbing_other}
    elif settled.numbing_barred and settled.numbing not in {NO_NUMBING, OTHER_NUMBING}:
        settled.numbing_fault = _("Choose another numbing, or none")


def missing(proposal: dict, catalogue: Catalogue, to_explain: list[ToExplain]) -> list[Missing]:
    """
    What the planner asks for, each with the element that answers it; several asks of one question are one item. A "no" that a
    medicine contradicts is answered by what the medicine is taken for.
    """
    found: dict[str, Missing] = {}
    for ask in proposal.get("asks") or []:
        unexplained = [item for item in to_explain if not item.told and ask["id"] in item.rules]
        for item in unexplained:
            found.setdefault(item.field, Missing(item.words, f"f-{item.field}"))
        anchor = anchor_of(ask)
        question = next((q for q in catalogue.questions if q.id == ask.get("question")), None)
        if unexplained or (question is not None and anchor in found):
            continue
        words = question.text if question is not None else ask["what"]
        found.setdefault(anchor if question is not None else ask["id"], Missing(words, anchor))
    return list(found.values())


def anchor_of(ask: dict) -> str:
    """The element of the screen that answers what the planner asks."""
    if ask.get("question"):
        return f"f-q.{ask['question']}"
    focus = ask.get("focus") or ""
    return next((anchor for start, anchor in FOCUS if focus.startswith(start)), "f-concern")
