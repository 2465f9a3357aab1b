"""Which entries of a protocol one proposal shows to have worked: read from what is said and from its traces, never from the engine."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from planner.case import Case
from planner.knowledge import Knowledge
from planner.wording import number
from planner.words import fold, tokens

from .entries import OPERATOR_RULES

Said = Mapping[str, Any]
IN_FORCE = ("refuse", "defer", "exclude_zone", "caution")


def observed(k: Knowledge, case: Case, said: Said) -> set[str]:
    """Paths of the entries at work in *said*, the proposal of *case*."""
    return {
        path
        for look in (_findings, _rules, _asks, _zones, _plan, _adjuvants, _names, _combined, _history, _ways, _advice)
        for path in look(k, case, said)
    }


def _by_id(said: Said, ident: str) -> list[Said]:
    return [finding for finding in said["findings"] if finding["id"] == ident]


def _own(k: Knowledge, said: Said) -> Iterable[Said]:
    """Findings of the pack's own rules, without questions."""
    return (finding for finding in said["findings"] if finding["id"] in k.rules and finding["action"] != "ask")


def _findings(k: Knowledge, case: Case, said: Said) -> Iterable[str]:
    for finding in _own(k, said):
        rule, reason = k.rules[finding["id"]], finding["reason"]
        path = f"contraindications.{rule.id}"
        if finding["action"] != "none" or rule.action == "none":
            yield path
        answer = case.screening.get(rule.id)
        if "answered yes" in reason and answer is not None and answer.answer:
            yield f"{path}.question"
        for state in rule.derived.pregnancy:
            if case.pregnancy == state:
                yield f"{path}.derived_from.pregnancy.{state}"
        if re.search(r": \d+ years old", reason):
            yield f"{path}.derived_from.age"
        for phototype in rule.derived.phototypes:
            if f"phototype {phototype}" in reason and case.phototype == phototype:
                yield f"{path}.derived_from.phototype.{phototype}"
        for medicine in said["medicines"]:
            for group in medicine["classes"]:
                if group in rule.derived.medicine_classes and medicine["name"] in reason:
                    yield f"{path}.derived_from.medicine.{group}"
        if "asked for" in reason:
            for indication, level in rule.derived.requests:
                if any((r.indication, r.level) == (indication, level) for r in case.requests):
                    yield f"{path}.derived_from.request.{indication}.{level}"


