"""The left side of the consultation, "What you found": every field with what stands in it and what is wrong with it."""

from dataclasses import dataclass, field
from datetime import date

from django.utils.functional import cached_property
from django.utils.translation import gettext, gettext_lazy, gettext_noop

from accounts.templatetags.clinic_format import in_words
from patients.medicine_names import class_words, said_before
from patients.storyboard import SWATCHES
from planner.medicines import key_of, look_up
from planner.wording import phototype

from .catalogue import Catalogue
from .conversion import Reading, age_on, answered, rules_marked
from .inputs import Inputs, many, one, rows
from .registry import devices_at
from .said import days as day_words
from .taken_for import ToExplain, beside

FACE_PICTURE = frozenset({"face", "neck"})  # regions of the protocol drawn on each picture
BODY_PICTURE = frozenset({"chest", "body"})
LISTS = ("medicine", "allergy", "procedure", "lab", "seen")
ASKED = (("none", "None"), ("listed", "Listed below"))


@dataclass
class Field:
    """One field: its name in the form, its value as typed, and the words beside it where it cannot be read."""

    name: str
    value: str = ""
    fault: str = ""

    @property
    def id(self) -> str:
        return f"f-{self.name}"


@dataclass
class Choice:
    id: str
    label: str
    value: str
    checked: bool = False
    help: str = ""
    extra: dict = field(default_factory=dict)


