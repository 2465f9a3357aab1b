"""Names of medicines and the classes that rules look at. The classes themselves change by importing a pack."""

from collections.abc import Mapping
from typing import Any

from planner.wording import counted
from planner.words import fold

from .changes import row_name
from .fields import Entry, Field, Group, Making, Page
from .rows import NEW, Rows, Takes

SLUG, TITLE = "medicines", "Medicines"
ABOUT = "Ingredients, the names they are sold under, and the classes that lead to rules."
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
            "note": ", ".join(row["names"][:6]) + (f" and {len(row['names']) - 6} more" if len(row["names"]) > 6 else ""),
            "tag": ", ".join(labels.get(name, name) for name in row["classes"]),
            "css": "mute",
        }
        for _, _, row in sorted(hits, key=lambda hit: hit[:2])
    ]


def page(document: Mapping[str, Any], item: str, query: str = "") -> Page | None:
    if not item:
        rows = found(document, query)
        title = counted(len(rows), "medicine") + (f" with “{query.strip()}”" if query.strip() else "")
        if len(rows) > MOST_SHOWN:
            title += f", the first {MOST_SHOWN} shown"
        return Page(TITLE, [], links=[{"title": title, "rows": rows[:MOST_SHOWN]}])
    make = Making(document)
    classes = [(entry["id"], entry["label"]) for entry in document["medicines"]["classes"]]
    row = next((one for one in document["medicines"]["list"] if one["ingredient"] == item), None)
    if row is None:
        return None
    path = row_name("medicines.list", item)
    return Page(
        item,
        [Group("Names and classes", [Entry("Names and classes", fields(make, path, row, classes))])],
        back=("", TITLE),
        removable=path,
        remove_words=f"Take {item} out of the list",
        copied=("", item),
    )


def fields(make: Making, path: str, row: Mapping[str, Any], classes: list[tuple[str, str]]) -> list[Field]:
    return [
        make.one(path, row, "names", "Names it is sold under", "lines", hint="One per line."),
        make.one(path, row, "classes", "Classes", "picks", options=classes),
        make.one(path, row, "unverified", "Not yet checked against a formulary", "flag", width="m"),
    ]


def name_problem(name: str) -> str:
    """What keeps *name* from being an ingredient."""
    if len(name) > 80 or not name.isprintable():
        return "must be at most 80 characters on one line"
    return f"cannot be the word {name}: the address of another page ends with it" if name.casefold() == NEW else ""


ROWS = (
    Rows(
        path="medicines.list",
        noun="a medicine",
        page=page,
        ident="ingredient",
        id_label="Ingredient",
        id_hint="The name without dose or form, for example isotretinoin.",
        problem=name_problem,
        own=("names",),
        begins=lambda document: {"names": [], "classes": []},
        takes=Takes(rows=(("medicines.matching.form_decides", "ingredient"),)),
    ),
)
