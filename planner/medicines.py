"""From the names of medicines as typed to the classes the rules use. A name nobody knows is a question, never nothing."""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from . import wording
from .case import Medication, Said
from .context import Context
from .doses import day_dose, may_be_amount
from .knowledge import Knowledge
from .knowledge.entries import DoseRule, FormRule, Medicine
from .records import record
from .terms import Finding
from .words import Match, Tokens, tokens

_LATIN = re.compile(r"[a-z\u00df-\u024f]+")  # tokens are folded: what is left outside is another script
_MICROGRAM = "\u03bcg"
_TAKEN = ".taken"  # ends the id of the question whether a medicine is taken
_DAY_DOSE = ".dose"  # how much a day
_FORM = ".form"  # cream or tablet, where a line says both
_BY_THE_LINE = (_TAKEN, _DAY_DOSE, _FORM)  # only the line itself can answer these: no class does
_APART = re.compile(r"[\s()\[\]{}/;:,+&\"\u201c\u201d|<>=!?]+")
_CREAM_OR_TABLET = (
    "is it a cream, gel, drops or spray, or is it swallowed or injected? Write the two as two lines, or leave out what is not "
    "this medicine. Until then it counts as swallowed."
)
_HOW_MUCH = "how much is taken a day in all? Write it as one amount, for example \u201c20 mg daily\u201d. Until then the dose is not known."
_PLACES = frozenset(("scalp", "nasal", "nasally", "serum", "paste", "%"))  # as often a place or a finding as a form of the medicine
_CAPSULE = frozenset(("capsule", "capsules", "caps", "cap"))  # "gel capsules" are no gel
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
    _read_all(ctx.knowledge, line)
    if medication.said is not None:
        _as_said(ctx, line, medication.said)
    else:
        for ident, what, label in line.doubts:
            ctx.ask(ident, what, "medicine", "medications", label=label)
    return line.taken


@record(frozen=True, slots=True)
class Look:
    """What the protocol makes of one line, without a case. `unknown`: a class answers; `doubts`: only the line can."""

    taken: tuple[Taken, ...]
    unknown: tuple[str, ...]
    doubts: tuple[str, ...]


def look_up(knowledge: Knowledge, name: str, stopped: dt.date | None = None) -> Look:
    line = _Line(Medication(name, stopped), stopped)
    _read_all(knowledge, line)
    asked = [(what, ident.endswith(_BY_THE_LINE)) for ident, what, _ in line.doubts]
    return Look(tuple(line.taken), tuple(w for w, doubt in asked if not doubt), tuple(w for w, doubt in asked if doubt))


def key_of(knowledge: Knowledge, name: str) -> str:
    """A line's name without dose, form and frequency: two lines of one medicine have the same."""
    return _ident(knowledge, name, tokens(name))


def _read_all(knowledge: Knowledge, line: _Line) -> None:
    """Every part of the line. A part nobody can read that may say how much leaves no dose of the line certain."""
    for part in _parts(knowledge, line.medication.name):
        before = len(line.taken)
        _read(knowledge, line, part)
        if len(line.taken) == before and may_be_amount(tokens(part)):
            line.taken = [replace(taken, mg_per_day=None) for taken in line.taken]


def _read(knowledge: Knowledge, line: _Line, part: str) -> None:
    """One part of a line: what is known of it, and the doubts about the rest."""
    words = tokens(part)
    matches = _found(knowledge, words)
    unsure = knowledge.names.ambiguous.find(words)
    doubted = False
    for doubt in unsure:
        if not any(m.start <= doubt.start and m.end >= doubt.end and len(m.name) > len(doubt.name) for m in matches):
            doubted = True
            matches = [m for m in matches if m.end <= doubt.start or m.start >= doubt.end]
    if doubted or _piece_of_another(knowledge, part, words, matches):
        _doubt(knowledge, line, part, words, "which medicine is this, and what class?")
    for match in matches:
        classes, mixed = _classes(knowledge, match, words)
        if not classes:
            _doubt(knowledge, line, part, words, "is it a cream or gel, or a tablet or injection?")
            continue
        dose = day_dose(knowledge, part, range(match.start, match.end))
        if mixed:
            _doubt(knowledge, line, part, words, _CREAM_OR_TABLET, _FORM)
        elif dose.unclear and set(classes) & _dosed(knowledge):
            _doubt(knowledge, line, part, words, _HOW_MUCH, _DAY_DOSE)
        line.taken.append(
            Taken(line.medication.name, match.value.ingredient, classes, line.stopped, dose.mg, note=line.note, stops_on=line.stops_on)
        )
    if matches:
        _rest(knowledge, line, part, words, matches)
    elif not unsure:
        _doubt(knowledge, line, part, words, _which(knowledge, words))