class Panel:
    def __init__(self, consultation, catalogue: Catalogue, reading: Reading, user=None):
        self.consultation = consultation
        self.user = user
        self.patient = consultation.patient
        self.catalogue = catalogue
        self.inputs: Inputs = consultation.inputs
        self.faults = reading.faults
        self.to_explain = reading.to_explain
        self.age = age_on(self.patient.birth_date, consultation.visit_date)

    def field(self, name: str) -> Field:
        return Field(name, one(self.inputs, name), self.faults.get(name, ""))

    def _choices(self, name: str, options, *, several: bool = False) -> list[Choice]:
        marked = many(self.inputs, name) if several else [one(self.inputs, name)]
        return [Choice(f"f-{name}-{value}", label, value, value in marked) for value, label in options]

    @property
    def concerns(self) -> list[Choice]:
        options = [(entry.id, entry.short_label) for entry in self.catalogue.knowledge.indications.values()]
        return self._choices("concern", options, several=True)

    @property
    def chosen(self) -> list[str]:
        return many(self.inputs, "concern")

    @property
    def details(self) -> list[dict]:
        """For each concern: its levels, morphologies and zones; those not chosen stay folded away."""
        found = []
        for indication, entry in self.catalogue.knowledge.indications.items():
            level = one(self.inputs, f"level.{indication}")
            zones = self.catalogue.zones_of(indication)
            marked = many(self.inputs, f"zones.{indication}")
            found.append(
                {
                    "id": indication,
                    "word": entry.short_label,
                    "on": indication in self.chosen,
                    "levels": [
                        Choice(f"f-level.{indication}-{item.id}", item.short_label, item.id, item.id == level, item.label)
                        for item in entry.levels.values()
                    ],
                    "definition": self.catalogue.level_label(indication, level) if level else "",
                    "morphologies": self._choices(f"morphology.{indication}", self.catalogue.morphologies(indication)),
                    "zones": [
                        Choice(f"f-zones.{indication}-{zone}", self.catalogue.zone_label(zone), zone, zone in marked) for zone in zones
                    ],
                }
            )
        return found

    @property
    def map_for(self) -> str:
        """The concern whose zones the picture marks."""
        wanted = one(self.inputs, "map_for")
        return wanted if wanted in self.chosen else (self.chosen[0] if self.chosen else "")

    @property
    def several_concerns(self) -> bool:
        return len(self.chosen) > 1

    @property
    def zones_chosen(self) -> list[str]:
        found = [zone for indication in self.chosen for zone in many(self.inputs, f"zones.{indication}")]
        return list(dict.fromkeys(found))

    @property
    def zone_count(self) -> str:
        return str(len(self.zones_chosen))

    @property
    def pictures(self) -> dict[str, bool]:
        """Which pictures are needed: the face for zones of face and neck, the body for the others."""
        offered = {zone for indication in (self.chosen or []) for zone in self.catalogue.zones_of(indication)}
        regions = {self.catalogue.zones[zone].region for zone in offered}
        chosen = {self.catalogue.zones[zone].region for zone in self.zones_chosen if zone in self.catalogue.zones}
        return {
            "face": bool(regions & FACE_PICTURE),
            "body": bool(regions & BODY_PICTURE),
            "body_open": bool(chosen & BODY_PICTURE),
        }

    @property
    def phototypes(self) -> list[Choice]:
        marked = one(self.inputs, "phototype")
        return [Choice(f"f-phototype-{n}", str(n), str(n), marked == str(n), phototype(n), {"fill": SWATCHES[n - 1]}) for n in range(1, 7)]

    # Safety checks

    @property
    def questions(self) -> list[dict]:
        found = []
        for number, question in enumerate(self._asked, start=1):
            answer = one(self.inputs, f"q.{question.id}")
            marked = rules_marked(self.inputs, question) if answer == "yes" else []
            found.append(
                {
                    "id": question.id,
                    "number": number,
                    "text": question.text,
                    "help": question.help,
                    "of_clinician": question.asked_of == "clinician",
                    "yes": answer == "yes",
                    "no": answer == "no",
                    "fault": self.faults.get(f"q.{question.id}", ""),
                    "several": len(question.covers) > 1,
                    "covers": [self._covered(question, cover, cover.rule in marked) for cover in question.covers],
                    "to_explain": self.beside[question.id],
                }
            )
        return found

    @cached_property
    def beside(self) -> dict[str, list[ToExplain]]:
        """What medicines are taken for, asked beside the question they contradict."""
        return beside(self._asked, self.to_explain)

    def _covered(self, question, cover, marked: bool) -> dict:
        prefix = f"rule.{question.id}.{cover.rule}"
        rule = self.catalogue.rules.get(cover.rule)
        return {
            "id": cover.rule,
            "text": cover.label,
            "marked": marked,
            "date": self.field(f"{prefix}.date") if cover.date_field else None,
            "date_word": cover.date_label or gettext("Date"),
            "zone": self.field(f"{prefix}.zone") if cover.zone else None,
            "note": self.field(f"{prefix}.note") if cover.note_label else None,
            "note_word": cover.note_label or "",
            "cleared": self.field(f"{prefix}.cleared") if rule and rule.lifted_by else None,
        }

    @property
    def _asked(self):
        return [question for question in self.catalogue.questions if question.asked(sex=self.patient.sex or None, age=self.age)]

    @property
    def asked_count(self) -> int:
        return len(self._asked)

    @property
    def answered_count(self) -> int:
        return sum(answered(self.inputs, question) for question in self._asked)

    @property
    def checks_open(self) -> bool:
        """Folded open where something in them must be mended."""
        return any(name.startswith(("q.", "rule.")) for name in self.faults) or any(not item.told for item in self.to_explain)

    @property
    def yes_count(self) -> int:
        return sum(one(self.inputs, f"q.{question.id}") == "yes" for question in self._asked)

    @property
    def zone_options(self) -> list[tuple[str, str]]:
        """Where something was found: the zones asked for first, then the others."""
        chosen = self.zones_chosen
        ordered = chosen + [zone for zone in self.catalogue.zones if zone not in chosen]
        return [(zone, self.catalogue.zone_word(zone)) for zone in ordered]

    # Lists

    def _list(self, kind: str, columns: tuple[str, ...]) -> list[dict]:
        """The rows of a list as typed, and one empty row to write in."""
        numbers = [number for number, _ in rows(self.inputs, kind)]
        numbers.append((max(numbers) + 1) if numbers else 0)
        return [
            {
                "number": number,
                "row": f"{kind}.{number}",
                "empty": position == len(numbers) - 1,
                "pk": one(self.inputs, f"{kind}.{number}.pk"),
                **{column: self.field(f"{kind}.{number}.{column}") for column in columns},
            }
            for position, number in enumerate(numbers)
        ]

    @property
    def medicines(self) -> list[dict]:
        return self._list("medicine", ("name", "stopped"))

    @cached_property
    def medicines_to_name(self) -> list[dict]:
        """Lines the protocol does not know, or not without a doubt: what it asks, what a clinician has said, what was said before."""
        knowledge, found = self.catalogue.knowledge, []
        said = self.consultation.chosen.get("said", {})
        for number, fields in rows(self.inputs, "medicine"):
            name = fields.get("name", "")
            look = look_up(knowledge, name) if name else None
            if look is None or not look.unknown:
                continue
            answer = said.get(key_of(knowledge, name))
            before = said_before(knowledge, name, self.user) if answer is None and self.user is not None else None
            found.append(
                {
                    "number": number,
                    "name": name,
                    "questions": look.unknown,
                    "answer": answer,
                    "said": self._answer_words(answer) if answer else "",
                    "before": class_words(knowledge, before.said_classes) or gettext("none of these classes") if before else "",
                    "before_by": f"{before.said_by}, {in_words(before.said_at.date())}" if before else "",
                    "marked": answer["classes"] if answer else (),
                    "none": answer is not None and not answer["classes"],
                }
            )
        return found

    def _answer_words(self, answer: dict) -> str:
        what = class_words(self.catalogue.knowledge, answer["classes"]) or gettext("none of these classes")
        named = f"{answer['ingredient']}, " if answer.get("ingredient") else ""
        values = {"what": f"{named}{what}", "name": answer["by_name"], "day": in_words(date.fromisoformat(answer["on"]))}
        return gettext("%(what)s, as said by %(name)s on %(day)s") % values

    @property
    def medicine_classes(self) -> list[tuple[str, str]]:
        return [(name, entry.label) for name, entry in self.catalogue.knowledge.medicine_classes.items()]

    @property
    def allergies(self) -> list[dict]:
        return self._list("allergy", ("substance", "reaction", "year"))

    @property
    def procedures(self) -> list[dict]:
        return self._list("procedure", ("what", "zone", "date"))

    @property
    def labs(self) -> list[dict]:
        return self._list("lab", ("name", "value", "unit", "date"))

    @property
    def seen(self) -> list[dict]:
        return self._list("seen", ("id", "zone", "note"))

    def _count(self, kind: str) -> int:
        return len(rows(self.inputs, kind))

    def _said(self, kind: str, asked: str) -> str:
        count = self._count(kind)
        return str(count) if count else (gettext("none known") if one(self.inputs, asked) == "none" else gettext("not asked"))

    @property
    def medicines_said(self) -> str:
        return self._said("medicine", "medicines_asked")

    @property
    def allergies_said(self) -> str:
        return self._said("allergy", "allergies_asked")

    @property
    def procedures_said(self) -> str:
        return str(self._count("procedure") or gettext("none entered"))

    @property
    def labs_said(self) -> str:
        return str(self._count("lab") or gettext("none entered"))

    @property
    def seen_said(self) -> str:
        return str(self._count("seen") or gettext("nothing entered"))

    @property
    def medicines_none(self) -> bool:
        return one(self.inputs, "medicines_asked") == "none" and not self._count("medicine")

    @property
    def allergies_none(self) -> bool:
        return one(self.inputs, "allergies_asked") == "none" and not self._count("allergy")

    @property
    def skin_findings(self) -> list[tuple[str, str]]:
        return self.catalogue.skin_findings

    @property
    def lab_names(self) -> list[str]:
        return [name for name, _ in self.catalogue.labs]

    @property
    def lab_units(self) -> list[str]:
        return list(dict.fromkeys(unit for _, units in self.catalogue.labs for unit in units))

    # Wishes and means

    @property
    def downtime(self) -> list[Choice]:
        options = [(str(days), day_words(days)) for days in self.catalogue.downtime_choices]
        return self._choices("downtime_days", [*options, ("any", gettext("Any"))])

    @property
    def devices(self) -> list[Choice]:
        """Kinds, and the makes the protocol knows; those the clinic has registered come first."""
        at_hand = {device.brand or device.kind for device in devices_at(self.patient.site)}
        options = self.catalogue.device_kinds + self.catalogue.device_brands
        return self._choices("device", sorted(options, key=lambda option: option[0] not in at_hand), several=True)

    @property
    def adjuvants(self) -> list[Choice]:
        return self._choices("adjuvant", self.catalogue.adjuvants, several=True)

    @property
    def adjuvants_said(self) -> str:
        count = len(many(self.inputs, "adjuvant")) + bool(one(self.inputs, "adjuvant_other"))
        return str(count) if count else gettext("none asked for")

    @property
    def event_date(self) -> Field:
        return self.field("event_date")

    @property
    def visits(self) -> Field:
        return self.field("visits")

    @property
    def adjuvant_other(self) -> Field:
        return self.field("adjuvant_other")

    @property
    def wishes_said(self) -> str:
        parts = []
        if one(self.inputs, "event_date"):
            parts.append(gettext("event date"))
        if one(self.inputs, "visits"):
            parts.append(gettext("%(visits)s visits") % {"visits": one(self.inputs, "visits")})
        return ", ".join(parts) or gettext("none given")


