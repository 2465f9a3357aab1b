"""
One reason more for caution: a contraindication, an open question, a darker phototype, a stricter limit.

Each is a Change to the case or to the protocol that must never make the answer bolder. What would answer a question that
stands open is no reason for caution and is left alone: a yes or a medicine settles a question nobody had asked.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from planner.case import PHOTOTYPES
from planner.knowledge import Knowledge
from planner.knowledge.entries import Rule, asked_of
from planner.words import tokens

from .cases import CaseMapping, Words, _Drawing, _kept

Edit = tuple[str, tuple[str, ...], Any]  # "set" or "add", where, what
DEPTHS = (0.1, 0.25, 0.3, 0.5, 0.6, 0.75, 1.0, 1.25, 1.5, 2.0)  # mm, for an operator
KEPT_BY_ANSWER = ("cleared_by", "override")


@dataclass(frozen=True)
class Change:
    """
    What is changed: `edits` of the case ("set" a value, "add" to a list), or `protocol`, which gives the stricter protocol.
    `opens`: what nobody knows any more, so that no parameters may stand; `takes_away`: with it went an answer that may itself
    have been what barred (a phototype too dark to set any depth), so that a refusal may become a question.
    """

    kind: str
    said: str
    edits: tuple[Edit, ...] = ()
    protocol: Callable[[Knowledge], Knowledge] | None = field(default=None, compare=False)
    opens: str = ""
    takes_away: bool = False

    def of_case(self, case: CaseMapping) -> CaseMapping:
        """The case with the change; the case itself is left as it is."""
        changed = dict(case)
        for what, path, value in self.edits:
            place = changed
            for name in path[:-1]:
                place[name] = dict(place.get(name) or {})
                place = place[name]
            place[path[-1]] = [*(place.get(path[-1]) or ()), value] if what == "add" else value
        return changed

    def of_protocol(self, knowledge: Knowledge) -> Knowledge:
        return self.protocol(knowledge) if self.protocol is not None else knowledge


def worsened(case: CaseMapping, knowledge: Knowledge | Words, seed: int) -> Change:
    """A Change for *case* drawn by *seed*: of the case, or of the protocol it is judged by."""
    words = knowledge if isinstance(knowledge, Words) else _kept(knowledge)
    drawing = _Drawing(seed, words)
    for _ in range(12):
        change = drawing.one(KINDS)(_Looked(case, words, drawing))
        if change is not None:
            return change
    return _lower_ceiling(_Looked(case, words, drawing)) or Change("nothing", "nothing")


class _Looked:
    """A case beside its protocol: which questions stand open in it."""

    def __init__(self, case: CaseMapping, words: Words, draw: _Drawing):
        self.case, self.words, self.draw = case, words, draw
        self.knowledge = words.knowledge
        self.screening: dict[str, Any] = case.get("screening") or {}
        self.default = case.get("screening_default")
        self.takes_medicines = bool(case.get("medications"))

    def answered(self, rule: Rule) -> bool | None:
        answer = self.screening.get(rule.id)
        said = answer.get("answer") if answer else None
        return self.default if said is None and answer is None else said

    def settled_no(self, rule_id: str) -> bool:
        """Whether the rule was asked and denied, so that a yes is news and no answer to an open question."""
        rule = self.knowledge.rules[rule_id]
        if self.default is True:
            return False
        if self.takes_medicines and any(rule_id in group.asks for group in self.knowledge.medicine_classes.values()):
            return False  # the medicine may be what asks it
        return rule.question is None or self.answered(rule) is False

    def settled_no_needling(self) -> bool:
        return all(self.settled_no(rule.id) for rule in self.knowledge.rules.values() if rule.never_shorter_than_plan_interval)

    def some_rule(self) -> Rule | None:
        free = [rule for rule in self.words.asked if self.settled_no(rule.id)]
        return self.draw.one(free) if free else None


def _yes(at: _Looked) -> Change | None:
    rule = at.some_rule()
    if rule is None or rule.settled_by_data:
        return None
    kept = {name: value for name, value in (at.screening.get(rule.id) or {}).items() if name in KEPT_BY_ANSWER}
    answer = at.draw.answer(rule, papers=False) | kept
    return Change("a yes", f"{rule.id}: yes", (("set", ("screening", rule.id), answer),))


def _medicine(at: _Looked) -> Change | None:
    name = at.draw.medicine(at.draw.chance(0.2))
    groups = {group for match in at.knowledge.names.medicines.find(tokens(name)) for group in match.value.classes}
    forms = at.knowledge.matching.forms.values()
    groups |= {group for form in forms if tokens(form.ingredient)[0] in tokens(name) for group in (*form.topical, *form.systemic)}
    rules = {rule for group in groups for rule in at.knowledge.names.rules_of_class.get(group, ())}
    asking = {rule for group in groups for rule in at.knowledge.medicine_classes[group].asks}
    asked_for = {rule for group in at.knowledge.medicine_classes.values() for rule in group.asks} if at.takes_medicines or asking else set()
    if not all(at.settled_no(rule) for rule in rules) or rules & asked_for:
        return None
    stopped = at.draw.day() if at.draw.chance(0.25) else None
    return Change("a medicine", name, (("add", ("medications",), {"name": name, "stopped": stopped}),))


def _procedure(at: _Looked) -> Change | None:
    what = at.draw.one(at.words.procedures)
    rules = {match.value.leads_to for match in at.knowledge.names.procedures.find(tokens(what))}
    if not all(at.settled_no(rule) for rule in rules):
        return None
    entry = {"what": what, "zone": at.draw.place(False), "date": at.draw.day()}
    return Change("a procedure", what, (("add", ("recent_procedures",), entry),))


def _finding(at: _Looked) -> Change | None:
    rule = at.draw.one(at.words.findings)
    if not at.settled_no(rule):
        return None
    return Change("a finding", rule, (("add", ("findings_today",), {"id": rule, "zone": at.draw.place(False)}),))


def _allergy(at: _Looked) -> Change | None:
    allergen = at.draw.one((*at.words.allergens, "stranger"))
    rules = {rule for match in at.knowledge.names.allergens.find(tokens(allergen)) for rule in match.value.leads_to}
    if not all(at.settled_no(rule) for rule in rules):
        return None
    return Change("an allergy", allergen, (("add", ("allergies",), allergen),))


def _lab(at: _Looked) -> Change | None:
    """A value beyond its limit, of something not measured yet and not waited for."""
    known = {word for rule in at.knowledge.lab_rules for word in (rule.name, *rule.words)}
    measured = {lab["name"] for lab in at.case.get("labs") or []}
    if measured & known:
        return None
    rules = [rule for rule in at.knowledge.lab_rules if rule.missing_or_older_than_days is None and rule.action in ("refuse", "defer")]
    rules = [rule for rule in rules if at.settled_no(rule.finding)]
    if not rules:
        return None
    rule = at.draw.one(rules)
    limit = at.draw.one(rule.limits)
    value = (
        (limit.above + 1) if limit.above is not None else limit.at_least if limit.at_least is not None else (limit.below or Decimal(1)) - 1
    )
    entry = {"name": rule.name, "value": float(value), "unit": limit.unit, "date": at.case["visit_date"]}
    return Change("a laboratory value", f"{rule.name} {value}", (("add", ("labs",), entry),))


def _open_question(at: _Looked) -> Change | None:
    """Something nobody asked: one question, the pregnancy, the phototype, the severity, the device, a name nobody knows."""
    kind = at.draw.one(("one", "one", "one", "pregnancy", "phototype", "device", "level", "shape", "stranger"))
    if kind == "one":
        rule = at.some_rule()
        if rule is None or rule.settled_by_data:
            return None
        kept = {**(at.screening.get(rule.id) or {}), "answer": None}
        return Change("an open question", rule.id, (("set", ("screening", rule.id), kept),), opens=_asked(at, rule))
    if kind == "pregnancy":
        if at.case.get("pregnancy_or_breastfeeding") != "none" or at.default is True:
            return None
        opens = [rule for rule in at.knowledge.rules.values() if rule.derived.pregnancy and _asked(at, rule)]
        edits: tuple[Edit, ...] = (("set", ("pregnancy_or_breastfeeding",), "unknown"),)
        return Change("an open question", "pregnancy", edits, opens=opens[0].id if opens else "")
    if kind == "phototype":
        return Change("an open question", "phototype", (("set", ("patient", "phototype"), None),), opens=kind, takes_away=True)
    if kind == "device":
        return Change("an open question", "device", (("set", ("devices",), []),), opens=kind, takes_away=True)
    if kind == "stranger":
        key = at.draw.one(("medications", "recent_procedures", "allergies", "adjuvants_requested", "findings_today", "devices"))
        entry: Any = "quorvexa"
        if key == "medications":
            entry = {"name": "quorvexa"}
        elif key == "recent_procedures":
            entry = {"what": "quorvexa", "date": at.case["visit_date"]}
        return Change("an unknown name", key, (("add", (key,), entry),), opens="quorvexa")
    requests = copy.deepcopy(at.case["requests"])
    if not requests:
        return None
    request = at.draw.one(requests)
    named = at.knowledge.indications.get(request["indication"])
    if kind == "shape" and (named is None or not named.morphology_asked):
        return None
    request["level" if kind == "level" else "morphology"] = None
    return Change("an open question", kind, (("set", ("requests",), requests),), opens=kind, takes_away=True)


def _asked(at: _Looked, rule: Rule) -> str:
    """The rule's id where its question is put to this patient."""
    patient = at.case.get("patient") or {}
    if rule.question and asked_of(rule.question.ask_sexes, rule.question.ask_ages, patient.get("sex"), patient.get("age")):
        return rule.id
    return ""


