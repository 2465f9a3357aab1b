"""Screening rules: what each does, for how long, why, and what is asked."""

from collections.abc import Mapping
from typing import Any

from planner.knowledge.parsing import COUNTS_FROM

from ..reading import ACTIONS, words
from .changes import row_name
from .fields import Entry, Group, Making, Page

SLUG, TITLE = "rules", "Screening rules"
ABOUT = "What stops, defers, leaves out or cautions: words, action, waiting time, limits and sources of each rule."
INTRO = "Rules are added or taken out by importing a pack, because findings, medicines and questions name them by id."
_BLOCKS = (("all", "Every requested zone"), ("region", "Every requested zone of the same region"), ("zone", "That zone only"))
_ACTIONS = tuple((name, ACTIONS[name][0]) for name in ("refuse", "defer", "exclude_zone", "caution", "none"))


def items(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(row["id"], row["label"]) for row in document["contraindications"]]


def links(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules by group, each with the word of its action."""
    groups: dict[str, list] = {}
    for row in document["contraindications"]:
        word, css, icon = ACTIONS.get(row["action"], (words(row["action"]), "mute", "info"))
        note = f"{row['interval_days']['typical']} days" if row.get("interval_days") else ""
        groups.setdefault(row["group"], []).append(
            {
                "item": row["id"],
                "label": row["label"],
                "tag": word,
                "css": css,
                "icon": icon,
                "note": note,
                "refs": len(row.get("refs", ())),
            }
        )
    return [{"title": words(name), "rows": rows} for name, rows in groups.items()]


def page(document: Mapping[str, Any], item: str) -> Page | None:
    if not item:
        return Page(TITLE, [], intro=INTRO, links=links(document))
    rule = next((row for row in document["contraindications"] if row["id"] == item), None)
    if rule is None:
        return None
    make, path = Making(document), row_name("contraindications", item)
    name = rule["label"]

    def one(key: str, label: str, kind: str = "line", **more: Any):
        return make.one(path, rule, key, label, kind, **more)

    does = [
        one("action", "Action", "choice", options=_ACTIONS, width="m"),
        one("scope", "Concerns", "choice", options=(("patient", "The whole person"), ("zone", "The zone it was found in")), width="m"),
        one("blocks", "Holds back", "choice", options=_BLOCKS, width="m"),
        one("until", "Until", "text", blank="null", hint="A deferral names its condition, for example: after delivery."),
        one("modifications", "What is done differently", "lines", hint="One per line."),
        one("max_depth_mm", "Depth at most", "number", unit="mm", blank="drop", width="s"),
        one(
            "sign_off",
            "Signed off by",
            "lines",
            blank="drop",
            hint="One per line, as the protocol names the role: prescriber, medical_lead.",
            width="m",
        ),
    ]
    counts = tuple((value, words(value)) for value in COUNTS_FROM)
    waiting = make.span(f"{path}.interval_days", rule.get("interval_days") or {}, "whole", "days", "Waiting time", blank="drop")
    waiting.append(one("counts_from", "Counted from", "choice", options=counts, blank="drop", width="m"))
    said = [
        one("label", "Name", full="Name"),
        one("short_label", "Short name", width="m", hint="For narrow columns."),
        one("rationale", "Reason", "text"),
        one("note", "Note", "text", blank="drop"),
    ]
    groups = [
        Group("In words", [Entry("In words", said)]),
        Group("What it does", [Entry("What it does", does, make.source(path, rule, name))]),
        Group("Waiting time", [Entry("Days to wait", waiting, note="Leave all three empty where no date follows from the rule.")]),
    ]
    question = rule.get("question")
    if isinstance(question, Mapping):
        there = f"{path}.question"
        asked = [
            make.one(there, question, "text", "Question", "text", full="Question"),
            make.one(
                there,
                question,
                "valid_days",
                "Answer holds for",
                "whole",
                unit="days",
                width="s",
                full="Answer holds for",
                hint="0: asked at every visit.",
            ),
        ]
        groups.append(Group("When it is asked alone", [Entry("Question", asked)]))
    return Page(name, groups, back=("", TITLE))
