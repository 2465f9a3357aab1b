"""Names people type and the rules they lead to: medicines, procedures, allergens."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MedicineClass:
    id: str
    label: str
    leads_to: tuple[str, ...]
    asks: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Medicine:
    ingredient: str
    names: tuple[str, ...]
    classes: tuple[str, ...]
    unverified: bool


@dataclass(frozen=True, slots=True)
class FormRule:
    ingredient: str
    topical: tuple[str, ...]
    systemic: tuple[str, ...]
    without_form: str


@dataclass(frozen=True, slots=True)
class Matching:
    """How names of medicines are read. `denied`: words that cast doubt on taking it; `stems`: endings of ingredients' names."""

    ambiguous: tuple[str, ...]
    units: tuple[str, ...]
    topical_words: tuple[str, ...]
    systemic_words: tuple[str, ...]
    forms: Mapping[str, FormRule]
    frequencies: tuple[tuple[tuple[str, ...], int], ...]
    separators: tuple[str, ...]
    noise: tuple[str, ...]
    denied: tuple[str, ...] = ()
    stems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Procedure:
    leads_to: str
    words: tuple[str, ...]
    filler_kind: str | None


@dataclass(frozen=True, slots=True)
class Allergen:
    id: str
    leads_to: tuple[str, ...]
    words: tuple[str, ...]
    advice: str | None
