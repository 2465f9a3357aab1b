"""Which of the protocol's classes a medicine belongs to, for the one line on the sheet that says to keep taking it."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any


def _folded(text: str) -> str:
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return f" {' '.join(re.findall(r'[a-z0-9]+', plain.casefold()))} "


def classes_of(name: str, answered_class: str, document: Mapping[str, Any]) -> tuple[str, ...]:
    """
    Classes of *name*: what the clinician answered for it, else those of the protocol's entry whose ingredient or brand
    stands in it as whole words; the longest match wins. No match: none.
    """
    if answered_class:
        return (answered_class,)
    said, best, found = _folded(name), 0, ()
    for entry in document["medicines"]["list"]:
        for word in (entry["ingredient"], *entry["names"]):
            known = _folded(word)
            if known in said and len(known) > best:
                best, found = len(known), tuple(entry["classes"])
    return found
