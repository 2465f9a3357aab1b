"""Every entry of a protocol that the planner computes with, by a path a reader finds again in the pack."""

from collections.abc import Iterable

from planner.knowledge import Knowledge
from planner.knowledge.entries import Rule

Entry = tuple[str, str]  # path, what it does in words


def entries(knowledge: Knowledge) -> dict[str, str]:
    """Path to words, in the pack's order."""
    return dict(
        [
            *_devices(knowledge),
            *_zones(knowledge),
            *_indications(knowledge),
            *_depths(knowledge),
            *_adjuvants(knowledge),
            *(entry for rule in knowledge.rules.values() for entry in _rule(knowledge, rule)),
            *_questions(knowledge),
            *_names(knowledge),
            *_labs(knowledge),
            *_phototypes(knowledge),
            *_combinations(knowledge),
            *_ways(),
            *_technique(knowledge),
            *_care(knowledge),
            *_course(knowledge),
            *_settings(knowledge),
        ]
    )


def _devices(k: Knowledge) -> Iterable[Entry]:
    for device in k.devices.values():
        yield f"devices.{device.id}", f"{device.short_label} is chosen or refused"
        for zone in device.not_in_zones:
            yield f"devices.{device.id}.not_in_zones.{zone}", f"{device.short_label} leaves {zone} out"
    for model in k.device_models.values():
        yield f"device_models.{model.brand}", f"{model.brand} is chosen"
        yield f"device_models.{model.brand}.max_set_mm", f"the hardware of {model.brand} limits a depth"
    for line in k.device_limits:
        path = f"device_limits.{line.device}.{line.indication}.{line.area}"
        yield path, f"{line.device} is on label for {line.indication}"
        yield f"{path}.max_evaluated_mm", f"the evaluated depth of {line.device} limits {line.indication}"

    yield "labelling.no_brand_status", "no brand was named"
    yield "labelling.on_label_requires", "a brand is used off its label"
    yield "labelling.above_max_evaluated", "a depth above what was evaluated is signed"


def _zones(k: Knowledge) -> Iterable[Entry]:
    for zone in k.zones.values():
        yield f"zones.{zone.id}.max_depth_mm", f"the ceiling of {zone.id} is the limit that holds"
    for zone in k.excluded_zones.values():
        yield f"excluded_zones.{zone.id}", f"{zone.id} is left out"
    for group in k.zone_groups:
        yield f"zone_groups.{group.id}", f"{group.id} stands for its zones"


def _indications(k: Knowledge) -> Iterable[Entry]:
    for indication in k.indications.values():
        for level in indication.levels.values():
            path = f"indications.{indication.id}.{level.id}"
            yield f"{path}.sessions", "sets the number of sessions"
            yield f"{path}.interval", "sets the weeks between sessions"
            if level.advice:
                yield f"{path}.advice", "is said"
            for adjuvant in level.requires_home_care:
                yield f"{path}.requires_home_care.{adjuvant}", "home care is asked for"
        for shape in indication.morphology if indication.morphology_asked else ():
            yield f"indications.{indication.id}.morphology.{shape.id}", "the shape is taken in"


def _depths(k: Knowledge) -> Iterable[Entry]:
    for indication, level, zone in k.depth_rows:
        yield f"depth_ranges.{indication}.{level}.{zone}", "gives the depth of a zone"


def _adjuvants(k: Knowledge) -> Iterable[Entry]:
    for adjuvant in k.adjuvants.values():
        path = f"adjuvants.{adjuvant.id}"
        yield path, f"{adjuvant.short_label} is judged"
        for use in adjuvant.uses:
            yield f"{path}.use.{use.indication}", f"{use.role.replace('_', ' ')} for {use.indication}"
        for rule in adjuvant.exclude_if:
            yield f"{path}.exclude_if.{rule}", f"{rule} keeps it out"
        for phototype in adjuvant.exclude_phototypes:
            yield f"{path}.exclude_phototypes.{phototype}", f"phototype {phototype} keeps it out"
        for rule in adjuvant.sign_off_if:
            yield f"{path}.sign_off_if.{rule}", f"{rule} asks for a signature"
        for group in adjuvant.sign_off_if_medicine:
            yield f"{path}.sign_off_if_medicine.{group}", f"{group} asks for a signature"
        if adjuvant.prescriber_decides:
            yield f"{path}.prescriber_decides", "a prescriber decides"
    yield "adjuvant_rules.refused_preparations", "a preparation from home is refused"
    yield "adjuvant_rules.no_entry_text", "an adjuvant without a use here is refused"
    yield "adjuvant_rules.actives_per_session", "a second active is refused"
    yield "adjuvant_rules.unanswered_excludes", "an open question keeps an adjuvant out"


