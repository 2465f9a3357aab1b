"""Cases from a seed: what patients, clinicians and mistypers write, in the proportions that reach every rule."""

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from planner.case import PHOTOTYPES
from planner.knowledge import Knowledge
from planner.knowledge.entries import LabLimit, Rule

T = TypeVar("T")
CaseMapping = dict[str, Any]

FIRST_VISIT = dt.date(2025, 1, 6)
VISIT_DAYS = 1_500  # long enough for leap days and turns of the year
STRANGERS = ("xylotan", "Quorvexa 5", "колхицин", "未知の薬", "دواء", "φάρμακο", "blue pills", "?!", "ß-zeta 2mg")
STRANGE_PLACES = ("elbow", "Schläfe", "額", "left knee", "forhead")
DOSES = ("", "", "", " 5 mg daily", " 20 mg", " 10 mg twice daily", " 500mg od", " gel", " tablets", " 1 g a day", " 40mg mane")
DOUBTFUL_KINDS = ("", "", "hyaluronic", "permanent", "biostimulating", "unknown")
NOTES = ("", "", "earlobe", "since Friday", "ältere Narbe", "看得见")
ANSWER_DATES = ("date", "stopped", "seen", "healed", "treated")


@dataclass(frozen=True)
class Words:
    """What a case can be made of under one protocol, listed once: drawing from it is all that a case costs."""

    knowledge: Knowledge
    rows: tuple[tuple[str, str, str], ...]
    zones_of: dict[tuple[str, str], tuple[str, ...]]
    zones: tuple[str, ...]
    zone_words: tuple[str, ...]
    never: tuple[str, ...]
    groups: tuple[str, ...]
    asked: tuple[Rule, ...]
    findings: tuple[str, ...]
    medicines: tuple[str, ...]
    medicines_by_class: dict[str, tuple[str, ...]]
    ambiguous: tuple[str, ...]
    procedures: tuple[str, ...]
    allergens: tuple[str, ...]
    labs: tuple[tuple[str, LabLimit], ...]
    devices: tuple[str, ...]
    brands: tuple[str, ...]
    barred_devices: tuple[str, ...]
    adjuvants: tuple[str, ...]
    refused: tuple[str, ...]
    shapes: dict[str, tuple[str, ...]]


def words_of(knowledge: Knowledge) -> Words:
    """List what *knowledge* knows; worth keeping where many cases are made."""
    rows = tuple(knowledge.depth_rows)
    zones_of: dict[tuple[str, str], list[str]] = {}
    for indication, level, zone in rows:
        zones_of.setdefault((indication, level), []).append(zone)
    by_class: dict[str, list[str]] = {}
    for medicine in knowledge.medicines:
        for group in medicine.classes:
            by_class.setdefault(group, []).extend((medicine.ingredient, *medicine.names))
    allowed = [device for device in knowledge.devices.values() if device.allowed]
    return Words(
        knowledge=knowledge,
        rows=rows,
        zones_of={pair: tuple(zones) for pair, zones in zones_of.items()},
        zones=tuple(knowledge.zones),
        zone_words=tuple(word for zone in knowledge.zones.values() for word in (zone.short_label, *zone.words)),
        never=tuple(knowledge.excluded_zones),
        groups=tuple(word for group in knowledge.zone_groups for word in group.words),
        asked=tuple(rule for rule in knowledge.rules.values() if rule.question),
        findings=tuple(rule.id for rule in knowledge.rules.values() if rule.scope == "zone" or rule.recheck),
        medicines=tuple(name for medicine in knowledge.medicines for name in (medicine.ingredient, *medicine.names)),
        medicines_by_class={group: tuple(names) for group, names in by_class.items()},
        ambiguous=knowledge.matching.ambiguous,
        procedures=tuple(word for procedure in knowledge.procedures for word in procedure.words),
        allergens=tuple(word for allergen in knowledge.allergens for word in allergen.words),
        labs=tuple((word, limit) for rule in knowledge.lab_rules for word in (rule.name, *rule.words) for limit in rule.limits),
        devices=tuple(word for device in allowed for word in (device.id, *device.words)),
        brands=tuple(knowledge.device_models),
        barred_devices=tuple(word for device in knowledge.devices.values() if not device.allowed for word in device.words),
        adjuvants=tuple(word for adjuvant in knowledge.adjuvants.values() for word in (adjuvant.id, *adjuvant.words)),
        refused=knowledge.adjuvant_rules.refused_words,
        shapes={i.id: tuple(word for shape in i.morphology for word in shape.words) for i in knowledge.indications.values()},
    )


