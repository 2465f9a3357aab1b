"""Follow-up calls: the questions, the rules that lead from answers to a level, and the only words for the patient."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from planner.knowledge.entries import MEASURES

from ..comparison import join
from ..follow_up import LEVELS, SECTION
from ..reading import words
from .changes import row_name
from .fields import Entry, Field, Group, Making, Page, within

SLUG, TITLE = "follow-up", gettext_noop("Follow-up calls")
ABOUT = gettext_noop("What is asked on which day after a session, the level that follows, and the words for the patient.")
_SIGNS = {"erythema": gettext_noop("Redness"), "oedema": gettext_noop("Swelling")}
_NONE = gettext_noop(
    "This version holds nothing about follow-up calls: no level can be worked out, and no words are approved for the patient."
)


def items(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    return []


def page(document: Mapping[str, Any], item: str) -> Page | None:
    if item:
        return None
    section = document.get(SECTION)
    if not isinstance(section, Mapping):
        return Page(_(TITLE), [], intro=_(_NONE))
    return Page(
        _(TITLE), _Groups(document, section).all(), intro=_("Days count from the session: 0 is its own day. No band chosen means all.")
    )


class _Groups:
    def __init__(self, document: Mapping[str, Any], section: Mapping[str, Any]):
        self.make, self.section = Making(document), section
        self.bands = self.make.labels("downtime_bands")
        self.flags = [(row["id"], row.get("signs", row["id"])) for row in document.get("red_flags", ()) if row.get("audience") == "patient"]
        self.levels = [(row["id"], row.get("label", row["id"])) for row in section["levels"] if row["id"] in LEVELS[1:]]
        self.questions = {row["id"]: row for row in section["questions"]}

    def all(self) -> list[Group]:
        return [
            Group(_("Levels and what is said"), [self._level(row) for row in self.section["levels"]]),
            Group(_("Planned calls"), [self._check_in(row) for row in self.section["check_ins"]]),
            Group(_("Questions"), [self._question(row) for row in self.section["questions"]]),
            Group(_("Rules"), [self._rule(row) for row in self.section["rules"]]),
        ]

    def _level(self, row) -> Entry:
        path, name = row_name(f"{SECTION}.levels", row["id"]), row["label"]
        one = self.make.one
        fields = [
            one(path, row, "label", _("Name"), full=within(name, _("name")), width="m"),
            one(
                path,
                row,
                "say",
                _("Say to the patient"),
                "lines",
                full=within(name, _("say")),
                hint=_("One sentence per line, and nothing else."),
            ),
            one(path, row, "do", _("The caller does"), "text", full=within(name, _("the caller does"))),
        ]
        if "within_minutes" in row:
            fields.append(
                one(
                    path,
                    row,
                    "within_minutes",
                    _("A clinician answers within"),
                    "whole",
                    unit="min",
                    full=within(name, _("answered")),
                    width="s",
                )
            )
        return Entry(name, fields, self.make.source(path, row, name))

    def _check_in(self, row) -> Entry:
        path, name = row_name(f"{SECTION}.check_ins", row["id"]), row["label"]
        fields = [
            self.make.one(path, row, "label", _("Name"), full=within(name, _("name")), width="m"),
            self.make.one(path, row, "day", _("Day after the session"), "whole", full=within(name, _("day")), width="s"),
            self._picks(path, row, "bands", _("After these depths"), self.bands, name),
        ]
        return Entry(name, fields, self.make.source(path, row, name))

    def _question(self, row) -> Entry:
        path, name = row_name(f"{SECTION}.questions", row["id"]), row["text"]
        one, answers = self.make.one, [(answer["id"], answer["text"]) for answer in row["answers"]]
        fields = [
            one(path, row, "text", _("Question"), "text", full=within(name, _("question"))),
            one(path, row, "help", _("For the caller"), "text", full=within(name, _("for the caller")), blank="drop"),
            *self._days(path, row, name),
        ]
        for answer in row["answers"]:
            there = row_name(join(path, "answers"), answer["id"])
            fields.append(
                one(
                    there,
                    answer,
                    "text",
                    _("Answer “%(answer)s”") % {"answer": words(answer["id"])},
                    full=f"{name}: {answer['id']}",
                    width="m",
                )
            )
        fields.append(self._picks(path, row, "expected", _("Belong to normal healing"), answers, name, blank="refuse"))
        fields.append(self._picks(path, row, "flags", _("Asks for these red flags"), self.flags, name))
        fields.append(self._picks(path, row, "bands", _("After these depths"), self.bands, name))
        return Entry(name, fields, self.make.source(path, row, name), open=False)

    def _rule(self, row) -> Entry:
        path, name = row_name(f"{SECTION}.rules", row["id"]), row["why"]
        one = self.make.one
        fields = [
            one(path, row, "why", _("Why"), "text", full=within(name, _("why"))),
            one(path, row, "level", _("Level at least"), "choice", full=within(name, _("level")), options=self.levels, width="m"),
            *self._days(path, row, name),
        ]
        for condition in row["when"]:
            question = self.questions.get(condition["question"], {})
            answers = [(answer["id"], answer["text"]) for answer in question.get("answers", ())]
            there = row_name(join(path, "when"), condition["question"])
            label = _("When the answer to “%(question)s” is") % {"question": question.get("text", condition["question"])}
            fields.append(self._picks(there, condition, "answers", label, answers, name, blank="refuse"))
        signs = [(sign, _(_SIGNS[sign]) if sign in _SIGNS else words(sign)) for sign in MEASURES]
        label = _("Only once this sign has outlasted its depth")
        fields.append(one(path, row, "after", label, "choice", full=f"{name}: {label.lower()}", options=signs, blank="drop", width="m"))
        fields.append(self._picks(path, row, "bands", _("After these depths"), self.bands, name))
        return Entry(name, fields, self.make.source(path, row, name), open=False)

    def _days(self, path: str, row, name: str) -> list[Field]:
        return [
            self.make.one(path, row, key, label, "whole", full=f"{name}: {label.lower()}", width="s")
            for key, label in (("from_day", _("From day")), ("to_day", _("To day")))
        ]

    def _picks(self, path: str, row, key: str, label: str, options, name: str, *, blank: str = "") -> Field:
        blank = blank or ("empty" if row.get(key) == [] else "drop")  # a list that was written out empty stays so
        return self.make.one(path, row, key, label, "picks", full=f"{name}: {label.lower()}", options=options, blank=blank, width="m")
