"""
What the form itself says to patients, one file a language. What is asked comes from the protocol version; a question it does not have
in a language is shown in its own words, and said to be.
"""

from collections.abc import Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import yaml
from django.conf import settings
from django.utils import translation

from ..models import Language

FOLDER = Path(__file__).parent


@lru_cache
def words_in(language: str) -> Mapping[str, str]:
    return yaml.safe_load((FOLDER / f"intake.{Language(language).value}.yaml").read_text(encoding="utf-8"))


@contextmanager
def in_language(language: str):
    """What is drawn within speaks the language of the form; it is said by its code among the languages of the screens."""
    code = next((code for code, _ in settings.LANGUAGES if code.partition("-")[0] == language), settings.LANGUAGE_CODE)
    with translation.override(code):
        yield code


def language_of(patient) -> str:
    """The language the form begins in: the patient's own, or the one it is a kind of ("es-MX"), where we have it, else the clinic's."""
    code = patient.language.partition("-")[0]
    return code if code in Language.values else Language.ENGLISH.value
