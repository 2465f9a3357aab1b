"""What a protocol version is made of, typed. Millimetres are Decimal, times whole days, weeks or hours."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

PHOTOTYPES = ("I", "II", "III", "IV", "V", "VI")
PATIENT_ACTIONS = ("refuse", "defer", "exclude_zone", "caution", "none")
ACTIONS = ("refuse", "defer", "ask", "exclude_zone", "caution", "none")
MEASURES = ("erythema", "oedema", "flaking", "visible_downtime")
RESUMES = (
    "makeup_hours",
    "sunscreen_hours",
    "strenuous_exercise_hours",
    "sauna_pool_hours",
    "retinoid_and_acid_days",
    "avoid_strong_sun_days",
)


@dataclass(frozen=True, slots=True)
class Source:
    """What stands behind a value. `unverified`: no source was read for it, or it is the pack's own precaution."""

    refs: tuple[str, ...]
    evidence: str
    unverified: bool
    unverified_fields: tuple[str, ...] = ()

    def for_field(self, name: str) -> "Source":
        """The source of one field of the entry: its own mark where the entry names it as the pack's own."""
        if name in self.unverified_fields and not self.unverified:
            return Source(self.refs, self.evidence, True)
        return self


@dataclass(frozen=True, slots=True)
class Span:
    """min ≤ typical ≤ max."""

    min: Decimal
    typical: Decimal
    max: Decimal


@dataclass(frozen=True, slots=True)
class WholeSpan:
    """min ≤ typical ≤ max, whole days, weeks, sessions or passes."""

    min: int
    typical: int
    max: int


@dataclass(frozen=True, slots=True)
class SourcedSpan:
    span: WholeSpan
    source: Source


@dataclass(frozen=True, slots=True)
class Reference:
    """One source. `read`: how much of it was read (page, abstract, secondary, not_verified ...)."""

    id: str
    citation: str
    type: str
    evidence: str
    read: str
    unverified: bool
    doi: str
    pmid: str
    pmcid: str


@dataclass(frozen=True, slots=True)
class Device:
    """A kind of device. `needle_lengths_mm` for a roller, `dial_step_mm` for a pen; depths are rounded down to them."""

    id: str
    label: str
    short_label: str
    words: tuple[str, ...]
    preferred: bool
    allowed: bool
    action: str | None
    dial_step_mm: Decimal | None
    needle_lengths_mm: tuple[Decimal, ...]
    not_in_zones: tuple[str, ...]
    why: str
    source: Source


@dataclass(frozen=True, slots=True)
class DeviceModel:
    """A brand. `max_set_mm` is the hardware's own limit."""

    brand: str
    kind: str
    max_set_mm: Decimal
    source: Source


@dataclass(frozen=True, slots=True)
class DeviceLimit:
    """What a brand is labelled for: one line per indication and area. `phototypes` None: not read, so never on label."""

    device: str
    indication: str
    in_pack: bool
    area: str
    zones: tuple[str, ...]
    phototypes: tuple[str, ...] | None
    min_age: int
    max_set_mm: Decimal
    max_evaluated_mm: Decimal
    note: str
    source: Source


@dataclass(frozen=True, slots=True)
class Labelling:
    requires: tuple[str, ...]
    no_brand_status: str
    no_brand_text: str
    off_label_text: str
    above_evaluated_sign_off: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class Zone:
    """A treatable zone. `max_depth_mm` is its ceiling for every indication; `order` its place in lists and on the map."""

    id: str
    label: str
    short_label: str
    short_reason: str
    region: str
    max_depth_mm: Decimal
    words: tuple[str, ...]
    paired: bool
    keloid_prone: bool
    note: str
    order: int
    source: Source


@dataclass(frozen=True, slots=True)
class ExcludedZone:
    """Never treated, and nothing lifts it."""

    id: str
    label: str
    short_label: str
    region: str
    words: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class ZoneGroup:
    """Words that name several zones at once ("face")."""

    id: str
    words: tuple[str, ...]
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Morphology:
    id: str
    words: tuple[str, ...]
    response: str
    action: str | None
    advice: str | None
    source: Source


