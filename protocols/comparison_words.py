"""What differs between two versions, in the words of whoever reads it: grouped as the pages are, each value with its unit."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext

from planner.wording import number

from .comparison import UNORDERED_WORDS, Difference, compare, join, row_keys, rows, steps
from .reading import unit_word, words

LONG = 70  # characters from which a text is shown with what changed marked in it
MOST_SAME = 4  # of a list, as many that stayed are named between those that came or went
MOST_OF_ROW = 14  # values of a row that came or went that are open to see; the rest unfolds below them

# Sections of the pack under the headings of the page, in its order.
GROUPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("depths", gettext_noop("Depths"), ("depth_ranges",)),
    ("zones", gettext_noop("Zones and ceilings"), ("zones", "excluded_zones", "zone_groups")),
    ("indications", gettext_noop("Indications, sessions and intervals"), ("indications", "course_rules", "alternatives")),
    ("rules", gettext_noop("Screening rules"), ("contraindications", "procedures", "allergens", "lab_rules")),
    ("questions", gettext_noop("Screening questions"), ("questions", "lists")),
    ("medicines", gettext_noop("Medicines"), ("medicines",)),
    ("phototypes", gettext_noop("Phototypes and limits"), ("phototype_rules", "combination_rules", "history_rules", "operator_rules")),
    ("adjuvants", gettext_noop("Adjuvants"), ("adjuvants", "adjuvant_rules")),
    ("devices", gettext_noop("Devices and labels"), ("devices", "device_models", "labelling", "device_limits")),
    (
        "technique",
        gettext_noop("Technique, numbing and downtime"),
        ("technique", "anaesthesia", "numbing", "downtime_rule", "downtime_bands"),
    ),
    (
        "care",
        gettext_noop("Care before and after"),
        ("precare", "aftercare", "sun_protection", "aftercare_by_adjuvant", "normal_course", "red_flags", "review_advice"),
    ),
    ("follow_up", gettext_noop("Follow-up calls"), ("follow_up",)),
    ("before_visit", gettext_noop("Words before a visit"), ("before_visit",)),
    ("wording", gettext_noop("Words on the patient's sheet"), ("patient_wording",)),
    ("settings", gettext_noop("Settings of the clinic"), ("settings",)),
    ("references", gettext_noop("References"), ("references",)),
    ("version", gettext_noop("About the pack"), ("schema", "pack_version", "status", "status_text", "vocabulary")),
)
_GROUP_OF = {section: name for name, _title, sections in GROUPS for section in sections}
_TITLES = {name: title for name, title, _sections in GROUPS} | {"other": gettext_noop("Other sections")}
# Values that change with every copy and say nothing.
NOT_SAID = frozenset({"pack_version"})

_FIELDS = {
    "max_depth_mm": gettext_noop("depth at most"),
    "override_max_depth_mm": gettext_noop("depth at most, overridden"),
    "dial_step_mm": gettext_noop("dial step"),
    "max_set_mm": gettext_noop("can be set to"),
    "max_evaluated_mm": gettext_noop("evaluated to"),
    "interval_days": gettext_noop("waiting time"),
    "interval_weeks": gettext_noop("interval"),
    "valid_days": gettext_noop("answer holds for"),
    "refs": gettext_noop("sources"),
    "evidence": gettext_noop("evidence grade"),
    "unverified": gettext_noop("no study was read"),
    "unverified_fields": gettext_noop("no study was read for"),
    "label": gettext_noop("name"),
    "short_label": gettext_noop("short name"),
    "min_age": gettext_noop("age from"),
    "not_in_zones": gettext_noop("not in"),
    "exclude_if": gettext_noop("left out with"),
    "exclude_phototypes": gettext_noop("left out in phototypes"),
    "sign_off_if": gettext_noop("sign-off with"),
    "sign_off": gettext_noop("signed off by"),
    "leads_to": gettext_noop("leads to"),
    "names": gettext_noop("names"),
    "words": gettext_noop("words people use"),
    "text": gettext_noop("text"),
    "citation": gettext_noop("citation"),
    "from_hour": gettext_noop("from hour"),
    "to_hour": gettext_noop("to hour"),
    "spf_min": gettext_noop("sun protection factor, at least"),
    "read": gettext_noop("how much was read"),
    "blocks": gettext_noop("blocks"),
    "unit": gettext_noop("unit"),
}
# Lists of words that people write: a word there is no id of anything.
_AS_WRITTEN = frozenset(
    {"words", "names", "ambiguous", "topical", "systemic", "noise", "units", "separators", "denied", "stems", "ingredient", "kind"}
)
_RANGE = ("min", "typical", "max")
_DEPTH_ROW = ("indication", "level", "zone")  # said at the head of its line
_UNITS = {"_mm": "mm", "_days": "days", "_weeks": "weeks", "_hours": "h", "_minutes": "min", "_hour": "h"}
_SAID = {
    "refuse": gettext_noop("stop"),
    "defer": gettext_noop("defer"),
    "exclude_zone": gettext_noop("leave out the zone"),
    "caution": gettext_noop("caution"),
    "ask": gettext_noop("ask"),
    "none": gettext_noop("no restriction"),
    "abstract": gettext_noop("the abstract"),
    "page": gettext_noop("the page"),
    "table": gettext_noop("a table"),
    "not_verified": gettext_noop("not read"),
    "patient": gettext_noop("whole person"),
    "zone": gettext_noop("the zone"),
}


@dataclass(frozen=True)
class Line:
    """
    One difference as it is written. who: what it is about ("Acne scars, Grade 2, Cheeks"), what: the value ("max"); before and after
    in words, or `parts` of a long text and of a list, as (kind, text) with kind "same", "del" or "ins"; `facts`: every value of a row
    that came or went.
    """

    path: str
    kind: str
    who: str
    what: str
    before: str = ""
    after: str = ""
    parts: tuple[tuple[str, str], ...] = ()
    facts: tuple[str, ...] = ()

    @property
    def first_facts(self) -> tuple[str, ...]:
        return self.facts[:MOST_OF_ROW]

    @property
    def more_facts(self) -> tuple[str, ...]:
        return self.facts[MOST_OF_ROW:]

    @property
    def words(self) -> str:
        """All of it as one text: what a search goes through."""
        told = [self.who, self.what, self.before, self.after, *(text for _kind, text in self.parts), *self.facts]
        return " ".join(part for part in told if part)


@dataclass
class Group:
    name: str
    title: str
    lines: list[Line] = field(default_factory=list)


class Names:
    """What the ids of either document are called, the newer document's word first."""

    def __init__(self, *documents: Mapping[str, Any]):
        self._labels: dict[str, str] = {}
        self._brief: dict[str, str] = {}  # names for the head of a line
        self._references: dict[str, str] = {}
        for document in documents:
            self._collect(document)

    def _collect(self, value: Any, section: str = "") -> None:
        if isinstance(value, Mapping):
            for key, item in value.items():
                self._collect(item, section or key)
            name = value.get("id")
            if isinstance(name, str) and section not in ("indications",):
                if section == "references":
                    self._references[name] = _short(str(value.get("citation", name)), 52)
                elif isinstance(value.get("label"), str):
                    self._labels.setdefault(name, value["label"])
                    if section == "zones":
                        self._brief.setdefault(name, value.get("short_label") or value["label"])
            elif isinstance(name, str) and "levels" in value:
                self._labels.setdefault(name, value.get("label", words(name)))
                self._brief.setdefault(name, value.get("short_label") or self._labels[name])
        elif isinstance(value, list):
            for item in value:
                self._collect(item, section)

    def row(self, row: Mapping[str, Any], key: str) -> str:
        """What an entry is called at the head of a line; *key*: what stands in its brackets."""
        if {*_DEPTH_ROW} <= row.keys():
            zone, indication = (self._brief.get(row[name]) or self.of(row[name]) for name in ("zone", "indication"))
            return f"{zone}, {words(row['level']).lower()}, {indication.lower()}"
        if {"sessions", "interval", "id"} <= row.keys():
            return f"{words(row['id']).lower()} ({str(row.get('short_label', '')).lower()})".replace(" ()", "")
        if {"device", "indication"} <= row.keys():
            return f"{row['device']}, {self.of(row['indication']).lower()}, {row.get('area', '')}".rstrip(", ")
        if "citation" in row:
            return _short(str(row["citation"]))
        for name in ("label", "text", "ingredient", "brand", "what", "instruction", "name"):
            if isinstance(row.get(name), str) and row[name]:
                return _short(row[name])
        for name in ("rule", "adjuvant", "indication", "leads_to"):
            if isinstance(row.get(name), str):
                return self.of(row[name]) if " " not in row[name] else _short(row[name])
        if isinstance(row.get("id"), str):
            return self.of(row["id"])
        for name in ("phototypes", "words"):
            if isinstance(row.get(name), list) and any(row[name]):
                return _short(f"{_field(name)} {self.value([word for word in row[name] if word], name)}")
        return _short(str(row.get("fact") or row.get("unit") or _("entry %(n)s") % {"n": key.lstrip("#")}))

    def of(self, name: Any) -> str:
        return self._labels.get(name) or words(name) if isinstance(name, str) else str(name)

    def value(self, value: Any, key: str, unit: str = "") -> str:
        """One value in words, with its unit."""
        if value is None:
            return _("not stated")
        if value is True or value is False:
            return _("yes") if value else _("no")
        if isinstance(value, (int, float)):
            unit = next((word for end, word in _UNITS.items() if key.endswith(end)), unit)
            return f"{number(value)}\u00a0{unit_word(unit)}" if unit else number(value)
        if isinstance(value, list):
            return ", ".join(self.value(item, key, unit) for item in value) or pgettext("list", "none")
        if isinstance(value, Mapping):
            return "; ".join(f"{_field(name)} {self.value(item, name, unit)}" for name, item in value.items())
        if key == "id":
            return value
        if key == "refs":
            return self._references.get(value, value)
        if key in ("action", "read", "scope") and value in _SAID:
            return _(_SAID[value])
        if key == "evidence":
            return value.replace("CEBM-", "CEBM\u00a0")
        if value in self._labels and key not in _AS_WRITTEN:
            return self._labels[value]
        return words(value).lower() if "_" in value and " " not in value else value


