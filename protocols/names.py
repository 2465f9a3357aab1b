"""
Names that stand in addresses: `/protocols/<version>/<indication>/` shares them with the fixed words of the screens, so those words
cannot be the name of a version or the id of an indication.
"""

from collections.abc import Mapping
from typing import Any

MAX_LENGTH = 40
# First word after /protocols/.
RESERVED_VERSIONS = frozenset({"import", "compare", "cases", "bench", "coverage", "drafts", "new", "purpose"})
# Second word, after the version.
RESERVED_INDICATIONS = frozenset(
    {
        *("draft", "edit", "history", "submit", "send-back", "approve", "retire", "delete", "bench", "coverage", "compare", "cases"),
        "approval",
    }
)


def version_name_problem(name: Any) -> str:
    """What keeps *name* from being the name of a version, in words; empty where nothing does."""
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_LENGTH or "/" in name:
        return f"must be a name of at most {MAX_LENGTH} characters without a slash, in quotes, for example '2026.1'"
    if name != name.strip() or not name.isprintable() or name in (".", ".."):
        return "must begin and end with a letter or a number and hold no line break or control character"
    if name.casefold() in RESERVED_VERSIONS:
        return f"cannot be the word {name}: the address of another page begins with it"
    return ""


def reserved_indications(document: Mapping) -> list[tuple[str, str]]:
    """Path and word of each indication whose page would lie at the address of another one."""
    entries = document.get("indications")
    found = []
    for place, entry in enumerate(entries if isinstance(entries, list) else ()):
        name = entry.get("id") if isinstance(entry, Mapping) else None
        if isinstance(name, str) and name.replace("_", "-").casefold() in RESERVED_INDICATIONS:
            found.append((f"indications[{place}].id", name))
    return found