def _dosed(knowledge: Knowledge) -> set[str]:
    """The classes whose rule goes by the dose."""
    return {rule.dose_rule.medicine_class for rule in knowledge.rules.values() if rule.dose_rule}


def _found(knowledge: Knowledge, words: Tokens) -> list[Match[Medicine]]:
    """The medicines named in *words*. A name typed in pieces is that name and no shorter one inside it."""
    matches = knowledge.names.medicines.find(words)
    joined = [m for m in knowledge.names.joined.find(words) if (m.start, m.end) not in {(o.start, o.end) for o in matches}]
    if not joined:
        return matches
    chosen: list[Match[Medicine]] = []
    for match in sorted((*matches, *joined), key=lambda m: (-sum(map(len, m.name)), m.start)):
        if all(match.end <= other.start or match.start >= other.end for other in chosen):
            chosen.append(match)
    return sorted(chosen, key=lambda m: m.start)


def _piece_of_another(knowledge: Knowledge, part: str, words: Tokens, matches: list[Match[Medicine]]) -> bool:
    """Whether a known name is only a piece of a word nobody knows ("izo-tretinoin", "izo tretinoin")."""
    covered = {place for match in matches for place in range(match.start, match.end)}
    strange = {
        place
        for place, word in enumerate(words)
        if place not in covered and word.isalpha() and word not in knowledge.names.noise and not knowledge.names.denied.find((word,))
    }
    if not strange or not covered:
        return False
    for start, end in _glued(part, words):
        inside = set(range(start, end))
        if inside & strange and inside & covered:
            return True
    for match in matches:
        own, name = match.value.ingredient, "".join(words[match.start : match.end])
        beside = [words[place] + name for place in (match.start - 1,) if place in strange]
        beside += [name + words[place] for place in (match.end,) if place in strange]
        if any(ingredient != own for letters in beside for _, ingredient in knowledge.names.spellings.near(letters)):
            return True
    return False


def _glued(part: str, words: Tokens) -> list[tuple[int, int]]:
    """The places of the words that are written as one: with a hyphen, or nothing one can see, between them."""
    chunks = [tokens(chunk) for chunk in _APART.split(_thin(part))]
    if tuple(word for chunk in chunks for word in chunk) != words:
        return []
    found, place = [], 0
    for chunk in chunks:
        if len(chunk) > 1:
            found.append((place, place + len(chunk)))
        place += len(chunk)
    return found


def _thin(text: str) -> str:
    """*text* with a hyphen for every letter without width."""
    return "".join("-" if unicodedata.category(letter) == "Cf" else letter for letter in text)


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
        if unknown or ident.endswith(_BY_THE_LINE):
            said_before = f" It was said to be {', '.join(unknown)}, which this protocol does not have." if unknown else ""
            ctx.ask(ident, what + said_before, "medicine", "medications", label=label)
    has = {group for taken in line.taken for group in taken.classes}
    named = ctx.knowledge.names.medicines.exact(said.ingredient)
    classes = {*said.classes, *(named.classes if named else ())}
    added = tuple(ident for ident in known if ident in classes and ident not in has)
    if not added and line.taken:
        return
    ingredient = named.ingredient if named else said.ingredient.strip() or "not in the protocol"
    dose = day_dose(ctx.knowledge, name, _name_of(ctx.knowledge, name))
    line.taken.append(Taken(name, ingredient, added, line.stopped, dose.mg, said, line.note, line.stops_on))
    labels = ", ".join(known[ident].label for ident in added).lower() or "none of the protocol's classes"
    reason = f"{name}: {labels}, {said_words(said)}."
    ident = f"said_{_ident(ctx.knowledge, name, tokens(name))}"
    ctx.add(Finding(ident, f"Medicine: {name}", "none", "patient", reason, ctx.knowledge.medicine_source))


