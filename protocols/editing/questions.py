"""The questions a patient is asked, in the order asked, and how long each answer holds."""

from collections.abc import Mapping
from typing import Any

from .changes import row_name
from .fields import Entry, Group, Making, Page

SLUG, TITLE = "questions", "Screening questions"
ABOUT = "The words of each question and how long an answer holds."


def items(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    return []


def page(document: Mapping[str, Any], item: str) -> Page | None:
    if item:
        return None
    make = Making(document)
    groups = []
    for number, question in enumerate(document.get("questions", ()), start=1):
        path = row_name("questions", question["id"])
        title = f"Question {number}"
        own = [
            make.one(path, question, "text", "Question", "text", full=f"{title}: text"),
            make.one(path, question, "help", "Help", "text", blank="drop", full=f"{title}: help"),
            make.one(
                path,
                question,
                "valid_days",
                "Answer holds for",
                "whole",
                unit="days",
                width="s",
                hint="0: asked at every visit.",
                full=f"{title}: days",
            ),
        ]
        entries = [Entry(title, own)]
        covers = []
        for cover in question["covers"]:
            there = f"{path}.{row_name('covers', cover['rule'])}"
            covers.append(
                make.one(there, cover, "label", f"Answer for the rule {cover['rule']}", width="m", full=f"{title}: {cover['rule']}")
            )
        entries.append(Entry("What can be ticked", covers))
        groups.append(Group(title, entries, note="Asked of the clinician." if question.get("asked_of") == "clinician" else ""))
    return Page(TITLE, groups, intro="Under which question a rule is ticked is chosen on the page of the rule.")
