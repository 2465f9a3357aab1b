"""
Engines with one protection lost. Each is the real engine with a real function replaced, so that a property which is said to
hold must find it: a check that no mutant can fail checks nothing.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from planner import (
    adjuvants,
    advice,
    alternatives,
    competence,
    course,
    depth,
    devices,
    doses,
    downtime,
    earlier,
    labs,
    medicines,
    propose,
    screening,
)
from planner.sampling import PROPERTIES

Patch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Mutant:
    """`caught_by`: the property that must find it, within so many `cases`."""

    name: str
    caught_by: str
    patch: Patch
    cases: int = 600

    @contextmanager
    def engine(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patched:
            self.patch(patched)
            yield


def _step_off(name: str) -> Patch:
    return lambda patched: patched.setitem(depth.STEPS, name, lambda z: None)


def _crashes_on_rollers(patched: pytest.MonkeyPatch) -> None:
    original = depth.STEPS["rounding"]

    def rounding(z: Any) -> None:
        original(z)
        assert z.span.typical / (z.device.device.dial_step_mm or Decimal(0)) >= 0

    patched.setitem(depth.STEPS, "rounding", rounding)


def _rounds_up(patched: pytest.MonkeyPatch) -> None:
    original = devices.settable

    def up(device: Any, mm: Decimal) -> Decimal:
        lower = original(device, mm)
        return lower if lower == mm or not device.dial_step_mm else lower + device.dial_step_mm

    patched.setattr(devices, "settable", up)


def _only_the_first(patched: pytest.MonkeyPatch) -> None:
    original = propose.merged
    patched.setattr(propose, "merged", lambda ctx: original(ctx)[:1])


def _a_second_deferral_cancels_the_first(patched: pytest.MonkeyPatch) -> None:
    original = propose.merged

    def forgetful(ctx: Any) -> tuple[Any, ...]:
        found = original(ctx)
        waiting = [f for f in found if f.action == "defer"]
        return tuple(f for f in found if f.action != "defer") if len(waiting) > 1 else found

    patched.setattr(propose, "merged", forgetful)


def _first_date_wins(patched: pytest.MonkeyPatch) -> None:
    original = propose._when

    def first(ctx: Any, status: str, findings: tuple[Any, ...], excluded: Any) -> Any:
        earliest, condition = original(ctx, status, findings, excluded)
        dates = [finding.until for finding in findings if finding.action == "defer" and finding.until is not None]
        return (min(dates) if earliest is not None else None), condition

    patched.setattr(propose, "_when", first)


def _boldest_status_wins(patched: pytest.MonkeyPatch) -> None:
    upside_down = {name: -rank for name, rank in propose.STATUS_RANK.items()}
    patched.setattr(propose, "STATUS_RANK", upside_down)


def _the_next_zone_moves_up(patched: pytest.MonkeyPatch) -> None:
    original = propose._fewer_zones

    def among_those_left(ctx: Any, findings: tuple[Any, ...], excluded: Any, planned: list[Any]) -> list[Any]:
        whole, ctx.wanted = ctx.wanted, planned
        try:
            return original(ctx, findings, excluded, planned)
        finally:
            ctx.wanted = whole

    patched.setattr(propose, "_fewer_zones", among_those_left)


def _asks_and_plans(patched: pytest.MonkeyPatch) -> None:
    original = propose._status
    patched.setattr(propose, "_status", lambda *args: "caution" if original(*args) == "ask" else original(*args))


def _no_zone_is_left_out(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(propose, "_excluded", lambda ctx, findings: {})


def _adjuvants_in_spite_of_findings(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(adjuvants, "_bars", lambda ctx, adjuvant, findings: {})


def _unanswered_counts_as_no(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(screening, "_ask_rule", lambda ctx, rule: None)


def _unknown_phototype_is_no_question(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(screening, "_ask_patient", lambda ctx: None)


def _darker_is_deeper(patched: pytest.MonkeyPatch) -> None:
    def step(z: Any) -> None:
        rule = depth._phototype(z)
        if rule is not None and rule.depth_step_mm < 0:
            z.set(replace(z.span, typical=z.span.max), rule.id, "Deeper in darker skin.", rule.source)

    patched.setitem(depth.STEPS, "phototype_step", step)


def _each_caution_is_a_day_sooner(patched: pytest.MonkeyPatch) -> None:
    original = course.first_session

    def sooner(ctx: Any, findings: tuple[Any, ...]) -> Any:
        start, steps = original(ctx, findings)
        return start - len(findings) * (course.WEEK / 7), steps

    patched.setattr(course, "first_session", sooner)


def _as_it_was_typed(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(propose, "in_order", lambda case: case)


def _a_step_is_not_written_down(patched: pytest.MonkeyPatch) -> None:
    original = depth.ZoneDepth.set

    def quiet(z: Any, span: Any, rule: str, why: str, source: Any) -> None:
        original(z, span, rule, why, source)
        if rule == "rounding":
            z.steps.pop()

    patched.setattr(depth.ZoneDepth, "set", quiet)


def _a_reference_nobody_listed(patched: pytest.MonkeyPatch) -> None:
    original = advice.sourced
    patched.setattr(advice, "sourced", lambda source: {**original(source), "refs": ["hearsay"]})


def _operators_zones_forgotten(patched: pytest.MonkeyPatch) -> None:
    original = competence.reach
    patched.setattr(competence, "reach", lambda ctx, candidate, zone: replace(original(ctx, candidate, zone), device=True, zone=True))


def _without(**nothing: Any) -> Patch:
    """The operator as if that had never been written down."""

    def patch(patched: pytest.MonkeyPatch) -> None:
        original = propose.in_order

        def forgetful(case: Any) -> Any:
            found = original(case)
            return found if found.operator is None else replace(found, operator=replace(found.operator, **nothing))

        patched.setattr(propose, "in_order", forgetful)

    return patch


def _any_topical_word_is_its_form(patched: pytest.MonkeyPatch) -> None:
    original = medicines._classes

    def hasty(knowledge: Any, match: Any, words: Any) -> Any:
        rule = knowledge.matching.forms.get(match.value.ingredient)
        if rule is not None and medicines._forms(knowledge.matching.topical_words, words):
            return rule.topical, False
        return original(knowledge, match, words)

    patched.setattr(medicines, "_classes", hasty)


def _the_first_amount_is_the_dose(patched: pytest.MonkeyPatch) -> None:
    original = doses.day_dose

    def hasty(knowledge: Any, text: str, named: Any) -> Any:
        found = original(knowledge, text, named)
        amount = re.search(r"(\d+(?:[.,]\d+)?)-?\d* mg", text)
        if found.mg is not None or amount is None or not re.search(r"daily|od\b|nocte|bd\b", text):
            return found
        return doses.DayDose(Decimal(amount[1].replace(",", ".")))

    patched.setattr(medicines, "day_dose", hasty)


def _a_mixed_line_is_not_asked(patched: pytest.MonkeyPatch) -> None:
    """The form is not asked, and the milder classes hold."""
    original = medicines._classes

    def milder(knowledge: Any, match: Any, words: Any) -> Any:
        classes, mixed = original(knowledge, match, words)
        rule = medicines._form_rule(knowledge, match)
        return (rule.topical if mixed and rule is not None else classes), False

    patched.setattr(medicines, "_classes", milder)


def _nobody_asks_of(field: str) -> Patch:
    def patch(patched: pytest.MonkeyPatch) -> None:
        original = earlier._ask
        patched.setattr(
            earlier, "_ask", lambda ctx, sessions, name, *words: None if name == field else original(ctx, sessions, name, *words)
        )

    return patch


def _the_last_session_speaks_for_all(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(earlier, "_healed", lambda session: True)


def _whatever_band_fits_the_wish(patched: pytest.MonkeyPatch) -> None:
    def by_wish_alone(ctx: Any, plan: Any) -> list[Any]:
        bands, accepted = ctx.knowledge.downtime_bands, ctx.case.wishes.downtime_days
        worst = downtime.worst_band(ctx, plan.zones)
        if accepted is not None and worst.measures["visible_downtime"].span.max > accepted:
            within = downtime.deepest_band_within(ctx, accepted)
            return [within] if within is not None else []
        return [bands[max(0, bands.index(downtime.band(ctx, plan.zones)) - 1)]]

    patched.setattr(alternatives, "_gentler_bands", by_wish_alone)


def _visits_forgotten_beside_the_plan(patched: pytest.MonkeyPatch) -> None:
    original = alternatives._with_sessions

    def forgetful(ctx: Any, *rest: Any) -> Any:
        wishes = replace(ctx.case.wishes, visits=None)
        return original(replace(ctx, case=replace(ctx.case, wishes=wishes)), *rest)

    patched.setattr(alternatives, "_with_sessions", forgetful)


def _a_number_fits_every_unit(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(labs, "_of_another_unit", lambda rule, limit, value: False)


MUTANTS = (
    Mutant("crashes on rollers", "answers", _crashes_on_rollers),
    Mutant("zone ceiling forgotten", "limits", _step_off("zone_max")),
    Mutant("device's deepest setting forgotten", "limits", _step_off("device_set")),
    Mutant("evaluated depth forgotten", "limits", _step_off("device_evaluated")),
    Mutant("operator's limit forgotten", "limits", _step_off("operator_max")),
    Mutant("operator's depth in a zone forgotten", "limits", _without(max_depth_by_zone={}), cases=3_000),
    Mutant("operator's covers forgotten", "limits", _without(covers=None), cases=3_000),
    Mutant("findings' depth limits forgotten", "limits", _step_off("finding_max")),
    Mutant("phototype's depth limit forgotten", "limits", _step_off("phototype_max")),
    Mutant("rounds up", "limits", _rounds_up),
    Mutant("boldest status wins", "parts", _boldest_status_wins),
    Mutant("asks and plans", "parts", _asks_and_plans),
    Mutant("no zone is left out", "barred", _no_zone_is_left_out),
    Mutant("adjuvants in spite of findings", "barred", _adjuvants_in_spite_of_findings),
    Mutant("operator's zones and devices reach everywhere", "barred", _operators_zones_forgotten),
    Mutant("operator's zones forgotten", "barred", _without(zones=None)),
    Mutant("operator's devices forgotten", "barred", _without(devices=None)),
    Mutant("everybody prescribes", "barred", _without(prescriber=None), cases=4_000),
    Mutant("a step is not written down", "traces", _a_step_is_not_written_down),
    Mutant("a reference nobody listed", "references", _a_reference_nobody_listed),
    Mutant("as it was typed", "order", _as_it_was_typed),
    Mutant("only the first finding", "caution", _only_the_first),
    Mutant("a second deferral cancels the first", "caution", _a_second_deferral_cancels_the_first),
    Mutant("first date wins", "caution", _first_date_wins),
    Mutant("darker is deeper", "caution", _darker_is_deeper),
    Mutant("each caution is a day sooner", "caution", _each_caution_is_a_day_sooner),
    Mutant("the next zone moves up", "caution", _the_next_zone_moves_up, cases=12_000),
    Mutant("any topical word is its form", "lines", _any_topical_word_is_its_form),
    Mutant("the first amount is the dose", "lines", _the_first_amount_is_the_dose),
    Mutant("the milder reading of a mixed line", "lines", _a_mixed_line_is_not_asked),
    Mutant("unanswered counts as no", "unknown", _unanswered_counts_as_no),
    Mutant("an unknown phototype is no question", "unknown", _unknown_phototype_is_no_question),
    Mutant("healing of an earlier session is not asked", "unknown", _nobody_asks_of("healed"), cases=2_000),
    Mutant("marks of an earlier session are not asked", "unknown", _nobody_asks_of("pigmentation"), cases=2_000),
    Mutant("the last session speaks for all", "caution", _the_last_session_speaks_for_all, cases=4_000),
    Mutant("a number fits every unit", "unknown", _a_number_fits_every_unit, cases=2_000),
    Mutant("whatever band fits the wish", "wishes", _whatever_band_fits_the_wish, cases=2_000),
    Mutant("visits forgotten beside the plan", "wishes", _visits_forgotten_beside_the_plan, cases=2_000),
)

assert {mutant.caught_by for mutant in MUTANTS} == set(PROPERTIES)
