"""The words of the paper before a visit: each entry of "Before the session", as the patient reads it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ..before_visit import DAY, FILLED, SECTION
from ..comparison import join
from .fields import Entry, Field, Group, Making, Page

SLUG, TITLE = "before-visit", gettext_noop("Before a visit")
ABOUT = gettext_noop("What the paper says that a patient is given when a session is booked.")
_ONE = gettext_noop("One sentence per line.")
_NONE = gettext_noop("This version has no words for the paper before a visit, so none is printed for its plans.")
_INTRO = gettext_noop(
    "What to do and on which day before stands under Care. No figure is typed here: write %(names)s, or %(day)s in a heading."
)
_TOP = (("title", gettext_noop("Title"), FILLED), ("intro", gettext_noop("Introduction"), FILLED))
_HEADS = (
    ("since", gettext_noop("A day to come"), DAY),
    ("over", gettext_noop("A day that is over"), DAY),
    ("on_the_day", gettext_noop("The day itself"), DAY),
)


def items(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    return []


def page(document: Mapping[str, Any], item: str) -> Page | None:
    if item:
        return None
    section = document.get(SECTION)
    if not isinstance(section, Mapping):
        return Page(_(TITLE), [], intro=_(_NONE))
    make = Making(document)
    said = {row["id"]: (row, section["lines"].get(row["id"])) for row in document.get("precare", ())}
    groups = [
        Group(_("Head"), [Entry(_("Head"), [_text(make, section, *one) for one in _TOP])]),
        Group(_("Headings"), [Entry(_("Headings"), [_text(make, section, *one) for one in _HEADS])]),
        Group(_("Entries"), [_entry(said[name]) for name in said if name in section["lines"]]),
        Group(_("At the end"), [Entry(_("At the end"), [make.one(SECTION, section, "closing", _("At the end"), "lines", hint=_(_ONE))])]),
    ]
    return Page(_(TITLE), groups, intro=_(_INTRO) % {"names": ", ".join(f"{{{name}}}" for name in FILLED), "day": "{day}"})


def _text(make: Making, section: Mapping[str, Any], key: str, label: str, names: tuple[str, ...]) -> Field:
    hint = _("Can fill: %(names)s") % {"names": ", ".join(f"{{{name}}}" for name in names)}
    return make.one(SECTION, section, key, _(label), "text", full=_(label), hint=hint)


def _entry(found: tuple[Mapping[str, Any], list[str]]) -> Entry:
    row, say = found
    name, label = row["instruction"][:70], _("In the patient's words")
    return Entry(name, [Field(join(f"{SECTION}.lines", row["id"]), label, "lines", say, full=f"{name}: {label.lower()}", hint=_(_ONE))])