_FIELDS = {
    "concern": gettext_lazy("Concern"),
    "phototype": gettext_lazy("Phototype"),
    "downtime_days": gettext_lazy("Downtime accepted"),
    "event_date": gettext_lazy("Event date"),
    "visits": gettext_lazy("Visits possible"),
    "device": gettext_lazy("Devices at hand"),
    "adjuvant": gettext_lazy("Adjuvants asked for"),
    "adjuvant_other": gettext_lazy("Other adjuvants asked for"),
    "medicines_asked": gettext_lazy("Medicines asked"),
    "allergies_asked": gettext_lazy("Allergies asked"),
    "medicines_again": gettext_lazy("Medicines gone through again"),
    "allergies_again": gettext_lazy("Allergies gone through again"),
}
_OF_CONCERN = {
    "level": gettext_noop("Level of %(concern)s"),
    "morphology": gettext_noop("Morphology of %(concern)s"),
    "zones": gettext_noop("Zones of %(concern)s"),
}
_OF_LIST = {
    "medicine": gettext_noop("Medicine %(number)s, %(column)s"),
    "allergy": gettext_noop("Allergy %(number)s, %(column)s"),
    "procedure": gettext_noop("Procedure %(number)s, %(column)s"),
    "lab": gettext_noop("Lab result %(number)s, %(column)s"),
    "seen": gettext_noop("Seen today %(number)s, %(column)s"),
}
# The columns of the lists, in small letters for the middle of a line.
_COLUMNS = {
    "name": gettext_noop("name"),
    "stopped": gettext_noop("stopped"),
    "substance": gettext_noop("substance"),
    "reaction": gettext_noop("reaction"),
    "year": gettext_noop("year"),
    "what": gettext_noop("what"),
    "zone": gettext_noop("zone"),
    "date": gettext_noop("date"),
    "value": gettext_noop("value"),
    "unit": gettext_noop("unit"),
    "note": gettext_noop("note"),
}


def field_words(name: str, catalogue: Catalogue) -> str:
    """A field's name in words, for "Show changes"."""
    parts = name.split(".")
    if name in _FIELDS:
        return str(_FIELDS[name])
    if parts[0] == "taken_for":
        return gettext("What a medicine is taken for")
    if parts[0] in _OF_CONCERN:
        return gettext(_OF_CONCERN[parts[0]]) % {"concern": catalogue.concern_word(parts[1]).lower()}
    if parts[0] in {"q", "rule"}:
        question = next((q for q in catalogue.questions if q.id == parts[1]), None)
        text = question.text if question else parts[1]
        return text if len(parts) < 3 else f"{text} ({parts[-1]})"
    if parts[0] in LISTS:
        return gettext(_OF_LIST[parts[0]]) % {"number": int(parts[1]) + 1, "column": gettext(_COLUMNS.get(parts[2], parts[2]))}
    return name


def value_words(value) -> str:
    if not value:
        return gettext("Not given")
    return ", ".join(part.replace("_", " ") for part in value) if isinstance(value, list) else value.replace("_", " ")