def phototype_of(case: CaseMapping) -> str | None:
    said = (case.get("patient") or {}).get("phototype")
    return PHOTOTYPES[said - 1] if isinstance(said, int) else said


def _darker(at: _Looked) -> Change | None:
    """Later in the protocol's order of phototype rules, or darker within the same rule."""
    said = phototype_of(at.case)
    order = [phototype for rule in at.knowledge.phototype_rules for phototype in rule.phototypes]
    if said is None or order.index(said) == len(order) - 1:
        return None
    darker = at.draw.one(order[order.index(said) + 1 :])
    return Change("a darker phototype", f"{said} to {darker}", (("set", ("patient", "phototype"), darker),))


def _operator(at: _Looked) -> Change | None:
    operator = dict(at.case.get("operator") or {"role": "nurse"})
    if at.draw.chance(0.3):
        operator["certificate_until"] = "2020-01-01"
        said = "certificate"
    else:
        now = operator.get("max_depth_mm")
        depths = [mm for mm in DEPTHS if now is None or mm < now]
        if not depths:
            return None
        operator["max_depth_mm"] = at.draw.one(depths)
        said = f"at most {operator['max_depth_mm']} mm"
    return Change("a stricter operator", said, (("set", ("operator",), operator),))


def _competence(at: _Looked) -> Change | None:
    """One thing less the operator is signed off for: a device, a zone, a depth in a zone, a prescription, a cover."""
    operator = dict(at.case.get("operator") or {"role": "nurse"})
    kind = at.draw.one(("devices", "zones", "max_depth_by_zone", "prescriber", "covers"))
    here = _requested(at) or list(at.words.zones)
    if kind == "prescriber":
        if operator.get("prescriber") is False:
            return None
        operator[kind] = False
    elif kind == "max_depth_by_zone":
        zone, most = at.draw.one(here), dict(operator.get(kind) or {})
        depths = [mm for mm in DEPTHS if zone not in most or mm < most[zone]]
        if not depths:
            return None
        operator[kind] = {**most, zone: at.draw.one(depths)}
    elif kind == "covers":
        if operator.get("covers") is not None:
            return _fewer_covers(at, operator) if operator["covers"] else None
        operator[kind] = [at.draw.cover(here) for _ in range(at.draw.often(((0, 1), (1, 3), (2, 2))))]
    else:
        now: list[str] | None = operator.get(kind)
        if now is None:
            known = here if kind == "zones" else [*at.words.devices, *at.words.brands]
            operator[kind] = list(dict.fromkeys(at.draw.one(known) for _ in range(at.draw.often(((0, 1), (1, 3), (2, 2))))))
        elif now:
            gone = at.draw.one(now)
            operator[kind] = [name for name in now if name != gone]
        else:
            return None
    return Change("an operator signed off for less", kind, (("set", ("operator",), operator),))


