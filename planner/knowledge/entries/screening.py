"""Contraindications and cautions, and what each of them does."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from .sources import Source
from .spans import WholeSpan


@dataclass(frozen=True, slots=True)
class RuleQuestion:
    """One rule's own question. `ask_sexes`/`ask_ages`: asked only of these; empty means everybody."""

    text: str
    asks_date: str | None
    asks_zone: bool
    valid_days: int
    ask_sexes: tuple[str | None, ...]
    ask_ages: tuple[int, int] | None
    yes_means_absent: bool


@dataclass(frozen=True, slots=True)
class PolicyRule:
    defer_days: int
    then: str | None
    max_depth_mm: Decimal | None
    sign_off: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    setting: str
    default: str
    rules: Mapping[str, PolicyRule]


@dataclass(frozen=True, slots=True)
class DoseRule:
    """Below `from_mg` prednisolone a day the milder action; `same_effect_mg`: what equals it, by ingredient."""

    medicine_class: str
    from_mg: Decimal
    below: str
    unknown: str
    same_effect_mg: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Lifted:
    action: str
    max_depth_mm: Decimal | None
    antiviral_on_face: bool


@dataclass(frozen=True, slots=True)
class OtherZones:
    action: str
    interval_days: int
    counts_from: str
    clearance_from: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Derivation:
    """Which data of the case answer the rule without asking."""

    pregnancy: tuple[str, ...] = ()
    age_below: int | None = None
    age_from: int | None = None
    age_to: int | None = None
    phototypes: tuple[str, ...] = ()
    medicine_classes: tuple[str, ...] = ()
    medicine_taken: str | None = None
    procedures: tuple[str, ...] = ()
    allergens: tuple[str, ...] = ()
    labs: tuple[str, ...] = ()
    requests: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A contraindication or caution, with everything it does as fields. `order`: its place in the pack."""

    id: str
    label: str
    short_label: str
    group: str
    scope: str
    action: str
    until: str | None
    modifications: tuple[str, ...]
    rationale: str
    note: str
    blocks: str
    source: Source
    order: int
    question: RuleQuestion | None
    asked_of: str
    derived: Derivation
    settled_by_data: bool
    counts_from: str | None
    interval_days: WholeSpan | None
    interval_used: str
    interval_is_advice_only: bool
    interval_after_healed: bool
    recheck: bool
    policy: Policy | None
    overridable_by: tuple[str, ...]
    override_max_depth_mm: Decimal | None
    adds: tuple[str, ...]
    applies_to_regions: tuple[str, ...]
    prescriber_decides: str | None
    refer: tuple[str, ...]
    refer_within_days: int | None
    sign_off: tuple[str, ...]
    rest_needs_sign_off: tuple[str, ...]
    test_area: bool
    test_area_wait_weeks: int | None
    start_at_min: bool
    avoid_zones: tuple[str, ...]
    max_depth_mm: Decimal | None
    max_depth_from_row: tuple[str, str] | None
    max_zones_per_session: int | None
    lighter_endpoint: bool
    go_around: bool
    no_adjuvants: tuple[str, ...]
    adjuvants_need_sign_off: tuple[str, ...]
    no_actives_days: int | None
    no_topical_anaesthetic: bool
    anaesthetic_if_class: tuple[str, ...]
    never_advise_stopping: bool
    dose_rule: DoseRule | None
    lifted_by: str | None
    clearance_from: tuple[str, ...]
    when_lifted: Lifted | None
    other_zones: OtherZones | None
    check_after_hours: int | None
    needs_lab: str | None
    lab_max_age_days: int | None
    sign_off_kinds: tuple[str, ...]
    kinds_beyond_interval: tuple[str, ...]
    kind_sign_off: tuple[str, ...]
    never_shorter_than_plan_interval: bool
    still_used_counts_from_visit: bool
    heavy_from_cigarettes_per_day: int | None
    within_course: bool
