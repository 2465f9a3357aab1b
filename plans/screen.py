"""What the consultation screen shows, in the order it shows it: alerts, facts, zone rows, reasons. No rule lives here."""

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html_join

from planner.wording import NBSP, day, mm, number, span

from .catalogue import Catalogue
from .decisions import Decision
from .inputs import many, one
from .overrides import REASONS
from .settled import Settled

STOP, DEFER, LEAVE_OUT, CAUTION = "Stop", "Defer", "Leave out", "Caution"
WORD = {"refuse": STOP, "defer": DEFER, "exclude_zone": LEAVE_OUT, "caution": CAUTION}
RANK = {STOP: 0, DEFER: 1, LEAVE_OUT: 2, CAUTION: 3}
TONE = {STOP: "stop", DEFER: "defer", LEAVE_OUT: "defer", CAUTION: "caut"}
ICON = {STOP: "i-stop", DEFER: "i-defer", LEAVE_OUT: "i-defer", CAUTION: "i-caut"}
SHOWN = 3
SCALE = (Decimal("0.25"), Decimal("0.5"), Decimal("0.75"), Decimal("1"), Decimal("1.5"), Decimal("2"), Decimal("2.5"))
TINTS = ("d025", "d05", "d075", "d1", "d15", "d2", "d25")
RULER_WIDTH = 184
REGISTER = re.compile(r"(nct|k|den)\d{5,}$")  # trial and device registers
AUTHOR_YEAR = re.compile(r"([a-z_]+?)((?:19|20)\d{2})(.*)$")
ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}$")


@dataclass
class Alert:
    word: str
    subject: str
    text: str
    finding: dict
    decisions: list[Decision] = field(default_factory=list)
    until: date | None = None
    more: list[str] = field(default_factory=list)
    links: str = ""

    @property
    def id(self) -> str:
        return f"alert-{self.word.lower().replace(' ', '-')}-{self.finding['id']}"

    @property
    def tone(self) -> str:
        return TONE[self.word]

    @property
    def icon(self) -> str:
        return ICON[self.word]

    @property
    def dealt_with(self) -> bool:
        return bool(self.decisions) and all(decision.made for decision in self.decisions)


@dataclass
class Step:
    """One step of a trace, in words."""

    rule: str
    before: str
    after: str
    why: str
    links: str  # safe HTML: the sources, each to its place in the protocol
    evidence: str
    unverified: bool

    @property
    def moved(self) -> bool:
        return bool(self.before) and self.before != self.after


@dataclass
class Row:
    """One zone of the proposal."""

    zone: str
    label: str
    word: str
    key: int
    setting: object
    main_reason: str
    steps: list[Step]
    passes: str
    endpoint: str
    stop: str
    ruler: dict
    step: str
    label_status: str


def shorten(text: str, most: int = 44) -> str:
    """The first clause of a sentence, cut at a word."""
    text = text.split(". ")[0].rstrip(".")
    for mark in (": ", "; "):
        if mark in text and len(text) > most:
            text = text.split(mark)[0]
    if len(text) <= most:
        return text
    return text[:most].rsplit(" ", 1)[0].rstrip(",") + " …"


def first_sentence(text: str) -> str:
    parts = text.strip().split(". ")
    # A bare fact ("Phototype V.") says too little alone.
    head = ". ".join(parts[:2] if len(parts[0]) < 25 else parts[:1]).rstrip(".")
    return f"{head}." if head else ""


def short_label(label: str, most: int = 64) -> str:
    """A rule's label without what it explains in brackets."""
    return shorten(label.split(" (")[0], most)


def lower_first(text: str) -> str:
    return text if len(text) > 1 and text[1].isupper() else text[:1].lower() + text[1:]


def iso(value) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) and ISO_DAY.match(value) else None


