"""From a pack's mapping to the section, with every fault and its path; and a whole pack, section and all, as one."""

from collections.abc import Iterable, Mapping
from typing import Any

from planner.errors import Fault, KnowledgeFaults
from planner.knowledge import Knowledge
from planner.knowledge.entries import MEASURES, Source
from planner.knowledge.structure import in_pack_order, walk
from planner.reading import Reader, repeated, type_name

from .. import before_visit, filled
from ..doubles import parse as planner_part
from ..doubles import pinpointed
from .terms import LAST_DAY, LEAST_LEVEL, LEVELS, NORMAL, UNSURE, CheckIn, FollowUp, Level, Question, Rule

SECTION = "follow_up"
LANGUAGES = ("en",)
# What the clinic fills into the words for the patient; every other figure would be one nobody approved.
FILLED = ("emergency_number", "phone", "clinic")
MOST_ANSWERS = 8


def parse(mapping: Mapping[str, Any]) -> tuple[Knowledge, FollowUp | None]:
    """
    Read a whole pack: what the planner knows, and its section of follow-up calls (None where it has none). The words before a visit are
    checked with it.

    Raises:
        KnowledgeFaults: the pack is broken; every fault of both, in the order of the pack.
    """
    beside = [name for name in (SECTION, before_visit.SECTION) if isinstance(mapping, Mapping) and name in mapping]
    if not beside:
        return planner_part(mapping), None
    faults = list(walk({name: mapping[name] for name in beside}))
    rest = {key: value for key, value in mapping.items() if key not in beside}
    knowledge = None
    try:
        knowledge = planner_part(rest)
    except KnowledgeFaults as error:
        faults += error.faults
    follow_up = read(mapping, faults) if SECTION in mapping else None
    if before_visit.SECTION in mapping:
        before_visit.read(mapping, faults)
    if faults or knowledge is None:
        raise KnowledgeFaults(in_pack_order(pinpointed(faults, mapping), mapping))
    return knowledge, follow_up


def read(mapping: Mapping[str, Any], faults: list[Fault]) -> FollowUp | None:
    raw = mapping.get(SECTION)
    if not isinstance(raw, Mapping):
        faults.append(Fault(SECTION, f"must be a mapping, not {type_name(raw)}"))
        return None
    return _Section(mapping, faults).read(Reader(raw, SECTION, faults))


def _ids(rows: Any) -> dict[str, Mapping[str, Any]]:
    rows = rows if isinstance(rows, (list, tuple)) else ()
    return {row["id"]: row for row in rows if isinstance(row, Mapping) and isinstance(row.get("id"), str)}


