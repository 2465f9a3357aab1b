"""The sources of a version, and what rests on each of them."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from planner.words import fold

from ..comparison import values
from .changes import row_name
from .fields import Entry, Field, Group, Making, Page
from .rows import Rows

SLUG, TITLE = "references", gettext_noop("References")
ABOUT = gettext_noop("Citations, how much of each was read, and how many values rest on it.")


def items(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(row["id"], row["id"]) for row in document["references"]]


def resting(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """By reference: the names of the entries that name it, also of references that are not in the list any more."""
    found: dict[str, list[str]] = {}
    for path, refs in _lists(document):
        for ref in refs:
            found.setdefault(str(ref), []).append(path.removesuffix(".refs"))
    return found


def _lists(document: Mapping[str, Any]) -> Iterator[tuple[str, list]]:
    for path, value in values(document):
        if isinstance(value, list) and (path == "refs" or path.endswith(".refs")):
            yield path, value


def missing(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """References that entries name though they are not in the list, with those entries."""
    known = {row["id"] for row in document["references"]}
    return {ref: paths for ref, paths in resting(document).items() if ref not in known}


def taken_off(document: Mapping[str, Any], ref: str) -> list[dict[str, Any]]:
    """The changes that take *ref* off every value that has another source of the list."""
    known = {row["id"] for row in document["references"]} - {ref}
    return [
        {"path": path, "before": refs, "after": [one for one in refs if one != ref]}
        for path, refs in _lists(document)
        if ref in refs and any(one in known for one in refs)
    ]


def found(document: Mapping[str, Any], query: str) -> list[dict[str, Any]]:
    wanted, rests = fold(query).strip(), resting(document)
    rows = []
    for number, row in enumerate(document["references"], start=1):
        if wanted and wanted not in fold(f"{row['id']} {row['citation']} {row.get('doi') or ''} {row.get('pmid') or ''}"):
            continue
        rows.append(
            {
                "item": row["id"],
                "label": row["citation"],
                "number": number,
                "note": f"{row['id']}, {row.get('type', '')}",
                "tag": _("Not read") if row.get("unverified") else "",
                "css": "mute",
                "rests": len(rests.get(row["id"], ())),
            }
        )
    return rows


def page(document: Mapping[str, Any], item: str, query: str = "") -> Page | None:
    if not item:
        return Page(_(TITLE), [], links=[{"title": "", "rows": found(document, query)}])
    row = next((one for one in document["references"] if one["id"] == item), None)
    if row is None:
        return None
    path = row_name("references", item)
    return Page(
        item, [Group(_("Reference"), [Entry(_("Reference"), fields(Making(document), path, row))])], back=("", _(TITLE)), copied=("", item)
    )


def fields(make: Making, path: str, row: Mapping[str, Any]) -> list[Field]:
    reads = sorted({str(one.get("read")) for one in make.document["references"] if one.get("read")} | {"page", "abstract", "not_verified"})
    return [
        make.one(path, row, "citation", _("Citation"), "text"),
        make.one(path, row, "type", _("Kind of source"), width="m", hint=_("For example: randomised trial, review, label.")),
        make.one(path, row, "evidence", _("Evidence grade"), "choice", options=make.grades, width="m"),
        make.one(path, row, "doi", "DOI", blank="drop", width="m"),
        make.one(path, row, "pmid", _("PubMed id"), blank="drop", width="m"),
        make.one(path, row, "pmcid", _("PubMed Central id"), blank="drop", width="m"),
        make.one(
            path, row, "read", _("How much was read"), "choice", options=[(name, name.replace("_", " ")) for name in reads], width="m"
        ),
        make.one(path, row, "unverified", _("Not read"), "flag", width="m"),
    ]


ROWS = (
    Rows(
        path="references",
        noun=gettext_noop("a reference"),
        page=page,
        own=("citation", "doi", "pmid", "pmcid"),
        id_label=gettext_noop("Short name"),
        id_hint=gettext_noop("What values name it by: small letters, numbers and low lines, for example harris2015."),
        begins=lambda document: {},
    ),
)