def _short(text: str, most: int = 90) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 2].rsplit(' ', 1)[0]} …"


def _field(name: str) -> str:
    if name in _FIELDS:
        return _(_FIELDS[name])
    for end in _UNITS:
        if name.endswith(end):
            name = name.removesuffix(end)
            break
    return words(name).lower()


def _unit(row: Mapping, fields: list[str]) -> str:
    """The unit of the lowest, typical or greatest value of a range: beside it, or in the name of the field that holds it."""
    holder: Any = row
    for name in fields[:-1]:
        holder = holder.get(name, {}) if isinstance(holder, Mapping) else {}
    if isinstance(holder, Mapping) and isinstance(holder.get("unit"), str) and fields and fields[-1] in ("min", "typical", "max"):
        return "" if holder["unit"] in fields else holder["unit"]  # "sessions: 1", not "1 sessions"
    return next((word for end, word in _UNITS.items() for name in fields if name.endswith(end)), "")


def marked(before: str, after: str) -> tuple[tuple[str, str], ...]:
    """Two texts as one, word by word: what stayed, what went, what came."""
    old, new = before.split(), after.split()
    parts: list[tuple[str, str]] = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            parts.append(("same", " ".join(old[i:j])))
        else:
            if j > i:
                parts.append(("del", " ".join(old[i:j])))
            if m > k:
                parts.append(("ins", " ".join(new[k:m])))
    return tuple(parts)