def _rules(k: Knowledge, case: Case, said: Said) -> Iterable[str]:
    steps = _steps(said)
    for finding in _own(k, said):
        rule, reason = k.rules[finding["id"]], finding["reason"]
        path, in_force = f"contraindications.{rule.id}", finding["action"] in IN_FORCE
        if finding["until"] and rule.policy is None and rule.interval_days is not None:
            yield f"{path}.interval_days"
        if rule.policy is None and (
            "The waiting time is over" in reason or (rule.sign_off_kinds and finding["action"] == "caution" and "Kind of filler" in reason)
        ):
            yield f"{path}.interval_over"
        if rule.recheck and finding["until"] and finding["condition"]:
            yield f"{path}.recheck"
        if finding.get("policy"):
            yield f"{path}.policy.{finding['policy']}"
        elif rule.policy is not None and "The waiting time is over" in reason:
            yield f"{path}.policy.{said['policies'][rule.policy.setting]}"
        if finding.get("overridden_by"):
            yield f"{path}.override"
        if finding.get("cleared_by") or (rule.lifted_by and "Cleared in writing" in reason):
            yield f"{path}.lifted_by"
        if "prednisolone a day" in reason:
            yield f"{path}.dose_rule"
        if any(step["rule"] == rule.id and "start at the shallow end" in step["why"] for step in steps):
            yield f"{path}.start_at"
        for limit in _limits(said):
            if limit["rule"] == rule.id:
                yield f"{path}.max_depth_from_row" if "the row for it here" in limit["why"] else f"{path}.max_depth_mm"
        if "No zone it concerns" in reason:
            yield f"{path}.applies_to_regions"
        if "a day is below" in reason:
            yield f"{path}.heavy_from_cigarettes_per_day"
        if f"{rule.label}, elsewhere" in reason:
            yield f"{path}.other_zones"
        for kind in rule.sign_off_kinds:
            if f"Kind of filler: {kind}" in reason:
                yield f"{path}.sign_off_if_kind.{kind}"
        if "follows from another finding" in reason:
            yield from (f"contraindications.{other.id}.adds.{rule.id}" for other in k.rules.values() if rule.id in other.adds)
        if finding.get("refer"):
            yield f"{path}.refer"
        if in_force and rule.never_shorter_than_plan_interval and finding["until"]:
            yield from _longer_rest(k, rule, finding, case, path)
    for finding in _by_id(said, "other_day"):
        yield f"contraindications.{finding['because']}.max_zones_per_session"
    for zone in said["zones_excluded"]:
        for because in zone["because"]:
            if because in k.rules and zone["zone"] in k.rules[because].avoid_zones:
                yield f"contraindications.{because}.avoid_zones.{zone['zone']}"
    for decision in said["decisions"]:
        for because in decision["because"]:
            if because not in k.rules:
                continue
            if decision["id"] == f"sign_off.{because}":
                yield f"contraindications.{because}.sign_off"
            elif decision["id"] == f"rest.{because}":
                yield f"contraindications.{because}.rest_needs_sign_off"
            elif decision["id"] == k.rules[because].prescriber_decides:
                yield f"contraindications.{because}.prescriber_decides"
    for zone in said.get("zones", []):
        yield from (f"contraindications.{s['rule']}.lighter_endpoint" for s in zone["endpoint_trace"] if s["rule"] in k.rules)
    for step in said.get("course", {}).get("trace", []):
        if step["rule"] in k.rules:
            yield f"contraindications.{step['rule']}.test_area_wait_weeks"
    numbing = said["advice"].get("numbing", {})
    taken = {group for medicine in said["medicines"] if medicine["stopped"] is None for group in medicine["classes"]}
    for because in numbing.get("because", []):
        if k.rules[because].no_topical_anaesthetic:
            yield f"contraindications.{because}.no_topical_anaesthetic"
        yield from (f"contraindications.{because}.anaesthetic_if_class.{g}" for g in k.rules[because].anaesthetic_if_class if g in taken)
    for area in said["advice"].get("test_areas", []):
        if area["because"] in k.rules:
            yield f"contraindications.{area['because']}.test_area"
    for item in said["advice"]["review"]:
        if item["id"].removeprefix("check_") in k.rules:
            yield f"contraindications.{item['id'].removeprefix('check_')}.check_after_hours"


def _longer_rest(k: Knowledge, rule: Any, finding: Said, case: Case, path: str) -> Iterable[str]:
    """The rest lasts longer than the rule's own days: the plan's interval made it so."""
    days = getattr(rule.interval_days, rule.interval_used)
    dates = [p.date for p in case.procedures if p.date] + [s.date for s in case.history]
    dates += [a.date for r, a in case.screening.items() if r == rule.id and a.date]
    if dates and (case.visit_date.fromisoformat(finding["until"]) - max(d for d in dates)).days > days:
        yield f"{path}.never_shorter_than_plan_interval_min"


def _asks(k: Knowledge, case: Case, said: Said) -> Iterable[str]:
    for ask in said["asks"]:
        if ask["question"]:
            yield f"questions.{ask['question']}.{ask['id']}"
        if ask["id"].endswith("_missing"):
            lab = ask["id"].removesuffix("_missing")
            yield from (f"contraindications.{rule.id}.needs_lab" for rule in k.rules.values() if rule.needs_lab == lab)
        if ask["id"] in {rule.id for rule in k.lab_rules}:
            yield f"lab_rules.{ask['id']}"
        if " is taken. " in ask["what"]:
            yield from (f"medicines.classes.{g.id}.asks.{ask['id']}" for g in k.medicine_classes.values() if ask["id"] in g.asks)
        if ask["about"] == "medicine":
            named = [m.name for m in case.medications if m.name.strip() in ask["what"]]
            yield from (f"medicines.ambiguous.{match.value}" for name in named for match in k.names.ambiguous.find(tokens(name)))
            if "cream or gel, or a tablet" in ask["what"]:
                found = [match.value.ingredient for name in named for match in k.names.medicines.find(tokens(name))]
                yield from (f"medicines.form_decides.{name}.ask" for name in k.matching.forms if name in found)
        if ask["about"] == "morphology":
            for indication in k.indications.values():
                yield from (f"indications.{indication.id}.morphology.{s.id}" for s in indication.morphology if s.action == "ask")
        if ask["about"] == "adjuvant" or ask["about"] in (
            "procedure",
            "allergy",
            "zone",
            "level",
            "indication",
            "device",
            "lab",
            "medicine",
        ):
            yield "combination_rules.unknown"


