"""
What the planner is more careful about now than when a plan was made: the one comparison, for the treatment room and for who
countersigns.

Beside today's proposal stands the plan twice: as it was proposed and as it was accepted. Only what is more careful than both is
named, so that what a clinician chose beyond the proposal, with a reason, stays chosen, and what was already done more gently asks
nobody again. What the stored proposal does not speak of was not known.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from planner.knowledge import Knowledge
from planner.wording import counted, day, mm, span

from .models import PlanZone, TreatmentPlan


@dataclass(frozen=True)
class Change:
    """
    One thing the planner is more careful about. key: what it is, with today's value, so that a decision covers this and nothing
    later. forbids: it cannot be decided in the room; needs_note: a decision says what was decided.
    """

    key: str
    what: str
    planned: str
    today: str
    why: str = ""
    forbids: bool = False
    needs_note: bool = False

    @property
    def words(self) -> str:
        return f"{self.what}: {self.today.rstrip('.')} (planned: {self.planned})"

    def as_mapping(self) -> dict[str, str]:
        return {"key": self.key, "what": self.what, "planned": self.planned, "today": self.today, "why": self.why}


@dataclass(frozen=True)
class Since:
    """
    *said*, the planner's answer of *on* (a plan or a caution), beside *plan*.

    sessions_left: how many of the plan's sessions are still to come, this one included.
    """

    plan: TreatmentPlan
    said: dict
    knowledge: Knowledge
    on: dt.date
    sessions_left: int

    @property
    def _then(self) -> dict:
        return self.plan.proposal

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """Everything, what cannot be decided in the room first."""
        kinds = (
            self._left_out,
            self._decisions,
            self._adjuvants,
            self._limits,
            self._device,
            self._test_areas,
            self._first_day,
            self._interval,
            self._event,
            self._zones,
            self._numbing,
            self._findings,
        )
        found = [change for kind in kinds for change in kind()]
        return tuple(sorted(found, key=lambda change: not change.forbids))

    @cached_property
    def new_cautions(self) -> list[dict]:
        known = {(row["id"], zone) for row in _cautions(self._then) for zone in row.get("zones") or ("",)}
        found = []
        for row in _cautions(self.said):
            everywhere = (row["id"], "") in known
            if not everywhere and any((row["id"], zone) not in known for zone in row.get("zones") or ("",)):
                found.append(row)
        return found

    @cached_property
    def left_out(self) -> dict[str, str]:
        """{zone of the plan: why it is left out today}."""
        out = {row["zone"]: self._why_out(row) for row in self.said.get("zones_excluded", [])}
        if self._now:  # a proposal that says nothing of a zone does not propose it
            out = {row.zone: "The planner proposes nothing here today." for row in self._rows if row.zone not in self._now} | out
        return {row.zone: out[row.zone] for row in self._rows if row.zone in out}

    @cached_property
    def decisions(self) -> list[dict]:
        """What somebody entitled has to decide or sign, and the proposal did not ask for."""
        known = {row["id"] for row in self._then.get("decisions", [])}
        return [row for row in self.said.get("decisions", []) if row["id"] not in known]

    @cached_property
    def adjuvants_out(self) -> dict[str, str]:
        """{adjuvant of the plan: why it does not go with the needling today}, where it did when the plan was made."""
        before, now = self._then.get("adjuvants", {}), self.said.get("adjuvants", {})
        known = {row["id"] for name in ("refused", "home_only") for row in before.get(name, [])}
        out = {row["id"]: row["reason"] for name in ("home_only", "refused") for row in now.get(name, []) if row["id"] not in known}
        return {name: out[name] for name in self.plan.adjuvants if name in out}

    @cached_property
    def limits(self) -> dict[str, tuple[Decimal, str]]:
        """
        {zone: (deepest mm today, why)} where the plan goes deeper than today's proposal allows, and the proposal it was made
        from allowed more.
        """
        found = {}
        for row in self._rows:
            now = self._now.get(row.zone)
            most = _mm(now["depth_mm"]["max"]) if now else None
            if now is not None and most is not None and most < min(row.depth_mm, row.max_depth_mm):
                found[row.zone] = (most, self._why_depth(now, "max") or f"{mm(most)} is the most today.")
        return found

    @cached_property
    def proposed(self) -> dict[str, tuple[Decimal, str]]:
        """{zone: (depth proposed today, why)} where it is less than was proposed and than was accepted."""
        found = {}
        for row in self._rows:
            now = self._now.get(row.zone)
            typical = _mm(now["depth_mm"]["typical"]) if now else None
            if now is not None and typical is not None and typical < min(row.depth_mm, row.proposed_depth_mm):
                found[row.zone] = (typical, self._why_depth(now, "typical") or "That is the depth proposed today.")
        return found

    @cached_property
    def longer_weeks(self) -> int | None:
        """The shortest interval in weeks, where it is longer than the plan's and than it was when the plan was made."""
        weeks = self.said.get("interval_weeks", {}).get("min")
        return weeks if weeks is not None and weeks > max(self._weeks_then, self.plan.interval_weeks_min) else None

    # One method for each kind of difference

    def _left_out(self) -> Iterator[Change]:
        for row in self._rows:
            if row.zone in self.left_out:
                yield Change(f"zone.{row.zone}", row.zone_label, "treated", "left out", self.left_out[row.zone], forbids=True)

    def _decisions(self) -> Iterator[Change]:
        for row in self.decisions:
            who = " or ".join(row["who"]).replace("_", " ")
            yield Change(
                f"decision.{row['id']}", row["what"], "not asked for", f"not decided yet ({who})", self._reasons(row), forbids=True
            )
        for zone in self._rows:
            now, then = self._now.get(zone.zone, {}), self._before.get(zone.zone, {})
            above, before = (_mm(row.get("sign_off_above_mm")) for row in (now, then))
            if then and above is not None and above < zone.depth_mm and (before is None or before >= zone.depth_mm):
                today = f"signed off above {mm(above)}"
                yield Change(f"sign_off.{zone.zone}:{above}", f"{zone.zone_label} depth", mm(zone.depth_mm), today, forbids=True)

    def _adjuvants(self) -> Iterator[Change]:
        for name, why in self.adjuvants_out.items():
            label = self.knowledge.adjuvants[name].label if name in self.knowledge.adjuvants else name.replace("_", " ").capitalize()
            yield Change(f"adjuvant.{name}", label, "with the needling", "not with the needling", why, forbids=True)

    def _limits(self) -> Iterator[Change]:
        for row in self._rows:
            if row.zone in self.limits:
                most, why = self.limits[row.zone]
                today = f"{mm(most)} at most"
                yield Change(f"limit.{row.zone}:{most}", f"{row.zone_label} depth", mm(row.depth_mm), today, why, forbids=True)

    def _device(self) -> Iterator[Change]:
        device, kind = self.said.get("device"), self.plan.device_kind
        if device and device["id"] != kind:
            yield Change(f"device.{device['id']}", "Device", kind, device["label"], device.get("why", ""), forbids=True)

    def _test_areas(self) -> Iterator[Change]:
        before = {row["because"]: row for row in self._then.get("advice", {}).get("test_areas", [])}
        for row in self.said.get("advice", {}).get("test_areas", []):
            known, weeks = before.get(row["because"]), row.get("wait_weeks")
            if known and known["required"] >= row["required"] and (known.get("wait_weeks") or 0) >= (weeks or 0):
                continue
            planned = "not asked for" if known is None else "offered" if not known["required"] else _waits(known.get("wait_weeks"))
            today = _waits(weeks) if row["required"] else "offered"
            key = f"test_area.{row['because']}:{weeks or 0}"
            yield Change(key, "Test area", planned, today, self._named(row["because"]), needs_note=bool(row["required"]))

    def _first_day(self) -> Iterator[Change]:
        now, before = _delay(self.said), _delay(self._then)
        if now is None or now <= (before if before is not None else self.knowledge.course.first_session_after_days):
            return
        first = dt.date.fromisoformat(self.said["course"]["dates"][0])
        why = next((step["why"] for step in reversed(self.said["course"].get("trace", [])) if step.get("after") == first.isoformat()), "")
        yield Change(f"first_day:{now}", "First possible date", day(self.on), day(first), why, needs_note=True)

    def _interval(self) -> Iterator[Change]:
        if self.longer_weeks and self.plan.sessions_count > 1:
            weeks = self.said["interval_weeks"]
            why = next((step["why"] for step in reversed(weeks.get("trace", []))), "")
            planned, today = counted(self.plan.interval_weeks_min, "week"), f"{counted(self.longer_weeks, 'week')} at least"
            yield Change(f"interval:{self.longer_weeks}", "Between sessions", planned, today, why)

    def _event(self) -> Iterator[Change]:
        course = self._then.get("course", {})
        if not course.get("fits_event") or not course.get("last_session_latest"):
            return
        latest = dt.date.fromisoformat(course["last_session_latest"])
        between, longer = (max(self.sessions_left - 1, 0) * dt.timedelta(weeks=w) for w in self._weeks_both)
        waits = dt.timedelta(days=max((_delay(self.said) or 0) - (_delay(self._then) or 0), 0))
        if self.on + between <= latest < self.on + waits + longer:
            planned, today = f"last session by {day(latest)}", f"last session not before {day(self.on + waits + longer)}"
            yield Change(f"event:{(waits + longer).days}", "Before the event", planned, today)

    def _zones(self) -> Iterator[Change]:
        for row in self._rows:
            now = self._now.get(row.zone)
            if now is None:
                continue
            if row.zone in self.proposed and row.zone not in self.limits:
                typical, why = self.proposed[row.zone]
                planned = mm(row.depth_mm)
                planned += f" ({mm(row.proposed_depth_mm)} proposed)" if row.proposed_depth_mm != row.depth_mm else ""
                yield Change(f"depth.{row.zone}:{typical}", f"{row.zone_label} depth", planned, f"{mm(typical)} proposed", why)
            yield from self._passes(row, now)
            yield from self._endpoint(row, now)

    def _passes(self, row: PlanZone, now: dict) -> Iterator[Change]:
        passes, then = now["passes"], self._before.get(row.zone, {}).get("passes", {})
        fewer = passes["typical"] < min(then.get("typical", row.passes_typical), row.passes_typical)
        narrower = passes["max"] < min(then.get("max", row.passes_max), row.passes_max)
        if fewer or narrower:
            planned, today = span(row.passes_min, row.passes_max), span(passes["min"], passes["max"])
            why = next((step["why"] for step in reversed(passes.get("trace", []))), "")
            yield Change(f"passes.{row.zone}:{passes['typical']}-{passes['max']}", f"{row.zone_label} passes", planned, today, why)

    def _endpoint(self, row: PlanZone, now: dict) -> Iterator[Change]:
        words = now["endpoint"]
        then = self._before.get(row.zone, {}).get("endpoint", row.endpoint)
        if words in (row.endpoint, then) or not (self._lighter(words, row.endpoint) and self._lighter(words, then)):
            return
        why = next((step["why"] for step in reversed(now.get("endpoint_trace", []))), "")
        yield Change(f"endpoint.{row.zone}:{words}", f"{row.zone_label} endpoint", row.endpoint, words, why)

    def _numbing(self) -> Iterator[Change]:
        now, then = self.said.get("advice", {}).get("numbing"), self._then.get("advice", {}).get("numbing", {})
        if not now:
            return
        planned = self.plan.numbing.replace("_", " ") or "not decided"
        if not now["allowed"]:
            if then.get("allowed", True):
                why = self._named(*now.get("because", ()))
                yield Change("numbing.none", "Numbing", planned, now["text"], why)
            return
        longest, before = (row.get("contact_minutes") or {} for row in (now, then))
        if longest and before and longest["max"] < before["max"]:
            today = f"{longest['max']} min at most"
            yield Change(f"numbing:{longest['max']}", "Numbing, time on the skin", f"{before['max']} min at most", today)

    def _findings(self) -> Iterator[Change]:
        for row in self.new_cautions:
            key = ".".join(["finding", row["id"], *row.get("zones", ())])
            asked = "; ".join(row.get("modifications", ()))
            yield Change(key, row["label"], "not known", asked or row["reason"], row["reason"] if asked else "")

    # What they stand on

    @cached_property
    def _rows(self) -> list[PlanZone]:
        return list(self.plan.zones.all())

    @cached_property
    def _now(self) -> dict[str, dict]:
        """Today's row of each zone; the most careful one where several are proposed."""
        found: dict[str, dict] = {}
        for row in self.said.get("zones", []):
            known = found.get(row["zone"])
            if known is None or row["depth_mm"]["max"] < known["depth_mm"]["max"]:
                found[row["zone"]] = row
        return found

    @cached_property
    def _before(self) -> dict[str, dict]:
        return {row["zone"]: row for row in self._then.get("zones", [])}

    @property
    def _weeks_then(self) -> int:
        return self._then.get("interval_weeks", {}).get("min", self.plan.interval_weeks_min)

    @property
    def _weeks_both(self) -> tuple[int, int]:
        least = self.plan.interval_weeks_min
        return least, self.longer_weeks or least

    def _lighter(self, one: str, other: str) -> bool:
        """Whether endpoint *one* is lighter than *other*; two that cannot be ordered are different, and so asked about."""
        technique = self.knowledge.technique
        order = {
            point.text: technique.lighter_order.index(point.id) for point in technique.endpoints if point.id in technique.lighter_order
        }
        return one not in order or other not in order or order[one] < order[other]

    def _named(self, *because: str) -> str:
        labels = {row["id"]: row["label"] for row in self.said.get("findings", [])}
        return ", ".join(labels[name] for name in because if name in labels)

    def _reasons(self, decision: dict) -> str:
        return self._named(*decision.get("because", ()))

    def _why_out(self, row: dict) -> str:
        findings = self.said.get("findings", [])
        reasons = [finding["reason"] for finding in findings if finding["id"] in row.get("because", ())]
        return " ".join(reasons) or "left out by the protocol"

    def _why_depth(self, row: dict, bound: str) -> str:
        caps = [finding["reason"] for finding in self.new_cautions if finding.get("max_depth_mm") is not None] if bound == "max" else []
        value = row["depth_mm"][bound]
        ends = [step for step in row.get("trace", []) if (step.get("range_after") or {}).get(bound) == value]
        began = [step for step in ends if (step.get("range_before") or {}).get(bound) != value]
        return " ".join(dict.fromkeys([*caps, *(step["why"] for step in (began or ends)[:1])]))