def _fewer_covers(at: _Looked, operator: dict[str, Any]) -> Change | None:
    """A cover that ran out, or goes less deep."""
    covers = [dict(cover) for cover in operator["covers"]]
    cover = at.draw.one(covers)
    now = cover.get("max_depth_mm")
    depths = [mm for mm in DEPTHS if now is None or mm < now]
    if at.draw.chance(0.5) or not depths:
        cover |= {"from": None, "until": "2020-01-01"}
        said = "a cover ran out"
    else:
        cover["max_depth_mm"] = at.draw.one(depths)
        said = f"a cover to {cover['max_depth_mm']} mm"
    return Change("an operator signed off for less", said, (("set", ("operator",), {**operator, "covers": covers}),))


def _history(at: _Looked) -> Change | None:
    """An earlier session that left marks or has not healed."""
    if not at.settled_no_needling():
        return None
    zones = [zone for request in at.case["requests"] for zone in request["zones"] if zone in at.words.zones]
    if not zones:
        return None
    zone = at.draw.one(zones)
    seen: tuple[tuple[bool | None, bool], ...] = ((False, False), (True, True), (False, True))
    healed, marks = at.draw.one(seen)
    if any(session.get("healed") is not True for session in at.case.get("history") or ()):
        healed = at.draw.one((False, None))  # a later session that healed would say that the earlier one has
    bad = {"healed": healed, "pigmentation": marks}
    depth = {} if at.draw.chance(0.2) else {zone: at.draw.one((0.25, 0.5, 1.0))}
    entry = {"date": at.draw.day(), "zones": [zone], "depth_mm": depth, **bad}
    return Change("an earlier session that went badly", zone, (("add", ("history",), entry),))