class _Section:
    """One reading of the section, beside the parts of the pack that it names."""

    def __init__(self, pack: Mapping[str, Any], faults: list[Fault]):
        self.faults = faults
        self.bands = _ids(pack.get("downtime_bands"))
        self.flags = {name: row for name, row in _ids(pack.get("red_flags")).items() if row.get("audience") == "patient"}
        self.references = _ids(pack.get("references"))
        vocabulary = pack.get("vocabulary")
        grades = vocabulary.get("evidence") if isinstance(vocabulary, Mapping) else None
        self.grades = tuple(grades) if isinstance(grades, Mapping) else ()
        self.unread = frozenset(name for name, row in self.references.items() if row.get("unverified") is True)

    def read(self, top: Reader) -> FollowUp:
        language = top.choice("language", LANGUAGES) or ""
        levels = top.entries("levels", self._level, required=True)
        if [level.id for level in levels] != list(LEVELS):
            top.fault("levels", f"must be {', '.join(LEVELS)}, each once and in this order")
        check_ins = top.entries("check_ins", self._check_in, required=True)
        questions = top.entries("questions", self._question, required=True, filled=True)
        known = {question.id: question for question in questions}
        rules = top.entries("rules", lambda r: self._rule(r, known), required=True, filled=True)
        top.done()
        for key, rows in (("check_ins", check_ins), ("questions", questions), ("rules", rules)):
            for name in repeated(row.id for row in rows):
                top.fault(key, f"{name} stands twice")
        self._flags_reach_their_level(top, known, rules)
        return FollowUp(language, {level.id: level for level in levels}, check_ins, questions, rules)

    # -- entries -------------------------------------------------------------------------------------------------------

    def _level(self, r: Reader) -> Level:
        ident = r.choice("id", LEVELS) or NORMAL
        say = r.words("say", required=True)
        if not say:
            r.fault("say", "must hold at least one line: it is all that may be said to the patient")
        for index, line in enumerate(say):
            self._line(r.at(f"say[{index}]"), line)
        within = None
        if ident != NORMAL:
            within = r.whole("within_minutes", least=1, most=24 * 60)
        return Level(ident, r.text("label"), say, r.text("do"), within, self._source(r))

    def _check_in(self, r: Reader) -> CheckIn:
        return CheckIn(r.text("id"), r.text("label"), r.whole("day", least=0, most=LAST_DAY) or 0, self._bands(r), self._source(r))

    def _question(self, r: Reader) -> Question:
        def answer(a: Reader) -> tuple[str, str]:
            return a.text("id"), a.text("text")

        answers = r.entries("answers", answer, required=True, filled=True)
        for name in repeated(ident for ident, _ in answers):
            r.fault("answers", f"{name} stands twice")
        if len(answers) > MOST_ANSWERS:
            r.fault("answers", f"must be at most {MOST_ANSWERS}")
        given = dict(answers)
        if answers and UNSURE not in given:
            r.fault("answers", f"needs one with the id {UNSURE}: nobody is made to say yes or no")
        expected = r.words("expected", required=True, options=tuple(given))
        if UNSURE in expected:
            r.fault("expected", f"{UNSURE} is never normal")
        flags = r.words("flags")
        for name in flags:
            if name not in self.flags:
                r.fault("flags", f"there is no red flag {name} that is for the patient")
        first, last = self._days(r)
        return Question(
            r.text("id"), r.text("text"), r.text("help", default=""), given, expected, flags, first, last, self._bands(r), self._source(r)
        )

    def _rule(self, r: Reader, questions: Mapping[str, Question]) -> Rule:
        def condition(c: Reader) -> tuple[str, tuple[str, ...]]:
            name = c.text("question")
            question = questions.get(name)
            if name and question is None:
                c.fault("question", f"there is no question {name}")
            answers = c.words("answers", required=True, options=tuple(question.answers) if question else None)
            if not answers:
                c.fault("answers", "must name at least one answer")
            return name, answers

        when = r.entries("when", condition, required=True, filled=True)
        for name in repeated(name for name, _ in when):
            r.fault("when", f"{name} stands twice")
        first, last = self._days(r)
        return Rule(
            id=r.text("id"),
            when=dict(when),
            level=r.choice("level", LEVELS[1:]) or LEVELS[-1],
            why=r.text("why"),
            from_day=first,
            to_day=last,
            bands=self._bands(r),
            after=r.choice("after", MEASURES, default=None),
            source=self._source(r),
        )

    def _days(self, r: Reader) -> tuple[int, int]:
        first, last = r.whole("from_day", most=LAST_DAY) or 0, r.whole("to_day", most=LAST_DAY) or 0
        if first > last:
            r.fault("to_day", "must not be before from_day")
        return first, last

    def _bands(self, r: Reader) -> tuple[str, ...]:
        return r.words("bands", options=tuple(self.bands))

    def _source(self, r: Reader) -> Source:
        refs = r.words("refs", required=True)
        if not refs and isinstance(r.data.get("refs"), (list, tuple)):
            r.faults.append(Fault(r.at("refs"), "must name at least one reference", "reference"))
        for name in refs:
            if name not in self.references:
                r.faults.append(Fault(r.at("refs"), f"{name} is not in the references", "reference"))
        grade = r.choice("evidence", self.grades)
        return Source(refs, grade or "", r.flag("unverified"), (), bool(refs) and self.unread.issuperset(refs))

    def _line(self, path: str, text: str) -> None:
        """Words alone: a figure is filled in by the clinic, by its name in braces."""
        filled.check(path, text, FILLED, self.faults)

    # -- what must hold of all together --------------------------------------------------------------------------------

    def _flags_reach_their_level(self, top: Reader, questions: Mapping[str, Question], rules: Iterable[Rule]) -> None:
        """
        Each red flag for patients is asked for on every day it may show, and each answer that is not expected then leads to its urgency
        at least, whatever the depth.
        """
        rules = list(rules)
        for name, flag in self.flags.items():
            least = LEAST_LEVEL.get(flag.get("urgency"))
            first, last = _days_of(flag)
            asking = [question for question in questions.values() if name in question.flags]
            if not asking:
                top.fault("questions", f"the red flag {name} is asked for by no question")
                continue
            if least is None or first is None:
                continue  # the red flag itself is broken, which is said at its place
            for question in asking:
                if question.bands or question.from_day > first or question.to_day < min(last, LAST_DAY):
                    top.fault(f"questions[{question.id}]", f"must be asked from day {first} to {last} after any depth, for {name}")
                for answer in question.answers:
                    if answer in question.expected or answer == UNSURE:
                        continue
                    if not _always(rules, question.id, answer, first, min(last, LAST_DAY), least):
                        top.fault("rules", f"{question.id}: {answer} must lead to {least} from day {first} to {last}, for {name}")


def _days_of(flag: Mapping[str, Any]) -> tuple[int | None, int]:
    """The days on which a red flag may show, of its hours."""
    low, high = flag.get("from_hour"), flag.get("to_hour")
    if not isinstance(low, int) or not isinstance(high, int):
        return None, 0
    return max(0, low // 24), max(0, -(-high // 24))


def _always(rules: list[Rule], question: str, answer: str, first: int, last: int, least: str) -> bool:
    """Whether *answer* alone leads to *least* on every day from *first* to *last*."""
    mine = [
        rule
        for rule in rules
        if not rule.bands
        and rule.after is None
        and set(rule.when) == {question}
        and answer in rule.when[question]
        and LEVELS.index(rule.level) >= LEVELS.index(least)
    ]
    day = first
    while day <= last:
        reach = max((rule.to_day for rule in mine if rule.from_day <= day <= rule.to_day), default=None)
        if reach is None:
            return False
        day = reach + 1
    return True
