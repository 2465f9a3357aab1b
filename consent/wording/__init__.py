"""
What comes with the software, one file a language: the sentences under which is signed, the questions about photos, and a first draft of
each consent text. The drafts are drafts: the clinic changes them, and two people stand behind each before a patient reads it.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from ..models import Kind, Language

FOLDER = Path(__file__).parent
OWN = Language.ENGLISH.value


@lru_cache
def _words(language: str) -> Mapping[str, Any]:
    return yaml.safe_load((FOLDER / f"consent.{Language(language).value}.yaml").read_text(encoding="utf-8"))


def language_of(patient) -> str:
    """The language this patient reads consent in: their own, or the one it is a kind of ("de-CH"), where we have it, else the clinic's."""
    code = patient.language.partition("-")[0]
    return code if code in Language.values else OWN


def meaning(language: str) -> str:
    """The sentence above the signature."""
    return _words(language)["meaning"]


def typed_meaning(language: str) -> str:
    """What stands beside a typed name, so that nobody takes it for a drawn one."""
    return _words(language)["typed"]


def photo_question(use: str, language: str) -> str:
    return _words(language)["photos"][use]


def first_draft(kind: str, code: str, language: str, label: str) -> tuple[str, str]:
    """(title, body) to begin a text with; *label* stands for a name this language has no word for."""
    words = _words(language)
    known = words["names"].get(code, label)
    part = words["indication" if kind == Kind.INDICATION else "adjuvant"]
    special = words.get("special", {}).get(code, "")
    parts = "\n\n".join([part["body"].format(name=known), special, part["end"]]).split("\n\n")
    return part["title"].format(name=known), "\n\n".join(" ".join(one.split()) for one in parts if one.strip())