class Comparison:
    """Everything that differs between two documents, in words and in the order of the pages."""

    def __init__(self, before: Mapping[str, Any], after: Mapping[str, Any]):
        self._before, self._after = before, after
        self._names = Names(after, before)
        self._rows = {"added": dict(rows(after)), "": dict(rows(before))}
        self.lines: dict[str, list[Line]] = {}
        for difference in compare(before, after):
            if difference.path in NOT_SAID:
                continue
            section = steps(difference.path)[0][1]
            self.lines.setdefault(_GROUP_OF.get(section, "other"), []).append(self._line(difference))

    @property
    def count(self) -> int:
        return sum(len(lines) for lines in self.lines.values())

    def groups(self, *, only: str = "", containing: str = "") -> list[Group]:
        """The groups that hold anything. only: one group by its name; containing: lines with all of these words."""
        sought = containing.casefold().split()
        found = []
        for name in (*(name for name, _title, _sections in GROUPS), "other"):
            if only and name != only:
                continue
            lines = [line for line in self.lines.get(name, ()) if all(word in line.words.casefold() for word in sought)]
            if lines:
                found.append(Group(name, _(_TITLES[name]), lines))
        return found

    def counts(self) -> list[tuple[str, str, int]]:
        """(name, title, number of lines) of each group that holds anything."""
        return [(group.name, group.title, len(group.lines)) for group in self.groups()]

    # One line

    def _place(self, difference: Difference) -> tuple[str, list[str], Mapping]:
        """Who a difference is about, the names of the fields below that, and the row it stands in."""
        known = self._rows["added" if difference.kind == "added" else ""]
        who: list[str] = []
        fields: list[str] = []
        row: Mapping = {}
        path = ""
        for kind, text in steps(difference.path):
            if kind == "key":
                path = join(path, text)
                fields.append(text)
                continue
            path = f"{path}[{text}]"
            row = known.get(path, {})
            who.append(self._names.row(row, text))
            fields = []
        return ", ".join(who), fields, row

    def _line(self, difference: Difference) -> Line:
        who, fields, row = self._place(difference)
        key = fields[-1] if fields else ""
        what = ", ".join(_field(name) for name in fields)
        if not who and fields:
            who, what = words(fields[0]), ", ".join(_field(name) for name in fields[1:])
        about = {"path": difference.path, "kind": difference.kind, "who": who, "what": what}
        unit = _unit(row, fields)
        if difference.kind in ("added", "removed"):
            return self._whole(difference.after if difference.kind == "added" else difference.before, key, about)
        before, after = difference.before, difference.after
        if difference.kind == "moved":
            known = self._rows[""]
            called = {name: self._names.row(known.get(f"{difference.path}[{name}]", {}), name) for name in before}
            return Line(**about, parts=_told(before, after, called.__getitem__))
        if isinstance(before, list) and isinstance(after, list):
            return Line(**about, parts=self._lists(before, after, key))
        if isinstance(before, str) and isinstance(after, str) and max(len(before), len(after)) > LONG:
            return Line(**about, parts=marked(before, after))
        return Line(**about, before=self._names.value(before, key, unit), after=self._names.value(after, key, unit))

    def _lists(self, before: list, after: list, key: str) -> tuple[tuple[str, str], ...]:
        """By what they hold, not by what it is called: two sources may be called alike."""
        old, new = ([json.dumps(item, sort_keys=True) for item in items] for items in (before, after))
        if key in UNORDERED_WORDS:
            stay = list((Counter(old) & Counter(new)).elements())
            old, new = ([*stay, *(Counter(items) - Counter(stay)).elements()] for items in (old, new))
        return _told(old, new, lambda item: self._names.value(json.loads(item), key))

    def _whole(self, value: Any, key: str, about: dict) -> Line:
        if not isinstance(value, (Mapping, list)) or (isinstance(value, list) and not any(isinstance(item, Mapping) for item in value)):
            words_of = self._names.value(value, key)
            return Line(**about, **({"after": words_of} if about["kind"] == "added" else {"before": words_of}))
        if isinstance(value, Mapping):
            value = {name: item for name, item in value.items() if name not in ("id", *_DEPTH_ROW) and item != about["who"]}
        return Line(**about, facts=tuple(self._facts(value, (), key)))

    def _facts(self, value: Any, where: tuple[str, ...], key: str, parent: str = "") -> Iterator[str]:
        """
        Every value below *value* in words, each with where it stands; a range with its unit as one. What is empty says nothing, and
        that a study was read is said by its grade. key, parent: the names of *value* and of what holds it.
        """
        if isinstance(value, Mapping):
            told: tuple[str, ...] = ()
            if value.keys() >= {*_RANGE}:
                told = (*_RANGE, "unit")
                unit = value.get("unit") or next((word for end, word in _UNITS.items() if key.endswith(end)), "")
                low, typical, high = (self._names.value(value[name], "") for name in _RANGE)
                most = f"{typical} {unit}" if unit == "mm" else typical  # "1 (0.5 to 3 days)", "0.5 mm (0.25 to 1 mm)"
                span = _("%(low)s to %(high)s") % {"low": low, "high": f"{high} {unit_word(unit)}".rstrip()}
                yield f"{', '.join(where)}: {most} ({span})".removeprefix(": ")
            for name, item in value.items():
                if name not in told:
                    yield from self._facts(item, (*where, _field(name)), name, key)
        elif isinstance(value, list) and any(isinstance(row, Mapping) for row in value):
            for name, row in zip(row_keys(value, key, parent), value, strict=True):
                called = self._names.row(row, name)
                rest = {field: item for field, item in row.items() if field != "id" and item != called}
                yield from self._facts(rest, (*where, called), "", key)
        elif value is not None and value not in ("", []) and not (key == "unverified" and value is False):
            yield f"{', '.join(where)}: {self._names.value(value, key)}"


def _told(old: list[str], new: list[str], called: Callable[[str], str]) -> tuple[tuple[str, str], ...]:
    """Two lists as one: what stayed, the middle of a long run counted, what went, what came."""
    parts: list[tuple[str, str]] = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            stay = [called(item) for item in old[i:j]]
            shown = stay if j - i <= MOST_SAME else [stay[0], _("(%(n)s more stay)") % {"n": j - i - 2}, stay[-1]]
            parts += [("same", text) for text in shown]
        else:
            parts += [("del", called(item)) for item in old[i:j]] + [("ins", called(item)) for item in new[k:m]]
    return tuple(parts)
