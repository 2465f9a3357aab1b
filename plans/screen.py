"""What the consultation screen shows, in the order it shows it: alerts, facts, zone rows, reasons. No rule lives here."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext, gettext_noop

from accounts.templatetags.clinic_format import in_words
from planner.wording import NBSP, mm, number

from .alerts import DEFER, RANK, STOP, Alert, alerts_of, lower_first, shorten
from .catalogue import Catalogue
from .decisions import Decision
from .inputs import many, one
from .models import PlanCountersignature, TreatmentPlan
from .overrides import REASONS
from .references import References
from .said import said, span
from .settled import Settled
from .traces import Step, iso, steps_of
from .ways import HEADS, Way, side_by_side

SHOWN = 3
# Of the planner, as a page says them.
LABEL_STATUSES = (gettext_noop("on-label"), gettext_noop("off-label"))
SCALE = (Decimal("0.25"), Decimal("0.5"), Decimal("0.75"), Decimal("1"), Decimal("1.5"), Decimal("2"), Decimal("2.5"))
TINTS = ("d025", "d05", "d075", "d1", "d15", "d2", "d25")
RULER_WIDTH = 184


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
    marks: str
    passes_marks: str
    endpoint_marks: str
    stop_marks: str
    limits: list[dict]
    no_study: bool


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
        return self.settled.status

    @cached_property
    def protocol_url(self) -> str:
        return reverse("protocols:version", args=[self.version.version])

    @property
    def has_plan(self) -> bool:
        return self.status in {"plan", "caution"}

    @property
    def version(self):
        return self.consultation.protocol_version

    @cached_property
    def sent_back(self) -> PlanCountersignature | None:
        """Who sent back the plan made from this visit, and why; None where a newer plan was made."""
        mine = self.consultation
        plans = TreatmentPlan.objects.filter(patient__pk=mine.patient_id).select_related("consultation").defer("case", "proposal")
        last = plans.order_by("-number").first()
        if last is None or last.status != TreatmentPlan.Status.RETURNED:
            return None
        if (last.consultation.clinician_id, last.consultation.visit_date) != (mine.clinician_id, mine.visit_date):
            return None
        return last.countersignatures.filter(agreed=False).select_related("by", "plan").order_by("-at").first()

    # Alerts

    @cached_property
    def alerts(self) -> list[Alert]:
        """Ranked: Stop, Defer, Leave out, Caution; those dealt with last."""
        return alerts_of(self.proposal, self.settled.decisions, self.catalogue, self.references)

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
        return ", ".join(f"{count} {gettext(word).lower()}" for word, count in counts.items())

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
        return self.settled.device_brand or gettext("no brand chosen")

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
        return gettext("week") if self.settled.interval.value == 1 else gettext("weeks")

    @property
    def downtime(self) -> str:
        days = self.proposal["downtime_days"]
        return f"{span(days['min'], days['max'])} {gettext('day') if days['max'] == 1 else gettext('days')}"

    @property
    def downtime_accepted(self) -> str:
        days = one(self.consultation.inputs, "downtime_days")
        if days == "":
            return gettext("accepted: not asked")
        return gettext("any accepted") if days == "any" else gettext("patient accepts %(days)s") % {"days": days}

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
    def label_steps(self) -> list[Step]:
        return self.steps(self.proposal["device"].get("label_trace") or [], "")

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
                    passes=f"{span(passes['min'], passes['max'])} {said(passes['unit'])}",
                    endpoint=zone["endpoint"],
                    stop=zone["stop_rule"]["text"],
                    ruler=self.ruler(setting),
                    step=number(zone["step_mm"]) if zone["step_mm"] else "0.25",
                    label_status=zone["label_status"],
                    marks=self.references.marks(zone["refs"], f"why-{zone['zone']}"),
                    passes_marks=self.references.marks(passes["refs"]),
                    endpoint_marks=self.references.marks(ref for step in zone["endpoint_trace"] for ref in step["refs"]),
                    stop_marks=self.references.marks(zone["stop_rule"]["refs"]),
                    limits=[{"why": limit["why"], "links": self.references.links(limit["refs"])} for limit in zone["limits"]],
                    no_study=bool(zone.get("no_study")),
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
            "words": gettext("Allowed %(range)s, proposed %(proposed)s, yours %(yours)s")
            % {"range": setting.range_words, "proposed": setting.proposed_words, "yours": setting.value_words},
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
                    "because": shorten(lower_first(", ".join(labels)), 34) if labels else gettext("the protocol leaves it out"),
                    "whole": [
                        {"text": b["reason"], "links": self.references.links(b.get("refs") or [])} for b in because if b.get("reason")
                    ],
                    "marks": self.references.marks(entry.get("refs") or [], "references"),
                }
            )
        return found

    # Reasons

    @cached_property
    def references(self) -> References:
        return References(self.proposal, self.catalogue, self.protocol_url)

    def steps(self, trace: list[dict], unit: str) -> list[Step]:
        return steps_of(trace, unit, self.references)

    def marks(self, part: str) -> str:
        """The markers of a part of the proposal that has references of its own."""
        return self.references.marks((self.proposal.get(part) or {}).get("refs") or [], "fact-edit")

    @property
    def device_marks(self) -> str:
        return self.marks("device")

    @property
    def sessions_marks(self) -> str:
        return self.marks("sessions")

    @property
    def interval_marks(self) -> str:
        return self.marks("interval_weeks")

    @property
    def downtime_marks(self) -> str:
        return self.marks("downtime_days")

    @property
    def course_marks(self) -> str:
        return self.references.marks((self.proposal.get("course") or {}).get("refs") or [], "all-reasons")

    @property
    def label_marks(self) -> str:
        return self.references.marks(self.proposal["device"].get("label_refs") or [], "references")

    @property
    def depth_marks(self) -> str:
        """Of all depths together, for the pictures."""
        refs = [ref for zone in self.proposal.get("zones") or [] for ref in zone["refs"]] if self.has_plan else []
        return self.references.marks(refs, "references")

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
        return {
            part: [
                {
                    **item,
                    "marks": self.references.marks(item.get("refs") or [], "references"),
                    "steps": self.steps(item.get("trace") or [], ""),
                }
                for item in items
            ]
            for part, items in parts.items()
        }

    @property
    def refused_unasked(self) -> list[dict]:
        items = (self.proposal.get("adjuvants") or {}).get("refused") or []
        return [{**item, "links": self.references.links(item.get("refs") or [])} for item in items if not item.get("asked_as")]

    @property
    def course_days(self) -> list[str]:
        return [in_words(found) for found in map(iso, (self.proposal.get("course") or {}).get("dates") or []) if found]

    @property
    def course_lines(self) -> list[str]:
        """The dates, two a line."""
        days = self.course_days
        return [", ".join(days[start : start + 2]) for start in range(0, len(days), 2)]

    @property
    def review_day(self) -> date | None:
        return iso((self.proposal.get("course") or {}).get("review"))

    @cached_property
    def ways(self) -> list[Way]:
        """The ways to the same end, side by side."""
        return side_by_side(self.proposal, self.consultation.chosen, self.references) if self.has_plan else []

    @property
    def way_heads(self) -> list[tuple[str, list]]:
        """The comparison line by line: its head, and each way's value."""
        return [(head, [(way, way.cells[place] if way.possible else None) for way in self.ways]) for place, head in enumerate(HEADS)]

    @cached_property
    def numbing(self) -> dict | None:
        """What the protocol says about numbing, each fact with its markers; None where it says nothing."""
        advice = (self.proposal.get("advice") or {}).get("numbing")
        if not advice:
            return None
        minutes = advice.get("contact_minutes")
        return {
            "text": advice.get("text") or "",
            "minutes": span(minutes["min"], minutes["max"], "minutes") if minutes else "",
            "minutes_marks": self.references.marks((minutes or {}).get("refs") or []),
            "minutes_no_study": bool((minutes or {}).get("no_study")),
            "steps": self.steps(advice.get("trace") or [], ""),
            "in_parts": advice.get("in_parts_text") or "",
            "marks": self.references.marks(advice.get("refs") or []),
            "facts": [{**fact, "marks": self.references.marks(fact.get("refs") or [])} for fact in advice.get("facts") or []],
        }

    @property
    def technique(self) -> list[dict]:
        """How it is done, whatever the depth."""
        facts = (self.proposal.get("advice") or {}).get("technique") or []
        return [{**fact, "links": self.references.links(fact.get("refs") or [])} for fact in facts]

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
            words[entry["zone"]] = gettext("Left out")
        return words

    # What is said aloud

    @property
    def announcement(self) -> str:
        if self.has_plan:
            depths = ", ".join(f"{row.word.lower()} {row.setting.value_words}" for row in self.rows[:4])
            values = {"depths": depths, "downtime": self.downtime}
            return (gettext("Plan updated: %(depths)s, downtime %(downtime)s") % values).replace(NBSP, " ")
        if self.status == "refuse":
            return f"{gettext(STOP)}: {self.stops[0].subject}" if self.stops else gettext(STOP)
        if self.status == "defer" and self.earliest:
            return (gettext("Defer until %(day)s") % {"day": in_words(self.earliest)}).replace(NBSP, " ")
        if self.status == "defer":
            return f"{gettext(DEFER)}: {self.condition}"
        return gettext("%(number)s answers missing") % {"number": len(self.settled.missing)}

    @property
    def _undecided(self) -> list[Decision]:
        """What the clinician decides; what another countersigns is not theirs."""
        waiting = {decision.key for decision in self.settled.to_countersign}
        return [decision for decision in self.settled.undecided if decision.key not in waiting]

    @property
    def decisions_left(self) -> list[tuple[str, str]]:
        """(words, anchor) of what the clinician must still decide."""
        left = [(decision.subject_said, decision.anchor) for decision in self._undecided] if self.has_plan else []
        left += [(f"{setting.label}", f"yours-{setting.name}") for setting in self.settled.settings if setting.faults]
        if self.settled.device_fault:
            left.append((gettext("device"), "reason-device"))
        if self.settled.numbing_fault:
            left.append((gettext("Numbing"), "numbing"))
        return left


def tint(depth: Decimal) -> str:
    """The tint of the depth ramp: the deepest mark that is not above the depth."""
    name = TINTS[0]
    for mark, candidate in zip(SCALE, TINTS, strict=True):
        if depth >= mark:
            name = candidate
    return name
