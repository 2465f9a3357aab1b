"""What the page of an accepted plan shows, read from the plan's own rows and snapshots."""

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext, gettext_noop

from accounts.templatetags.clinic_format import in_words
from planner.wording import NBSP, mm, number

from .alerts import lower_first, shorten
from .catalogue import Catalogue
from .overrides import kind_of, reason_words
from .references import References
from .said import said, span
from .traces import iso

_WHAT = {
    "sessions": gettext_noop("Sessions"),
    "interval_weeks": gettext_noop("Weeks between sessions"),
    "device": gettext_noop("Device"),
}


class PlanPage:
    def __init__(self, plan, catalogue: Catalogue):
        self.plan = plan
        self.proposal = plan.proposal
        self.catalogue = catalogue

    @cached_property
    def references(self) -> References:
        """What stood behind the proposal on the day, listed on the page of the plan as well."""
        return References(self.proposal, self.catalogue, reverse("protocols:version", args=[self.plan.protocol_version.version]))

    def _marks(self, part: str) -> str:
        return self.references.marks((self.proposal.get(part) or {}).get("refs") or [], "references")

    @property
    def marks(self) -> dict[str, str]:
        """The markers of each fact of the plan."""
        return {part: self._marks(part) for part in ("device", "sessions", "interval_weeks", "downtime_days", "course")}

    @cached_property
    def zones(self) -> list:
        zones = list(self.plan.zones.all())
        proposed = {zone["zone"]: zone for zone in self.proposal.get("zones") or []}
        reasons = {override.field: override for override in self.overrides}
        for zone in zones:
            zone.override = reasons.get(f"depth_mm.{zone.zone}")
            behind = proposed.get(zone.zone, {})
            zone.marks = self.references.marks(behind.get("refs") or [], "references")
            zone.passes_marks = self.references.marks((behind.get("passes") or {}).get("refs") or [])
            zone.no_study = bool(behind.get("no_study"))
            zone.range = span(zone.min_depth_mm, zone.max_depth_mm, "mm")
            zone.passes = span(zone.passes_min, zone.passes_max)
            zone.concern = self.catalogue.concern_word(zone.indication)
            zone.grade = self.catalogue.level_word(zone.indication, zone.level).lower()
        return zones

    @cached_property
    def overrides(self) -> list:
        overrides = list(self.plan.overrides.select_related("made_by"))
        for override in overrides:
            name = override.field.replace("depth_mm.", "depth.")
            override.words = reason_words(name, override.reason, override.reason_text)
            override.what = self._what(name)
            depth = kind_of(name) == "depth"
            override.from_words = mm(override.proposed) if depth else override.proposed
            override.to_words = mm(override.chosen) if depth else override.chosen
        return overrides

    def _what(self, name: str) -> str:
        if kind_of(name) == "depth":
            return gettext("%(zone)s depth") % {"zone": self.catalogue.zone_word(name.split(".")[1])}
        return gettext(_WHAT[name])

    @property
    def device(self) -> str:
        label = self.catalogue.device_word(self.plan.device_kind)
        return f"{label}, {self.plan.device_brand}" if self.plan.device_brand else label

    @property
    def interval(self) -> str:
        weeks = self.plan.interval_weeks_typical
        return f"{number(weeks)} {gettext('week') if weeks == 1 else gettext('weeks')}"

    @property
    def interval_range(self) -> str:
        return span(self.plan.interval_weeks_min, self.plan.interval_weeks_max)

    @property
    def sessions_range(self) -> str:
        sessions = self.proposal["sessions"]
        return span(sessions["min"], sessions["max"])

    @property
    def downtime(self) -> str:
        return f"{span(self.plan.downtime_days_min, self.plan.downtime_days_max)}{NBSP}{gettext('days')}"

    @property
    def left_out(self) -> list[dict]:
        return [
            {
                "word": self.catalogue.zone_word(entry["zone"]),
                "because": ", ".join(lower_first(shorten(self.catalogue.rule_label(rule), 60)) for rule in entry.get("because") or []),
                "until": iso(entry.get("until")),
                "marks": self.references.marks(entry.get("refs") or [], "references"),
            }
            for entry in self.proposal.get("zones_excluded") or []
        ]

    @property
    def adjuvants(self) -> list[str]:
        return [self.catalogue.adjuvant_word(name) for name in self.plan.adjuvants]

    @property
    def home(self) -> list[str]:
        return [self.catalogue.adjuvant_word(item["id"]) for item in (self.proposal.get("adjuvants") or {}).get("home_only") or []]

    @property
    def refused(self) -> list[dict]:
        return [
            {
                "label": self.catalogue.adjuvant_word(item["id"]),
                "reason": item.get("reason", ""),
                "marks": self.references.marks(item.get("refs") or [], "references"),
            }
            for item in (self.proposal.get("adjuvants") or {}).get("refused") or []
            if item.get("asked_as")
        ]

    @property
    def course_days(self) -> list[str]:
        return [in_words(found) for found in map(iso, (self.proposal.get("course") or {}).get("dates") or []) if found]

    @property
    def review_day(self):
        return iso((self.proposal.get("course") or {}).get("review"))

    @property
    def label_status(self) -> str:
        return (self.proposal.get("device") or {}).get("label_status") or ""

    @property
    def cautions(self) -> list[dict]:
        decided = {}
        for decision in self.plan.all_decisions:
            decided.setdefault(decision["finding"], []).append(decision | {"words": said(decision["words"])})
        return [
            {
                "label": finding.get("label") or self.catalogue.rule_label(finding["id"]),
                "reason": finding.get("reason", ""),
                "marks": self.references.marks(finding.get("refs") or [], "references"),
                "modifications": finding.get("modifications") or [],
                "decisions": decided.get(finding["id"], []),
            }
            for finding in self.proposal.get("findings") or []
            if finding["action"] == "caution"
        ]
