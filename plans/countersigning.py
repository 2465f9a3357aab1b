"""What the one who countersigns sees: each thing beyond the clinician's own right, with the proposal and its reasons."""

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from accounts.templatetags.clinic_format import in_words
from planner.wording import mm

from .catalogue import Catalogue
from .competence import DEVICE, ZONE
from .decisions import subject_said, who_words
from .overrides import reason_words
from .references import References
from .said import joined, said
from .services.countersigning import days_late, last_day, may_take_back, roles_of, why_not
from .traces import Step, steps_of

FIELD = "choice."


@dataclass
class Need:
    """One need of a plan, in words. `mine`: the reader may decide it; `said`: what was decided, by whom, where it was."""

    key: str
    subject: str
    who: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    reason: str = ""
    links: str = ""
    evidence: str = ""
    unverified: bool = False
    steps: list[Step] = field(default_factory=list)
    choices: list[list[str]] = field(default_factory=list)
    chosen: str = ""
    mine: bool = False
    said: str = ""
    fault: str = ""

    @property
    def field(self) -> str:
        return f"{FIELD}{self.key}"

    @property
    def anchor(self) -> str:
        return "need-" + "".join(letter if letter.isalnum() else "-" for letter in self.key)

    @property
    def who_words(self) -> str:
        words = who_words(self.who)
        return words[:1].upper() + words[1:]

    @property
    def asks(self) -> bool:
        return self.mine and len(self.choices) > 1


class CountersignPanel:
    """The part of the plan's page that is about the countersignature; `typed`: what was sent and refused."""

    def __init__(self, plan, catalogue: Catalogue, user, *, typed=None, faults: dict[str, str] | None = None, refused: str = ""):
        self.plan, self.catalogue, self.user = plan, catalogue, user
        self.typed, self.faults, self.refused = typed or {}, faults or {}, refused
        self.today = timezone.localdate()

    @cached_property
    def roles(self) -> list[str]:
        return roles_of(self.plan, self.user)

    @cached_property
    def why_not(self) -> str:
        """Why it can only be sent back; asked for those who may sign."""
        return why_not(self.plan, today=self.today) if self.roles else ""

    @property
    def may_take_back(self) -> bool:
        return may_take_back(self.plan, self.user)

    @property
    def too_late(self) -> bool:
        return self.plan.is_awaiting and days_late(self.plan, self.today) > 0

    @property
    def reason(self) -> str:
        return self.typed.get("reason", "")

    @property
    def reason_fault(self) -> str:
        return self.faults.get("reason", "")

    @property
    def until(self) -> str:
        return in_words(last_day(self.plan, self.plan.consultation.visit_date))

    @property
    def waits_for(self) -> str:
        said = {row.role for row in self.plan.countersignatures.all()}
        roles = [role for role in dict.fromkeys(need["who"] for need in self.plan.needs) if role not in said]
        return joined([who_words(role) for role in roles])

    @cached_property
    def references(self) -> References:
        parts = [
            finding
            for finding in self.plan.proposal.get("findings") or []
            if finding["id"] in {need["finding"] for need in self.plan.needs}
        ]
        zones = {zone for need in self.plan.needs for zone in self._zones(need)}
        parts += [zone["trace"] for zone in self.plan.proposal.get("zones") or [] if zone["zone"] in zones]
        parts.append((self.plan.proposal.get("device") or {}).get("trace") or [])
        url = reverse("protocols:version", args=[self.plan.protocol_version.version])
        return References({"refs": [], "parts": parts}, self.catalogue, url)

    @staticmethod
    def _zones(need: dict) -> list[str]:
        """The zones a need is about: `beyond.cheeks.1.5 mm` names one."""
        parts = need["key"].split(".")
        return [parts[1]] if parts[0] in ("beyond", "above") and len(parts) > 2 else list(need.get("zones") or [])

    @cached_property
    def needs(self) -> list[Need]:
        rows = {row.role: row for row in self.plan.countersignatures.all()}
        return [self._need(need, rows.get(need["who"])) for need in self.plan.needs]

    def _need(self, need: dict, row) -> Need:
        choices = [[value, said(words)] for value, words in need["choices"]]
        found = Need(need["key"], subject_said(need["subject"]), need["who"], choices=choices, mine=need["who"] in self.roles)
        finding = next((item for item in self.plan.proposal.get("findings") or [] if item["id"] == need["finding"]), None)
        if finding is not None:
            found.reason, found.evidence, found.unverified = finding["reason"], finding["evidence"], finding["unverified"]
            found.links = self.references.links(finding["refs"])
        zones = {row.zone: row for row in self.plan.zones.all()}
        proposed = {zone["zone"]: zone for zone in self.plan.proposal.get("zones") or []}
        for zone in self._zones(need):
            if zone in zones and zone in proposed:
                found.facts += self._depth(zones[zone], proposed[zone])
                found.steps += steps_of(proposed[zone]["trace"], "mm", self.references)
        if not found.steps and ".operator_device" in need["key"]:
            found.steps = steps_of(self.plan.proposal["device"]["trace"], "", self.references)
        found.chosen = self.typed.get(found.field, "")
        found.fault = self.faults.get(need["key"], "")
        if row is not None:
            made = next((item["words"] for item in row.decisions if item["subject"] == need["subject"]), "")
            what = said(made) or (gettext("Agreed") if row.agreed else gettext("Sent back"))
            found.said = f"{what}, {row.by.display_name}, {in_words(timezone.localdate(row.at))}"
        return found

    def _depth(self, row, zone: dict) -> list[tuple[str, str]]:
        label = self.catalogue.zone_word(row.zone)
        facts = [(gettext("%(zone)s, chosen") % {"zone": label}, mm(row.depth_mm)), (gettext("Proposed"), mm(zone["depth_mm"]["typical"]))]
        covered = not {DEVICE, f"{ZONE}.{row.zone}"} & {key for need in self.plan.needs for key in need.get("keys") or []}
        if not covered:
            facts.append((gettext("Clinician signed off here"), gettext("no")))
        if zone.get("operator_max_mm") is not None:
            facts.append((gettext("Clinician's limit") if covered else gettext("Clinician's limit elsewhere"), mm(zone["operator_max_mm"])))
        facts.append((gettext("Most the protocol allows"), mm(Decimal(str(zone["ceiling_mm"])))))
        override = next((item for item in self.plan.overrides.all() if item.field == f"depth_mm.{row.zone}"), None)
        if override is not None:
            facts.append((gettext("Reason given"), reason_words(f"depth.{row.zone}", override.reason, override.reason_text)))
        return facts
