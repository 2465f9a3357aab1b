"""How a value came about, in words: the steps of a trace in their order, each with its sources and what they are worth."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from accounts.templatetags.clinic_format import in_words
from planner.wording import NBSP, number

from .references import References
from .said import span

ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}$")


@dataclass
class Step:
    """One step of a trace, in words."""

    rule: str
    before: str
    after: str
    narrowed: str  # the range before and after, where the step changed the range only
    why: str
    links: SafeString  # the sources, each to its place in the list on the page
    evidence: str
    meaning: str  # the grade in words
    unverified: bool
    no_study: bool

    @property
    def moved(self) -> bool:
        return bool(self.before) and self.before != self.after


def in_order(steps: list[Step]) -> SafeString:
    """The steps as a list. Put together here because a plan has some hundred of them."""
    none = f"<li>{gettext('No step recorded.')}</li>"
    return SafeString(f'<ol class="steps" data-cites>{"".join(map(_item, steps)) or none}</ol>')


def _item(step: Step) -> str:
    parts = [escape(step.why)]
    if step.moved:
        parts.append(f'<span class="num">{escape(step.before)} → {escape(step.after)}</span>')
    if step.narrowed:
        parts.append(f'<span class="num">{gettext("Range")} {escape(step.narrowed)}</span>')
    graded = f"{step.evidence}: {step.meaning}" if step.meaning else step.evidence
    parts += [step.links, f'<span class="grade">{escape(graded)}</span>']
    if step.no_study or step.unverified:
        parts.append(f'<span class="uv">{gettext("No study") if step.no_study else gettext("Unverified")}</span>')
    parts.append(f'<span class="rule-name">{gettext("Rule:")} {escape(step.rule)}</span>')
    return f"<li>{' '.join(parts)}</li>"


def iso(value) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) and ISO_DAY.match(value) else None


def value_words(value, unit: str = "") -> str:
    """A value of a trace in words: a number with its unit, a range, a list or a text."""
    if value is None or value == "":
        return ""
    if isinstance(value, dict):
        if {"min", "max"} <= value.keys():
            usual = value.get("typical")
            typical = ", " + gettext("usually %(value)s") % {"value": f"{number(usual)}{NBSP}{unit}"} if usual is not None else ""
            return span(value["min"], value["max"], unit) + typical
        return ", ".join(f"{key} {value_words(part)}" for key, part in value.items())
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    if iso(value):
        return in_words(iso(value))
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, int | float | Decimal):
        return f"{number(value)}{NBSP}{unit}" if unit else number(value)
    return str(value)


def steps_of(trace: list[Mapping], unit: str, references: References) -> list[Step]:
    return [
        Step(
            rule=entry.get("rule", "").replace("_", " "),
            before=value_words(entry.get("before"), unit if not isinstance(entry.get("before"), str) else ""),
            after=value_words(entry.get("after"), unit if not isinstance(entry.get("after"), str) else ""),
            narrowed=_narrowed(entry.get("range_before"), entry.get("range_after"), unit),
            why=entry.get("why", ""),
            links=references.links(entry.get("refs") or []),
            evidence=entry.get("evidence") or "",
            meaning=references.meanings.get(entry.get("evidence") or "", ""),
            unverified=bool(entry.get("unverified")),
            no_study=bool(entry.get("no_study")),
        )
        for entry in trace
    ]


def _narrowed(before: Mapping | None, after: Mapping | None, unit: str) -> str:
    if not before or not after or (before["min"], before["max"]) == (after["min"], after["max"]):
        return ""
    return f"{span(before['min'], before['max'], unit)} → {span(after['min'], after['max'], unit)}"
