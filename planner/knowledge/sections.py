"""The parts of a pack that concern the course: technique, numbing, downtime, care, combination rules, questions."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from planner.reading import MISSING, Reader, type_name

from . import entries as e
from .parsing import ANSWER_DATES, DEEPEST_MM, DEPTH_STEPS, NO_SOURCE, ZERO, PackReader, ask_if

_FORTY_YEARS = 24 * 365 * 40


class SectionReader(PackReader):
    """Reads on where `PackReader` stops."""

    # -- rules that combine --------------------------------------------------------------------------------------------

    def combination(self, r: Reader) -> tuple[e.CombinationRule, dict[str, Any]]:
        """The rule's text and source, and its typed fields: checked here, since each rule acts in one way only."""
        ident = r.text("id")
        fields: dict[str, Any] = {}
        if ident == "same_zone_two_indications":
            r.entry("depth", lambda d: [d.choice(k, ("lower",)) for k in ("min", "typical", "max")], required=True)
        elif ident == "plan_length":
            r.choice("sessions", ("higher",))
            r.choice("interval", ("higher",))
        elif ident == "worst_action_wins":
            if r.words("order", required=True) != e.ACTIONS:
                r.fault("order", f"must be [{', '.join(e.ACTIONS)}]")
            r.choice("date", ("latest",))
            r.ignore("date_text")
        elif ident == "zone_level":
            r.choice("rest", ("goes_ahead",))
            r.choice("some_zone_left_out", ("caution",))
            r.choice("no_zone_left", ("worst_action",))
            r.choice("exclude_zone_alone_counts_as", ("refuse",))
            r.choice("finding_without_zone", ("every_requested_zone",))
            r.ignore("no_zone_left_text")
        elif ident == "large_areas":
            fields["regions"] = r.words("regions", required=True)
        elif ident == "above_evaluated":
            fields["sign_off"] = self.signers(r)
        elif ident == "order_of_limits":
            fields["steps"] = r.words("steps", required=True, options=DEPTH_STEPS)
            if isinstance(r.data.get("steps"), (list, tuple)) and sorted(fields["steps"]) != sorted(DEPTH_STEPS):
                r.fault("steps", f"must hold each of {', '.join(DEPTH_STEPS)} once")
            elif fields["steps"] and (fields["steps"][0] != "row" or fields["steps"][-1] != "rounding"):
                r.fault("steps", "must begin with row and end with rounding")
            r.choice("cap_below_min", ("collapse_to_cap",))
            fields["least_depth_mm"] = r.decimal("least_depth_mm", least=Decimal("0.05"), most=1)
            r.ignore("steps_text", "cap_below_min_text")
        elif ident == "no_depth_row":
            r.choice("action", ("exclude_zone",))
            r.flag("ask")
        elif ident == "unknown":
            r.choice("action", ("ask",))
        elif ident != "several_zones":
            r.fault("id", f"the planner has no combination rule {ident}")
        return e.CombinationRule(ident, r.text("rule"), self.source(r)), fields

    def alternatives(self, r: Reader) -> e.Alternatives:
        def fewer(f: Reader) -> None:
            f.choice("sessions", ("min",))
            f.choice("depth", ("unchanged",))
            f.choice("interval", ("unchanged",))
            f.ignore("note")

        def gentler(g: Reader) -> str:
            if g.words("lower", required=True) != ("typical", "max"):
                g.fault("lower", "must be [typical, max]")
            g.choice("not_below", ("row_min",))
            g.choice("measure", ("visible_downtime",))
            g.choice("measure_side", ("max",))
            return g.text("text")

        def before(b: Reader) -> tuple[Any, ...]:
            b.choice("fewest_sessions", ("min",))
            return (
                b.whole("free_days_at_least", most=365) or 0,
                b.words("free_days_measures", required=True, options=e.MEASURES),
                b.entries(
                    "free_days_by_phototype",
                    lambda q: (q.words("phototypes", required=True, options=e.PHOTOTYPES), q.whole("days", most=365) or 0),
                ),
                b.words("interval_order", required=True, options=("typical", "min")),
                b.text("text"),
            )

        r.entry("fewer_visits", fewer, required=True)
        text = r.entry("gentler", gentler, required=True) or ""
        least, measures, by_phototype, order, event_text = r.entry("before_event", before, required=True) or (0, (), (), (), "")
        return e.Alternatives(least, measures, by_phototype, order, text, event_text, self.source(r))

    # -- technique, numbing --------------------------------------------------------------------------------------------

    def passes(self, r: Reader) -> e.Passes:
        r.choice("match", ("any",), default=None)
        return e.Passes(
            r.text("id"), r.words("zones"), r.words("indications"), self.whole_span(r, least=1, most=50), r.text("unit"), self.source(r)
        )

    def studied_passes(self, r: Reader) -> e.WholeSpan:
        r.ignore("note")
        r.text("unit")
        self.source(r)
        return self.whole_span(r, least=1, most=50)

    def endpoint(self, r: Reader) -> e.Endpoint:
        def match(m: Reader) -> dict[str, Any]:
            return {
                "always": m.flag("always", default=False),
                "up_to_mm": m.decimal("depth_up_to_mm", default=None, most=DEEPEST_MM),
                "above_mm": m.decimal("depth_above_mm", default=None, most=DEEPEST_MM),
                "below_mm": m.decimal("depth_below_mm", default=None, most=DEEPEST_MM),
                "from_mm": m.decimal("depth_from_mm", default=None, most=DEEPEST_MM),
                "zones": m.words("zones"),
                "indications": m.words("indications"),
            }

        matched = r.entry("match_any", match, required=True) or {
            "always": False,
            "up_to_mm": None,
            "above_mm": None,
            "below_mm": None,
            "from_mm": None,
            "zones": (),
            "indications": (),
        }
        return e.Endpoint(id=r.text("id"), text=r.text("endpoint"), when=r.text("when"), source=self.source(r), **matched)

    def technique(self, r: Reader) -> e.Technique:
        r.entry("passes", self.studied_passes)  # the span of the studies; passes_by is what is acted on
        technique = e.Technique(
            passes=r.entries("passes_by", self.passes, required=True),
            endpoints=r.entries("endpoints", self.endpoint, required=True),
            lighter_order=r.words("lighter_order", required=True),
            rules=r.entries("rules", lambda q: self.fact(q, "rule"), required=True),
        )
        if not any(not row.zones and not row.indications for row in technique.passes):
            r.fault("passes_by", "needs a row without zones and indications, for all the rest")
        if not any(point.always for point in technique.endpoints):
            r.fault("endpoints", "needs one that always holds: when to stop")
        if not any(not point.always for point in technique.endpoints):
            r.fault("endpoints", "needs one besides when to stop")
        return technique

    def numbing(self, r: Reader) -> e.Numbing:
        if r.flag("dose_calculated"):
            r.fault("dose_calculated", "must be false: the planner never says a dose")
        low, high = r.entry("contact_minutes", lambda m: (m.whole("min", most=240) or 0, m.whole("max", most=240) or 0), required=True) or (
            0,
            0,
        )
        return e.Numbing(
            often_none_up_to_mm=r.decimal("often_none_up_to_mm", most=DEEPEST_MM) or ZERO,
            contact_minutes=(low, high),
            contact_regions=r.words("contact_regions", required=True),
            large_area_regions=r.words("large_area_regions", required=True),
            facts_always=r.words("facts_always", required=True),
            facts_shallow=r.words("facts_shallow", required=True),
            facts_large_area=r.words("facts_large_area", required=True),
            facts_blocked=r.words("facts_blocked", required=True),
            blocked_text=r.text("blocked_text"),
            advice_text=r.text("advice_text"),
            who=r.words("who", required=True),
            source=self.source(r),
        )

    # -- downtime and care ---------------------------------------------------------------------------------------------

    def measure(self, r: Reader) -> e.Measure:
        if r.text("unit") != "days":
            r.fault("unit", "must be days")
        return e.Measure(self.span(r, most=Decimal(365)), self.source(r))

    def downtime_band(self, r: Reader) -> e.DowntimeBand:
        above, up_to = r.entry(
            "depth_mm",
            lambda d: (
                d.decimal("above", most=DEEPEST_MM) or ZERO,
                d.decimal("up_to_and_including", least=Decimal("0.1"), most=DEEPEST_MM) or ZERO,
            ),
            required=True,
        ) or (ZERO, ZERO)
        if above >= up_to:
            r.fault("depth_mm", "above must be less than up_to_and_including")

        def resume(s: Reader) -> tuple[dict[str, int], e.Source, str]:
            return {k: s.whole(k, most=24 * 365) or 0 for k in e.RESUMES}, self.source(s), s.text("note", default="")

        hours, source, note = r.entry("resume", resume, required=True) or ({}, NO_SOURCE, "")
        measures = {name: r.entry(name, self.measure, required=True) or _NO_MEASURE for name in e.MEASURES}
        return e.DowntimeBand(r.text("id"), r.text("label"), above, up_to, measures, hours, source, note)

    def downtime_rule(self, r: Reader) -> e.Source:
        r.choice("recommended_band_of", ("typical",))
        r.choice("worst_case_band_of", ("max",))
        r.choice("hours_count_from", ("session_end",))
        r.choice("day_one", ("next_calendar_day",))
        r.words("retinoid_and_acid_days_covers", required=True)
        r.ignore("text", "count_text")
        return self.source(r)

    def precare(self, r: Reader) -> e.PrecareItem:
        return e.PrecareItem(r.text("id"), r.whole("day", least=-3650, most=0) or 0, r.text("instruction"), self.source(r))

    def _hours(self, r: Reader) -> tuple[int, int]:
        low = r.whole("from_hour", least=-240, most=_FORTY_YEARS) or 0
        high = r.whole("to_hour", most=_FORTY_YEARS) or 0
        if low >= high:
            r.fault("to_hour", "must be after from_hour")
        return low, high

    def aftercare(self, r: Reader) -> e.AftercareItem:
        low, high = self._hours(r)
        return e.AftercareItem(r.text("id"), r.text("when"), low, high, r.text("do"), r.text("avoid"), self.source(r))

    def sun_protection(self, r: Reader) -> e.SunProtection:
        return e.SunProtection(r.whole("spf_min", least=2, most=200) or 2, self.source(r))

    def normal(self, r: Reader) -> e.NormalItem:
        low, high = self._hours(r)
        return e.NormalItem(r.text("id"), r.text("when"), low, high, r.text("what"), r.words("bands"), self.source(r))

    def red_flag(self, r: Reader) -> e.RedFlag:
        low, high = self._hours(r)
        return e.RedFlag(
            r.text("id"),
            low,
            high,
            r.choice("audience", ("patient", "clinic")) or "patient",
            r.text("signs"),
            r.text("do"),
            r.choice("urgency", ("emergency", "same_day", "within_24h", "within_week")) or "emergency",
            self.source(r),
        )

    # -- course, history, operator -------------------------------------------------------------------------------------

    def course_rules(self, r: Reader) -> e.CourseRules:
        r.choice("sessions_at", ("typical",))
        r.choice("interval_at", ("typical",))
        if not r.flag("test_area_first"):
            r.fault("test_area_first", "must be true")
        return e.CourseRules(
            first_session_after_days=r.whole("first_session_after_days", most=365) or 0,
            first_session_text=r.text("first_session_text"),
            test_area_text=r.text("test_area_text"),
            review_weeks_after_last=r.whole("review_weeks_after_last", least=1, most=104) or 1,
            review_text=r.text("review_text"),
            source=self.source(r),
        )

    def history_rule(self, r: Reader) -> e.HistoryRule:
        r.choice("scope", ("patient", "zone"))
        r.choice("blocks", ("all", "zone"))
        return e.HistoryRule(
            r.text("id"),
            r.text("label"),
            r.choice("action", ("defer", "caution")) or "defer",
            r.text_or_none("until"),
            r.words("modifications"),
            r.flag("cap_at_last_depth", default=False),
            r.text("cap_text", default=""),
            self.source(r),
        )

    def history_rules(self, r: Reader) -> tuple[e.HistoryRule | None, e.HistoryRule | None]:
        if r.words("review_without_pigmentation_needs", required=True) != ("healed", "no_pigmentation"):
            r.fault("review_without_pigmentation_needs", "must be [healed, no_pigmentation]")
        return r.entry("not_healed", self.history_rule, required=True), r.entry("pigmentation", self.history_rule, required=True)

    def operator_rules(self, r: Reader) -> e.OperatorRules:
        def over(o: Reader) -> None:
            if o.words("caps", required=True) != ("min", "typical", "max"):
                o.fault("caps", "must be [min, typical, max]")

        def said(c: Reader) -> e.OperatorRule:
            c.choice("action", ("caution",))
            return e.OperatorRule(c.text("id"), c.text("label"), c.words("sign_off"), self.source(c))

        def signed(c: Reader) -> e.OperatorRule:
            if not c.data.get("sign_off"):
                c.fault("sign_off", "must name who countersigns")
            return said(c)

        def countersign(c: Reader) -> tuple[int, str, e.Source]:
            return c.whole("within_days", most=60) or 0, c.text("text"), self.source(c)

        r.entry("over_limit", over, required=True)
        expired = r.entry("certificate_expired", signed, required=True) or e.OperatorRule("", "", (), NO_SOURCE)
        source = self.source(r)
        own = e.Source(source.refs, source.evidence, True)
        # A protocol without these entries has the same rules in the planner's words, signed as it signs the certificate.
        lead = expired.sign_off
        days, text, by = r.entry("countersignature", countersign) or (0, "A plan is countersigned on the day of the consultation.", own)
        return e.OperatorRules(
            certificate_expired=expired,
            certificate_ends=r.entry("certificate_ends", said)
            or e.OperatorRule("operator_certificate_ends", "The operator's certificate runs out before the last session", (), own),
            beyond_device=r.entry("beyond_device", signed)
            or e.OperatorRule("operator_device", "Device beyond the operator's sign-off", lead, own),
            beyond_zone=r.entry("beyond_zone", signed) or e.OperatorRule("operator_zone", "Zone beyond the operator's sign-off", lead, own),
            not_prescriber=r.entry("not_prescriber", said)
            or e.OperatorRule("operator_prescriber", "A prescriber must countersign", (), own),
            countersign_within_days=days,
            countersign_text=text,
            countersign_source=by,
            source=source,
        )

    def review_advice(self, r: Reader) -> e.ReviewAdvice:
        return e.ReviewAdvice(r.text("id"), r.text("text"), r.words("phototypes", options=e.PHOTOTYPES), self.source(r))

    def setting(self, r: Reader) -> e.Setting:
        options = r.entries("options", lambda o: (o.text("id"), o.text("label")), required=True)
        default = r.text("default")
        if options and default not in dict(options):
            r.fault("default", f"must be one of {', '.join(dict(options))}")
        return e.Setting(r.text("id"), r.text("label"), default, dict(options), self.source(r))

    def list_question(self, r: Reader) -> e.ListQuestion:
        return e.ListQuestion(
            r.choice("id", ("medicines", "allergies")) or "medicines",
            r.text("text"),
            r.whole("valid_days", most=3650) or 0,
            self.source(r),
        )

    # -- questions -----------------------------------------------------------------------------------------------------

    def cover(self, r: Reader) -> e.Cover:
        return e.Cover(
            rule=r.text("rule"),
            label=r.text("label"),
            date_field=r.choice("date", ANSWER_DATES, default=None),
            date_label=r.text("date_label", default=""),
            zone=r.flag("zone"),
            note_label=r.text_or_none("note", required=True),
        )

    def cover_in(self, r: Reader) -> tuple[str, e.CoverIn]:
        return r.text("rule"), e.CoverIn(r.text("label"), r.text("date_label", default=""), r.text("note", default=""))

    def question_in(self, r: Reader) -> tuple[str, e.QuestionIn]:
        covers = dict(r.entries("covers", self.cover_in, required=True))
        return r.text("language"), e.QuestionIn(r.text("text"), r.text("help", default=""), covers)

    def _whole(self, r: Reader, question: e.Question, language: str, said: e.QuestionIn) -> None:
        """Half a translation would leave the patient to guess the rest."""
        at = f"translations.{language}"
        if question.help and not said.help:
            r.fault(f"{at}.help", "must be translated as well")
        for cover in question.covers:
            words = said.covers.get(cover.rule)
            if words is None:
                r.fault(f"{at}.covers", f"must have the words for {cover.rule}")
                continue
            if cover.date_field and not words.date_label:
                r.fault(f"{at}.covers.{cover.rule}.date_label", "must say which date is asked")
            if cover.note_label and not words.note_label:
                r.fault(f"{at}.covers.{cover.rule}.note", "must say what to note")
        for rule in said.covers.keys() - {cover.rule for cover in question.covers}:
            r.fault(f"{at}.covers", f"names {rule}, which this question does not cover")

    def question(self, r: Reader) -> e.Question:
        sexes, ages = r.entry("ask_if", ask_if) or ((), None)
        question = e.Question(
            id=r.text("id"),
            text=r.text("text"),
            help=r.text("help", default=""),
            asked_of=r.choice("asked_of", ("patient", "clinician")) or "patient",
            valid_days=r.whole("valid_days", most=3650) or 0,
            ask_sexes=sexes,
            ask_ages=ages,
            covers=r.entries("covers", self.cover, required=True),
            translations=dict(r.entries("translations", self.question_in)),
        )
        for index, cover in enumerate(question.covers):
            if cover.date_field and not cover.date_label:
                r.fault(f"covers[{index}].date_label", "must say which date is asked")
        for language, said in question.translations.items():
            self._whole(r, question, language, said)
        return question


def texts_of(r: Reader, key: str) -> Mapping[str, str]:
    """A mapping of words to their meaning."""
    value = r.take(key)
    if isinstance(value, Mapping):
        for name, text in value.items():
            if not isinstance(text, str) or not text.strip():
                r.fault(f"{key}.{name}", f"must be text, not {type_name(text)}" if not isinstance(text, str) else "must not be empty")
        return {str(name): str(text) for name, text in value.items()}
    if value is not MISSING:
        r.fault(key, f"must be a mapping, not {type_name(value)}")
    return {}


_NO_MEASURE = e.Measure(e.Span(ZERO, ZERO, ZERO), NO_SOURCE)
