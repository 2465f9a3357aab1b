"""The questions a patient is asked, in the order asked, and how long each answer holds."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from .changes import row_name
from .fields import Entry, Group, Making, Page, within

SLUG, TITLE = "questions", gettext_noop("Screening questions")
ABOUT = gettext_noop("The words of each question and how long an answer holds.")


def items(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    return []


def page(document: Mapping[str, Any], item: str) -> Page | None:
    if item:
        return None
    make = Making(document)
    groups = []
    for number, question in enumerate(document.get("questions", ()), start=1):
        path = row_name("questions", question["id"])
        title = _("Question %(n)s") % {"n": number}
        own = [
            make.one(path, question, "text", _("Question"), "text", full=within(title, _("text"))),
            make.one(path, question, "help", _("Help"), "text", blank="drop", full=within(title, _("help"))),
            make.one(
                path,
                question,
                "valid_days",
                _("Answer holds for"),
                "whole",
                unit="days",
                width="s",
                hint=_("0: asked at every visit."),
                full=within(title, _("days")),
            ),
        ]
        entries = [Entry(title, own)]
        covers = []
        for cover in question["covers"]:
            there = f"{path}.{row_name('covers', cover['rule'])}"
            covers.append(
                make.one(
                    there,
                    cover,
                    "label",
                    _("Answer for the rule %(rule)s") % {"rule": cover["rule"]},
                    width="m",
                    full=f"{title}: {cover['rule']}",
                )
            )
        entries.append(Entry(_("What can be ticked"), covers))
        groups.append(Group(title, entries, note=_("Asked of the clinician.") if question.get("asked_of") == "clinician" else ""))
    return Page(_(TITLE), groups, intro=_("Under which question a rule is ticked is chosen on the page of the rule."))