_latest: list[Words] = []  # of the protocols drawn from last


def _kept(knowledge: Knowledge) -> Words:
    for words in _latest:
        if words.knowledge is knowledge:
            return words
    words = words_of(knowledge)
    _latest.insert(0, words)
    del _latest[8:]
    return words


def case_of(seed: int, knowledge: Knowledge | Words) -> CaseMapping:
    """
    A valid case for *seed*. Six in ten hold nothing that bars treatment; three in ten a few findings; one in ten is wild:
    unknown names, missing answers, dates to come, everything at once.
    """
    words = knowledge if isinstance(knowledge, Words) else _kept(knowledge)
    return _Drawing(seed, words).case()


def shuffled(case: CaseMapping, seed: int) -> CaseMapping:
    """The same case, every list and mapping in another order: the answer must be the same."""
    draw = random.Random(f"order {seed}")  # noqa: S311 - reproducible, not secret

    def turn(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            names = list(value)
            draw.shuffle(names)
            return {name: turn(value[name], name) for name in names}
        if isinstance(value, list):
            items = [turn(item) for item in value]
            draw.shuffle(items)
            return items
        return value

    turned: CaseMapping = turn(case)
    return turned


class _Drawing:
    """One case being drawn."""

    def __init__(self, seed: int, words: Words):
        self.draw = random.Random(seed)  # noqa: S311 - reproducible, not secret
        self.words = words
        self.today = FIRST_VISIT + dt.timedelta(days=self.draw.randrange(VISIT_DAYS))

    def chance(self, share: float) -> bool:
        return self.draw.random() < share

    def one(self, options: Sequence[T]) -> T:
        return options[int(self.draw.random() * len(options))]

    def often(self, weighted: Sequence[tuple[T, int]]) -> T:
        place = self.draw.random() * sum(weight for _, weight in weighted)
        for option, weight in weighted:
            place -= weight
            if place < 0:
                return option
        return weighted[-1][0]

    def day(self, *, to_come: bool = False) -> str:
        """A day before the visit, most of them near; sometimes, where *to_come*, after it."""
        back = int(self.draw.random() ** 3 * 500)
        if to_come and self.chance(0.1):
            back = -back - 1
        return (self.today - dt.timedelta(days=back)).isoformat()

    # -- the case ------------------------------------------------------------------------------------------------------

    def case(self) -> CaseMapping:
        mood = self.often((("plain", 60), ("some", 30), ("wild", 10)))
        wild = mood == "wild"
        case: CaseMapping = {
            "visit_date": self.today.isoformat(),
            "patient": self._patient(wild),
            "pregnancy_or_breastfeeding": self._pregnancy(wild),
            "requests": [self._request(wild) for _ in range(self.often(((1, 6), (2, 3), (3, 1))))],
            "devices": self._devices(wild),
        }
        self._share_a_zone(case["requests"])
        self._screening(case, mood)
        share = {"plain": 0.12, "some": 0.5, "wild": 0.75}[mood]
        parts = (
            ("medications", self._medication, 1.0),
            ("recent_procedures", self._procedure, 0.4 if mood == "plain" else 1.0),
            ("findings_today", self._finding, 0.2 if mood == "plain" else 0.7),
            ("allergies", self._allergy, 0.5),
            ("labs", self._lab, 0.5),
        )
        for key, make, weight in parts:
            if self.chance(share * weight):
                case[key] = [make(wild) for _ in range(self.often(((1, 8), (2, 3), (3, 1))))]
        if self.chance(0.35):
            case["history"] = [self._earlier(case, wild) for _ in range(self.often(((1, 5), (2, 2), (4, 1))))]
        if self.chance(0.25):
            case["operator"] = self._operator(case)
        if self.chance(0.4):
            case["adjuvants_requested"] = [self._adjuvant(wild) for _ in range(self.often(((1, 4), (2, 2))))]
        if self.chance(0.45):
            case["wishes"] = self._wishes()
        if wild and self.chance(0.03):
            case["medications"] = [self._medication(True) for _ in range(200)]
        return case

    def _patient(self, wild: bool) -> dict[str, Any]:
        age: int | None = self.draw.randrange(18, 75)
        if wild or self.chance(0.03):
            age = self.one((None, 0, 17, 18, 21, 22, 120))
        phototype: str | int | None = self.one(PHOTOTYPES)
        if self.chance(0.05):
            phototype = self.draw.randrange(1, 7)
        elif self.chance(0.25 if wild else 0.01):
            phototype = None
        return {"age": age, "sex": self.often((("F", 6), ("M", 4), ("X", 1), (None, 1))), "phototype": phototype}

    def _pregnancy(self, wild: bool) -> str | None:
        if wild:
            return self.one(("none", "none", "pregnant", "breastfeeding", "unknown", None))
        return self.often((("none", 97), ("pregnant", 1), ("breastfeeding", 1), ("unknown", 1)))

    def _request(self, wild: bool) -> dict[str, Any]:
        words = self.words
        indication, level, zone = self.one(words.rows)
        same = words.zones_of[indication, level]
        zones = dict.fromkeys([zone, *(self.one(same) for _ in range(self.often(((0, 4), (1, 4), (2, 3), (4, 2)))))])
        named = list(zones)
        if self.chance(0.06):
            named.append(self.one(words.zones))  # perhaps without a depth for this
        if self.chance(0.04):
            named.append(self.one(words.never))
        if wild and self.chance(0.3):
            named.append(self.one((*words.groups, *STRANGE_PLACES, *words.zone_words)))
        request: dict[str, Any] = {"indication": indication, "level": level, "zones": named}
        shapes = words.shapes[indication]
        if shapes:
            request["morphology"] = self.one(shapes)
        if wild and self.chance(0.25):
            unknown = self.one(("indication", "level", "morphology", "zones"))
            request[unknown] = [] if unknown == "zones" else self.one(("surgical scars", "grade_9", "strange"))
        return request

    def _share_a_zone(self, requests: list[dict[str, Any]]) -> None:
        """Two indications in one zone, more often than chance brings them together."""
        if len(requests) < 2 or not self.chance(0.6):
            return
        first, second = requests[0], requests[1]
        both = [
            zone
            for zone in self.words.zones_of.get((first["indication"], first["level"]), ())
            if zone in self.words.zones_of.get((second["indication"], second["level"]), ())
        ]
        if both:
            zone = self.one(both)
            for request in (first, second):
                request["zones"] = list(dict.fromkeys([*request["zones"], zone]))

    def _devices(self, wild: bool) -> list[str]:
        words = self.words
        if wild and self.chance(0.3):
            return self.one(
                ([], [self.one(STRANGERS)], [self.one(words.barred_devices or words.devices)], [self.one(words.brands), "?pen x"])
            )
        names = [self.one(words.devices if self.chance(0.45) else words.brands)]
        if self.chance(0.2):
            names.append(self.one((*words.devices, *words.brands, *words.barred_devices)))
        return names

    # -- what was found ------------------------------------------------------------------------------------------------

    def _screening(self, case: CaseMapping, mood: str) -> None:
        words = self.words
        answers: dict[str, Any] = {}
        if mood == "wild":
            case["screening_default"] = self.one((False, False, None, None, True))
        elif self.chance(0.5):
            case["screening_default"] = False
        else:
            answers = {rule.id: {"answer": False} for rule in words.asked}  # every question asked, every answer no
        yes = {"plain": ((0, 7), (1, 3)), "some": ((0, 1), (1, 3), (2, 2), (3, 1)), "wild": ((1, 2), (3, 2), (8, 1))}[mood]
        for _ in range(self.often(yes)):
            rule = self.one(words.asked)
            if mood == "plain" and rule.action in ("refuse", "defer") and not self.chance(0.2):
                continue
            answers[rule.id] = self.answer(rule, wild=mood == "wild")
        if mood == "wild":
            for _ in range(self.often(((0, 2), (1, 2), (4, 1)))):
                answers[self.one(words.asked).id] = {"answer": None}
            if self.chance(0.05):
                answers["no_such_question"] = {"answer": True}
        elif self.chance(0.03):
            answers[self.one(words.asked).id] = {"answer": None}
        if answers:
            case["screening"] = answers

    def answer(self, rule: Rule, *, wild: bool = False, papers: bool = True) -> dict[str, Any]:
        """A yes to *rule*; with *papers* sometimes a clearance or an override beside it."""
        answer: dict[str, Any] = {"answer": True}
        if rule.scope == "zone" and self.chance(0.75):
            answer["zone"] = self.place(wild)
        for name in ANSWER_DATES:
            if self.chance(0.35):
                answer[name] = self.day(to_come=wild)
        if rule.heavy_from_cigarettes_per_day is not None and self.chance(0.7):
            answer["amount"] = self.one((5, 20, "40", "a few"))
        if rule.sign_off_kinds:
            answer["kind"] = self.one(DOUBTFUL_KINDS)
        if self.chance(0.1):
            answer["note"] = self.one(NOTES)
        if papers and self.chance(0.2):
            answer["cleared_by"] = "Dr Example"
        if papers and self.chance(0.15):
            answer["override"] = {"by": self.one((*rule.overridable_by, "medical_lead", "nurse")), "reason": "agreed with the patient"}
        return answer

    def place(self, wild: bool) -> str:
        words = self.words
        if wild and self.chance(0.15):
            return self.one(STRANGE_PLACES)
        return self.often(
            (
                (self.one(words.zones), 10),
                (self.one(words.zone_words), 3),
                (self.one(words.groups or words.zones), 1),
                (f"left {self.one(words.zones)}", 1),
            )
        )

    def _medication(self, wild: bool) -> dict[str, Any]:
        stopped = self.day(to_come=wild) if self.chance(0.35) else None
        return {"name": self.medicine(wild), "stopped": stopped}

    def medicine(self, wild: bool) -> str:
        words = self.words
        name = (
            self.one(words.medicines) if self.chance(0.4) else self.one(words.medicines_by_class[self.one(list(words.medicines_by_class))])
        )
        if wild and self.chance(0.3):
            name = self.one((*STRANGERS, *words.ambiguous, f"{name} + {self.one(words.medicines)}"))
        if self.chance(0.15):
            name = name.upper()
        return f"{name}{self.one(DOSES)}"

    def _procedure(self, wild: bool) -> dict[str, Any]:
        what = self.one(STRANGERS) if wild and self.chance(0.15) else self.one(self.words.procedures)
        procedure: dict[str, Any] = {"what": what, "date": self.day(to_come=wild)}
        if wild and self.chance(0.2):
            procedure["date"] = None
        if self.chance(0.85):
            procedure["zone"] = self.place(wild)
        return procedure

    def _finding(self, wild: bool) -> Any:
        if wild and self.chance(0.2):
            return self.one(STRANGERS)
        finding: dict[str, Any] = {"id": self.one(self.words.findings)}
        if self.chance(0.85):
            finding["zone"] = self.place(wild)
        return finding

    def _allergy(self, wild: bool) -> str:
        return self.one(STRANGERS) if wild and self.chance(0.3) else self.one(self.words.allergens)

    def _lab(self, wild: bool) -> dict[str, Any]:
        if not self.words.labs or (wild and self.chance(0.2)):
            return {"name": self.one(STRANGERS), "value": "7", "unit": "", "date": self.day()}
        name, limit = self.one(self.words.labs)
        edge = float(limit.above or limit.at_least or limit.below or 4)
        value: Any = round(edge * self.one((0.4, 0.8, 1.0, 1.01, 1.6)), 2)
        if self.chance(0.3):
            value = str(value).replace(".", self.one((".", ",")))
        if wild and self.chance(0.2):
            value = "not clear"
        unit = self.one(("", "furlongs")) if wild and self.chance(0.3) else self.one((limit.unit, *limit.words))
        return {"name": name, "value": value, "unit": unit, "date": None if wild and self.chance(0.1) else self.day(to_come=wild)}

    # -- earlier sessions, operator, wishes ----------------------------------------------------------------------------

    def _earlier(self, case: CaseMapping, wild: bool) -> dict[str, Any]:
        asked_for = [zone for request in case["requests"] for zone in request["zones"]] or [self.one(self.words.zones)]
        zones = list(dict.fromkeys(self.one(asked_for) for _ in range(self.often(((1, 2), (2, 2), (3, 1))))))
        back = self.draw.randrange(20, 400) if not wild else self.draw.randrange(-20, 400)
        return {
            "date": (self.today - dt.timedelta(days=back)).isoformat(),
            "zones": [] if wild and self.chance(0.1) else zones,
            "depth_mm": {zone: self.one((0.25, 0.5, 0.75, 1.0, 1.5, 2.0)) for zone in zones if self.chance(0.9)},
            "healed": self.often(((True, 80), (None, 10 if wild else 1), (False, 5))),
            "pigmentation": self.often(((False, 80), (None, 10 if wild else 1), (True, 15))),
        }

    def _operator(self, case: CaseMapping) -> dict[str, Any]:
        operator: dict[str, Any] = {
            "role": self.one(("physician", "nurse", "aesthetician", "")),
            "max_depth_mm": self.one((None, 0.1, 0.25, 0.5, 0.6, 1.0, 1.5, 2.5)),
            "certificate_until": self.one((None, (self.today + dt.timedelta(days=100)).isoformat(), self.day(), self.today.isoformat())),
        }
        words = self.words
        if self.chance(0.3):
            operator["devices"] = [self.one((*words.devices, *words.brands)) for _ in range(self.often(((0, 1), (1, 2), (3, 3))))]
        if self.chance(0.3):
            operator["zones"] = list(dict.fromkeys(self.one(words.zones) for _ in range(self.often(((0, 1), (4, 2), (12, 3))))))
        if self.chance(0.2):
            near = [zone for request in case["requests"] for zone in request["zones"] if zone in words.zones] or words.zones
            operator["max_depth_by_zone"] = {self.one(near): self.one((0.25, 0.5, 0.75, 1.0)) for _ in range(3)}
        if self.chance(0.4):
            operator["prescriber"] = self.chance(0.3)
        if self.chance(0.3):
            operator["covers"] = [self.cover(words.zones) for _ in range(self.often(((0, 1), (1, 3), (3, 3))))]
        return operator

    def cover(self, zones: Sequence[str]) -> dict[str, Any]:
        """Something an operator is signed off for: mostly valid, mostly some zones or all, any device or one."""
        words = self.words
        return {
            "device": None if self.chance(0.4) else self.one((*words.devices, *words.brands)),
            "zones": None if self.chance(0.5) else list(dict.fromkeys(self.one(zones) for _ in range(4))),
            "max_depth_mm": self.one((None, 0.25, 0.5, 1.0, 1.5, 2.5)),
            "from": (self.today - dt.timedelta(days=self.draw.randrange(-20, 400))).isoformat() if self.chance(0.3) else None,
            "until": (self.today + dt.timedelta(days=self.draw.randrange(20, 400))).isoformat() if self.chance(0.5) else None,
        }

    def _adjuvant(self, wild: bool) -> str:
        words = self.words
        if wild and self.chance(0.3):
            return self.one(STRANGERS)
        name = self.one(words.adjuvants)
        return f"{self.one(words.refused)} {name}" if words.refused and self.chance(0.15) else name

    def _wishes(self) -> dict[str, Any]:
        wishes: dict[str, Any] = {}
        if self.chance(0.6):
            wishes["downtime_days"] = self.one((0, 1, 2, 2.5, 3, 5, 14))
        if self.chance(0.4):
            wishes["event_date"] = (self.today + dt.timedelta(days=self.draw.randrange(-10, 300))).isoformat()
        if self.chance(0.3):
            wishes["visits"] = self.draw.randrange(1, 8)
        return wishes
