"""
Editing a draft in the browser: from a document to the fields of a page, and from what was typed to named changes. Pure: the services
save, the views show.
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from . import adjuvants, before_visit, care, depth, follow_up, medicines, more, questions, references, rules, times, wording, zones
from .rows import NEW, Rows

SECTIONS: dict[str, ModuleType] = {
    module.SLUG: module
    for module in (depth, zones, rules, questions, adjuvants, times, care, follow_up, before_visit, wording, medicines, references, more)
}


def check(section: str, document: Mapping[str, Any], page: Any, values: Mapping[str, Any]) -> dict[str, str]:
    """What a section itself finds wrong with what was typed, by field; the parser finds the rest."""
    module = SECTIONS[section]
    return module.check(document, page, values) if hasattr(module, "check") else {}


def rows_of(section: str) -> tuple[Rows, ...]:
    """The lists of a section whose rows are added, copied and taken out."""
    return getattr(SECTIONS.get(section), "ROWS", ())


def adding(section: str, item: str) -> Rows | None:
    """The list to which the page *item* of *section* adds a row; None where it is another page."""
    return next((rows for rows in rows_of(section) if item == rows.new_item), None)


def at_row(section: str, item: str) -> tuple[Rows, str] | None:
    """The list and the id of the row that *item* is about: `pregnancy`, or `precare/no_sun` where a page has several lists."""
    for rows in rows_of(section):
        slug, _, ident = item.partition("/") if rows.slug else ("", "", item)
        if slug == rows.slug and ident and ident != NEW:
            return rows, ident
    return None
