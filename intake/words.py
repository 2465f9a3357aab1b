"""Answers in the clinic's words, for the one who looks at them: what the patient told beside what the record says."""

import datetime as dt
from collections.abc import Mapping

from django.utils.translation import gettext, gettext_noop

from planner.knowledge.entries import Question
from planner.wording import day
from plans.catalogue import Catalogue

NOT_ASKED = "Not asked so far"
# Kept as they stand here, in English; said in the language of the page.
FIXED = (
    gettext_noop("Yes"),
    gettext_noop("No"),
    gettext_noop("Takes none"),
    gettext_noop("None known"),
    gettext_noop("Not on the list"),
    gettext_noop("Not asked so far"),
)


def said_again(text: str) -> str:
    """What was kept in English, in the language of the page; what the patient or the protocol said stays in its own words."""
    if text in FIXED:
        return gettext(text)
    for start, words in (("Yes: ", gettext_noop("Yes: %(what)s")), ("On the list: ", gettext_noop("On the list: %(what)s"))):
        if text.startswith(start):
            return gettext(words) % {"what": text.removeprefix(start)}
    if text.endswith(", still taken"):
        return gettext("%(medicine)s, still taken") % {"medicine": text.removesuffix(", still taken")}
    medicine, last, day_text = text.rpartition(", last taken ")
    return gettext("%(medicine)s, last taken %(day)s") % {"medicine": medicine, "day": day_text} if last else text


def answer_words(question: Question, answer: bool, rules: Mapping[str, dict], catalogue: Catalogue) -> str:
    """`No`, or `Yes: I have stopped it (Last capsule on 3 Mar 2026; Roaccutane 20 mg)`."""
    if not answer:
        return "No"
    parts = []
    for cover in question.covers:
        said = rules.get(cover.rule) or {}
        if said.get("answer") is not True:
            continue
        more = []
        if cover.date_field and said.get(cover.date_field):
            more.append(f"{cover.date_label or 'Date'} {day(dt.date.fromisoformat(said[cover.date_field]))}")
        if said.get("zone"):
            more.append(catalogue.zone_word(said["zone"]))
        more += [said[key] for key in ("note", "cleared_by") if said.get(key)]
        parts.append(f"{cover.label} ({'; '.join(more)})" if more else cover.label)
    return f"Yes: {', '.join(parts)}" if parts else "Yes"


def medicine_words(name: str, stopped: dt.date | None) -> str:
    return f"{name}, last taken {day(stopped)}" if stopped else f"{name}, still taken"


def allergy_words(substance: str, reaction: str, year) -> str:
    facts = ", ".join(str(fact) for fact in (reaction, year) if fact)
    return f"{substance} ({facts})" if facts else substance