def _steps(said: Said) -> list[Said]:
    return [step for zone in said.get("zones", []) for step in zone["trace"]]


def _limits(said: Said) -> list[Said]:
    return [limit for zone in said.get("zones", []) for limit in zone["limits"]]


def _zones(k: Knowledge, case: Case, said: Said) -> Iterable[str]:
    phototype = k.phototype_rule(case.phototype) if case.phototype else None
    for zone in said.get("zones", []):
        first = zone["trace"][0]
        if first["rule"] == "depth_row":
            yield f"depth_ranges.{zone['indication']}.{zone['level']}.{zone['zone']}"
            yield "combination_rules.order_of_limits.row"
        if zone["ceiling_rule"] == "zone_ceiling":
            yield f"zones.{zone['zone']}.max_depth_mm"
        rules = {limit["rule"] for limit in zone["limits"]} | {step["rule"] for step in zone["trace"]}
        for name, step in (
            ("zone_ceiling", "zone_max"),
            ("device_evaluated",) * 2,
            ("device_set",) * 2,
            ("operator_limit", "operator_max"),
        ):
            if name in rules:
                yield f"combination_rules.order_of_limits.{step}"
        if "rounding" in rules:
            yield "combination_rules.order_of_limits.rounding"
        if zone["sign_off_above_mm"] is not None:
            yield "combination_rules.above_evaluated"
        if "operator_limit" in rules:
            yield "operator_rules.over_limit"
        for limit in zone["limits"]:
            if limit["rule"] in k.rules:
                row = "the row for it here" in limit["why"]
                yield f"combination_rules.order_of_limits.{'melasma_in_zone' if row else 'finding_max'}"
            if limit["rule"] == k.pigmentation.id:
                yield f"history_rules.{k.pigmentation.id}.cap_at_last_depth"
        if phototype is not None:
            yield from _phototype_depth(phototype, zone)
        yield from (f"technique.passes_by.{s['rule'].removeprefix('passes_')}" for s in zone["passes"]["trace"])
        yield from (f"technique.endpoints.{s['rule'].removeprefix('endpoint_')}" for s in zone["endpoint_trace"][:1])
        if len(zone["endpoint_trace"]) > 1:
            yield "technique.lighter_order"
        yield from (f"technique.endpoints.{point.id}" for point in k.technique.endpoints if point.text == zone["stop_rule"]["text"])


def _phototype_depth(rule: Any, zone: Said) -> Iterable[str]:
    path = f"phototype_rules.{rule.id}"
    for step in zone["trace"]:
        if step["rule"] == rule.id:
            if "first session:" in step["why"]:
                yield f"{path}.depth_step_mm"
            elif "the first session goes no deeper" in step["why"]:
                yield f"{path}.first_session_max"
            elif "later sessions go up to" in step["why"]:
                yield f"{path}.later_session_max"
            if "at most" not in step["why"]:
                yield "combination_rules.order_of_limits.phototype_step"
    if any(limit["rule"] == rule.id for limit in zone["limits"]) and (
        zone["ceiling_rule"] == rule.id or any(s["rule"] == rule.id and "at most" in s["why"] for s in zone["trace"])
    ):
        yield f"{path}.max_depth_mm"
        yield "combination_rules.order_of_limits.phototype_max"