@dataclass(frozen=True, slots=True)
class Level:
    id: str
    label: str
    short_label: str
    sessions: SourcedSpan
    interval_weeks: SourcedSpan
    advice: str | None
    alternatives: tuple[str, ...]
    requires_home_care: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    text: str
    source: Source
    id: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    name: str
    range: str
    note: str
    source: Source


@dataclass(frozen=True, slots=True)
class Indication:
    id: str
    label: str
    short_label: str
    levels: Mapping[str, Level]
    severity_scale: Scale
    outcome_scale: Scale
    efficacy: tuple[Fact, ...]
    morphology_asked: bool
    morphology: tuple[Morphology, ...]


@dataclass(frozen=True, slots=True)
class DepthRow:
    """The depth of one indication, level and zone, as dial setting of an automated pen."""

    indication: str
    level: str
    zone: str
    depth_mm: Span
    note: str
    source: Source


@dataclass(frozen=True, slots=True)
class AdjuvantUse:
    indication: str
    levels: tuple[str, ...]
    role: str
    source: Source


@dataclass(frozen=True, slots=True)
class Adjuvant:
    """`place`: during, home or never. `words`: what patients call it."""

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
    ambiguous: tuple[str, ...]
    units: tuple[str, ...]
    topical_words: tuple[str, ...]
    systemic_words: tuple[str, ...]
    forms: Mapping[str, FormRule]
    frequencies: tuple[tuple[tuple[str, ...], int], ...]
    separators: tuple[str, ...]
    noise: tuple[str, ...]


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


@dataclass(frozen=True, slots=True)
class LabLimit:
    unit: str
    words: tuple[str, ...]
    above: Decimal | None
    at_least: Decimal | None
    below: Decimal | None


@dataclass(frozen=True, slots=True)
class LabRule:
    id: str
    name: str
    words: tuple[str, ...]
    limits: tuple[LabLimit, ...]
    missing_or_older_than_days: int | None
    only_if_medicine: tuple[str, ...]
    action: str
    finding: str
    blocks: str
    until: str | None
    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class PhototypeRule:
    """`first_session_max`, `later_session_max`: row or typical. The step lowers typical in the first session only."""

    id: str
    phototypes: tuple[str, ...]
    inherits: tuple[str, ...]
    depth_step_mm: Decimal
    first_session_max: str
    later_session_max: str
    test_area: str
    min_interval_exempt: tuple[tuple[str, str, int], ...]
    max_depth_mm: Decimal | None
    min_interval_weeks: int
    interval_weeks_after_pigmentation: int | None
    extra: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class CombinationRule:
    id: str
    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class LimitOrder:
    """The order in which depth limits speak, and what happens at the bottom."""

    steps: tuple[str, ...]
    least_depth_mm: Decimal
    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class Alternatives:
    free_days_at_least: int
    free_days_measures: tuple[str, ...]
    free_days_by_phototype: tuple[tuple[tuple[str, ...], int], ...]
    interval_order: tuple[str, ...]
    gentler_text: str
    before_event_text: str
    source: Source


