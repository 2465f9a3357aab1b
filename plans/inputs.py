"""
What stands in the fields of the consultation, as typed. One flat mapping, name to text or list of texts, so that a value
nobody can read yet is kept exactly as it was written. `plans.conversion` makes a case of it.
"""

import re

from patients.names import without_turning

MANY = frozenset({"concern", "device", "adjuvant"})  # and zones.<indication>, rule.<question>
_ID = r"[a-z0-9_]{1,60}"
_ROW = r"\d{1,3}"
_SINGLE = re.compile(
    rf"^(phototype|downtime_days|event_date|visits|adjuvant_other|medicines_asked|allergies_asked|medicines_again|allergies_again|map_for"
    rf"|level\.{_ID}|morphology\.{_ID}|q\.{_ID}"
    rf"|rule\.{_ID}\.{_ID}\.(date|zone|note|cleared)"
    rf"|taken_for\.[0-9a-f]{{12}}"
    rf"|medicine\.{_ROW}\.(pk|name|stopped)"
    rf"|allergy\.{_ROW}\.(pk|substance|reaction|year)"
    rf"|procedure\.{_ROW}\.(pk|what|zone|date)"
    rf"|lab\.{_ROW}\.(name|value|unit|date)"
    rf"|seen\.{_ROW}\.(id|zone|note))$"
)
_MANY = re.compile(rf"^(zones\.{_ID}|rule\.{_ID})$")
_ROW_NAME = re.compile(rf"^(medicine|allergy|procedure|lab|seen)\.({_ROW})\.([a-z]+)$")
LONGEST = 300
MOST_CHOICES = 100  # of one group; no protocol offers as many

Inputs = dict[str, str | list[str]]


def text(value: str, longest: int = LONGEST) -> str:
    """
    Return *value* as it can be kept: no longer than *longest*, without the NUL that PostgreSQL cannot store and without marks
    that turn the text after them.
    """
    return without_turning(value.replace("\x00", ""))[:longest]


def read(post) -> Inputs:
    """Return the fields of the screen out of *post*; names the screen does not have are left out."""
    inputs: Inputs = {}
    for name in post:
        if name in MANY or _MANY.match(name):
            values = [kept for value in post.getlist(name)[:MOST_CHOICES] if (kept := text(value))]
            if values:
                inputs[name] = values
        elif _SINGLE.match(name):
            value = text(post.get(name, ""))
            if value:
                inputs[name] = value
    return inputs


def one(inputs: Inputs, name: str) -> str:
    """Return the text in a field, stripped; empty where there is none."""
    value = inputs.get(name, "")
    return value.strip() if isinstance(value, str) else (value[0].strip() if value else "")


def many(inputs: Inputs, name: str) -> list[str]:
    """Return the marked choices of a group."""
    value = inputs.get(name, [])
    return list(value) if isinstance(value, list) else [value]


def rows(inputs: Inputs, kind: str) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of a list (medicine, allergy ...) that hold anything, as (row number, fields)."""
    found: dict[int, dict[str, str]] = {}
    for name, value in inputs.items():
        match = _ROW_NAME.match(name)
        if match and match[1] == kind and isinstance(value, str) and value.strip():
            found.setdefault(int(match[2]), {})[match[3]] = value.strip()
    return [(number, fields) for number, fields in sorted(found.items()) if set(fields) - {"pk"}]


def without_row(inputs: Inputs, which: str) -> Inputs:
    """Return *inputs* without the row named *which*, for example `medicine.2`."""
    return {name: value for name, value in inputs.items() if not name.startswith(f"{which}.")}


def differences(before: Inputs, after: Inputs) -> list[str]:
    """Return the names of the fields that differ, for "Show changes"."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name) and name != "map_for")