def _rule(k: Knowledge, rule: Rule) -> Iterable[Entry]:
    path = f"contraindications.{rule.id}"
    yield path, f"{rule.label}: {rule.action}"
    if rule.question is not None:
        yield f"{path}.question", "a yes leads to it"
    yield from ((f"{path}.derived_from.{name}", words) for name, words in _derived(k, rule))
    if rule.interval_days is not None and not rule.interval_is_advice_only and rule.policy is None:
        yield f"{path}.interval_days", "a date is given"
        if rule.lifted_by != "interval_and_clearance":
            yield f"{path}.interval_over", "its waiting time is over"
    if rule.policy is not None:
        for option in rule.policy.rules:
            yield f"{path}.policy.{option}", f"judged under the policy {option}"
    for name, holds in (
        ("recheck", rule.recheck),
        ("override", rule.overridable_by),
        ("lifted_by", rule.lifted_by),
        ("dose_rule", rule.dose_rule),
        ("max_depth_mm", _caps(rule)),
        ("max_depth_from_row", rule.max_depth_from_row),
        ("max_zones_per_session", rule.max_zones_per_session),
        ("lighter_endpoint", rule.lighter_endpoint),
        ("start_at", rule.start_at_min),
        ("test_area", rule.test_area),
        ("test_area_wait_weeks", rule.test_area_wait_weeks),
        ("no_topical_anaesthetic", rule.no_topical_anaesthetic and rule.action == "caution"),
        ("needs_lab", rule.needs_lab),
        ("applies_to_regions", rule.applies_to_regions),
        ("heavy_from_cigarettes_per_day", rule.heavy_from_cigarettes_per_day),
        ("other_zones", rule.other_zones),
        ("rest_needs_sign_off", rule.rest_needs_sign_off),
        ("sign_off", (rule.sign_off and rule.action == "caution") or rule.kind_sign_off or rule.overridable_by),
        ("prescriber_decides", rule.prescriber_decides and rule.action == "caution"),
        ("refer", rule.refer),
        ("never_shorter_than_plan_interval_min", rule.never_shorter_than_plan_interval),
        ("check_after_hours", rule.check_after_hours),
    ):
        if holds:
            yield f"{path}.{name}", name.replace("_", " ")
    for kind in rule.sign_off_kinds:
        yield f"{path}.sign_off_if_kind.{kind}", f"a {kind} filler is signed"
    for zone in rule.avoid_zones:
        yield f"{path}.avoid_zones.{zone}", f"leaves {zone} out"
    for other in rule.adds:
        yield f"{path}.adds.{other}", f"adds {other}"
    for adjuvant in rule.no_adjuvants:
        yield f"{path}.no_adjuvants.{adjuvant}", f"keeps {adjuvant} out"
    for adjuvant in rule.adjuvants_need_sign_off:
        yield f"{path}.adjuvants_need_sign_off.{adjuvant}", f"{adjuvant} is signed"
    for group in rule.anaesthetic_if_class:
        yield f"{path}.anaesthetic_if_class.{group}", f"{group} bars numbing cream"


def _caps(rule: Rule) -> bool:
    """Whether the rule can limit a depth: by itself, once lifted, under a policy or with an override."""
    policies = rule.policy.rules.values() if rule.policy is not None else ()
    lifted = rule.when_lifted.max_depth_mm if rule.when_lifted is not None else None
    caps = (rule.max_depth_mm, lifted, rule.override_max_depth_mm, *(policy.max_depth_mm for policy in policies))
    return any(cap is not None for cap in caps)


def _derived(k: Knowledge, rule: Rule) -> Iterable[Entry]:
    derived = rule.derived
    for state in derived.pregnancy:
        yield f"pregnancy.{state}", f"recorded as {state}"
    if derived.age_below is not None or derived.age_from is not None:
        yield "age", "follows from the age"
    for phototype in derived.phototypes:
        yield f"phototype.{phototype}", f"follows from phototype {phototype}"
    for group in derived.medicine_classes:
        yield f"medicine.{group}", f"follows from a medicine of {group}"
    for indication, level in derived.requests:
        yield f"request.{indication}.{level}", "follows from what is asked for"


def _questions(k: Knowledge) -> Iterable[Entry]:
    for question in k.questions:
        for cover in question.covers:
            yield f"questions.{question.id}.{cover.rule}", "is asked where nobody has answered"


def _names(k: Knowledge) -> Iterable[Entry]:
    for group in k.medicine_classes.values():
        yield f"medicines.classes.{group.id}", "a medicine is recognised as this class"
        for rule in group.asks:
            yield f"medicines.classes.{group.id}.asks.{rule}", f"asks about {rule}"
    for medicine in k.medicines:
        yield f"medicines.list.{medicine.ingredient}", "a name of it is recognised"
    for form in k.matching.forms.values():
        yield f"medicines.form_decides.{form.ingredient}.topical", "a cream or gel"
        yield f"medicines.form_decides.{form.ingredient}.systemic", "a tablet or injection"
        if form.without_form == "ask":
            yield f"medicines.form_decides.{form.ingredient}.ask", "without a form it is asked"
    for word in k.matching.ambiguous:
        yield f"medicines.ambiguous.{word}", "is asked, never guessed"
    for procedure in k.procedures:
        kind = f".{procedure.filler_kind}" if procedure.filler_kind else ""
        yield f"procedures.{procedure.leads_to}{kind}", f"leads to {procedure.leads_to}"
    for allergen in k.allergens:
        yield f"allergens.{allergen.id}", "is recognised"