def value_words(value, unit: str = "") -> str:
    """A value of a trace in words: a number with its unit, a range, a list or a text."""
    if value is None or value == "":
        return ""
    if isinstance(value, dict):
        if {"min", "max"} <= value.keys():
            typical = f", usually {number(value['typical'])}{NBSP}{unit}" if value.get("typical") is not None else ""
            return span(value["min"], value["max"], unit) + typical
        return ", ".join(f"{key} {value_words(part)}" for key, part in value.items())
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    if iso(value):
        return day(iso(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        return f"{number(value)}{NBSP}{unit}" if unit else number(value)
    return str(value)


class Screen:
    """The right side of the consultation, its alerts and its bar."""

    def __init__(self, consultation, computed, settled: Settled, user):
        self.consultation = consultation
        self.computed = computed
        self.settled = settled
        self.user = user
        self.proposal: dict = computed.proposal
        self.catalogue: Catalogue = computed.catalogue

    @property
    def status(self) -> str:
        return self.proposal["status"]

    @cached_property
    def protocol_url(self) -> str:
        return reverse("protocols:version", args=[self.version.version])

    @property
    def has_plan(self) -> bool:
        return self.status in {"plan", "caution"}

    @property
    def version(self):
        return self.consultation.protocol_version

    # Alerts

    @cached_property
    def alerts(self) -> list[Alert]:
        """Ranked: Stop, Defer, Leave out, Caution; those dealt with last."""
        decisions: dict[str, list[Decision]] = {}
        for decision in self.settled.decisions:
            decisions.setdefault(decision.finding, []).append(decision)
        found, seen = [], set()
        for finding in self.proposal.get("findings", []):
            word = self._word(finding)
            if word is None or (word, finding["id"], tuple(finding.get("zones") or [])) in seen:
                continue
            seen.add((word, finding["id"], tuple(finding.get("zones") or [])))
            mine = decisions.pop(finding["id"], []) if word in {CAUTION, LEAVE_OUT} else []
            found.append(
                Alert(
                    word=word,
                    subject=lower_first(self._subject(finding, word)),
                    text=self._sentence(finding, word),
                    finding=finding,
                    decisions=mine,
                    until=iso(finding.get("until")),
                    links=self.source_links(finding.get("refs") or []),
                    more=[line[:1].upper() + line[1:] for line in finding.get("modifications") or []],
                )
            )
        for rest in decisions.values() if self.has_plan else ():
            for decision in rest:
                finding = {"id": decision.anchor, "action": "caution", "reason": decision.subject, "refs": [], "zones": []}
                found.append(
                    Alert(CAUTION, lower_first(decision.subject), "Needs an agreement before the plan is accepted.", finding, [decision])
                )
        found.sort(key=lambda alert: (alert.dealt_with, RANK[alert.word]))
        return found

    def _word(self, finding: dict) -> str | None:
        word = WORD.get(finding["action"])
        if word in {STOP, DEFER} and finding.get("scope") == "zone" and self.status not in {"refuse", "defer"}:
            return LEAVE_OUT
        return word

    def _subject(self, finding: dict, word: str) -> str:
        zones = [self.catalogue.zone_word(zone) for zone in finding.get("zones") or []]
        if word == LEAVE_OUT and zones:
            return ", ".join(zones)
        return finding.get("short_label") or short_label(self._label(finding))

    def _label(self, finding: dict) -> str:
        return finding.get("label") or self.catalogue.rule_label(finding["id"])

    def _sentence(self, finding: dict, word: str) -> str:
        """One sentence of fact: why the zone is left out, or why the caution stands."""
        if word == LEAVE_OUT:
            return f"{self._label(finding)}."
        said = finding["reason"].removeprefix(f"{finding['label']}: ").removeprefix("answered yes. ")
        return first_sentence(said[:1].upper() + said[1:])

    @property
    def open_alerts(self) -> list[Alert]:
        return [alert for alert in self.alerts if not alert.dealt_with]

    @property
    def shown_alerts(self) -> list[Alert]:
        return self.open_alerts[:SHOWN]

    @property
    def more_alerts(self) -> list[Alert]:
        return self.open_alerts[SHOWN:]

    @property
    def done_alerts(self) -> list[Alert]:
        return [alert for alert in self.alerts if alert.dealt_with]

    @property
    def stops(self) -> list[Alert]:
        return [alert for alert in self.alerts if alert.word == STOP]

    @property
    def waits(self) -> list[Alert]:
        return [alert for alert in self.alerts if alert.word == DEFER]

    @property
    def alert_counts(self) -> str:
        counts = dict.fromkeys(RANK, 0)
        for alert in self.alerts:
            counts[alert.word] += 1
        return ", ".join(f"{count} {word.lower()}" for word, count in counts.items())

    @property
    def earliest(self) -> date | None:
        return iso(self.proposal.get("earliest"))

    @property
    def condition(self) -> str:
        return self.proposal.get("condition") or ""

    @property
    def referral(self) -> list[str]:
        """Where a Stop sends the patient."""
        return list(dict.fromkeys(line for alert in self.stops for line in alert.more))

    # The four facts

    @property
    def device_label(self) -> str:
        return self.catalogue.device_word(self.proposal["device"]["id"])

    @property
    def device_detail(self) -> str:
        return self.settled.device_brand or "no brand chosen"

    @property
    def device_kinds(self) -> list[tuple[str, str]]:
        return self.catalogue.device_kinds

    @property
    def sessions_range(self) -> str:
        sessions = self.proposal["sessions"]
        return span(sessions["min"], sessions["max"])

    @property
    def interval_range(self) -> str:
        interval = self.proposal["interval_weeks"]
        return span(interval["min"], interval["max"])

    @property
    def weeks_word(self) -> str:
        return "week" if self.settled.interval.value == 1 else "weeks"

    @property
    def downtime(self) -> str:
        days = self.proposal["downtime_days"]
        return f"{span(days['min'], days['max'])} {'day' if days['max'] == 1 else 'days'}"

    @property
    def downtime_accepted(self) -> str:
        days = one(self.consultation.inputs, "downtime_days")
        return {"": "accepted: not asked", "any": "any accepted"}.get(days, f"patient accepts {days}")

    @property
    def label_status(self) -> str:
        return (self.proposal.get("device") or {}).get("label_status") or ""

    @property
    def label_text(self) -> str:
        return self.proposal["device"].get("label_text") or ""

    def fact_steps(self, name: str) -> list[Step]:
        unit = {"interval_weeks": "weeks", "downtime_days": "days"}.get(name, "")
        return self.steps((self.proposal.get(name) or {}).get("trace") or [], unit)

    @property
    def device_steps(self) -> list[Step]:
        device = self.proposal["device"]
        return self.steps(device["trace"], "")

    @property
    def sessions_steps(self) -> list[Step]:
        return self.fact_steps("sessions")

    @property
    def interval_steps(self) -> list[Step]:
        return self.fact_steps("interval_weeks")

    @property
    def downtime_steps(self) -> list[Step]:
        return self.fact_steps("downtime_days")

    @property
    def device_reasons(self):
        return REASONS["device"]

    @property
    def course_steps(self) -> list[Step]:
        return self.fact_steps("course")

    # Zones

    @cached_property
    def rows(self) -> list[Row]:
        if not self.has_plan:
            return []
        rows = []
        for position, (zone, setting) in enumerate(zip(self.proposal["zones"], self.settled.depths, strict=True), start=1):
            passes = zone["passes"]
            rows.append(
                Row(
                    zone=zone["zone"],
                    label=self.catalogue.zone_label(zone["zone"]),
                    word=zone["label"],
                    key=position,
                    setting=setting,
                    main_reason=zone["main_reason"],
                    steps=self.steps(zone["trace"], "mm"),
                    passes=f"{span(passes['min'], passes['max'])} {passes['unit']}",
                    endpoint=zone["endpoint"],
                    stop=zone["stop_rule"]["text"],
                    ruler=self.ruler(setting),
                    step=number(zone["step_mm"]) if zone["step_mm"] else "0.25",
                    label_status=zone["label_status"],
                )
            )
        return rows

    @cached_property
    def ruler_end(self) -> Decimal:
        """Where all range bars end: the deepest limit of the zones in this plan, at least the deepest of the scale shown."""
        deepest = [setting.limit.value for setting in self.settled.depths if setting.limit] + [s.high for s in self.settled.depths]
        return max(deepest, default=SCALE[-1])

    def ruler(self, setting) -> dict:
        """Positions on a range bar of RULER_WIDTH units, for SVG attributes."""

        def at(value) -> str:
            share = min(max(Decimal(value) / self.ruler_end, Decimal(0)), Decimal(1))
            return number(round(share * (RULER_WIDTH - 12) + 6, 1))

        yours = setting.value if setting.value is not None else setting.proposed
        return {
            "band": at(setting.low),
            "width": number(max(Decimal(at(setting.high)) - Decimal(at(setting.low)), Decimal(4))),
            "proposed": at(setting.proposed),
            "yours": at(yours),
            "words": f"Allowed {setting.range_words}, proposed {setting.proposed_words}, yours {setting.value_words}",
        }

    @cached_property
    def left_out(self) -> list[dict]:
        reasons = {finding["id"]: finding for finding in self.proposal.get("findings", [])}
        found = []
        for entry in self.proposal.get("zones_excluded") or []:
            because = [reasons.get(rule, {"id": rule}) for rule in entry.get("because") or []]
            labels = [b.get("short_label") or b.get("label") or self.catalogue.rule_label(b["id"]) for b in because]
            found.append(
                {
                    "zone": entry["zone"],
                    "word": self.catalogue.zone_word(entry["zone"]),
                    "until": iso(entry.get("until")),
                    "because": shorten(lower_first(", ".join(labels)), 34) if labels else "the protocol leaves it out",
                    "whole": [b.get("reason", "") for b in because if b.get("reason")],
                }
            )
        return found

    # Reasons

    def steps(self, trace: list[dict], unit: str) -> list[Step]:
        return [
            Step(
                rule=entry.get("rule", ""),
                before=value_words(entry.get("before"), unit if not isinstance(entry.get("before"), str) else ""),
                after=value_words(entry.get("after"), unit if not isinstance(entry.get("after"), str) else ""),
                why=entry.get("why", ""),
                links=self.source_links(entry.get("refs") or []),
                evidence=entry.get("evidence") or "",
                unverified=bool(entry.get("unverified")),
            )
            for entry in trace
        ]

    def source_links(self, refs: list[str]) -> str:
        """The sources of a step as links, made here because a plan has some hundred of them."""
        return format_html_join(", ", '<a href="{}#ref-{}">{}</a>', ((self.protocol_url, ref, source_word(ref)) for ref in refs))

    @cached_property
    def rules_used(self) -> int:
        """How many rules had a say: every rule of every trace and finding, once."""
        names = {finding["id"] for finding in self.proposal.get("findings", [])}
        parts = [self.proposal.get(name) or {} for name in ("device", "sessions", "interval_weeks", "downtime_days")]
        for part in parts + list(self.proposal.get("zones") or []):
            names |= {entry.get("rule") for entry in part.get("trace") or []}
        return len(names - {None})

    # Below the zones

    @property
    def adjuvants(self) -> dict[str, list[dict]]:
        """What is used, offered, for home, and what was asked for and refused; what nobody asked for stays unsaid here."""
        offered = self.proposal.get("adjuvants") or {}
        parts = {part: list(offered.get(part) or []) for part in ("use", "offered", "home_only")}
        parts["refused"] = [item for item in offered.get("refused") or [] if item.get("asked_as")]
        return parts

    @property
    def refused_unasked(self) -> list[dict]:
        return [item for item in (self.proposal.get("adjuvants") or {}).get("refused") or [] if not item.get("asked_as")]

    @property
    def course_days(self) -> list[str]:
        return [day(found) for found in map(iso, (self.proposal.get("course") or {}).get("dates") or []) if found]

    @property
    def course_lines(self) -> list[str]:
        """The dates, two a line."""
        days = self.course_days
        return [", ".join(days[start : start + 2]) for start in range(0, len(days), 2)]

    @property
    def review_day(self) -> date | None:
        return iso((self.proposal.get("course") or {}).get("review"))

    @property
    def alternatives(self) -> list[dict]:
        """Other ways to reach the goal, each beside the proposal in the same four facts."""
        found = []
        for entry in self.proposal.get("alternatives") or []:
            title = entry["label"]
            if not entry.get("possible", True):
                found.append({"title": title, "possible": False, "reason": entry["reason"]})
                continue
            facts = []
            if entry.get("sessions"):
                facts.append(("Sessions", number(entry["sessions"]["typical"])))
            if entry.get("interval_weeks"):
                facts.append(("Every", f"{number(entry['interval_weeks']['typical'])} weeks"))
            if entry.get("downtime_days"):
                facts.append(("Downtime", f"{span(entry['downtime_days']['min'], entry['downtime_days']['max'])} days"))
            depths = [zone["depth_mm"]["typical"] for zone in entry.get("zones") or []]
            if depths:
                facts.append(("Depths", span(min(depths), max(depths), "mm")))
            last = iso((entry["course"]["dates"] or [None])[-1])
            if last:
                facts.append(("Last session", day(last)))
            found.append({"title": title, "possible": True, "facts": facts, "reason": entry.get("reason", "")})
        return found

    # The pictures

    @cached_property
    def tints(self) -> dict[str, str]:
        """Zone to the class that paints it: its depth, left out, or chosen and not yet planned."""
        chosen = {
            zone
            for indication in many(self.consultation.inputs, "concern")
            for zone in many(self.consultation.inputs, f"zones.{indication}")
        }
        tints = dict.fromkeys(chosen, "zone-on")
        for setting in self.settled.depths:
            zone = setting.name.removeprefix("depth.")
            tints[zone] = f"zone-{tint(setting.value or setting.proposed)}"
        for entry in self.proposal.get("zones_excluded") or []:
            tints[entry["zone"]] = "zone-out"
        return tints

    @cached_property
    def depth_words(self) -> dict[str, str]:
        words = {setting.name.removeprefix("depth."): mm(setting.value or setting.proposed) for setting in self.settled.depths}
        for entry in self.proposal.get("zones_excluded") or []:
            words[entry["zone"]] = "Left out"
        return words

    # What is said aloud

    @property
    def announcement(self) -> str:
        if self.has_plan:
            depths = ", ".join(f"{row.word.lower()} {row.setting.value_words}" for row in self.rows[:4])
            return f"Plan updated: {depths}, downtime {self.downtime}".replace(NBSP, " ")
        if self.status == "refuse":
            return f"Stop: {self.stops[0].subject}" if self.stops else "Stop"
        if self.status == "defer":
            return f"Defer until {day(self.earliest)}".replace(NBSP, " ") if self.earliest else f"Defer: {self.condition}"
        return f"{len(self.settled.missing)} answers missing"

    @property
    def decisions_left(self) -> list[tuple[str, str]]:
        """(words, anchor) of what the clinician must still decide."""
        left = [(decision.subject, decision.anchor) for decision in self.settled.undecided] if self.has_plan else []
        left += [(f"{setting.label}", f"yours-{setting.name}") for setting in self.settled.settings if setting.faults]
        if self.settled.device_fault:
            left.append(("device", "reason-device"))
        if self.settled.numbing_fault:
            left.append(("Numbing", "numbing"))
        return left


def tint(depth: Decimal) -> str:
    """The tint of the depth ramp: the deepest mark that is not above the depth."""
    name = TINTS[0]
    for mark, candidate in zip(SCALE, TINTS, strict=True):
        if depth >= mark:
            name = candidate
    return name


def source_word(ref: str) -> str:
    """`alster2018_body` as `Alster 2018 body`: short enough to stand in a line; the link leads to the whole citation."""
    if REGISTER.match(ref):
        return ref.upper()
    head, year, tail = AUTHOR_YEAR.match(ref).groups() if AUTHOR_YEAR.match(ref) else (ref, "", "")
    words = " ".join(part for part in (head.replace("_", " ").strip(), year, tail.replace("_", " ").strip()) if part)
    return words[:1].upper() + words[1:]


def watch_words(proposal: dict) -> list[str]:
    """
    Short alert words of the cautions of a proposal, for the patient header: as they were said then, whatever the protocol
    says now. What concerns one zone only, and the phototype that the header shows already, is left out.
    """
    found = []
    for finding in proposal.get("findings", []):
        if finding["action"] != "caution" or finding.get("scope") == "zone" or finding["id"].startswith("phototype"):
            continue
        word = finding.get("short_label") or short_label(finding["label"], 40)
        if word not in found:
            found.append(word)
    return found
