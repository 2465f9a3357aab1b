"""What is put on the skin during a session or used at home, and when it is proposed, offered or barred."""

from dataclasses import dataclass

from .sources import Source


@dataclass(frozen=True, slots=True)
class AdjuvantUse:
    indication: str
    levels: tuple[str, ...]
    role: str
    source: Source


@dataclass(frozen=True, slots=True)
class Adjuvant:
    """
    `place`: during, home or never. `words`: what patients call it. `own_blood`: made from the patient's own, so that it must never
    reach another.
    """

    id: str
    label: str
    short_label: str
    place: str
    route: str
    words: tuple[str, ...]
    uses: tuple[AdjuvantUse, ...]
    risks: str
    handling: str
    note: str
    sterile_only: bool
    counts_as_active: bool
    own_blood: bool
    exclude_if: tuple[str, ...]
    exclude_phototypes: tuple[str, ...]
    sign_off_if: tuple[str, ...]
    sign_off_if_medicine: tuple[str, ...]
    sign_off: tuple[str, ...]
    home_from_day: int | None
    prescriber_decides: str | None
    order: int
    source: Source


@dataclass(frozen=True, slots=True)
class AdjuvantRules:
    proposed_roles: tuple[str, ...]
    offered_roles: tuple[str, ...]
    never_proposed_roles: tuple[str, ...]
    home_only_roles: tuple[str, ...]
    role_order: tuple[str, ...]
    no_entry_text: str
    actives_per_session: int
    actives_text: str
    unanswered_excludes: bool
    refused_words: tuple[str, ...]
    refused_text: str
    refused_source: Source
    source: Source