def _labs(k: Knowledge) -> Iterable[Entry]:
    for rule in k.lab_rules:
        yield f"lab_rules.{rule.id}", f"{rule.name}: {rule.action}"
        if rule.missing_or_older_than_days is None:
            for limit in rule.limits:
                yield f"lab_rules.{rule.id}.{limit.unit}", f"a value in {limit.unit} is over the limit"


def _phototypes(k: Knowledge) -> Iterable[Entry]:
    for rule in k.phototype_rules:
        path = f"phototype_rules.{rule.id}"
        yield path, "its words are said"
        if rule.depth_step_mm < 0:
            yield f"{path}.depth_step_mm", "a first session is shallower"
        if rule.first_session_max == "typical":
            yield f"{path}.first_session_max", "a first session goes no deeper than typical"
        if rule.later_session_max == "typical":
            yield f"{path}.later_session_max", "nor does a later one"
        if rule.max_depth_mm is not None:
            yield f"{path}.max_depth_mm", "is the limit that holds, or lowers a depth"
        yield f"{path}.min_interval_weeks", "raises an interval"
        for indication, level, _ in rule.min_interval_exempt:
            yield f"{path}.min_interval_exempt.{indication}.{level}", "an interval is let through"
        if rule.interval_weeks_after_pigmentation:
            yield f"{path}.interval_weeks_after_pigmentation", "raises an interval after dark marks"
        if rule.test_area == "offer":
            yield f"{path}.test_area", "a test area is offered"


def _combinations(k: Knowledge) -> Iterable[Entry]:
    for ident, rule in k.combination.items():
        yield f"combination_rules.{ident}", rule.text
    for step in k.limits.steps:
        yield f"combination_rules.order_of_limits.{step}", "speaks in a depth"
    yield "combination_rules.order_of_limits.cap_below_min", "a limit below the row's own least"
    yield "combination_rules.order_of_limits.least_depth_mm", "too shallow to set: the zone is left out"


def _ways() -> Iterable[Entry]:
    for name in ("fewer_visits", "gentler", "before_event"):
        yield f"alternatives.{name}.possible", "can be had"
        yield f"alternatives.{name}.not_possible", "cannot, with the reason"
    yield "alternatives.before_event.free_days_at_least", "days free before the event"
    yield "alternatives.before_event.free_days_by_phototype", "more days for darker skin"
    yield "alternatives.before_event.interval_order.min", "sessions move together"


def _technique(k: Knowledge) -> Iterable[Entry]:
    for passes in k.technique.passes:
        yield f"technique.passes_by.{passes.id}", "sets the passes"
    for point in k.technique.endpoints:
        yield f"technique.endpoints.{point.id}", "tells when to stop"
    yield "technique.lighter_order", "a lighter endpoint is taken"
    for place, _ in enumerate(k.technique.rules):
        yield f"technique.rules.{place}", "is said with the zones"
    for fact in k.anaesthesia.values():
        yield f"anaesthesia.{fact.id}", "is said about numbing"
    yield "numbing.contact_minutes", "how long it stays on"
    yield "numbing.often_none_up_to_mm", "shallow enough to go without"
    yield "numbing.blocked_text", "no numbing cream"
    yield "numbing.advice_text", "who decides on numbing"
    for band in k.downtime_bands:
        yield f"downtime_bands.{band.id}", "the band of a session"
        yield f"downtime_bands.{band.id}.worst_case", "the band of the deepest depth allowed"


def _care(k: Knowledge) -> Iterable[Entry]:
    for item in k.precare:
        yield f"precare.{item.id}", "is said before"
    for after in k.aftercare:
        yield f"aftercare.{after.id}", "is said afterwards"
    for adjuvant in k.aftercare_by_adjuvant:
        yield f"aftercare_by_adjuvant.{adjuvant}", "is said after the adjuvant"
    for advice in k.review_advice:
        yield f"review_advice.{advice.id}", "is said about reviews"


def _course(k: Knowledge) -> Iterable[Entry]:
    yield "course_rules.first_session_after_days", "sets the first day"
    yield "course_rules.test_area_first", "a test area moves the first day"
    yield "course_rules.review_weeks_after_last", "sets the review"
    yield f"history_rules.{k.not_healed.id}", k.not_healed.label
    yield f"history_rules.{k.pigmentation.id}", k.pigmentation.label
    if k.pigmentation.cap_at_last_depth:
        yield f"history_rules.{k.pigmentation.id}.cap_at_last_depth", "no deeper than then"
    yield "history_rules.review_without_pigmentation_needs", "a clean review opens a row"
    yield "operator_rules.over_limit", "the operator's own limit lowers a depth"
    for name in OPERATOR_RULES:
        yield f"operator_rules.{name}", getattr(k.operator_rules, name).label


OPERATOR_RULES = ("certificate_expired", "certificate_ends", "beyond_device", "beyond_zone", "not_prescriber")


def _settings(k: Knowledge) -> Iterable[Entry]:
    for setting in k.settings.values():
        for option in setting.options:
            yield f"settings.{setting.id}.{option}", "is chosen"
