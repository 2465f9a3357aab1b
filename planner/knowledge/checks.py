"""What must hold between the parts of a pack: every name resolves, no row above its zone's ceiling, nothing twice, nothing uncovered."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from planner.errors import Fault
from planner.reading import repeated, type_name
from planner.words import tokens

from . import entries as e

COMBINATIONS = (
    "same_zone_two_indications",
    "several_zones",
    "plan_length",
    "worst_action_wins",
    "zone_level",
    "large_areas",
    "above_evaluated",
    "order_of_limits",
    "no_depth_row",
    "unknown",
)


def check(document: Mapping[str, Any], parts: Mapping[str, Any], faults: list[Fault]) -> None:
    """Append a fault for everything that does not hold."""
    checker = _Checker(parts, faults)
    checker.references_resolve(document, "")
    for look in (
        checker.nothing_twice,
        checker.words_mean_one_thing,
        checker.zones,
        checker.devices,
        checker.depth_rows,
        checker.adjuvants,
        checker.rules,
        checker.medicines,
        checker.names_that_lead_somewhere,
        checker.phototypes,
        checker.care,
        checker.questions,
    ):
        look()


class _Checker:
    def __init__(self, parts: Mapping[str, Any], faults: list[Fault]):
        self.p = parts
        self.faults = faults

    def fault(self, path: str, message: str) -> None:
        self.faults.append(Fault(path, message))

    def known(self, path: str, names: Collection[str], among: Collection[str], kind: str) -> None:
        for name in names:
            if name not in among:
                self.fault(path, f"there is no {kind} {name}")

    def references_resolve(self, value: Any, path: str) -> None:
        """Every `refs` list names references of the pack."""
        if isinstance(value, Mapping):
            for key, item in value.items():
                here = f"{path}.{key}" if path else str(key)
                if key == "refs" and isinstance(item, (list, tuple)):
                    for ref in item:
                        if not isinstance(ref, str):
                            self.fault(here, f"must name references, not {type_name(ref)}")
                        elif ref not in self.p["references"]:
                            self.faults.append(Fault(here, f"there is no reference {ref}", "reference"))
                else:
                    self.references_resolve(item, here)
        elif isinstance(value, (list, tuple)):
            for index, item in enumerate(value):
                self.references_resolve(item, f"{path}[{index}]")

    def nothing_twice(self) -> None:
        """Rows kept as lists: no id, and no device line, stands twice."""
        p = self.p
        technique: e.Technique | None = p["technique"]
        lists: tuple[tuple[str, Iterable[str]], ...] = (
            ("zone_groups", (group.id for group in p["zone_groups"])),
            ("allergens.list", (allergen.id for allergen in p.get("allergens", ()))),
            ("lab_rules", (rule.id for rule in p["lab_rules"])),
            ("phototype_rules", (rule.id for rule in p["phototype_rules"])),
            ("combination_rules", p["combination_ids"]),
            ("downtime_bands", (band.id for band in p["downtime_bands"])),
            ("aftercare_by_adjuvant", p["aftercare_adjuvants"]),
            ("medicines.list", (medicine.ingredient for medicine in p.get("medicines", ()))),
            ("technique.passes_by", (row.id for row in technique.passes) if technique else ()),
            ("technique.endpoints", (point.id for point in technique.endpoints) if technique else ()),
        )
        for path, idents in lists:
            for twice in repeated(idents):
                self.fault(path, f"{twice} stands twice")
        seen: dict[tuple[str, str, str], int] = {}
        for index, limit in enumerate(p["device_limits"]):
            for zone in limit.zones:
                first = seen.setdefault((limit.device, limit.indication, zone), index)
                if first != index:
                    what = f"{limit.device}, {limit.indication}: {zone} stands in line {first + 1} of the list as well"
                    self.fault(f"device_limits[{index}].zones", what)
        for indication in p["indications"].values():
            for twice in repeated(shape.id for shape in indication.morphology):
                self.fault(f"indications.{indication.id}.morphology", f"{twice} stands twice")
        for rule in p["rules"].values():
            for name in ("adds", "avoid_zones", "no_adjuvants", "applies_to_regions"):
                for twice in repeated(getattr(rule, name)):
                    self.fault(f"contraindications.{rule.id}.{name}", f"{twice} stands twice")

    def words_mean_one_thing(self) -> None:
        """A word people type leads to one entry; two would be a guess."""
        p = self.p
        zones = [*p["zones"].values(), *p["excluded_zones"].values()]
        self._one_meaning("zones", ((z.id, (z.id, z.label, z.short_label, *z.words)) for z in zones))
        self._one_meaning("devices", ((d.id, (d.id, d.label, d.short_label, *d.words)) for d in p["devices"].values()))
        self._one_meaning("adjuvants", ((a.id, (a.id, a.label, a.short_label, *a.words)) for a in p["adjuvants"].values()))
        self._one_meaning("procedures.list", ((f"{q.leads_to} {q.filler_kind or ''}", q.words) for q in p.get("procedures", ())))
        self._one_meaning("allergens.list", ((a.id, a.words) for a in p.get("allergens", ())))
        self._one_meaning("lab_rules", ((rule.name, (rule.name, *rule.words)) for rule in p["lab_rules"]))
        for indication in p["indications"].values():
            self._one_meaning(f"indications.{indication.id}.morphology", ((m.id, m.words) for m in indication.morphology))
            self._one_meaning(f"indications.{indication.id}.levels", ((v.id, (v.id, v.short_label)) for v in indication.levels.values()))
        self._one_meaning("indications", ((i.id, (i.id, i.label, i.short_label)) for i in p["indications"].values()))

    def _one_meaning(self, path: str, names: Iterable[tuple[str, Iterable[str]]]) -> None:
        owner: dict[tuple[str, ...], str] = {}
        for ident, words in names:
            for word in words:
                typed = tokens(word.replace("_", " "))
                other = owner.setdefault(typed, ident) if typed else ident
                if other != ident:
                    self.fault(f"{path}.{ident}" if " " not in ident else path, f"the word {word} belongs to {other.strip()} as well")

    @property
    def all_zones(self) -> set[str]:
        return {*self.p["zones"], *self.p["excluded_zones"]}

    @property
    def regions(self) -> set[str]:
        return {zone.region for zone in self.p["zones"].values()}

    def zones(self) -> None:
        for zone in self.p["excluded_zones"]:
            if zone in self.p["zones"]:
                self.fault(f"excluded_zones.{zone}", "stands among the zones to treat as well")
        for group in self.p["zone_groups"]:
            self.known(f"zone_groups.{group.id}.regions", group.regions, self.regions, "region")

    def devices(self) -> None:
        p = self.p
        for device in p["devices"].values():
            self.known(f"devices.{device.id}.not_in_zones", device.not_in_zones, self.all_zones, "zone")
        if not any(device.allowed and device.preferred for device in p["devices"].values()):
            self.fault("devices", "one allowed device must be preferred")
        for model in p["device_models"].values():
            self.known(f"device_models.{model.brand}.kind", [model.kind], p["devices"], "device")
        for index, limit in enumerate(p["device_limits"]):
            path = f"device_limits[{index}]"
            self.known(f"{path}.device", [limit.device], p["device_models"], "device model")
            self.known(f"{path}.zones", limit.zones, self.all_zones, "zone")
            if limit.in_pack:
                self.known(f"{path}.indication", [limit.indication], p["indications"], "indication")
            model = p["device_models"].get(limit.device)
            if model and limit.max_set_mm > model.max_set_mm:
                self.fault(f"{path}.max_set_mm", f"is above what {limit.device} can be set to ({model.max_set_mm} mm)")

        self._no_ceiling_out_of_reach()

    def _no_ceiling_out_of_reach(self) -> None:
        """A ceiling deeper than anything at hand can be set to is a wrong figure or a wrong unit."""
        p = self.p
        kinds = {device.id for device in p["devices"].values() if device.allowed}
        reach = [model.max_set_mm for model in p["device_models"].values() if model.kind in kinds]
        reach += [length for device in p["devices"].values() if device.allowed for length in device.needle_lengths_mm]
        deepest = max(reach, default=None)
        for zone in p["zones"].values():
            if deepest is not None and zone.max_depth_mm > deepest:
                self.fault(f"zones.{zone.id}.max_depth_mm", f"is deeper than any device of the protocol reaches ({deepest} mm)")

    def depth_rows(self) -> None:
        p = self.p
        reached = set()
        for row in p["depth_rows"].values():
            path = f"depth_ranges[{row.indication}, {row.level}, {row.zone}]"
            indication = p["indications"].get(row.indication)
            zone = p["zones"].get(row.zone)
            reached.add((row.indication, row.level))
            if indication is None:
                self.fault(f"{path}.indication", f"there is no indication {row.indication}")
            elif row.level not in indication.levels:
                self.fault(f"{path}.level", f"there is no level {row.level} of {row.indication}")
            if zone is None:
                self.fault(f"{path}.zone", f"there is no zone {row.zone} to treat")
            elif row.depth_mm.max > zone.max_depth_mm:
                self.fault(f"{path}.max", f"{row.depth_mm.max} mm is above the ceiling of {row.zone} ({zone.max_depth_mm} mm)")
        for indication in p["indications"].values():
            if not indication.levels:
                self.fault(f"indications.{indication.id}.levels", "must hold at least one level")
            for level in indication.levels.values():
                path = f"indications.{indication.id}.levels.{level.id}"
                self.known(f"{path}.requires_home_care", level.requires_home_care, p["adjuvants"], "adjuvant")
                if (indication.id, level.id) not in reached:
                    self.fault(path, "has no depth for any zone")

    def adjuvants(self) -> None:
        p = self.p
        rules: e.AdjuvantRules | None = p["adjuvant_rules"]
        roles = rules.role_order if rules else ()
        for adjuvant in p["adjuvants"].values():
            path = f"adjuvants.{adjuvant.id}"
            self.known(f"{path}.exclude_if", adjuvant.exclude_if, p["rules"], "contraindication")
            self.known(f"{path}.sign_off_if", adjuvant.sign_off_if, p["rules"], "contraindication")
            self.known(f"{path}.sign_off_if_medicine", adjuvant.sign_off_if_medicine, p.get("medicine_classes", {}), "medicine class")
            if (adjuvant.sign_off_if or adjuvant.sign_off_if_medicine) and not adjuvant.sign_off:
                self.fault(f"{path}.sign_off", "must say who signs")
            for use in adjuvant.uses:
                indication = p["indications"].get(use.indication)
                if indication is None:
                    self.fault(f"{path}.use", f"there is no indication {use.indication}")
                else:
                    self.known(f"{path}.use.levels", use.levels, indication.levels, f"level of {use.indication}")
                self.known(f"{path}.use.role", [use.role], roles, "role")
        if rules:
            for name in ("proposed_roles", "offered_roles", "never_proposed_roles", "home_only_roles"):
                self.known(f"adjuvant_rules.{name}", getattr(rules, name), roles, "role")
        for name in p["aftercare_by_adjuvant"]:
            self.known("aftercare_by_adjuvant", [name], p["adjuvants"], "adjuvant")

    def rules(self) -> None:
        p = self.p
        lab_names = {word.casefold() for rule in p["lab_rules"] for word in (rule.name, *rule.words)}
        leading = {procedure.leads_to for procedure in p.get("procedures", ())}
        for rule in p["rules"].values():
            path = f"contraindications.{rule.id}"
            self.known(f"{path}.adds", rule.adds, p["rules"], "contraindication")
            self.known(f"{path}.avoid_zones", rule.avoid_zones, self.all_zones, "zone")
            self.known(f"{path}.no_adjuvants", rule.no_adjuvants, p["adjuvants"], "adjuvant")
            self.known(f"{path}.adjuvants_need_sign_off", rule.adjuvants_need_sign_off, p["adjuvants"], "adjuvant")
            self.known(f"{path}.applies_to_regions", rule.applies_to_regions, self.regions, "region")
            self.known(f"{path}.anaesthetic_if_class", rule.anaesthetic_if_class, p.get("medicine_classes", {}), "medicine class")
            derived = rule.derived
            self.known(f"{path}.derived_from.medicine", derived.medicine_classes, p.get("medicine_classes", {}), "medicine class")
            self.known(f"{path}.derived_from.procedure", derived.procedures, leading, "procedure that leads to")
            self.known(f"{path}.derived_from.allergen", derived.allergens, [a.id for a in p.get("allergens", ())], "allergen")
            self.known(f"{path}.derived_from.lab", [lab.casefold() for lab in derived.labs], lab_names, "lab rule for")
            if rule.needs_lab:
                self.known(f"{path}.needs_lab", [rule.needs_lab.casefold()], lab_names, "lab rule for")
            for indication, level in (*derived.requests, *((rule.max_depth_from_row,) if rule.max_depth_from_row else ())):
                if indication not in p["indications"] or level not in p["indications"][indication].levels:
                    self.fault(path, f"there is no level {level} of {indication}")
            if rule.policy:
                setting = p["settings"].get(rule.policy.setting)
                if setting is None:
                    self.fault(f"{path}.policy.setting", f"there is no setting {rule.policy.setting}")
                elif set(setting.options) != set(rule.policy.rules):
                    self.fault(f"{path}.policy.rules", f"must have one rule for each of {', '.join(setting.options)}")
                elif setting.default != rule.policy.default:
                    self.fault(f"{path}.policy.default", f"must be {setting.default}, as in settings")
            if rule.dose_rule:
                self.known(f"{path}.dose_rule.class", [rule.dose_rule.medicine_class], p.get("medicine_classes", {}), "medicine class")
            if rule.question is None and not rule.settled_by_data:
                self.fault(f"{path}.question", "must be asked, or be settled by data")
        self._no_cycle()

    def _no_cycle(self) -> None:
        """A finding that adds a finding must not come back to itself."""
        for start in self.p["rules"]:
            seen, todo = set(), [start]
            while todo:
                for name in self.p["rules"][todo.pop()].adds:
                    if name == start:
                        self.fault(f"contraindications.{start}.adds", "comes back to itself")
                        return
                    if name in self.p["rules"] and name not in seen:
                        seen.add(name)
                        todo.append(name)

    def medicines(self) -> None:
        p = self.p
        classes = p.get("medicine_classes", {})
        for group in classes.values():
            self.known(f"medicines.classes.{group.id}.leads_to", group.leads_to, p["rules"], "contraindication")
            self.known(f"medicines.classes.{group.id}.asks", group.asks, p["rules"], "contraindication")
        owner: dict[tuple[str, ...], str] = {}
        for medicine in p.get("medicines", ()):
            path = f"medicines.list.{medicine.ingredient}"
            self.known(f"{path}.classes", medicine.classes, classes, "medicine class")
            if not medicine.classes:
                self.fault(f"{path}.classes", "must name at least one class")
            for name in (medicine.ingredient, *medicine.names):
                words = tokens(name)
                if not words:
                    self.fault(path, f"the name {name!r} holds no word")
                elif owner.setdefault(words, medicine.ingredient) != medicine.ingredient:
                    self.fault(path, f"the name {name} belongs to {owner[words]} as well")
        matching: e.Matching | None = p.get("matching")
        if matching:
            for form in matching.forms.values():
                self.known(f"medicines.matching.form_decides.{form.ingredient}", (*form.topical, *form.systemic), classes, "medicine class")

    def names_that_lead_somewhere(self) -> None:
        p = self.p
        for procedure in p.get("procedures", ()):
            self.known("procedures.list.leads_to", [procedure.leads_to], p["rules"], "contraindication")
        for allergen in p.get("allergens", ()):
            self.known(f"allergens.list.{allergen.id}.leads_to", allergen.leads_to, p["rules"], "contraindication")
        for lab in p["lab_rules"]:
            self.known(f"lab_rules.{lab.id}.finding", [lab.finding], p["rules"], "contraindication")

    def phototypes(self) -> None:
        for index, rule in enumerate(self.p["phototype_rules"]):
            for indication, level, _ in rule.min_interval_exempt:
                known = self.p["indications"].get(indication)
                if known is None or level not in known.levels:
                    self.fault(f"phototype_rules[{index}].min_interval_exempt", f"there is no level {level} of {indication}")
        covered = [phototype for rule in self.p["phototype_rules"] for phototype in rule.phototypes]
        for phototype in e.PHOTOTYPES:
            if covered.count(phototype) != 1:
                self.fault("phototype_rules", f"phototype {phototype} must stand in exactly one rule")
        earlier: set[str] = set()
        for rule in self.p["phototype_rules"]:
            self.known(f"phototype_rules.{rule.id}.inherits", rule.inherits, earlier, "rule above it called")
            earlier.add(rule.id)

    def care(self) -> None:
        p = self.p
        for name in COMBINATIONS:
            if name not in p["combination"]:
                self.fault("combination_rules", f"{name} is missing")
        self.known("combination_rules.large_areas.regions", p["large_area_regions"], self.regions, "region")
        technique: e.Technique | None = p["technique"]
        if technique:
            endpoints = [point.id for point in technique.endpoints]
            self.known("technique.lighter_order", technique.lighter_order, endpoints, "endpoint")
            for rows in (technique.passes, technique.endpoints):
                for row in rows:
                    self.known(f"technique.{row.id}.zones", row.zones, self.all_zones, "zone")
                    self.known(f"technique.{row.id}.indications", row.indications, p["indications"], "indication")
        numbing: e.Numbing | None = p["numbing"]
        if numbing:
            for name in ("facts_always", "facts_shallow", "facts_large_area", "facts_blocked"):
                self.known(f"numbing.{name}", getattr(numbing, name), p["anaesthesia"], "fact under anaesthesia called")
            for name in ("contact_regions", "large_area_regions"):
                self.known(f"numbing.{name}", getattr(numbing, name), self.regions, "region")
        bands: tuple[e.DowntimeBand, ...] = p["downtime_bands"]
        for item in p["normal_course"]:
            self.known(f"normal_course.{item.id}.bands", item.bands, [band.id for band in bands], "downtime band")
        floor = None
        for band in bands:
            if (floor is None and band.above_mm != 0) or (floor is not None and band.above_mm != floor):
                self.fault(f"downtime_bands.{band.id}.depth_mm.above", "must begin where the band before it ends")
            floor = band.up_to_mm
        deepest = max((zone.max_depth_mm for zone in p["zones"].values()), default=None)
        if floor is not None and deepest is not None and deepest > floor:
            self.fault("downtime_bands", f"no band reaches {deepest} mm")

    def questions(self) -> None:
        covered: dict[str, str] = {}
        for question in self.p["questions"]:
            for cover in question.covers:
                path = f"questions.{question.id}.covers"
                rule = self.p["rules"].get(cover.rule)
                if rule is None:
                    self.fault(path, f"there is no contraindication {cover.rule}")
                elif rule.question is None:
                    self.fault(path, f"{cover.rule} follows from data and is not asked")
                elif question.valid_days > rule.question.valid_days:
                    self.fault(f"questions.{question.id}.valid_days", f"must be at most {rule.question.valid_days}, for {cover.rule}")
                if cover.rule in covered:
                    self.fault(path, f"{cover.rule} is covered by {covered[cover.rule]} as well")
                covered[cover.rule] = question.id
        for rule in self.p["rules"].values():
            if rule.question is not None and rule.id not in covered:
                self.fault("questions", f"{rule.id} is covered by no question")