def _plan(k: Knowledge, case: Case, said: Said) -> Iterable[str]:
    if "device" not in said:
        yield from _barred(k, said)
        return
    device = said["device"]
    yield f"devices.{device['id']}"
    if not device["brand"]:
        yield "labelling.no_brand_status"
    elif device["label_status"] == "off-label":
        yield "labelling.on_label_requires"
    if any(zone["sign_off_above_mm"] is not None for zone in said["zones"]):
        yield "labelling.above_max_evaluated"
    if device["brand"]:
        yield f"device_models.{device['brand']}"
        lines = [line for line in k.device_limits if line.device == device["brand"]]
        for zone in said["zones"]:
            rules = {limit["rule"]: limit["mm"] for limit in zone["limits"]}
            if "device_set" in rules and (zone["ceiling_rule"] == "device_set" or any(s["rule"] == "device_set" for s in zone["trace"])):
                yield f"device_models.{device['brand']}.max_set_mm"
            for line in lines:
                path = f"device_limits.{line.device}.{line.indication}.{line.area}"
                if zone["label_status"] == "on-label" and zone["indication"] == line.indication and zone["zone"] in line.zones:
                    yield path
                if line.indication == zone["indication"] and rules.get("device_evaluated") == float(line.max_evaluated_mm):
                    yield f"{path}.max_evaluated_mm"
    yield from _barred(k, said)
    for zone in said["zones_excluded"]:
        if "device_zone" in zone["because"]:
            yield from (f"devices.{d.id}.not_in_zones.{zone['zone']}" for d in k.devices.values() if d.id == device["id"])
    for pair in {(zone["indication"], zone["level"]) for zone in said["zones"]}:
        path = f"indications.{pair[0]}.{pair[1]}"
        yield f"{path}.sessions"
        yield f"{path}.interval"
    for row in said["advice"].get("levels", []):
        parts = row["id"].split(".")
        yield f"indications.{parts[0]}.{parts[1]}." + (f"requires_home_care.{parts[2]}" if len(parts) > 2 else "advice")
    for request in case.requests:
        found = k.indications.get(request.indication)
        if found and found.morphology_asked and request.morphology:
            named = k.names.morphology[found.id].find(tokens(request.morphology.replace("_", " ")))
            yield from (f"indications.{found.id}.morphology.{match.value.id}" for match in named)
    yield f"downtime_bands.{said['downtime_days']['band']}"
    yield f"downtime_bands.{said['downtime_days']['worst_band']}.worst_case"
    for step in (*said["interval_weeks"]["trace"], *said["sessions"]["trace"]):
        if step["rule"] == "plan_length":
            yield "combination_rules.plan_length"
        for rule in k.phototype_rules:
            if step["rule"] == rule.id:
                yield f"phototype_rules.{rule.id}.min_interval_weeks"
            if step["rule"] == f"{rule.id}_after_pigmentation":
                yield f"phototype_rules.{rule.id}.interval_weeks_after_pigmentation"
    rule = k.phototype_rule(case.phototype) if case.phototype else None
    for indication, level, weeks in rule.min_interval_exempt if rule else ():
        if said["interval_weeks"]["min"] <= weeks and any((z["indication"], z["level"]) == (indication, level) for z in said["zones"]):
            yield f"phototype_rules.{rule.id}.min_interval_exempt.{indication}.{level}"
    if rule and any(area["because"] == rule.id for area in said["advice"]["test_areas"]):
        yield f"phototype_rules.{rule.id}.test_area"


def _barred(k: Knowledge, said: Said) -> Iterable[str]:
    return (f"devices.{device}" for device in k.devices if _by_id(said, f"device_{device}"))


