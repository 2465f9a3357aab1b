"""From the names of medicines as typed to the classes the rules use. A name nobody knows is a question, never nothing."""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from . import wording
from .case import Medication, Said
from .context import Context
from .knowledge import Knowledge
from .knowledge.entries import DoseRule, Medicine
from .records import record
from .terms import Finding
from .words import Match, Tokens, tokens

_DOSE = re.compile(r"(\d+(?:[.,]\d+)?)\s*(mg|mcg|[uµμ]g|microgram(?:s)?|g)\b")
_LATIN = re.compile(r"[a-z\u00df-\u024f]+")  # tokens are folded: what is left outside is another script
_MICROGRAM = "\u03bcg"
_TAKEN = ".taken"  # ends the id of the question whether a medicine is taken
_LEAST_LETTERS = 6  # of a word beside a known name that is taken for another medicine


@record(frozen=True, slots=True)
class Taken:
    """
    One medicine of the patient, recognised. `stopped` None: still taken (a stop date to come is still taken).
    `stops_on`: that day to come. `said`: who named its classes, where the protocol does not know the name; `note`: what else its
    line says, in words.
    """

    typed: str
    ingredient: str
    classes: tuple[str, ...]
    stopped: dt.date | None
    mg_per_day: Decimal | None
    said: Said | None = None
    note: str = ""
    stops_on: dt.date | None = None

    @property
    def now(self) -> bool:
        return self.stopped is None

    @property
    def origin(self) -> str:
        """Where a finding comes from: the line as typed, and whatever else must be known about it."""
        notes = "; ".join(part for part in (said_words(self.said) if self.said else "", self.note) if part)
        return f"{self.typed} ({notes})" if notes else self.typed


@dataclass(slots=True)
class _Line:
    """One line of the medicines while it is read. `doubts`: (id, question, label) of what the protocol does not know."""

    medication: Medication
    stopped: dt.date | None
    note: str = ""
    stops_on: dt.date | None = None
    taken: list[Taken] = field(default_factory=list)
    doubts: list[tuple[str, str, str]] = field(default_factory=list)


def said_words(said: Said) -> str:
    return f"as said by {said.by} on {wording.day(said.on)}"


def recognise(ctx: Context) -> list[Taken]:
    """Every medicine of the case with its classes; asks about names that are unknown, ambiguous or need their form."""
    found: list[Taken] = []
    for medication in ctx.case.medications:
        found += _one(ctx, medication)
    return found


def _one(ctx: Context, medication: Medication) -> list[Taken]:
    line = _Line(medication, medication.stopped)
    if medication.stopped is not None and medication.stopped > ctx.today:
        line.stopped, line.stops_on = None, medication.stopped
        line.note = f"to be stopped on {wording.day(medication.stopped)}, so still taken"
    for part in _parts(ctx.knowledge, medication.name):
        _read(ctx.knowledge, line, part)
    if medication.said is not None:
        _as_said(ctx, line, medication.said)
    else:
        for ident, what, label in line.doubts:
            ctx.ask(ident, what, "medicine", "medications", label=label)
    return line.taken


@record(frozen=True, slots=True)
class Look:
    """What the protocol makes of one line, without a case. `unknown`: questions a class answers; `doubts`: whether it is taken."""

    taken: tuple[Taken, ...]
    unknown: tuple[str, ...]
    doubts: tuple[str, ...]


def look_up(knowledge: Knowledge, name: str, stopped: dt.date | None = None) -> Look:
    line = _Line(Medication(name, stopped), stopped)
    for part in _parts(knowledge, name):
        _read(knowledge, line, part)
    asked = [(what, ident.endswith(_TAKEN)) for ident, what, _ in line.doubts]
    return Look(tuple(line.taken), tuple(w for w, doubt in asked if not doubt), tuple(w for w, doubt in asked if doubt))


def key_of(knowledge: Knowledge, name: str) -> str:
    """A line's name without dose, form and frequency: two lines of one medicine have the same."""
    return _ident(knowledge, name, tokens(name))


def _read(knowledge: Knowledge, line: _Line, part: str) -> None:
    """One part of a line: what is known of it, and the doubts about the rest."""
    words = tokens(part)
    matches = knowledge.names.medicines.find(words)
    unsure = knowledge.names.ambiguous.find(words)
    doubted = False
    for doubt in unsure:
        if not any(m.start <= doubt.start and m.end >= doubt.end and len(m.name) > len(doubt.name) for m in matches):
            doubted = True
            matches = [m for m in matches if m.end <= doubt.start or m.start >= doubt.end]
    if doubted:
        _doubt(knowledge, line, part, words, "which medicine is this, and what class?")
    for match in matches:
        classes = _classes(knowledge, match.value, words)
        if not classes:
            _doubt(knowledge, line, part, words, "is it a cream or gel, or a tablet or injection?")
            continue
        dose = mg_per_day(knowledge, part)
        line.taken.append(
            Taken(line.medication.name, match.value.ingredient, classes, line.stopped, dose, note=line.note, stops_on=line.stops_on)
        )
    if matches:
        _rest(knowledge, line, part, words, matches)
    elif not unsure and (_says_something(knowledge, words) or part == line.medication.name):
        _doubt(knowledge, line, part, words, _which(knowledge, words))