def _parts(knowledge: Knowledge, name: str) -> list[str]:
    """
    The whole text where it is one known name; else its parts, cut at commas, plus signs and the like. What names nothing and only
    says how much, how often or in what form belongs to the name before it.
    """
    cuts = "|".join(_cut(separator) for separator in knowledge.matching.separators)
    pieces = ["", *re.split(f"({cuts})", name, flags=re.IGNORECASE)] if cuts else ["", name]
    pairs = [(before, piece.strip()) for before, piece in zip(pieces[::2], pieces[1::2], strict=True) if _visible(piece)]
    if knowledge.names.medicines.exact(name) is not None and all(tokens(piece) for _, piece in pairs):
        return [name]
    matches = knowledge.names.medicines.find(tokens(name))
    if any(separator.strip() in match.name for match in matches for separator in knowledge.matching.separators):
        return [name]  # a two-part name such as "adapalene and benzoyl peroxide"
    return _with_their_names(knowledge, pairs) or [name]


def _cut(separator: str) -> str:
    if separator.strip() == ",":
        return r",(?!\d)"
    return re.escape(separator) if separator.strip() == separator else rf"\s{re.escape(separator.strip())}(?=\s)"


def _visible(piece: str) -> bool:
    """Whether anything but punctuation was typed."""
    return any(unicodedata.category(letter)[0] in "LNSM" for letter in piece)


def _with_their_names(knowledge: Knowledge, pieces: list[tuple[str, str]]) -> list[str]:
    """*pieces* with what cuts each from the one before."""
    parts: list[str] = []
    for cut, piece in pieces:
        words = tokens(piece)
        said = not words or _says_something(knowledge, words) or (parts and _another_form(knowledge, parts[-1], piece))
        if (parts and not said) or (len(parts) == 1 and _only_amount(knowledge, parts[0])):
            parts[-1] = f"{parts[-1]}{cut.rstrip()} {piece}"
        else:
            parts.append(piece)
    return parts


def _only_amount(knowledge: Knowledge, piece: str) -> bool:
    words = tokens(piece)
    return bool(words) and not _says_something(knowledge, words) and not _forms(knowledge.matching.topical_words, words)


def _another_form(knowledge: Knowledge, part: str, piece: str) -> bool:
    """Whether *piece* is a cream or the like after a medicine that is none and is not read by its form: a cream of what?"""
    if not _forms(knowledge.matching.topical_words, tokens(piece)) or _forms(knowledge.matching.topical_words, tokens(part)):
        return False
    found = _found(knowledge, tokens(part))
    return _swallowed(knowledge, tokens(part)) and all(_form_rule(knowledge, match) is None for match in found)


def _says_something(knowledge: Knowledge, words: Tokens) -> bool:
    """Whether more is left than dose, form, frequency and filler words."""
    return any(word not in knowledge.names.noise and not word[0].isdigit() for word in words)


def _forms(names: tuple[str, ...], words: Tokens) -> list[range]:
    """Where the words of a form stand. "Gel capsules" are capsules."""
    found = []
    for name in names:
        said = tokens(name)
        for start in range(len(words) - len(said) + 1) if said else ():
            end = start + len(said)
            if words[start:end] == said and not (name == "gel" and set(words[end : end + 1]) & _CAPSULE):
                found.append(range(start, end))
    return found


def _swallowed(knowledge: Knowledge, words: Tokens) -> bool:
    """Whether *words* say that it is swallowed or injected: a form, or milligrams that are not so many in a gram or millilitre."""
    matching = knowledge.matching
    forms = _forms(matching.systemic_words, words)
    return any(not (words[place.start] in matching.units and set(words[place.stop : place.stop + 1]) & {"g", "ml"}) for place in forms)


