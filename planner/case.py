"""
What was found: one patient, one visit, in the case format. Parsed strictly: an unknown key, a wrong type or a bad date is
a fault with its path; a clinical name nobody knows is no fault, the engine asks about it.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal, InvalidOperation
from typing import Any

from .errors import CaseFaults, Fault
from .reading import MISSING, Reader, as_decimal, type_name
from .records import record

PHOTOTYPES = ("I", "II", "III", "IV", "V", "VI")
PREGNANCY = ("none", "pregnant", "breastfeeding", "unknown")
OLDEST = 120
MOST_ENTRIES = 500  # of one list: more is a mistake, not a patient


@record(frozen=True, slots=True)
class Override:
    by: str
    reason: str


@record(frozen=True, slots=True)
class Answer:
    """
    The answer to one screening rule: True, False or None (not asked), with the dates that go with a yes.

    `date` is the date of the procedure, application or event; `zones` are as typed. `medicines`: which ones the note of a "no" is
    about (what they are taken for); none named: all of them.
    """

    answer: bool | None
    note: str = ""
    zones: tuple[str, ...] = ()
    date: dt.date | None = None
    stopped: dt.date | None = None
    seen: dt.date | None = None
    healed: dt.date | None = None
    treated: dt.date | None = None
    amount: str = ""
    kind: str = ""
    cleared_by: str = ""
    override: Override | None = None
    medicines: tuple[str, ...] = ()


@record(frozen=True, slots=True)
class Said:
    """What a clinician said an unknown name is: ids of classes (none: none of the protocol's classes), who said it and when."""

    classes: tuple[str, ...]
    by: str
    on: dt.date
    ingredient: str = ""


@record(frozen=True, slots=True)
class Medication:
    name: str
    stopped: dt.date | None
    said: Said | None = None


@record(frozen=True, slots=True)
class Procedure:
    what: str
    zones: tuple[str, ...]
    date: dt.date | None


@record(frozen=True, slots=True)
class Finding:
    """Seen today. `id` of a contraindication, or free text."""

    id: str
    zones: tuple[str, ...]
    note: str


@record(frozen=True, slots=True)
class Lab:
    """`value` as typed; `number` where it is one."""

    name: str
    value: str
    number: Decimal | None
    unit: str
    date: dt.date | None


@record(frozen=True, slots=True)
class Request:
    indication: str
    level: str | None
    zones: tuple[str, ...]
    morphology: str | None


@record(frozen=True, slots=True)
class Wishes:
    downtime_days: Decimal | None = None
    event_date: dt.date | None = None
    visits: int | None = None


@record(frozen=True, slots=True)
class EarlierSession:
    date: dt.date
    zones: tuple[str, ...]
    depth_mm: Mapping[str, Decimal]
    healed: bool | None
    pigmentation: bool | None

    @property
    def places(self) -> tuple[str, ...]:
        """Every zone the session names, as typed; none: not said where."""
        return tuple(dict.fromkeys((*self.zones, *self.depth_mm)))


@record(frozen=True, slots=True)
class Cover:
    """One thing the operator is signed off for. `device`: a kind or a brand, None = any; `zones`: None = any; `name` for the reader."""

    device: str | None
    zones: tuple[str, ...] | None
    max_depth_mm: Decimal | None
    valid_from: dt.date | None
    valid_until: dt.date | None
    name: str = ""

    def holds_on(self, day: dt.date) -> bool:
        """Both days count."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_until is None or day <= self.valid_until)


@record(frozen=True, slots=True)
class Operator:
    """
    Who treats. None = nothing known, so no limit; an empty tuple = nothing at all. `covers` says which device goes with which
    zone to which depth until when; the other limits hold beside it.
    """

    role: str = ""
    max_depth_mm: Decimal | None = None
    certificate_until: dt.date | None = None
    devices: tuple[str, ...] | None = None
    zones: tuple[str, ...] | None = None
    max_depth_by_zone: Mapping[str, Decimal] = field(default_factory=dict)
    prescriber: bool | None = None
    covers: tuple[Cover, ...] | None = None


@record(frozen=True, slots=True)
class Case:
    """One case, checked. `phototype` is a Roman numeral or None; `age` whole years or None; `sex` F, M, X or None."""

    visit_date: dt.date
    age: int | None
    sex: str | None
    phototype: str | None
    pregnancy: str | None
    screening: Mapping[str, Answer]
    screening_default: bool | None
    medications: tuple[Medication, ...]
    allergies: tuple[str, ...]
    procedures: tuple[Procedure, ...]
    findings: tuple[Finding, ...]
    labs: tuple[Lab, ...]
    requests: tuple[Request, ...]
    wishes: Wishes = field(default_factory=Wishes)
    history: tuple[EarlierSession, ...] = ()
    operator: Operator | None = None
    devices: tuple[str, ...] = ()
    adjuvants: tuple[str, ...] = ()

    @classmethod
    def parse(cls, mapping: object) -> "Case":
        """
        Return the case in *mapping*.

        Raises:
            CaseFaults: it is not in the case format; every fault with its path.
        """
        faults: list[Fault] = []
        if not isinstance(mapping, Mapping):
            raise CaseFaults([Fault("", f"a case is a mapping of names to values, not {type_name(mapping)}")])
        r = Reader(mapping, "", faults)
        visit = r.day("visit_date", required=True)
        age, sex, phototype = r.entry("patient", _patient, required=True) or (None, None, None)
        case = cls(
            visit_date=visit or dt.date(2000, 1, 1),
            age=age,
            sex=sex,
            phototype=phototype,
            pregnancy=r.choice("pregnancy_or_breastfeeding", PREGNANCY, default=None),
            screening=_screening(r),
            screening_default=_three_way(r, "screening_default"),
            medications=_some(r, "medications", lambda m: Medication(_name(m, "name"), m.day("stopped"), m.entry("said", _said_to_be))),
            allergies=_texts(r, "allergies"),
            procedures=_some(r, "recent_procedures", lambda p: Procedure(_name(p, "what"), _zones(p), p.day("date"))),
            findings=_findings(r),
            labs=_some(r, "labs", _lab),
            requests=_some(r, "requests", _request),
            wishes=r.entry("wishes", _wishes) or Wishes(),
            history=_some(r, "history", _earlier),
            operator=r.entry("operator", _operator),
            devices=_texts(r, "devices"),
            adjuvants=_texts(r, "adjuvants_requested"),
        )
        r.done()
        if faults:
            raise CaseFaults(faults)
        return case


def _some(r: Reader, key: str, read: Any) -> tuple[Any, ...]:
    value = r.data.get(key)
    if isinstance(value, (list, tuple)) and len(value) > MOST_ENTRIES:
        r.take(key)
        r.fault(key, f"must hold at most {MOST_ENTRIES} entries, not {len(value)}")
        return ()
    return r.entries(key, read)


def _texts(r: Reader, key: str) -> tuple[str, ...]:
    """A list of names; an empty one is a fault, since it says nothing."""
    value = r.data.get(key)
    if isinstance(value, (list, tuple)) and len(value) > MOST_ENTRIES:
        r.take(key)
        r.fault(key, f"must hold at most {MOST_ENTRIES} entries, not {len(value)}")
        return ()
    names = r.words(key)
    for index, name in enumerate(names):
        if not name.strip():
            r.fault(f"{key}[{index}]", "must not be empty")
    return names


def _said_to_be(r: Reader) -> Said:
    day = r.day("on", required=True)
    return Said(r.words("classes", required=True), _name(r, "by"), day or dt.date(2000, 1, 1), r.text("ingredient", default="", blank=True))


def _name(r: Reader, key: str) -> str:
    return r.text(key)


def _three_way(r: Reader, key: str) -> bool | None:
    value = r.take(key, required=False)
    if value is MISSING or value is None or isinstance(value, bool):
        return None if value is MISSING else value
    r.fault(key, f"must be true, false or null, not {type_name(value)}")
    return None


def _zones(r: Reader) -> tuple[str, ...]:
    """`zone: cheeks`, or `zones: [cheeks, chin]`; nothing is every requested zone."""
    zone = r.take("zone", required=False)
    named = r.words("zones")
    if zone is MISSING or zone is None:
        return named
    if isinstance(zone, str) and zone.strip():
        return (zone, *named)
    if isinstance(zone, (list, tuple)) and all(isinstance(item, str) for item in zone):
        return (*zone, *named)
    r.fault("zone", f"must be the name of a zone, not {type_name(zone)}")
    return named


def _patient(r: Reader) -> tuple[int | None, str | None, str | None]:
    age = r.whole("age", default=None, most=OLDEST)
    sex = r.choice("sex", ("F", "M", "X"), default=None)
    return age, sex, _phototype(r)


def _phototype(r: Reader) -> str | None:
    value = r.take("phototype", required=False)
    if value is MISSING or value is None:
        return None
    if isinstance(value, str):
        text = value.strip().upper()
        if text in PHOTOTYPES:
            return text
        if text.isascii() and text.isdigit() and 1 <= int(text) <= 6:
            return PHOTOTYPES[int(text) - 1]
    elif isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 6:
        return PHOTOTYPES[value - 1]
    r.fault("phototype", f"must be I to VI or 1 to 6, or null where it was not asked, not {value}")
    return None


BARE = {said: Answer(said) for said in (True, False, None)}


def _screening(r: Reader) -> Mapping[str, Answer]:
    value = r.take("screening", required=False)
    if value is MISSING or value is None:
        return {}
    if not isinstance(value, Mapping):
        r.fault("screening", f"must be a mapping of rule ids to answers, not {type_name(value)}")
        return {}
    answers = {}
    for name, item in value.items():
        if type(item) is dict and len(item) == 1 and type(name) is str:
            said = item.get("answer", MISSING)
            if said is True or said is False or said is None:  # most answers hold nothing else
                answers[name] = BARE[said]
                continue
        reader = Reader(item, r.at(f"screening.{name}"), r.faults)
        if not isinstance(name, str):
            r.fault(f"screening.{name}", "must be the id of a rule")
        elif isinstance(item, Mapping):
            answers[name] = _answer(reader)
            reader.done()
    return answers


def _answer(r: Reader) -> Answer:
    value = r.take("answer")
    if value is not MISSING and value is not None and not isinstance(value, bool):
        r.fault("answer", f"must be true, false or null, not {type_name(value)}")
    amount = r.take("amount", required=False)
    if amount is not MISSING and amount is not None and not isinstance(amount, (str, int, float, Decimal)):
        r.fault("amount", f"must be text or a number, not {type_name(amount)}")
    return Answer(
        answer=value if isinstance(value, bool) else None,
        note=r.text("note", default="", blank=True),
        zones=_zones(r),
        date=r.day("date"),
        stopped=r.day("stopped"),
        seen=r.day("seen"),
        healed=r.day("healed"),
        treated=r.day("treated"),
        amount="" if amount is MISSING or amount is None else str(amount),
        kind=r.text("kind", default="", blank=True),
        cleared_by=r.text("cleared_by", default="", blank=True).strip(),
        override=r.entry("override", lambda o: Override(_name(o, "by"), _name(o, "reason"))),
        medicines=_texts(r, "medicines"),
    )


def _findings(r: Reader) -> tuple[Finding, ...]:
    """`{id, zone, note}` or a text."""
    value = r.take("findings_today", required=False)
    if value is MISSING or value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        r.fault("findings_today", f"must be a list, not {type_name(value)}")
        return ()
    found = []
    for index, item in enumerate(value):
        path = f"findings_today[{index}]"
        if isinstance(item, str) and item.strip():
            found.append(Finding(item, (), ""))
        elif isinstance(item, Mapping):
            reader = Reader(item, r.at(path), r.faults)
            found.append(Finding(_name(reader, "id"), _zones(reader), reader.text("note", default="", blank=True)))
            reader.done()
        else:
            r.fault(path, f"must be a mapping with id, zone and note, or a text, not {type_name(item)}")
    return tuple(found)


def read_number(value: object) -> Decimal | None:
    """`10.1`, `"10,1"`, `3`: the number in it; None where there is none."""
    if isinstance(value, str):
        try:
            number = Decimal(value.strip().replace(",", "."))
        except InvalidOperation:
            return None
        return number if number.is_finite() else None
    return as_decimal(value)


def _lab(r: Reader) -> Lab:
    value = r.take("value")
    if (value is not MISSING and not isinstance(value, (str, int, float, Decimal))) or isinstance(value, bool):
        r.fault("value", f"must be text or a number, not {type_name(value)}")
    return Lab(
        _name(r, "name"),
        "" if value is MISSING else str(value),
        read_number(value),
        r.text("unit", default="", blank=True),
        r.day("date"),
    )


def _request(r: Reader) -> Request:
    zones = r.words("zones", required=True)
    for index, zone in enumerate(zones):
        if not zone.strip():
            r.fault(f"zones[{index}]", "must not be empty")
    return Request(_name(r, "indication"), r.text_or_none("level"), zones, r.text_or_none("morphology"))


def _wishes(r: Reader) -> Wishes:
    return Wishes(
        r.decimal("downtime_days", default=None, most=365), r.day("event_date"), r.whole("visits", default=None, least=1, most=100)
    )


def _earlier(r: Reader) -> EarlierSession:
    depths: dict[str, Decimal] = {}
    raw = r.take("depth_mm", required=False)
    if isinstance(raw, Mapping):
        for zone, item in raw.items():
            number = as_decimal(item)
            if number is None or not 0 < number <= 5:
                r.fault(f"depth_mm.{zone}", "must be millimetres, more than 0 and at most 5")
            else:
                depths[str(zone)] = number
    elif raw is not MISSING and raw is not None:
        r.fault("depth_mm", f"must be a mapping of zones to millimetres, not {type_name(raw)}")
    day = r.day("date", required=True)
    return EarlierSession(
        date=day or dt.date(2000, 1, 1),
        zones=_zones(r),
        depth_mm=depths,
        healed=_three_way(r, "healed"),
        pigmentation=_three_way(r, "pigmentation"),
    )


def _operator(r: Reader) -> Operator:
    return Operator(
        role=r.text("role", default="", blank=True),
        max_depth_mm=r.decimal("max_depth_mm", default=None, most=10),
        certificate_until=r.day("certificate_until"),
        devices=_texts_or_none(r, "devices"),
        zones=_texts_or_none(r, "zones"),
        max_depth_by_zone=_depths_by_zone(r),
        prescriber=r.flag("prescriber") if _said(r, "prescriber") else None,
        covers=_some(r, "covers", _cover) if _said(r, "covers") else None,
    )


def _said(r: Reader, key: str) -> bool:
    """Whether anything stands there; null is nothing."""
    r.ignore(key)
    return r.data.get(key) is not None


def _texts_or_none(r: Reader, key: str) -> tuple[str, ...] | None:
    """A list of names; None where nothing is said. An empty list says: none of them."""
    return _texts(r, key) if _said(r, key) else None


def _cover(r: Reader) -> Cover:
    valid_from, valid_until = r.day("from"), r.day("until")
    if valid_from is not None and valid_until is not None and valid_until < valid_from:
        r.fault("until", f"must not be before {valid_from.isoformat()}")
    return Cover(
        device=r.text_or_none("device"),
        zones=_texts_or_none(r, "zones"),
        max_depth_mm=r.decimal("max_depth_mm", default=None, most=10),
        valid_from=valid_from,
        valid_until=valid_until,
        name=r.text("name", default="", blank=True),
    )


def _depths_by_zone(r: Reader) -> dict[str, Decimal]:
    value = r.take("max_depth_by_zone", required=False)
    if value is MISSING or value is None:
        return {}
    if not isinstance(value, Mapping):
        r.fault("max_depth_by_zone", f"must be a mapping of zone to millimetres, not {type_name(value)}")
        return {}
    depths = Reader(value, r.at("max_depth_by_zone"), r.faults)
    found = {name: depths.decimal(name, most=10) for name in value if isinstance(name, str)}
    depths.done()
    return {name: most for name, most in found.items() if most is not None}