def _rest(knowledge: Knowledge, line: _Line, part: str, words: Tokens, matches: list[Match[Medicine]]) -> None:
    """What stands beside a known name: free text is let be, doubt about taking it and what may be another medicine are not."""
    covered = {place for match in matches for place in range(match.start, match.end)}
    rest = tuple(word for place, word in enumerate(words) if place not in covered)
    if line.medication.stopped is None and knowledge.names.denied.find(rest):
        ident = f"{_ident(knowledge, part, words)}{_TAKEN}"
        what = f"{part.strip()}: is it taken? Enter the day it was last taken, or remove the line. Until then it counts as taken."
        line.taken = [replace(taken, note=taken.note or "counts as taken until it is clear") for taken in line.taken]
        line.doubts.append((ident, what, f"Taken or not: {part.strip()}"))
    doubtful = tuple(word for word in rest if word not in knowledge.names.noise and _may_be_a_medicine(knowledge, word))
    if doubtful:
        name = " ".join(doubtful)
        line.doubts.append((name, f"{part.strip()}: {name}: {_which(knowledge, doubtful)}", f"Medicine not known: {name}"))


def _may_be_a_medicine(knowledge: Knowledge, word: str) -> bool:
    """Another script, an ingredient's ending, or one letter from a known name."""
    if word[0].isdigit() or word == "%" or word == _MICROGRAM:
        return False
    if not _LATIN.fullmatch(word):
        return True
    if len(word) < _LEAST_LETTERS or knowledge.names.denied.find((word,)):
        return False
    return word.endswith(knowledge.matching.stems) or bool(knowledge.names.spellings.near(word))


def _which(knowledge: Knowledge, words: Tokens) -> str:
    """The question about an unknown name, with the names one letter away."""
    near = [pair for word in words if word not in knowledge.names.noise for pair in knowledge.names.spellings.near(word)]
    if not near:
        return "which medicine is this, and what class?"
    offered = " or ".join(name if name == ingredient else f"{name} ({ingredient})" for name, ingredient in dict(near).items())
    return f"not known. Did you mean {offered}? If not, which medicine is this, and what class?"


def _as_said(ctx: Context, line: _Line, said: Said) -> None:
    """The clinician's answer for what the protocol does not know. It adds classes; what is known never loses one."""
    name, known = line.medication.name, ctx.knowledge.medicine_classes
    unknown = [ident for ident in said.classes if ident not in known]
    for ident, what, label in line.doubts:
        if unknown or ident.endswith(_TAKEN):
            said_before = f" It was said to be {', '.join(unknown)}, which this protocol does not have." if unknown else ""
            ctx.ask(ident, what + said_before, "medicine", "medications", label=label)
    has = {group for taken in line.taken for group in taken.classes}
    named = ctx.knowledge.names.medicines.exact(said.ingredient)
    classes = {*said.classes, *(named.classes if named else ())}
    added = tuple(ident for ident in known if ident in classes and ident not in has)
    if not added and line.taken:
        return
    ingredient = named.ingredient if named else said.ingredient.strip() or "not in the protocol"
    line.taken.append(Taken(name, ingredient, added, line.stopped, mg_per_day(ctx.knowledge, name), said, line.note, line.stops_on))
    labels = ", ".join(known[ident].label for ident in added).lower() or "none of the protocol's classes"
    reason = f"{name}: {labels}, {said_words(said)}."
    ident = f"said_{_ident(ctx.knowledge, name, tokens(name))}"
    ctx.add(Finding(ident, f"Medicine: {name}", "none", "patient", reason, ctx.knowledge.medicine_source))


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


def _doubt(knowledge: Knowledge, line: _Line, part: str, words: Tokens, what: str) -> None:
    line.doubts.append((_ident(knowledge, part, words), f"{part.strip()}: {what}", f"Medicine not known: {part.strip()}"))


def _ident(knowledge: Knowledge, part: str, words: Tokens) -> str:
    return " ".join(word for word in words if word not in knowledge.names.noise and not word[0].isdigit()) or part.strip()
