"""Contraindications and cautions: what asks for them, what they follow from and what they do."""

from collections.abc import Mapping
from decimal import Decimal

from planner.reading import MISSING, Reader, as_decimal, type_name

from .. import entries as e
from .bounds import COUNTS_FROM, DEEPEST_MM, ZERO
from .entry import EntryReader


class ScreeningReader(EntryReader):
    """Reads `contraindications`."""

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

    def within_course(self, r: Reader) -> bool:
        """Earlier sessions of the same course wait for the plan's own interval, where the skin was seen to have healed well."""
        r.choice("wait", ("plan_interval_min",))
        r.choice("not_below", ("min",))
        if r.words("needs", required=True) != ("healed", "no_pigmentation", "not_deeper_than_row"):
            r.fault("needs", "must be [healed, no_pigmentation, not_deeper_than_row]")
        return True

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
            lambda q: (q.words("kinds", required=True), q.words("beyond_interval"), self.signers(q)),
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
            within_course=r.entry("within_course", self.within_course) is not None,
        )
        if rule.lifted_by is not None and not rule.clearance_from:
            r.fault("clearance_from", "must name who clears it")
        if rule.action in ("defer", "exclude_zone") and rule.until is None:
            r.fault("until", "a deferral names its condition")
        if rule.interval_days and rule.counts_from is None:
            r.fault("counts_from", "an interval names what it counts from")
        return rule


def ask_if(r: Reader) -> tuple[tuple[str | None, ...], tuple[int, int] | None]:
    """Of whom a question is asked: sexes (nothing = sex not recorded) and an age range."""
    raw = r.take("sex", required=False)
    if raw is not MISSING and not isinstance(raw, (list, tuple)):
        r.fault("sex", f"must be a list, not {type_name(raw)}")
    sexes = tuple(raw) if isinstance(raw, (list, tuple)) else ()
    for sex in sexes:
        if sex not in ("F", "M", "X", None):
            r.fault("sex", f"must be F, M, X or nothing, not {sex}")
    raw = r.take("age", required=False)
    if raw is MISSING or raw is None:
        return sexes, None
    if not (
        isinstance(raw, (list, tuple)) and len(raw) == 2 and all(isinstance(n, int) and 0 <= n <= 120 for n in raw) and raw[0] <= raw[1]
    ):
        r.fault("age", "must be two whole numbers from 0 to 120, the lower first")
        return sexes, None
    return sexes, (raw[0], raw[1])
