"""Words for patients without a figure in them: what is filled in stands in braces, by a name that is known."""

import string
import unicodedata
from collections.abc import Collection

from planner.errors import Fault

LONGEST_LINE = 300


def check(path: str, text: str, filled: Collection[str], faults: list[Fault], *, by: str = "the clinic") -> None:
    """Add what is wrong with the line *text* at *path* to *faults*. filled: the names that may stand in braces; by: who fills them."""
    try:
        fields = list(string.Formatter().parse(text))
    except ValueError:
        faults.append(Fault(path, "has a brace without its partner"))
        return
    for said, name, spec, turn in fields:
        if any(unicodedata.category(letter) in ("Nd", "No", "Nl") for letter in said):
            faults.append(Fault(path, f"holds a figure; {by} fills in {', '.join(filled)} by their name in braces"))
        if name is not None and (spec or turn or name not in filled):
            faults.append(Fault(path, f"asks for {{{name}}}; {by} can fill in: {', '.join(filled)}"))
    if not text.strip() or len(text) > LONGEST_LINE:
        faults.append(Fault(path, f"must be from 1 to {LONGEST_LINE} characters"))
