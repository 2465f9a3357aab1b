"""
Editing a draft in the browser: from a document to the fields of a page, and from what was typed to named changes. Pure: the services
save, the views show.
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from . import adjuvants, care, depth, follow_up, medicines, more, questions, references, rules, times, wording, zones

SECTIONS: dict[str, ModuleType] = {
    module.SLUG: module
    for module in (depth, zones, rules, questions, adjuvants, times, care, follow_up, wording, medicines, references, more)
}


def check(section: str, document: Mapping[str, Any], page: Any, values: Mapping[str, Any]) -> dict[str, str]:
    """What a section itself finds wrong with what was typed, by field; the parser finds the rest."""
    module = SECTIONS[section]
    return module.check(document, page, values) if hasattr(module, "check") else {}