def barred(said: dict) -> tuple[str, tuple[str, ...], dt.date | None]:
    """(status, reasons, first possible date) of an answer under which nothing may be done; `("", (), None)` where it may."""
    status = said["status"]
    if status not in ("refuse", "defer", "ask"):
        return "", (), None
    findings = said.get("findings", [])
    reasons = [row["reason"] for row in findings if row["action"] == status] or [row["reason"] for row in findings[:1]]
    until = said.get("earliest")
    return status, tuple(reasons), dt.date.fromisoformat(until) if until and status != "ask" else None


def in_words(changes: Iterable[Change], most: int = 3) -> str:
    """The first *most* of them in one line, and how many more there are."""
    every = list(changes)
    rest = f"; and {len(every) - most} more" if len(every) > most else ""
    return "; ".join(change.words for change in every[:most]) + rest


def _cautions(said: dict) -> list[dict]:
    return [row for row in said.get("findings", []) if row["action"] == "caution"]


def _mm(value) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _waits(weeks: int | None) -> str:
    return f"required, then {counted(weeks, 'week')}" if weeks else "required"


def _delay(said: dict) -> int | None:
    """Days from the day the planner was asked to the first session it proposes."""
    dates = said.get("course", {}).get("dates")
    return (dt.date.fromisoformat(dates[0]) - dt.date.fromisoformat(said["today"])).days if dates and said.get("today") else None
