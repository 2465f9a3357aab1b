"""
A version as people read it: rows with words, units and their sources, made from the pack's document.

Nothing here decides anything: what the planner acts on, it reads itself. Each `Source` goes beside the value it speaks for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, pgettext, pgettext_lazy

from planner.wording import ROMAN, mm, number, span

# The words of the screen for the actions of a pack: word, class, icon.
ACTIONS = {
    "refuse": (pgettext_lazy("action", "Stop"), "stop", "stop"),
    "defer": (gettext_lazy("Defer"), "defer", "defer"),
    "exclude_zone": (gettext_lazy("Leave out"), "out", "defer"),
    "caution": (gettext_lazy("Caution"), "caut", "caut"),
    "ask": (gettext_lazy("Ask"), "info", "info"),
    "none": (gettext_lazy("No restriction"), "mute", "info"),
}
_ORDER = list(ACTIONS)
_SIGNS = {"erythema": gettext_noop("Redness"), "oedema": gettext_noop("Swelling")}
NOT_STATED = gettext_noop("Not stated")


@dataclass(frozen=True)
class Source:
    """Where a value comes from: numbers in the list of references, evidence grade, and whether any study was read for it."""

    numbers: tuple[int, ...] = ()
    grade: str = ""
    unverified: bool = False
    own: tuple[str, ...] = ()  # the parts of the entry that are the pack's own, in words


@dataclass(frozen=True)
class Span:
    """`typical` is the value proposed, `band` the range around it; both with their unit."""

    typical: str
    band: str
    source: Source = field(default_factory=Source)


@dataclass(frozen=True)
class Action:
    word: str
    css: str
    icon: str


def action(name: str) -> Action:
    return Action(*ACTIONS.get(name, (words(name), "mute", "info")))


def words(name: str) -> str:
    """`home_care_only` as `Home care only`: ids of the pack that carry no label of their own."""
    text = str(name).replace("_", " ")
    return text[:1].upper() + text[1:]


_UNITS = {
    "a day": gettext_noop("a day"),
    "day": gettext_noop("day"),
    "days": gettext_noop("days"),
    "weeks": gettext_noop("weeks"),
    "hours": gettext_noop("hours"),
    "sessions": gettext_noop("sessions"),
    "passes": gettext_noop("passes"),
    "minutes": gettext_noop("minutes"),
    "years": gettext_noop("years"),
}


def unit_word(unit: str) -> str:
    """A unit in the language of the page; `mm` and `h` are the same in each."""
    return _(unit) if unit in _UNITS else unit


def said_span(low: Any, high: Any, unit: str = "") -> str:
    """`0.5 to 1 mm` in the language of the page."""
    text = span(low, high, unit_word(unit))
    first, joint, last = text.partition(" to ")
    return f"{first}{pgettext('from ... to', ' to ')}{last}" if joint else text


def phototypes(names: Iterable[str] | None) -> str:
    """`1 to 3 (I to III)`, `5 (V)`, `1, 3 (I, III)`; nothing is `Not stated`."""
    if not names:
        return _(NOT_STATED)
    numbers = sorted(ROMAN.index(name) + 1 for name in names)
    if len(numbers) == 1:
        return f"{numbers[0]} ({ROMAN[numbers[0] - 1]})"
    run = len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1))
    joint = pgettext("from ... to", " to ") if run else ", "
    shown = [numbers[0], numbers[-1]] if run else numbers
    return f"{joint.join(map(str, shown))} ({joint.join(ROMAN[n - 1] for n in shown)})"


def _lines(value: Any) -> tuple[str, ...]:
    if not value:
        return ()
    return (value,) if isinstance(value, str) else tuple(str(item) for item in value)


def _days_before(days: int) -> str:
    return f"{days} day{'s' if days != 1 else ''} before"


def _hours(hours: float) -> str:
    """`24 h`, from two days on `3 days`."""
    return f"{number(hours)}\u00a0h" if hours < 48 or hours % 24 else _("%(n)s\u00a0days") % {"n": number(hours / 24)}


class Reading:
    """One version's document, with its labels and reference numbers looked up once."""

    def __init__(self, document: Mapping[str, Any]):
        self.document = document
        self._numbers = {ref["id"]: place for place, ref in enumerate(document["references"], start=1)}
        self._zones = {zone["id"]: zone["label"] for zone in (*document["zones"], *document.get("excluded_zones", ()))}
        self._rules = {rule["id"]: rule["label"] for rule in document["contraindications"]}
        self._indications = {entry["id"]: entry["label"] for entry in document["indications"]}
        self._adjuvants = {entry["id"]: entry.get("short_label") or entry["label"] for entry in document["adjuvants"]}

    # Small words

    def source(self, entry: Mapping) -> Source:
        return Source(
            numbers=tuple(sorted(self._numbers[ref] for ref in entry.get("refs", ()))),
            grade=entry.get("evidence", ""),
            unverified=bool(entry.get("unverified")),
            own=tuple(words(name).lower() for name in entry.get("unverified_fields", ())),
        )

    def span(self, entry: Mapping, unit: str | None = None) -> Span:
        unit = entry.get("unit", "") if unit is None else unit
        typical = f"{number(entry['typical'])}\u00a0{unit_word(unit)}".rstrip("\u00a0")
        return Span(typical, said_span(entry["min"], entry["max"], unit), self.source(entry))

    def zones(self, ids: Iterable[str]) -> str:
        return ", ".join(self._zones.get(name, words(name)) for name in ids)

    def rules(self, ids: Iterable[str]) -> str:
        return ", ".join(self._rules.get(name, words(name)) for name in ids)

    # The version's page

    def indications(self) -> list[dict]:
        rows = []
        for entry in self.document["indications"]:
            depths = [row for row in self.document["depth_ranges"] if row["indication"] == entry["id"]]
            rows.append(
                {
                    "slug": entry["id"].replace("_", "-"),
                    "label": entry["label"],
                    "levels": len(entry["levels"]),
                    "zones": len({row["zone"] for row in depths}),
                    "depth": said_span(min(row["min"] for row in depths), max(row["max"] for row in depths), "mm"),
                    "sessions": _over(level["sessions"] for level in entry["levels"]),
                    "interval": f"{_over(level['interval'] for level in entry['levels'])}\u00a0{unit_word('weeks')}",
                    "scale": entry["severity_scale"]["name"],
                    "source": self.source(entry["severity_scale"]),
                }
            )
        return rows

    def devices(self) -> list[dict]:
        return [
            {
                "label": entry["label"],
                "allowed": entry["allowed"],
                "preferred": entry["preferred"],
                "step": mm(entry["dial_step_mm"]) if "dial_step_mm" in entry else "",
                "lengths": ", ".join(number(length) for length in entry.get("needle_lengths_mm", ())),
                "rounding": entry.get("depth_rounding_text") or entry.get("depth_rounding", ""),
                "not_in": self.zones(entry.get("not_in_zones", ())),
                "why": entry["why"],
                "source": self.source(entry),
            }
            for entry in self.document["devices"]
        ]

    def device_limits(self, indication: str | None = None) -> list[dict]:
        return [
            {
                "device": line["device"],
                "indication": self._indications.get(line["indication"], words(line["indication"])),
                "zones": self.zones(line["zones"]),
                "phototypes": phototypes(line["phototypes"]),
                "min_age": line["min_age"],
                "max_set": mm(line["max_set_mm"]),
                "max_evaluated": mm(line["max_evaluated_mm"]),
                "note": line.get("note", ""),
                "source": self.source(line),
            }
            for line in self.document["device_limits"]
            if indication in (None, line["indication"])
        ]

    def zone_rows(self) -> list[dict]:
        return [
            {
                "id": zone["id"],
                "label": zone["label"],
                "region": words(zone["region"]),
                "ceiling": mm(zone["max_depth_mm"]),
                "keloid_prone": zone.get("keloid_prone", False),
                "note": zone.get("note", ""),
                "source": self.source(zone),
            }
            for zone in self.document["zones"]
        ]

    def never_treated(self) -> list[dict]:
        return [{"label": zone["label"], "source": self.source(zone)} for zone in self.document.get("excluded_zones", ())]

    def questions(self) -> list[dict]:
        return [
            {
                "text": question["text"],
                "help": question.get("help") or "",
                "asked_of": words(question.get("asked_of", "patient")),
                "valid": _("%(n)s days") % {"n": question["valid_days"]} if question["valid_days"] else _("this visit"),
                "covers": [(item["rule"], item.get("label") or self._rules.get(item["rule"], "")) for item in question["covers"]],
            }
            for question in self.document.get("questions", ())
        ]

    def rule_groups(self) -> list[dict]:
        """Screening rules by group, the worst action first."""
        groups: dict[str, list] = {}
        for rule in self.document["contraindications"]:
            groups.setdefault(rule["group"], []).append(self._rule(rule))
        return [
            {"label": words(name), "rules": sorted(rules, key=lambda rule: _ORDER.index(rule["key"]) if rule["key"] in _ORDER else 99)}
            for name, rules in groups.items()
        ]

    def _rule(self, rule: Mapping) -> dict:
        wait = rule.get("interval_days")
        return {
            "id": rule["id"],
            "key": rule["action"],
            "label": rule["label"],
            "action": action(rule["action"]),
            "scope": _("Whole person") if rule["scope"] == "patient" else _("Zone"),
            "until": rule.get("until") or "",
            "wait": _("%(n)s days") % {"n": number(wait["typical"])} if wait else "",
            "wait_band": said_span(wait["min"], wait["max"], "days") if wait else "",
            "cap": mm(rule["max_depth_mm"]) if rule.get("max_depth_mm") is not None else "",
            "modifications": _lines(rule.get("modifications")),
            "rationale": rule.get("rationale", ""),
            "note": rule.get("note", ""),
            "sign_off": ", ".join(words(name).lower() for name in rule.get("sign_off", ())),
            "source": self.source(rule),
        }

    def settings(self) -> list[dict]:
        """What the protocol leaves to the clinic."""
        return [
            {
                "label": entry["label"],
                "options": [(option["label"], option["id"] == entry["default"]) for option in entry["options"]],
                "source": self.source(entry),
            }
            for entry in self.document.get("settings", ())
        ]

    def medicine_classes(self) -> list[dict]:
        names: dict[str, list[str]] = {}
        for medicine in self.document["medicines"]["list"]:
            for name in medicine["classes"]:
                names.setdefault(name, []).append(medicine["ingredient"])
        return [
            {
                "label": entry["label"],
                "rules": [(rule, self._rules.get(rule, words(rule))) for rule in entry.get("leads_to", ())],
                "note": entry.get("note", ""),
                "ingredients": names.get(entry["id"], []),
            }
            for entry in self.document["medicines"]["classes"]
        ]

    def medicine_source(self) -> Source:
        return self.source(self.document["medicines"])

    def phototype_rules(self) -> list[dict]:
        rows = []
        for rule in self.document["phototype_rules"]:
            cap, step = rule.get("max_depth_mm"), rule.get("depth_step_mm") or 0
            rows.append(
                {
                    "label": phototypes(rule["phototypes"]),
                    "cap": mm(cap) if cap is not None else _("As the zone"),
                    "step": (_("%(depth)s less") if step < 0 else _("%(depth)s more")) % {"depth": mm(abs(step))}
                    if step
                    else pgettext("value", "None"),
                    "first": rule.get("first_session_depth_text") or rule.get("first_session_depth", ""),
                    "interval": _("%(n)s weeks") % {"n": rule["min_interval_weeks"]},
                    "test_area": {"none": _("Not asked for"), "offer": _("Offer")}.get(
                        rule.get("test_area"), words(rule.get("test_area", "none"))
                    ),
                    "extra": _lines(rule.get("extra")),
                    "note": rule.get("note", ""),
                    "source": self.source(rule),
                }
            )
        return rows

    def adjuvants(self, indication: str | None = None) -> list[dict]:
        rows = []
        for entry in self.document["adjuvants"]:
            uses = [
                {
                    "indication": self._indications.get(use["indication"], words(use["indication"])),
                    "role": words(use["role"]),
                    "css": {"supported": "clear", "not_preferred": "caut", "specialist_only": "caut"}.get(use["role"], "mute"),
                    "source": self.source(use),
                }
                for use in entry["use"]
                if indication in (None, use["indication"])
            ]
            if uses or indication is None:
                rows.append(
                    {
                        "label": entry["label"],
                        "route": entry.get("route", ""),
                        "uses": uses,
                        "risks": entry.get("risks", ""),
                        "handling": entry.get("handling", ""),
                        "note": entry.get("note", ""),
                        "left_out_with": self.rules(entry.get("exclude_if", ())),
                        "sign_off_with": self.rules(entry.get("sign_off_if", ())),
                        "sterile_only": entry.get("sterile_only", False),
                        "source": self.source(entry),
                    }
                )
        return rows

    def downtime(self) -> list[dict]:
        rows = []
        for band in self.document["downtime_bands"]:
            depth, resume = band["depth_mm"], band["resume"]
            upper = depth.get("up_to_and_including")
            low = number(depth["above"])
            rows.append(
                {
                    "label": band["label"],
                    "depth": _("above %(low)s, to %(high)s") % {"low": low, "high": mm(upper)}
                    if upper is not None
                    else _("above %(low)s") % {"low": mm(depth["above"])},
                    "course": [self.span(band[name]) for name in ("visible_downtime", "erythema", "oedema", "flaking")],
                    "resume": [
                        (_("Make-up"), _hours(resume["makeup_hours"])),
                        (_("Sunscreen"), _hours(resume["sunscreen_hours"])),
                        (_("Strenuous exercise"), _hours(resume["strenuous_exercise_hours"])),
                        (_("Sauna, pool"), _hours(resume["sauna_pool_hours"])),
                        (_("Retinoids, acids"), _hours(resume["retinoid_and_acid_days"] * 24)),
                        (_("Strong sun"), _hours(resume["avoid_strong_sun_days"] * 24)),
                    ],
                    "note": resume.get("note", ""),
                    "source": self.source(resume),
                }
            )
        return rows

    def care(self) -> list[dict]:
        """Before, after and what is normal, in the order of time."""
        before = [
            {
                "when": _("On the day") if line["day"] == 0 else _("From day %(n)s") % {"n": line["day"]},
                "do": line["instruction"],
                "source": self.source(line),
            }
            for line in self.document["precare"]
        ]
        after = [
            {"when": words(line["when"]), "do": line["do"], "avoid": line["avoid"], "source": self.source(line)}
            for line in self.document["aftercare"]
        ]
        normal = [{"when": words(line["when"]), "do": line["what"], "source": self.source(line)} for line in self.document["normal_course"]]
        return [
            {"kind": "before", "label": _("Before"), "rows": before},
            {"kind": "after", "label": _("After"), "rows": after},
            {"kind": "normal", "label": _("What is normal"), "rows": normal},
        ]

    def care_by_adjuvant(self) -> list[dict]:
        return [
            {"label": self._adjuvants.get(line["adjuvant"], words(line["adjuvant"])), "text": line["text"], "source": self.source(line)}
            for line in self.document.get("aftercare_by_adjuvant", ())
        ]

    def red_flags(self) -> list[dict]:
        urgency = {"emergency": (_("Emergency"), "stop"), "same_day": (_("Same day"), "defer")}
        rows = []
        for flag in self.document["red_flags"]:
            word, css = urgency.get(flag["urgency"], (words(flag["urgency"]), "mute"))
            rows.append({"signs": flag["signs"], "do": flag["do"], "word": word, "css": css, "source": self.source(flag)})
        return rows

    def before_visit(self) -> dict | None:
        """The paper before a visit, each line beside the entry it says; None where the version has none."""
        section = self.document.get("before_visit")
        if not section:
            return None
        rows = [
            {
                "day": _("The day") if row["day"] == 0 else _("%(n)s days") % {"n": row["day"]},
                "instruction": row["instruction"],
                "say": section["lines"].get(row["id"], []),
            }
            for row in self.document["precare"]
        ]
        return {"title": section["title"], "intro": section["intro"], "rows": rows, "closing": section["closing"]}

    def follow_up(self) -> dict | None:
        """What is asked after a session, the level that follows and the words for the patient; None where the version has none."""
        section = self.document.get("follow_up")
        if not section:
            return None
        labels = {row["id"]: row["label"] for row in section["levels"]}
        css = {"emergency": "stop", "see_today": "defer", "call_back_today": "caut", "normal": "clear"}
        asked = {row["id"]: (row["text"], {one["id"]: one["text"] for one in row["answers"]}) for row in section["questions"]}
        bands = {row["id"]: row["label"] for row in self.document["downtime_bands"]}

        def days(row: Mapping) -> str:
            if row["from_day"] == row["to_day"]:
                return _("Day %(n)s") % {"n": row["from_day"]}
            return _("Day %(from)s to %(to)s") % {"from": row["from_day"], "to": row["to_day"]}

        def after(row: Mapping) -> str:
            depths = ", ".join(bands.get(name, name) for name in row.get("bands") or ()) or _("any depth")
            sign = row.get("after")
            if not sign:
                return depths
            named = {"sign": (_(_SIGNS[sign]) if sign in _SIGNS else words(sign)).lower(), "depths": depths}
            return _("Once %(sign)s has outlasted its depth, %(depths)s") % named

        def chosen(condition: Mapping) -> tuple[str, str]:
            text, answers = asked[condition["question"]]
            return text, _(" or ").join(answers.get(name, name) for name in condition["answers"])

        return {
            "levels": [
                {**row, "css": css[row["id"]], "minutes": row.get("within_minutes"), "source": self.source(row)}
                for row in section["levels"]
            ],
            "check_ins": [{**row, "bands": after(row), "source": self.source(row)} for row in section["check_ins"]],
            "questions": [
                {
                    "text": row["text"],
                    "help": row.get("help", ""),
                    "days": days(row),
                    "answers": ", ".join(asked[row["id"]][1].values()),
                    "expected": ", ".join(asked[row["id"]][1][name] for name in row["expected"]),
                    "source": self.source(row),
                }
                for row in section["questions"]
            ],
            "rules": [
                {
                    "level": labels[row["level"]],
                    "css": css[row["level"]],
                    "days": days(row),
                    "when": [chosen(condition) for condition in row["when"]],
                    "after": after(row) if row.get("after") or row.get("bands") else "",
                    "why": row["why"],
                    "source": self.source(row),
                }
                for row in section["rules"]
            ],
        }

    def combination_rules(self) -> list[dict]:
        return [{"text": rule["rule"], "source": self.source(rule)} for rule in self.document["combination_rules"]]

    def technique(self) -> dict:
        technique = self.document["technique"]
        return {
            "rules": [{"text": rule["rule"], "source": self.source(rule)} for rule in technique["rules"]],
            "endpoints": [
                {"when": line["when"], "endpoint": line["endpoint"], "source": self.source(line)} for line in technique["endpoints"]
            ],
            "passes": self.span(technique["passes"]),
            "numbing": [{"text": fact["fact"], "source": self.source(fact)} for fact in self.document["anaesthesia"]],
        }

    def grades(self) -> list[tuple[str, str]]:
        return list(self.document["vocabulary"]["evidence"].items())

    def references(self, only: set[int] | None = None) -> list[dict]:
        return [
            {
                "number": place,
                "id": ref["id"],
                "citation": ref["citation"],
                "type": words(ref.get("type") or ""),
                "grade": ref.get("evidence", ""),
                "unverified": bool(ref.get("unverified")),
                "doi": ref.get("doi", ""),
            }
            for place, ref in enumerate(self.document["references"], start=1)
            if only is None or place in only
        ]

    # One indication's page

    def indication(self, name: str) -> dict | None:
        entry = next((one for one in self.document["indications"] if one["id"] == name), None)
        if entry is None:
            return None
        published = entry.get("published_span") or {}
        page = {
            "id": name,
            "label": entry["label"],
            "scale": {**entry["severity_scale"], "source": self.source(entry["severity_scale"])},
            "outcome": {"name": entry["outcome_scale"]["name"], "source": self.source(entry["outcome_scale"])},
            "levels": [
                {
                    "label": level["label"],
                    "sessions": self.span(level["sessions"]),
                    "interval": self.span(level["interval"]),
                    "advice": level.get("advice", ""),
                    "alternatives": _lines(level.get("alternatives")),
                }
                for level in entry["levels"]
            ],
            "published": {
                "depth": said_span(*published["depth_mm"], "mm"),
                "sessions": said_span(*published["sessions"]),
                "interval": said_span(*published["interval_weeks"], "weeks"),
                "source": self.source(published),
            }
            if published
            else None,
            "efficacy": [{"text": fact["fact"], "source": self.source(fact)} for fact in entry["efficacy"]],
            "morphology": [
                {
                    "label": words(shape["id"]),
                    "response": words(shape["response"]),
                    "advice": shape.get("advice") or "",
                    "source": self.source(shape),
                }
                for shape in entry.get("morphology", ())
            ],
            "grid": self._grid(entry),
            "label_status": self.device_limits(name),
            "adjuvants": self.adjuvants(name),
        }
        page["references"] = self.references(_numbers_in(page))
        return page

    def _grid(self, entry: Mapping) -> list[dict]:
        """One row a zone, one cell a level; references that all cells of a row share are shown once, at its end."""
        cells = {(row["zone"], row["level"]): row for row in self.document["depth_ranges"] if row["indication"] == entry["id"]}
        rows = []
        for zone in self.document["zones"]:
            found = [cells.get((zone["id"], level["id"])) for level in entry["levels"]]
            if not any(found):
                continue
            spans = [self.span(cell, "mm") if cell else None for cell in found]
            sources = {replace(one.source, unverified=False) for one in spans if one}
            shared = sources.pop() if len(sources) == 1 else None  # "No study" then stands beside the depth it speaks of
            rows.append(
                {
                    "label": zone["label"],
                    "ceiling": mm(zone["max_depth_mm"]),
                    "ceiling_source": self.source(zone),
                    "cells": list(zip([level["label"] for level in entry["levels"]], spans, strict=True)),
                    "shared": shared,
                }
            )
        return rows


def _over(entries: Iterable[Mapping]) -> str:
    entries = list(entries)
    return said_span(min(entry["min"] for entry in entries), max(entry["max"] for entry in entries))


def _numbers_in(value: Any) -> set[int]:
    """Every reference number a page shows, so that its own list of references holds just those."""
    if isinstance(value, Source):
        return set(value.numbers)
    if isinstance(value, Span):
        return set(value.source.numbers)
    if isinstance(value, Mapping):
        value = value.values()
    if isinstance(value, (str, int, float)) or not isinstance(value, Iterable):
        return set()
    return set().union(*(_numbers_in(item) for item in value))
