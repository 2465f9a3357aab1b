"""From the names of medicines as typed to the classes the rules use. A name nobody knows is a question, never nothing."""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from .case import Medication
from .context import Context
from .knowledge import Knowledge
from .knowledge.entries import DoseRule, Medicine
from .words import Tokens, tokens

_DOSE = re.compile(r"(\d+(?:[.,]\d+)?)\s*(mg|mcg|ug|microgram(?:s)?|g)\b")


@dataclass(frozen=True, slots=True)
class Taken:
    """One medicine of the patient, recognised. `stopped` None: still taken (a stop date to come is still taken)."""

    typed: str
    ingredient: str
    classes: tuple[str, ...]
    stopped: dt.date | None
    mg_per_day: Decimal | None

    @property
    def now(self) -> bool:
        return self.stopped is None


def recognise(ctx: Context) -> list[Taken]:
    """Every medicine of the case with its classes; asks about names that are unknown, ambiguous or need their form."""
    found: list[Taken] = []
    for medication in ctx.case.medications:
        found += _one(ctx, medication)
    return found


def _one(ctx: Context, medication: Medication) -> list[Taken]:
    stopped = medication.stopped if medication.stopped and medication.stopped <= ctx.today else None
    taken: list[Taken] = []
    for part in _parts(ctx.knowledge, medication.name):
        words = tokens(part)
        matches = ctx.knowledge.names.medicines.find(words)
        unsure = ctx.knowledge.names.ambiguous.find(words)
        for doubt in unsure:
            if not any(m.start <= doubt.start and m.end >= doubt.end and len(m.name) > len(doubt.name) for m in matches):
                _unclear(ctx, part, words)
                matches = [m for m in matches if m.end <= doubt.start or m.start >= doubt.end]
        for match in matches:
            classes = _classes(ctx.knowledge, match.value, words)
            if not classes:
                _ask(ctx, part, words, "is it a cream or gel, or a tablet or injection?")
                continue
            taken.append(Taken(medication.name, match.value.ingredient, classes, stopped, mg_per_day(ctx.knowledge, part)))
        if not matches and not unsure and (_says_something(ctx.knowledge, words) or part == medication.name):
            _unclear(ctx, part, words)
    return taken


def _parts(knowledge: Knowledge, name: str) -> list[str]:
    """The whole text where it is one known name; else its parts, cut at commas, plus signs and the like."""
    whole = knowledge.names.medicines.exact(name)
    if whole is not None:
        return [name]
    matches = knowledge.names.medicines.find(tokens(name))
    if any(separator.strip() in match.name for match in matches for separator in knowledge.matching.separators):
        return [name]  # a two-part name such as "adapalene and benzoyl peroxide"
    parts = [name]
    for separator in knowledge.matching.separators:
        pattern = re.escape(separator) if separator.strip() == separator else rf"\s{re.escape(separator.strip())}\s"
        if separator.strip() == ",":
            pattern = r",(?!\d)"
        parts = [piece for part in parts for piece in re.split(pattern, part, flags=re.IGNORECASE)]
    return [part for part in (p.strip() for p in parts) if part] or [name]


def _says_something(knowledge: Knowledge, words: Tokens) -> bool:
    """Whether more is left than dose, form, frequency and filler words."""
    return any(word not in knowledge.names.noise and not word[0].isdigit() for word in words)


def _classes(knowledge: Knowledge, medicine: Medicine, words: Tokens) -> tuple[str, ...]:
    """The medicine's classes, by its form where the form decides; empty where the form must be asked."""
    rule = knowledge.matching.forms.get(medicine.ingredient)
    if rule is None:
        return medicine.classes
    matching = knowledge.matching
    text = f" {' '.join(words)} "

    def says(names: tuple[str, ...], *, units: bool) -> bool:
        return any((name in matching.units) == units and f" {' '.join(tokens(name))} " in text for name in names)

    if says(matching.systemic_words, units=False):
        return rule.systemic
    if says(matching.topical_words, units=False) or says(matching.topical_words, units=True):
        return rule.topical
    if says(matching.systemic_words, units=True):
        return rule.systemic
    return {"topical": rule.topical, "systemic": rule.systemic, "ask": ()}[rule.without_form]


def mg_per_day(knowledge: Knowledge, text: str) -> Decimal | None:
    """Milligrams a day where dose and frequency are both said; None where either is not."""
    doses = _DOSE.findall(text.casefold())
    words = " ".join(tokens(text))
    times = [times for names, times in knowledge.matching.frequencies for name in names if f" {' '.join(tokens(name))} " in f" {words} "]
    if len(doses) != 1 or not times or " week" in f" {words}" or " alternate" in f" {words}" or " other day" in f" {words}":
        return None
    amount, unit = Decimal(doses[0][0].replace(",", ".")), doses[0][1]
    if unit == "g":
        amount *= 1000
    elif unit != "mg":
        amount /= 1000
    return amount * max(times)


def below_dose(rule: DoseRule, medicines: Iterable[Taken]) -> bool:
    """Whether all steroids taken now stay below the rule's dose together; an unknown dose or strength counts as above."""
    total = Decimal(0)
    for taken in medicines:
        if taken.now and rule.medicine_class in taken.classes:
            amount = _same_effect(rule, taken)
            if amount is None:
                return False
            total += amount
    return total < rule.from_mg


def _same_effect(rule: DoseRule, taken: Taken) -> Decimal | None:
    """The day's dose as milligrams of prednisolone."""
    named = tokens(taken.ingredient)
    same = next((mg for name, mg in rule.same_effect_mg.items() if tokens(name)[: len(named)] == named), None)  # "... tablets" too
    if same is None or taken.mg_per_day is None:
        return None
    return taken.mg_per_day * rule.same_effect_mg.get("prednisolone", rule.from_mg) / same


def _unclear(ctx: Context, part: str, words: Tokens) -> None:
    _ask(ctx, part, words, "which medicine is this, and what class?")


def _ask(ctx: Context, part: str, words: Tokens, what: str) -> None:
    named = [word for word in words if word not in ctx.knowledge.names.noise and not word[0].isdigit()]
    ident = " ".join(named) or part.strip()
    ctx.ask(ident, f"{part.strip()}: {what}", "medicine", "medications", label=f"Medicine not known: {part.strip()}")
