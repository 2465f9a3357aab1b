"""From a pack's mapping to typed entries. Every fault is noted with its path; nothing is guessed or left out."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from planner.errors import Fault
from planner.reading import MISSING, Reader, as_decimal, repeated, type_name

from . import entries as e

ZERO = Decimal(0)
DEEPEST_MM = Decimal(3)  # nothing a pen or roller of this kind can do is deeper; a larger figure is a wrong unit
COUNTS_FROM = ("stop_date", "procedure_date", "seen_date", "end_date", "treated_date", "application_date", "birth_date")
ANSWER_DATES = ("date", "stopped", "seen", "healed", "treated")
DEPTH_STEPS = (
    "row",
    "phototype_step",
    "melasma_in_zone",
    "finding_max",
    "phototype_max",
    "zone_max",
    "device_evaluated",
    "device_set",
    "operator_max",
    "rounding",
)


class PackReader:
    """Holds what every entry needs: the grades of evidence in the vocabulary."""

    def __init__(self, faults: list[Fault], grades: Collection[str]):
        self.faults = faults
        self.grades = grades

    def source(self, r: Reader, *, unverified: bool = True) -> e.Source:
        refs = r.words("refs", required=True)
        if not refs and isinstance(r.data.get("refs"), (list, tuple)):
            r.fault("refs", "must name at least one reference")
        grade = r.choice("evidence", self.grades)
        flag = r.flag("unverified") if unverified else False
        return e.Source(refs, grade or "", flag, r.words("unverified_fields"))

    def whole_span(self, r: Reader, *, least: int = 0, most: int = 3650) -> e.WholeSpan:
        low, typical, high = (r.whole(k, least=least, most=most) for k in ("min", "typical", "max"))
        if low is None or typical is None or high is None:
            return e.WholeSpan(least, least, least)
        if not low <= typical <= high:
            r.fault("", f"min, typical and max must rise: {low}, {typical}, {high}")
        return e.WholeSpan(low, typical, high)

    def span(self, r: Reader, *, most: Decimal) -> e.Span:
        low, typical, high = (r.decimal(k, most=most) for k in ("min", "typical", "max"))
        if low is None or typical is None or high is None:
            return e.Span(ZERO, ZERO, ZERO)
        if not low <= typical <= high:
            r.fault("", f"min, typical and max must rise: {low}, {typical}, {high}")
        return e.Span(low, typical, high)

    def sourced_span(self, unit: str) -> Any:
        def read(r: Reader) -> e.SourcedSpan:
            if r.text("unit") != unit:
                r.fault("unit", f"must be {unit}")
            return e.SourcedSpan(self.whole_span(r, least=1, most=104), self.source(r))

        return read

    # -- devices -------------------------------------------------------------------------------------------------------

    def device(self, r: Reader) -> e.Device:
        r.ignore("depth_rounding_text")
        lengths = []
        raw = r.take("needle_lengths_mm", required=False)
        if isinstance(raw, (list, tuple)):
            for index, item in enumerate(raw):
                number = as_decimal(item)
                if number is None or not ZERO < number <= DEEPEST_MM:
                    r.fault(f"needle_lengths_mm[{index}]", f"must be millimetres, more than 0 and at most {DEEPEST_MM}")
                else:
                    lengths.append(number)
        elif raw is not MISSING and raw is not None:
            r.fault("needle_lengths_mm", f"must be a list, not {type_name(raw)}")
        step = r.decimal("dial_step_mm", default=None, least=Decimal("0.01"), most=1)
        allowed = r.flag("allowed")
        if allowed:
            r.choice("rounding", ("down",))
            if not lengths and step is None:
                r.fault("", "needs dial_step_mm or needle_lengths_mm: a depth must be rounded down to something")
        else:
            r.ignore("rounding")
        return e.Device(
            id=r.text("id"),
            label=r.text("label"),
            short_label=r.text("short_label"),
            words=r.words("words"),
            preferred=r.flag("preferred"),
            allowed=allowed,
            action=r.choice("action", ("refuse",), default=None),
            dial_step_mm=step,
            needle_lengths_mm=tuple(sorted(lengths)),
            not_in_zones=r.words("not_in_zones"),
            why=r.text("why"),
            source=self.source(r),
        )

    def device_model(self, r: Reader) -> e.DeviceModel:
        return e.DeviceModel(
            r.text("brand"), r.text("kind"), r.decimal("max_set_mm", least=Decimal("0.1"), most=DEEPEST_MM) or ZERO, self.source(r)
        )

    def device_limit(self, r: Reader) -> e.DeviceLimit:
        phototypes = r.take("phototypes")
        named = None if phototypes is None else r.words("phototypes", options=e.PHOTOTYPES)
        limit = e.DeviceLimit(
            device=r.text("device"),
            indication=r.text("indication"),
            in_pack=r.flag("in_pack", default=True),
            area=r.text("area"),
            zones=r.words("zones", required=True),
            phototypes=named,
            min_age=r.whole("min_age", most=120) or 0,
            max_set_mm=r.decimal("max_set_mm", most=DEEPEST_MM) or ZERO,
            max_evaluated_mm=r.decimal("max_evaluated_mm", most=DEEPEST_MM) or ZERO,
            note=r.text("note", default=""),
            source=self.source(r),
        )
        if limit.max_evaluated_mm > limit.max_set_mm:
            r.fault("max_evaluated_mm", "must not be above max_set_mm")
        return limit

    def labelling(self, r: Reader) -> e.Labelling:
        r.ignore("on_label_text")
        r.choice("off_label_effect", ("none",))

        def above(a: Reader) -> tuple[str, ...]:
            if a.words("caps", required=True) != ("typical",):
                a.fault("caps", "must be [typical]")
            a.ignore("text")
            return a.words("sign_off", required=True)

        def above_set(a: Reader) -> None:
            if a.words("caps", required=True) != ("min", "typical", "max"):
                a.fault("caps", "must be [min, typical, max]")

        sign_off = r.entry("above_max_evaluated", above, required=True) or ()
        r.entry("above_max_set", above_set, required=True)
        return e.Labelling(
            requires=r.words("on_label_requires", required=True, options=("brand", "indication", "zone", "phototype", "age")),
            no_brand_status=r.choice("no_brand_status", ("off-label",)) or "off-label",
            no_brand_text=r.text("no_brand_text"),
            off_label_text=r.text("off_label_text"),
            above_evaluated_sign_off=sign_off,
            source=self.source(r),
        )

    # -- zones ---------------------------------------------------------------------------------------------------------

    def zones(self, r: Reader) -> tuple[e.Zone, ...]:
        order = iter(range(100_000))

        def read(z: Reader) -> e.Zone:
            return e.Zone(
                id=z.text("id"),
                label=z.text("label"),
                short_label=z.text("short_label"),
                short_reason=z.text("short_reason"),
                region=z.text("region"),
                max_depth_mm=z.decimal("max_depth_mm", least=Decimal("0.1"), most=DEEPEST_MM) or ZERO,
                words=z.words("words"),
                paired=z.flag("paired", default=False),
                keloid_prone=z.flag("keloid_prone", default=False),
                note=z.text("note", default="", blank=True),
                order=next(order),
                source=self.source(z),
            )

        return r.entries("zones", read, required=True)

    def excluded_zone(self, r: Reader) -> e.ExcludedZone:
        r.choice("action", ("exclude_zone",))
        if r.flag("overridable"):
            r.fault("overridable", "must be false: an excluded zone is never treated")
        return e.ExcludedZone(r.text("id"), r.text("label"), r.text("short_label"), r.text("region"), r.words("words"), self.source(r))

    def zone_group(self, r: Reader) -> e.ZoneGroup:
        group = e.ZoneGroup(r.text("id"), r.words("words", required=True), r.words("regions", required=True))
        self.source(r)
        return group

    # -- indications ---------------------------------------------------------------------------------------------------

    def scale(self, *, full: bool) -> Any:
        def read(r: Reader) -> e.Scale:
            refs = r.words("refs", required=True)
            grade = r.choice("evidence", self.grades) if full else ""
            return e.Scale(
                r.text("name"),
                r.text("range", default="") if full else "",
                r.text("note", default="", blank=True) if full else "",
                e.Source(refs, grade or "", False),
            )

        return read

    def level(self, r: Reader) -> e.Level:
        return e.Level(
            id=r.text("id"),
            label=r.text("label"),
            short_label=r.text("short_label"),
            sessions=r.entry("sessions", self.sourced_span("sessions"), required=True) or _NO_SPAN,
            interval_weeks=r.entry("interval", self.sourced_span("weeks"), required=True) or _NO_SPAN,
            advice=r.text_or_none("advice"),
            alternatives=r.words("alternatives"),
            requires_home_care=r.words("requires_home_care"),
        )

    def fact(self, r: Reader, key: str = "fact") -> e.Fact:
        return e.Fact(r.text(key), self.source(r), r.text("id", default=""))

    def morphology(self, r: Reader) -> e.Morphology:
        return e.Morphology(
            id=r.text("id"),
            words=r.words("words", required=True),
            response=r.text("response"),
            action=r.choice("action", ("caution", "ask"), default=None),
            advice=r.text_or_none("advice"),
            source=self.source(r),
        )

    def indication(self, r: Reader) -> e.Indication:
        r.ignore("labelled_use_text", "published_span")  # what trials reported: shown, never acted on
        levels = r.entries("levels", self.level, required=True)
        for twice in repeated(level.id for level in levels):
            r.fault("levels", f"{twice} stands twice")
        return e.Indication(
            id=r.text("id"),
            label=r.text("label"),
            short_label=r.text("short_label"),
            levels={level.id: level for level in levels},
            severity_scale=r.entry("severity_scale", self.scale(full=True), required=True) or _NO_SCALE,
            outcome_scale=r.entry("outcome_scale", self.scale(full=False), required=True) or _NO_SCALE,
            efficacy=r.entries("efficacy", self.fact),
            morphology_asked=r.flag("morphology_asked", default=False),
            morphology=r.entries("morphology", self.morphology),
        )

    def depth_row(self, r: Reader) -> e.DepthRow:
        r.ignore("above_evaluated_depth_of")  # a reading aid; the device's own line decides
        if r.text("unit") != "mm":
            r.fault("unit", "must be mm")
        return e.DepthRow(
            indication=r.text("indication"),
            level=r.text("level"),
            zone=r.text("zone"),
            depth_mm=self.span(r, most=DEEPEST_MM),
            note=r.text("note", default=""),
            source=self.source(r),
        )

    # -- adjuvants -----------------------------------------------------------------------------------------------------

    def adjuvant_use(self, r: Reader) -> e.AdjuvantUse:
        return e.AdjuvantUse(r.text("indication"), r.words("levels"), r.text("role"), self.source(r))

    def adjuvants(self, r: Reader) -> tuple[e.Adjuvant, ...]:
        order = iter(range(100_000))

        def read(a: Reader) -> e.Adjuvant:
            return e.Adjuvant(
                id=a.text("id"),
                label=a.text("label"),
                short_label=a.text("short_label"),
                place=a.choice("place", ("during", "home", "never")) or "never",
                route=a.text("route"),
                words=a.words("words", required=True),
                uses=a.entries("use", self.adjuvant_use, required=True),
                risks=a.text("risks"),
                handling=a.text("handling"),
                note=a.text("note", default="", blank=True),
                sterile_only=a.flag("sterile_only"),
                counts_as_active=a.flag("counts_as_active"),
                exclude_if=a.words("exclude_if", required=True),
                exclude_phototypes=a.words("exclude_phototypes", options=e.PHOTOTYPES),
                sign_off_if=a.words("sign_off_if"),
                sign_off_if_medicine=a.words("sign_off_if_medicine"),
                sign_off=a.words("sign_off"),
                home_from_day=a.whole("home_from_day", default=None, most=365),
                prescriber_decides=a.text_or_none("prescriber_decides"),
                order=next(order),
                source=self.source(a),
            )

        return r.entries("adjuvants", read, required=True)

    def adjuvant_rules(self, r: Reader) -> e.AdjuvantRules:
        r.ignore("unanswered_text")
        if r.words("order", required=True) != ("role", "evidence", "list"):
            r.fault("order", "must be [role, evidence, list]")

        def refused(p: Reader) -> tuple[tuple[str, ...], str, e.Source]:
            p.choice("action", ("refuse",))
            p.ignore("rule")
            return p.words("words", required=True), p.text("text"), self.source(p)

        words, text, source = r.entry("refused_preparations", refused, required=True) or ((), "", _NO_SOURCE)
        return e.AdjuvantRules(
            proposed_roles=r.words("proposed_roles", required=True),
            offered_roles=r.words("offered_roles", required=True),
            never_proposed_roles=r.words("never_proposed_roles", required=True),
            home_only_roles=r.words("home_only_roles", required=True),
            role_order=r.words("role_order", required=True),
            no_entry_text=r.text("no_entry_text"),
            actives_per_session=r.whole("actives_per_session", most=5) or 0,
            actives_text=r.text("actives_text"),
            unanswered_excludes=r.flag("unanswered_excludes"),
            refused_words=words,
            refused_text=text,
            refused_source=source,
            source=self.source(r),
        )

    # -- screening rules -----------------------------------------------------------------------------------------------

    def question_of_rule(self, r: Reader) -> e.RuleQuestion:
        sexes, ages = r.entry("ask_if", ask_if) or ((), None)
        return e.RuleQuestion(
            text=r.text("text"),
            asks_date=r.text_or_none("asks_date"),
            asks_zone=r.flag("asks_zone"),
            valid_days=r.whole("valid_days", most=3650) or 0,
            ask_sexes=sexes,
            ask_ages=ages,
            yes_means_absent=r.flag("yes_means_absent", default=False),
        )

    def policy_rule(self, r: Reader) -> e.PolicyRule:
        return e.PolicyRule(
            defer_days=r.whole("defer_days", most=3650) or 0,
            then=r.choice("then", ("caution",), default=None),
            max_depth_mm=r.decimal("max_depth_mm", default=None, most=DEEPEST_MM),
            sign_off=r.words("sign_off"),
        )

    def policy(self, r: Reader) -> e.Policy:
        r.ignore("options", "while_still_taken_text")
        r.choice("while_still_taken", ("defer",))
        raw = r.take("rules")
        rules: dict[str, e.PolicyRule] = {}
        if isinstance(raw, Mapping):
            for name, item in raw.items():
                reader = Reader(item, r.at(f"rules.{name}"), self.faults)
                rules[str(name)] = self.policy_rule(reader)
                reader.done()
        elif raw is not MISSING:
            r.fault("rules", f"must be a mapping, not {type_name(raw)}")
        default = r.text("default")
        if rules and default not in rules:
            r.fault("default", f"must be one of {', '.join(rules)}")
        return e.Policy(r.text("setting"), default, rules)

    def dose_rule(self, r: Reader) -> e.DoseRule:
        raw = r.take("same_effect_mg_per_day")
        same: dict[str, Decimal] = {}
        if isinstance(raw, Mapping):
            for name, item in raw.items():
                number = as_decimal(item)
                if number is None or number <= 0:
                    r.fault(f"same_effect_mg_per_day.{name}", "must be milligrams a day, more than 0")
                else:
                    same[str(name)] = number
        elif raw is not MISSING:
            r.fault("same_effect_mg_per_day", f"must be a mapping, not {type_name(raw)}")
        return e.DoseRule(
            medicine_class=r.text("class"),
            from_mg=r.decimal("prednisolone_equivalent_mg_per_day_from", most=1000) or ZERO,
            below=r.choice("below", e.PATIENT_ACTIONS) or "defer",
            unknown=r.choice("dose_unknown", e.PATIENT_ACTIONS) or "defer",
            same_effect_mg=same,
        )

    def lifted(self, r: Reader) -> e.Lifted:
        return e.Lifted(
            r.choice("action", ("caution", "none")) or "caution",
            r.decimal("max_depth_mm", default=None, most=DEEPEST_MM),
            r.flag("antiviral_on_face", default=False),
        )

    def other_zones(self, r: Reader) -> e.OtherZones:
        return e.OtherZones(
            r.choice("action", ("defer",)) or "defer",
            r.whole("interval_days", most=3650) or 0,
            r.choice("counts_from", COUNTS_FROM) or "end_date",
            r.words("clearance_from", required=True),
        )

    def derivation(self, r: Reader) -> e.Derivation:
        def age(a: Reader) -> tuple[int | None, int | None, int | None]:
            return (
                a.whole("below", default=None, most=120),
                a.whole("from", default=None, most=120),
                a.whole("to", default=None, most=120),
            )

        def medicine(m: Reader) -> tuple[tuple[str, ...], str | None]:
            return m.words("classes", required=True), m.choice("taken", ("now", "stopped", "within_interval"))

        below, from_age, to_age = r.entry("age", age) or (None, None, None)
        classes, taken = r.entry("medicine", medicine) or ((), None)
        return e.Derivation(
            pregnancy=r.words("pregnancy_or_breastfeeding", options=("pregnant", "breastfeeding")),
            age_below=below,
            age_from=from_age,
            age_to=to_age,
            phototypes=r.words("phototype", options=e.PHOTOTYPES),
            medicine_classes=classes,
            medicine_taken=taken,
            procedures=r.words("procedure"),
            allergens=r.words("allergen"),
            labs=r.words("lab"),
            requests=r.entries("request", lambda q: (q.text("indication"), q.text("level"))),
        )

    def rules(self, r: Reader) -> tuple[e.Rule, ...]:
        order = iter(range(100_000))
        return r.entries("contraindications", lambda c: self.rule(c, next(order)), required=True)

    def rule(self, r: Reader, order: int) -> e.Rule:
        from_row = r.entry("max_depth_from_row", lambda q: (q.text("indication"), q.text("level")))
        kinds = r.entry(
            "sign_off_if_kind",
            lambda q: (q.words("kinds", required=True), q.words("beyond_interval"), q.words("sign_off", required=True)),
        ) or ((), (), ())
        still_used = r.entry("when_still_used", lambda q: q.choice("counts_from", ("visit_date",)))
        anaesthetic = r.take("anaesthetic_if_class", required=False)
        blocked_classes: tuple[str, ...] = ()
        if isinstance(anaesthetic, Mapping):
            blocked_classes = tuple(str(name) for name in anaesthetic)
            for name, what in anaesthetic.items():
                if what != "none_without_medical_advice":
                    r.fault(f"anaesthetic_if_class.{name}", "must be none_without_medical_advice")
        elif anaesthetic is not MISSING:
            r.fault("anaesthetic_if_class", f"must be a mapping, not {type_name(anaesthetic)}")
        question = r.take("question")
        rule = e.Rule(
            id=r.text("id"),
            label=r.text("label"),
            short_label=r.text("short_label"),
            group=r.text("group"),
            scope=r.choice("scope", ("patient", "zone")) or "patient",
            action=r.choice("action", e.PATIENT_ACTIONS) or "refuse",
            until=r.text_or_none("until", required=True),
            modifications=r.words("modifications", required=True),
            rationale=r.text("rationale"),
            note=r.text("note", default=""),
            blocks=r.choice("blocks", ("all", "region", "zone")) or "all",
            source=self.source(r),
            order=order,
            question=None if question is None else r.entry("question", self.question_of_rule),
            asked_of=r.choice("asked_of", ("patient", "clinician"), default="patient") or "patient",
            derived=r.entry("derived_from", self.derivation) or e.Derivation(),
            settled_by_data=r.flag("settled_by_data", default=False),
            counts_from=r.choice("counts_from", COUNTS_FROM, default=None),
            interval_days=r.entry("interval_days", self.whole_span),
            interval_used=r.choice("interval_used", ("min", "typical", "max"), default="typical") or "typical",
            interval_is_advice_only=r.flag("interval_is_advice_only", default=False),
            interval_after_healed=r.flag("interval_after_healed", default=False),
            recheck=r.flag("recheck", default=False),
            policy=r.entry("policy", self.policy),
            overridable_by=r.words("overridable_by"),
            override_max_depth_mm=r.decimal("override_max_depth_mm", default=None, most=DEEPEST_MM),
            adds=r.words("adds"),
            applies_to_regions=r.words("applies_to_regions"),
            prescriber_decides=r.text_or_none("prescriber_decides"),
            refer=r.words("refer"),
            refer_within_days=r.whole("refer_within_days", default=None, most=365),
            sign_off=r.words("sign_off"),
            rest_needs_sign_off=r.words("rest_needs_sign_off"),
            test_area=r.flag("test_area", default=False),
            test_area_wait_weeks=r.whole("test_area_wait_weeks", default=None, most=52),
            start_at_min=r.choice("start_at", ("min",), default=None) == "min",
            avoid_zones=r.words("avoid_zones"),
            max_depth_mm=r.decimal("max_depth_mm", default=None, least=Decimal("0.1"), most=DEEPEST_MM),
            max_depth_from_row=from_row,
            max_zones_per_session=r.whole("max_zones_per_session", default=None, least=1, most=50),
            lighter_endpoint=r.flag("lighter_endpoint", default=False),
            go_around=r.flag("go_around", default=False),
            no_adjuvants=r.words("no_adjuvants"),
            adjuvants_need_sign_off=r.words("adjuvants_need_sign_off"),
            no_actives_days=r.whole("no_actives_days", default=None, most=365),
            no_topical_anaesthetic=r.flag("no_topical_anaesthetic", default=False),
            anaesthetic_if_class=blocked_classes,
            never_advise_stopping=r.flag("never_advise_stopping", default=False),
            dose_rule=r.entry("dose_rule", self.dose_rule),
            lifted_by=r.choice("lifted_by", ("written_clearance", "interval_and_clearance"), default=None),
            clearance_from=r.words("clearance_from"),
            when_lifted=r.entry("when_lifted", self.lifted),
            other_zones=r.entry("other_zones", self.other_zones),
            check_after_hours=r.whole("check_after_hours", default=None, most=1000),
            needs_lab=r.text_or_none("needs_lab"),
            lab_max_age_days=r.whole("lab_max_age_days", default=None, most=3650),
            sign_off_kinds=kinds[0],
            kinds_beyond_interval=kinds[1],
            kind_sign_off=kinds[2],
            never_shorter_than_plan_interval=r.flag("never_shorter_than_plan_interval_min", default=False),
            still_used_counts_from_visit=still_used is not None,
            heavy_from_cigarettes_per_day=r.whole("heavy_from_cigarettes_per_day", default=None, most=200),
        )
        if rule.action in ("defer", "exclude_zone") and rule.until is None:
            r.fault("until", "a deferral names its condition")
        if rule.interval_days and rule.counts_from is None:
            r.fault("counts_from", "an interval names what it counts from")
        return rule

    # -- medicines, procedures, allergens, labs ------------------------------------------------------------------------

    def medicine_class(self, r: Reader) -> e.MedicineClass:
        asks = r.words("asks")
        if asks and not r.flag("asks_unless_yes"):
            r.fault("asks_unless_yes", "must be true where asks is given")
        return e.MedicineClass(r.text("id"), r.text("label"), r.words("leads_to", required=True), asks, r.text("note", default=""))

    def medicine(self, r: Reader) -> e.Medicine:
        return e.Medicine(r.text("ingredient"), r.words("names", required=True), r.words("classes", required=True), r.flag("unverified"))

    def matching(self, r: Reader) -> e.Matching:
        r.ignore("rule_text", "ambiguous_text", "no_match_text", "form_decides_text")
        r.choice("no_stop_date", ("still_taken",))
        topical, systemic = r.entry(
            "form_words", lambda f: (f.words("topical", required=True), f.words("systemic", required=True)), required=True
        ) or ((), ())
        forms = r.entries(
            "form_decides",
            lambda f: e.FormRule(
                f.text("ingredient"),
                f.words("topical", required=True),
                f.words("systemic", required=True),
                f.choice("without_form", ("topical", "systemic", "ask")) or "ask",
            ),
            required=True,
        )
        frequencies = r.entries("frequency_per_day", lambda f: (f.words("words", required=True), f.whole("times", least=1) or 1))
        return e.Matching(
            ambiguous=r.words("ambiguous", required=True),
            units=r.words("units", required=True),
            topical_words=topical,
            systemic_words=systemic,
            forms={form.ingredient: form for form in forms},
            frequencies=frequencies,
            separators=r.words("separators", required=True),
            noise=r.words("noise", required=True),
        )

    def lab_limit(self, r: Reader) -> e.LabLimit:
        return e.LabLimit(
            r.text("unit"),
            r.words("words", required=True),
            r.decimal("above", default=None),
            r.decimal("from", default=None),
            r.decimal("below", default=None),
        )

    def lab_rule(self, r: Reader) -> e.LabRule:
        return e.LabRule(
            id=r.text("id"),
            name=r.text("name"),
            words=r.words("words", required=True),
            limits=r.entries("limits", self.lab_limit, required=True),
            missing_or_older_than_days=r.whole("missing_or_older_than_days", default=None, most=3650),
            only_if_medicine=r.words("only_if_medicine"),
            action=r.choice("action", e.ACTIONS) or "ask",
            finding=r.text("finding"),
            blocks=r.choice("blocks", ("all",)) or "all",
            until=r.text_or_none("until", required=True),
            text=r.text("text", default=""),
            source=self.source(r),
        )

    def phototype_rule(self, r: Reader) -> e.PhototypeRule:
        r.ignore("above_typical_text", "first_session_depth_text", "step_applies_to_text", "note")
        step = r.decimal("depth_step_mm", least=-1, most=0)
        if step:
            r.choice("depth_step_floor", ("row_min",))
            r.choice("step_applies_to", ("first_session",))
        return e.PhototypeRule(
            id=r.text("id"),
            phototypes=r.words("phototypes", required=True, options=e.PHOTOTYPES),
            inherits=r.words("inherits", required=True),
            depth_step_mm=step or ZERO,
            first_session_max=r.choice("first_session_max", ("row", "typical")) or "typical",
            later_session_max=r.choice("later_session_max", ("row", "typical")) or "typical",
            test_area=r.choice("test_area", ("none", "offer")) or "offer",
            min_interval_exempt=r.entries(
                "min_interval_exempt",
                lambda q: (q.text("indication"), q.text("level"), q.whole("min_interval_weeks", least=1, most=52) or 1),
                required=True,
            ),
            max_depth_mm=r.decimal("max_depth_mm", default=None, most=DEEPEST_MM),
            min_interval_weeks=r.whole("min_interval_weeks", least=1, most=52) or 1,
            interval_weeks_after_pigmentation=r.whole("interval_weeks_after_pigmentation", default=None, least=1, most=52),
            extra=r.words("extra", required=True),
            source=self.source(r),
        )


def ask_if(r: Reader) -> tuple[tuple[str | None, ...], tuple[int, int] | None]:
    """Of whom a question is asked: sexes (nothing = sex not recorded) and an age range."""
    raw = r.take("sex", required=False)
    sexes = tuple(raw) if isinstance(raw, (list, tuple)) else ()
    for sex in sexes:
        if sex not in ("F", "M", "X", None):
            r.fault("sex", f"must be F, M, X or nothing, not {sex}")
    raw = r.take("age", required=False)
    if raw is MISSING or raw is None:
        return sexes, None
    if not (isinstance(raw, (list, tuple)) and len(raw) == 2 and all(isinstance(n, int) for n in raw) and raw[0] <= raw[1]):
        r.fault("age", "must be two whole numbers, the lower first")
        return sexes, None
    return sexes, (raw[0], raw[1])


_NO_SOURCE = e.Source((), "", True)
_NO_SPAN = e.SourcedSpan(e.WholeSpan(1, 1, 1), _NO_SOURCE)
_NO_SCALE = e.Scale("", "", "", _NO_SOURCE)
