"""What the page of an accepted plan shows, read from the plan's own rows and snapshots."""

from django.utils.functional import cached_property

from planner.wording import NBSP, day, mm, number, span

from .catalogue import Catalogue
from .overrides import kind_of, reason_words
from .screen import iso, lower_first, shorten


class PlanPage:
    def __init__(self, plan, catalogue: Catalogue):
        self.plan = plan
        self.proposal = plan.proposal
        self.catalogue = catalogue

    @cached_property
    def zones(self) -> list:
        zones = list(self.plan.zones.all())
        reasons = {override.field: override for override in self.overrides}
        for zone in zones:
            zone.override = reasons.get(f"depth_mm.{zone.zone}")
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
            return f"{self.catalogue.zone_word(name.split('.')[1])} depth"
        return {"sessions": "Sessions", "interval_weeks": "Weeks between sessions", "device": "Device"}[name]

    @property
    def device(self) -> str:
        label = self.catalogue.device_word(self.plan.device_kind)
        return f"{label}, {self.plan.device_brand}" if self.plan.device_brand else label

    @property
    def interval(self) -> str:
        weeks = self.plan.interval_weeks_typical
        return f"{number(weeks)} {'week' if weeks == 1 else 'weeks'}"

    @property
    def interval_range(self) -> str:
        return span(self.plan.interval_weeks_min, self.plan.interval_weeks_max)

    @property
    def sessions_range(self) -> str:
        sessions = self.proposal["sessions"]
        return span(sessions["min"], sessions["max"])

    @property
    def downtime(self) -> str:
        return f"{span(self.plan.downtime_days_min, self.plan.downtime_days_max)}{NBSP}days"

    @property
    def left_out(self) -> list[dict]:
        return [
            {
                "word": self.catalogue.zone_word(entry["zone"]),
                "because": ", ".join(lower_first(shorten(self.catalogue.rule_label(rule), 60)) for rule in entry.get("because") or []),
                "until": iso(entry.get("until")),
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
            {"label": self.catalogue.adjuvant_word(item["id"]), "reason": item.get("reason", "")}
            for item in (self.proposal.get("adjuvants") or {}).get("refused") or []
            if item.get("asked_as")
        ]

    @property
    def course_days(self) -> list[str]:
        return [day(found) for found in map(iso, (self.proposal.get("course") or {}).get("dates") or []) if found]

    @property
    def review_day(self):
        return iso((self.proposal.get("course") or {}).get("review"))

    @property
    def label_status(self) -> str:
        return (self.proposal.get("device") or {}).get("label_status") or ""

    @property
    def cautions(self) -> list[dict]:
        decided = {}
        for decision in self.plan.decisions:
            decided.setdefault(decision["finding"], []).append(decision)
        return [
            {
                "label": finding.get("label") or self.catalogue.rule_label(finding["id"]),
                "reason": finding.get("reason", ""),
                "modifications": finding.get("modifications") or [],
                "decisions": decided.get(finding["id"], []),
            }
            for finding in self.proposal.get("findings") or []
            if finding["action"] == "caution"
        ]
