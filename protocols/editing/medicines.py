"""Names of medicines and the classes that rules look at. The classes themselves change by importing a pack."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from planner.words import fold

from .changes import row_name
from .fields import Entry, Field, Group, Making, Page
from .rows import NEW, Rows, Takes

SLUG, TITLE = "medicines", gettext_noop("Medicines")
ABOUT = gettext_noop("Ingredients, the names they are sold under, and the classes that lead to rules.")
MOST_SHOWN = 40


def items(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(row["ingredient"], row["ingredient"]) for row in document["medicines"]["list"]]


def found(document: Mapping[str, Any], query: str) -> list[dict[str, Any]]:
    """The medicines whose ingredient or one of whose names holds *query*, those that begin with it first."""
    wanted = fold(query).strip()
    hits = []
    for row in document["medicines"]["list"]:
        names = [fold(str(name)) for name in (row["ingredient"], *row["names"])]
        if wanted and not any(wanted in name for name in names):
            continue
        hits.append((not any(name.startswith(wanted) for name in names), row["ingredient"], row))
    labels = {entry["id"]: entry["label"] for entry in document["medicines"]["classes"]}
    return [
        {
            "item": row["ingredient"],
            "label": row["ingredient"],
            "note": ", ".join(row["names"][:6])
            + (" " + _("and %(n)s more") % {"n": len(row["names"]) - 6} if len(row["names"]) > 6 else ""),
            "tag": ", ".join(labels.get(name, name) for name in row["classes"]),
            "css": "mute",
        }
        for _later, _name, row in sorted(hits, key=lambda hit: hit[:2])
    ]


def page(document: Mapping[str, Any], item: str, query: str = "") -> Page | None:
    if not item:
        rows = found(document, query)
        count = {"n": len(rows), "query": query.strip()}
        if query.strip():
            title = ngettext("%(n)s medicine with “%(query)s”", "%(n)s medicines with “%(query)s”", len(rows)) % count
        else:
            title = ngettext("%(n)s medicine", "%(n)s medicines", len(rows)) % count
        if len(rows) > MOST_SHOWN:
            title = _("%(medicines)s, the first %(most)s shown") % {"medicines": title, "most": MOST_SHOWN}
        return Page(_(TITLE), [], links=[{"title": title, "rows": rows[:MOST_SHOWN]}])
    make = Making(document)
    classes = [(entry["id"], entry["label"]) for entry in document["medicines"]["classes"]]
    row = next((one for one in document["medicines"]["list"] if one["ingredient"] == item), None)
    if row is None:
        return None
    path = row_name("medicines.list", item)
    return Page(
        item,
        [Group(_("Names and classes"), [Entry(_("Names and classes"), fields(make, path, row, classes))])],
        back=("", _(TITLE)),
        removable=path,
        remove_words=_("Take %(name)s out of the list") % {"name": item},
        copied=("", item),
    )


def fields(make: Making, path: str, row: Mapping[str, Any], classes: list[tuple[str, str]]) -> list[Field]:
    return [
        make.one(path, row, "names", _("Names it is sold under"), "lines", hint=_("One per line.")),
        make.one(path, row, "classes", _("Classes"), "picks", options=classes),
        make.one(path, row, "unverified", _("Not yet checked against a formulary"), "flag", width="m"),
    ]


def name_problem(name: str) -> str:
    """What keeps *name* from being an ingredient."""
    if len(name) > 80 or not name.isprintable():
        return "must be at most 80 characters on one line"
    return f"cannot be the word {name}: the address of another page ends with it" if name.casefold() == NEW else ""


ROWS = (
    Rows(
        path="medicines.list",
        noun=gettext_noop("a medicine"),
        page=page,
        ident="ingredient",
        id_label=gettext_noop("Ingredient"),
        id_hint=gettext_noop("The name without dose or form, for example isotretinoin."),
        problem=name_problem,
        own=("names",),
        begins=lambda document: {"names": [], "classes": []},
        takes=Takes(rows=(("medicines.matching.form_decides", "ingredient"),)),
    ),
)