def _adjuvants(k: Knowledge, case: Case, said: Said) -> Iterable[str]:
    rules = k.adjuvant_rules
    asked = {(r.indication, r.level) for r in case.requests}
    for verdict, rows in said["adjuvants"].items():
        for row in rows:
            adjuvant = k.adjuvants.get(row["id"])
            if rules.refused_text in row["reason"]:
                yield "adjuvant_rules.refused_preparations"
            if adjuvant is None:
                continue
            path = f"adjuvants.{adjuvant.id}"
            yield path
            for use in adjuvant.uses:
                fits = any(use.indication == i and (not use.levels or level in use.levels) for i, level in asked)
                if fits and row["role"] == use.role:
                    yield f"{path}.use.{use.indication}"
            if verdict == "refused":
                if row["reason"].startswith(rules.no_entry_text):
                    yield "adjuvant_rules.no_entry_text"
                if rules.actives_text.casefold() in row["reason"].casefold():
                    yield "adjuvant_rules.actives_per_session"
                for because in row["because"]:
                    if because == "phototype":
                        yield f"{path}.exclude_phototypes.{case.phototype}"
                        continue
                    if any(f["action"] in IN_FORCE for f in _by_id(said, because)):
                        if because in adjuvant.exclude_if:
                            yield f"{path}.exclude_if.{because}"
                        if because in k.rules and adjuvant.id in k.rules[because].no_adjuvants:
                            yield f"contraindications.{because}.no_adjuvants.{adjuvant.id}"
                    if "not asked" in row["reason"]:
                        yield "adjuvant_rules.unanswered_excludes"
            for because in row["because"] if verdict != "refused" else ():
                if because in adjuvant.sign_off_if:
                    yield f"{path}.sign_off_if.{because}"
                if because in adjuvant.sign_off_if_medicine:
                    yield f"{path}.sign_off_if_medicine.{because}"
                if because in k.rules and adjuvant.id in k.rules[because].adjuvants_need_sign_off:
                    yield f"contraindications.{because}.adjuvants_need_sign_off.{adjuvant.id}"
            if row.get("prescriber_decides"):
                yield f"{path}.prescriber_decides"


def _names(k: Knowledge, case: Case, said: Said) -> Iterable[str]:
    for medicine in said["medicines"]:
        if any(medicine["ingredient"] == known.ingredient for known in k.medicines):
            yield f"medicines.list.{medicine['ingredient']}"
        yield from (f"medicines.classes.{group}" for group in medicine["classes"])
        form = k.matching.forms.get(medicine["ingredient"])
        if form is not None:
            for side in ("topical", "systemic"):
                if tuple(medicine["classes"]) == getattr(form, side):
                    yield f"medicines.form_decides.{medicine['ingredient']}.{side}"
    for procedure in case.procedures:
        for match in k.names.procedures.find(tokens(procedure.what)):
            if any(procedure.what in f["reason"] for f in _by_id(said, match.value.leads_to)):
                kind = f".{match.value.filler_kind}" if match.value.filler_kind else ""
                yield f"procedures.{match.value.leads_to}{kind}"
    for allergy in case.allergies:
        for match in k.names.allergens.find(tokens(allergy)):
            led = [f for rule in match.value.leads_to for f in _by_id(said, rule) if f"allergy: {allergy}" in f["reason"]]
            if led or _by_id(said, f"allergy_{match.value.id}") or not (match.value.leads_to or match.value.advice):
                yield f"allergens.{match.value.id}"
    for lab in case.labs:
        text = f"{lab.name} {lab.value} {lab.unit}".strip()
        for rule in k.lab_rules:
            if rule.missing_or_older_than_days is None and any(text in f["reason"] for f in _by_id(said, rule.finding)):
                unit = next((u.unit for u in rule.limits if _same(lab.unit, (u.unit, *u.words))), None)
                if unit is not None and fold(lab.name) in {fold(w) for w in (rule.name, *rule.words)}:
                    yield f"lab_rules.{rule.id}"
                    yield f"lab_rules.{rule.id}.{unit}"
    places = [zone for p in case.procedures for zone in p.zones] + [z for a in case.screening.values() for z in a.zones]
    places += [zone for finding in case.findings for zone in finding.zones]
    for group in k.zone_groups:
        named = {fold(word) for word in (group.id, *group.words)}
        if any(fold(place) in named for place in places) or any(ask["id"].replace("_", " ") in named for ask in said["asks"]):
            yield f"zone_groups.{group.id}"


def _same(unit: str, words: Iterable[str]) -> bool:
    plain = "".join(unit.casefold().split()).replace("μ", "µ")
    return plain in {"".join(word.casefold().split()).replace("μ", "µ") for word in words}