def _unlooked(at: _Looked) -> Change | None:
    """Nobody has looked whether an earlier session healed, or left marks; or there was one more, of which nothing is known."""
    history = [dict(session) for session in at.case.get("history") or ()]
    here = set(_requested(at))
    field = at.draw.one(("healed", "pigmentation"))
    known = [session for session in history if session.get(field) is not None and not (field == "healed" and session["healed"] is False)]
    takes_away = False
    if known and at.draw.chance(0.6):
        session = at.draw.one(known)
        takes_away = bool(field == "pigmentation" and session[field])  # the marks themselves may have been what barred
        session[field] = None
    elif here and at.settled_no_needling():
        zone = at.draw.one(sorted(here))
        # Healed would say that those before it have, too.
        healed = None if field == "healed" or any(other.get("healed") is not True for other in history) else True
        marks = None if field == "pigmentation" else False
        session = {"date": at.draw.day(), "zones": [zone], "depth_mm": {zone: 0.5}, "healed": healed, "pigmentation": marks}
        history.append(session)
    else:
        return None
    past = session["date"] <= at.case["visit_date"]
    answered = any(other["date"] > session["date"] and other.get("healed") for other in history)
    opens = f"history.{field}" if past and here & set(session.get("zones") or here) and not answered else ""
    edits: tuple[Edit, ...] = (("set", ("history",), history),)
    return Change("an earlier session nobody looked at", field, edits, opens=opens, takes_away=takes_away)


def _other_unit(at: _Looked) -> Change | None:
    """A laboratory value that can only be meant in the other unit, of something not measured yet."""
    known = {word for rule in at.knowledge.lab_rules for word in (rule.name, *rule.words)}
    rules = [rule for rule in at.knowledge.lab_rules if len(rule.limits) > 1]
    if not rules or {lab["name"] for lab in at.case.get("labs") or []} & known:
        return None
    rule = at.draw.one(rules)
    one, two = at.draw.one(((0, 1), (1, 0)))
    value = rule.limits[one].above or rule.limits[one].at_least or rule.limits[one].below or Decimal(1)
    entry = {"name": rule.name, "value": float(value), "unit": rule.limits[two].unit, "date": at.case["visit_date"]}
    edits: tuple[Edit, ...] = (("add", ("labs",), entry),)
    said = f"{rule.name} {value} {rule.limits[two].unit}"
    return Change("a value in the wrong unit", said, edits, opens=f"{rule.name.casefold()}_unit")