@dataclass(frozen=True, slots=True)
class Passes:
    id: str
    zones: tuple[str, ...]
    indications: tuple[str, ...]
    passes: WholeSpan
    unit: str
    source: Source


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`match_any`: any one of depth up to, above-and-below, from, indications or zones; `always` for the stop rule."""

    id: str
    text: str
    when: str
    always: bool
    up_to_mm: Decimal | None
    above_mm: Decimal | None
    below_mm: Decimal | None
    from_mm: Decimal | None
    zones: tuple[str, ...]
    indications: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class Technique:
    passes: tuple[Passes, ...]
    endpoints: tuple[Endpoint, ...]
    lighter_order: tuple[str, ...]
    rules: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Numbing:
    """What may be said about numbing. Never a strength, an amount or a dose."""

    often_none_up_to_mm: Decimal
    contact_minutes: tuple[int, int]
    contact_regions: tuple[str, ...]
    large_area_regions: tuple[str, ...]
    facts_always: tuple[str, ...]
    facts_shallow: tuple[str, ...]
    facts_large_area: tuple[str, ...]
    facts_blocked: tuple[str, ...]
    blocked_text: str
    advice_text: str
    who: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class Measure:
    """A span of days within a downtime band."""

    span: Span
    source: Source


@dataclass(frozen=True, slots=True)
class DowntimeBand:
    """The days and hours that follow a session whose deepest depth lies in (above_mm, up_to_mm]."""

    id: str
    label: str
    above_mm: Decimal
    up_to_mm: Decimal
    measures: Mapping[str, Measure]
    resume: Mapping[str, int]
    resume_source: Source
    resume_note: str


@dataclass(frozen=True, slots=True)
class PrecareItem:
    id: str
    day: int
    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class AftercareItem:
    id: str
    when: str
    from_hour: int
    to_hour: int
    do: str
    avoid: str
    source: Source


@dataclass(frozen=True, slots=True)
class NormalItem:
    id: str
    when: str
    from_hour: int
    to_hour: int
    what: str
    bands: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class RedFlag:
    id: str
    from_hour: int
    to_hour: int
    audience: str
    signs: str
    do: str
    urgency: str
    source: Source


@dataclass(frozen=True, slots=True)
class CourseRules:
    first_session_after_days: int
    first_session_text: str
    test_area_text: str
    review_weeks_after_last: int
    review_text: str
    source: Source


@dataclass(frozen=True, slots=True)
class HistoryRule:
    id: str
    label: str
    action: str
    until: str | None
    modifications: tuple[str, ...]
    cap_at_last_depth: bool
    cap_text: str
    source: Source


@dataclass(frozen=True, slots=True)
class OperatorRules:
    certificate_id: str
    certificate_label: str
    certificate_sign_off: tuple[str, ...]
    certificate_source: Source
    source: Source


@dataclass(frozen=True, slots=True)
class SunProtection:
    """The least sun protection factor that the aftercare asks for."""

    spf_min: int
    source: Source


@dataclass(frozen=True, slots=True)
class ReviewAdvice:
    id: str
    text: str
    phototypes: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class Setting:
    """A decision the clinic takes once. `options`: id to label."""

    id: str
    label: str
    default: str
    options: Mapping[str, str]
    source: Source


@dataclass(frozen=True, slots=True)
class Cover:
    """
    One rule a screening question covers. `date_field`: the answer's field that takes the date (stopped, seen, healed,
    treated or date), None where none is asked; `zone`: whether the zone is asked; `note_label`: what to note, None for nothing.
    """

    rule: str
    label: str
    date_field: str | None
    date_label: str
    zone: bool
    note_label: str | None


@dataclass(frozen=True, slots=True)
class Question:
    """A screening question in the patient's words. "No" is recorded for every rule it covers. `valid_days` 0: ask at every visit."""

    id: str
    text: str
    help: str
    asked_of: str
    valid_days: int
    ask_sexes: tuple[str | None, ...]
    ask_ages: tuple[int, int] | None
    covers: tuple[Cover, ...]

    def asked(self, *, sex: str | None, age: int | None) -> bool:
        """Whether a person of this sex and age is asked; unknown age is asked."""
        return asked_of(self.ask_sexes, self.ask_ages, sex, age)


def asked_of(sexes: tuple[str | None, ...], ages: tuple[int, int] | None, sex: str | None, age: int | None) -> bool:
    """X says as little about the body as nothing recorded: asked like it, unless the protocol names it."""
    if sexes and sex not in sexes and not (sex == "X" and None in sexes):
        return False
    return not (ages and age is not None and not ages[0] <= age <= ages[1])