def _combined(k: Knowledge, case: Case, said: Said) -> Iterable[str]:
    if any(step["rule"] == "same_zone_two_indications" for step in _steps(said)):
        yield "combination_rules.same_zone_two_indications"
    if len({finding["action"] for finding in said["findings"]} & {*IN_FORCE, "ask"}) > 1:
        yield "combination_rules.worst_action_wins"
    if said["zones_excluded"] and said.get("zones"):
        yield "combination_rules.zone_level"
    if len({zone["depth_mm"]["typical"] for zone in said.get("zones", [])}) > 1:
        yield "combination_rules.several_zones"
    if said["advice"].get("numbing", {}).get("in_parts_text"):
        yield "combination_rules.large_areas"
    if _by_id(said, "no_depth_row"):
        yield "combination_rules.no_depth_row"
    if _steps(said):
        yield "combination_rules.order_of_limits"
    if _by_id(said, "below_range"):
        yield "combination_rules.order_of_limits.cap_below_min"
    if _by_id(said, "too_shallow"):
        yield "combination_rules.order_of_limits.least_depth_mm"
    for zone in said["zones_excluded"]:
        yield from (f"excluded_zones.{because}" for because in zone["because"] if because in k.excluded_zones)


def _history(k: Knowledge, case: Case, said: Said) -> Iterable[str]:
    for rule in (k.not_healed, k.pigmentation):
        if _by_id(said, rule.id):
            yield f"history_rules.{rule.id}"
    for name in OPERATOR_RULES:
        ident = getattr(k.operator_rules, name).id
        if _by_id(said, ident) or any(d["id"].startswith(ident) or ident in d["because"] for d in said["decisions"]):
            yield f"operator_rules.{name}"
    clean = any(session.healed and session.pigmentation is False for session in case.history)
    if clean and case.phototype and said.get("zones"):
        rule = k.phototype_rule(case.phototype)
        stepped = any(s["rule"] == rule.id and "first session" in s["why"] for s in _steps(said))
        if rule.first_session_max == "typical" and not stepped:
            yield "history_rules.review_without_pigmentation_needs"
    for setting, option in said["policies"].items():
        if any(f.get("policy") == option for f in said["findings"]) or any(
            f["id"] in k.rules and k.rules[f["id"]].policy and k.rules[f["id"]].policy.setting == setting for f in said["findings"]
        ):
            yield f"settings.{setting}.{option}"


def _ways(k: Knowledge, case: Case, said: Said) -> Iterable[str]:
    for other in said.get("alternatives", []):
        yield f"alternatives.{other['id']}.{'possible' if other['possible'] else 'not_possible'}"
        if other["id"] == "before_event":
            rules = k.alternatives
            if f"at least {number(rules.free_days_at_least)} days" in other["reason"]:
                yield "alternatives.before_event.free_days_at_least"
            if "for phototype" in other["reason"]:
                yield "alternatives.before_event.free_days_by_phototype"
            if other["possible"] and other["interval_weeks"]["typical"] < said["interval_weeks"]["typical"]:
                yield "alternatives.before_event.interval_order.min"


def _advice(k: Knowledge, case: Case, said: Said) -> Iterable[str]:
    advice = said["advice"]
    for key in ("precare", "aftercare"):
        for item in advice[key]:
            name = item["id"].removeprefix("adjuvant_")
            yield f"aftercare_by_adjuvant.{name}" if item["id"].startswith("adjuvant_") else f"{key}.{item['id']}"
    yield from (f"review_advice.{item['id']}" for item in advice["review"] if item["id"].removeprefix("check_") not in k.rules)
    yield from (f"phototype_rules.{item['id']}" for item in advice["phototype"])
    yield from (f"technique.rules.{place}" for place, _ in enumerate(k.technique.rules) if advice.get("technique"))
    numbing = advice.get("numbing")
    if numbing:
        yield from (f"anaesthesia.{fact['id']}" for fact in numbing["facts"])
        yield "numbing.advice_text" if numbing["allowed"] else "numbing.blocked_text"
        if numbing["contact_minutes"]:
            yield "numbing.contact_minutes"
        if numbing["often_none"]:
            yield "numbing.often_none_up_to_mm"
    for step in said.get("course", {}).get("trace", []):
        if step["rule"] == "first_session":
            yield "course_rules.first_session_after_days"
        elif step["rule"] == "review":
            yield "course_rules.review_weeks_after_last"
        elif step["rule"] in k.rules:
            yield "course_rules.test_area_first"