def _form_rule(knowledge: Knowledge, match: Match[Medicine]) -> FormRule | None:
    """The rule by form; also where the name as typed holds the form itself ("prednisolone eye drops")."""
    forms, medicine = knowledge.matching.forms, match.value
    rule = forms.get(medicine.ingredient)
    if rule is not None:
        return rule
    for other in forms.values():
        named = tokens(other.ingredient)
        inside = any(match.name[start : start + len(named)] == named for start in range(len(match.name)))
        if inside and not set(other.systemic) & set(medicine.classes):
            return replace(other, topical=medicine.classes, without_form="topical")
    return None


def _classes(knowledge: Knowledge, match: Match[Medicine], words: Tokens) -> tuple[tuple[str, ...], bool]:
    """
    The medicine's classes, by its form where the form decides; empty where the form must be asked. Whether the words say both:
    then the more careful classes, of what is swallowed, hold until it is clear.
    """
    medicine, rule = match.value, _form_rule(knowledge, match)
    if rule is None:
        return medicine.classes, False
    own = set(range(match.start, match.end))
    said = [set(place) for place in _forms(knowledge.matching.topical_words, words) if not set(place) <= own]
    beside = _beside(knowledge, match, words)
    clear = [place for place in said if place <= beside]
    swallowed = _swallowed(knowledge, tuple(word for place, word in enumerate(words) if place not in own))
    if swallowed:
        if rule.without_form == "topical" and medicine.ingredient not in knowledge.matching.forms:
            return rule.systemic, True  # the name itself is a form
        named = any(
            set(place) <= beside and words[place.start] not in knowledge.matching.units
            for place in _forms(knowledge.matching.systemic_words, words)
        )
        return rule.systemic, bool(said) and not (named and all(place & _only_places(words) or not place <= beside for place in said))
    if said and rule.without_form == "systemic":
        sure = any(not place & _only_places(words) for place in clear)
        own_product = match.name == tokens(medicine.ingredient) or not _serious(knowledge, rule)
        return (rule.topical, False) if sure and own_product else (rule.systemic, True)
    if clear:
        return rule.topical, False
    return {"topical": rule.topical, "systemic": rule.systemic, "ask": ()}[rule.without_form], False


def _only_places(words: Tokens) -> set[int]:
    """Words that may be a place or a finding; a number of percent is a strength."""
    return {place for place, word in enumerate(words) if word in _PLACES and not (word == "%" and place and words[place - 1][0].isdigit())}


def _beside(knowledge: Knowledge, match: Match[Medicine], words: Tokens) -> set[int]:
    """The places of the words that hang on the name: form, strength and the like up to the first other word."""
    form = {place for span in _forms((*knowledge.matching.topical_words, *knowledge.matching.systemic_words), words) for place in span}
    units = {*knowledge.matching.units, "forte", "pen", "gel"}

    def hangs(place: int) -> bool:
        return place in form or words[place][0].isdigit() or words[place] in units

    after, before = match.end, match.start
    while after < len(words) and hangs(after):
        after += 1
    while before and hangs(before - 1):
        before -= 1
    return set(range(before, after))


def _serious(knowledge: Knowledge, rule: FormRule) -> bool:
    """Whether the medicine, swallowed, puts treatment off."""
    leads_to = knowledge.names.rules_of_class
    return any(knowledge.rules[ident].action in ("refuse", "defer") for group in rule.systemic for ident in leads_to[group])


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


def _name_of(knowledge: Knowledge, text: str) -> set[int]:
    """The places of the words that may be the name of a medicine the protocol does not know: those before the first number."""
    words = tokens(text)
    first = next((place for place, word in enumerate(words) if word[0].isdigit()), len(words))
    return {place for place, word in enumerate(words[:first]) if word not in knowledge.names.noise}


def _doubt(knowledge: Knowledge, line: _Line, part: str, words: Tokens, what: str, about: str = "") -> None:
    label = {_DAY_DOSE: "Dose a day", _FORM: "Cream or tablet"}.get(about, "Medicine not known")
    line.doubts.append((f"{_ident(knowledge, part, words)}{about}", f"{part.strip()}: {what}", f"{label}: {part.strip()}"))


def _ident(knowledge: Knowledge, part: str, words: Tokens) -> str:
    return " ".join(word for word in words if word not in knowledge.names.noise and not word[0].isdigit()) or part.strip()
