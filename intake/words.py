"""Answers in the clinic's words, for the one who looks at them: what the patient told beside what the record says."""

import datetime as dt
from collections.abc import Mapping

from planner.knowledge.entries import Question
from planner.wording import day
from plans.catalogue import Catalogue


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