# -- stricter protocols ------------------------------------------------------------------------------------------------


def _lower_ceiling(at: _Looked) -> Change | None:
    zone = at.draw.one(_requested(at) or at.words.zones)
    most = at.draw.one((Decimal("0.1"), Decimal("0.25"), Decimal("0.4"), Decimal("0.5"), Decimal("0.75"), Decimal(1)))

    def stricter(knowledge: Knowledge) -> Knowledge:
        found = knowledge.zones[zone]
        return replace(knowledge, zones={**knowledge.zones, zone: replace(found, max_depth_mm=min(found.max_depth_mm, most))})

    return Change("a lower ceiling", f"{zone}: {most} mm", protocol=stricter)


def _stricter_device(at: _Looked) -> Change | None:
    """Less deep to set, evaluated less deep, or labelled for fewer patients."""
    share = at.draw.one((Decimal("0.1"), Decimal("0.3"), Decimal("0.5"), Decimal("0.8")))
    evaluated = at.draw.chance(0.5)
    brand = at.draw.one(at.words.brands)
    if at.draw.chance(0.3):
        return Change("a stricter device", f"{brand} from 60 years", protocol=lambda knowledge: _from_age(knowledge, brand, 60))

    def stricter(knowledge: Knowledge) -> Knowledge:
        if evaluated:
            lines = tuple(
                replace(line, max_evaluated_mm=line.max_evaluated_mm * share) if line.device == brand else line
                for line in knowledge.device_limits
            )
            return replace(knowledge, device_limits=lines)
        model = knowledge.device_models[brand]
        lower = replace(model, max_set_mm=model.max_set_mm * share)
        names = replace(knowledge.names, brands=type(knowledge.names.brands)((m.brand, m) for m in _swapped(knowledge, brand, lower)))
        return replace(knowledge, device_models={**knowledge.device_models, brand: lower}, names=names)

    what = "evaluated" if evaluated else "can be set"
    return Change("a stricter device", f"{brand} {what} to {share} of before", protocol=stricter)


def _from_age(knowledge: Knowledge, brand: str, years: int) -> Knowledge:
    """The label of *brand* for nobody younger than *years*."""
    lines = (replace(line, min_age=max(line.min_age, years)) if line.device == brand else line for line in knowledge.device_limits)
    return replace(knowledge, device_limits=tuple(lines))


def _swapped(knowledge: Knowledge, brand: str, lower: Any) -> list[Any]:
    return [lower if model.brand == brand else model for model in knowledge.device_models.values()]


def _stricter_rule(at: _Looked) -> Change | None:
    """A depth limit or a worse action on a rule the case may meet; the names that lead to it stay."""
    rule = at.draw.one(list(at.knowledge.rules.values()))
    most = at.draw.one((Decimal("0.1"), Decimal("0.25"), Decimal("0.5"), Decimal(1)))

    def stricter(knowledge: Knowledge) -> Knowledge:
        found = knowledge.rules[rule.id]
        lower = replace(found, max_depth_mm=min(most, found.max_depth_mm) if found.max_depth_mm is not None else most)
        data = tuple(lower if r.id == rule.id else r for r in knowledge.names.rules_from_data)
        return replace(knowledge, rules={**knowledge.rules, rule.id: lower}, names=replace(knowledge.names, rules_from_data=data))

    return Change("a stricter rule", f"{rule.id}: at most {most} mm", protocol=stricter)


def _requested(at: _Looked) -> list[str]:
    return [zone for request in at.case["requests"] for zone in request["zones"] if zone in at.words.zones]


KINDS: tuple[Callable[[_Looked], Change | None], ...] = (
    _yes,
    _yes,
    _yes,
    _medicine,
    _medicine,
    _procedure,
    _finding,
    _finding,
    _allergy,
    _lab,
    _open_question,
    _open_question,
    _darker,
    _darker,
    _operator,
    _competence,
    _competence,
    _history,
    _unlooked,
    _other_unit,
    _lower_ceiling,
    _lower_ceiling,
    _stricter_device,
    _stricter_rule,
)
