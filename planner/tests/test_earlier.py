"""What nobody has looked at since an earlier session is asked; what was found on healed skin later answers for before."""

from decimal import Decimal

import pytest

from planner import earlier
from planner.case import Case
from planner.properties import never_bolder
from planner.propose import Proposal, propose

from .conftest import a_case, packaged

CHEEKS = {"date": "2026-01-05", "zones": ["cheeks"], "depth_mm": {"cheeks": 1.0}, "healed": True, "pigmentation": False}
LATER = {**CHEEKS, "date": "2026-01-30"}


def answer(*history: dict, **changes) -> Proposal:
    return propose(Case.parse(a_case(history=list(history), **changes)), packaged())


def asked(proposal: Proposal) -> dict[str, str]:
    return {ask.id: ask.what.replace("\u00a0", " ") for ask in proposal.asks}


@pytest.mark.parametrize("field", ["healed", "pigmentation"])
def test_what_nobody_looked_at_is_asked_and_gives_no_parameters(field):
    proposal = answer({**CHEEKS, field: None})
    assert (proposal.status, proposal.parameters) == ("ask", None)
    assert list(asked(proposal)) == [f"history.{field}"]
    assert next(ask.focus for ask in proposal.asks) == "history"
    assert answer(CHEEKS).status == "plan"


@pytest.mark.parametrize("date", ["1999-05-05", "2026-01-05"])
def test_it_is_asked_however_long_ago_the_session_was(date):
    assert answer({**CHEEKS, "date": date, "healed": None}, patient={"age": 60, "sex": "F", "phototype": "III"}).status == "ask"


def test_a_session_that_says_nothing_is_asked_both_ways():
    bare = {"date": "2026-01-05", "zones": ["cheeks"], "depth_mm": {"cheeks": 1.0}}
    assert asked(answer(bare)) == {
        "history.healed": "Cheeks on 5 Jan 2026: has the skin healed?",
        "history.pigmentation": "Cheeks on 5 Jan 2026: have dark marks appeared since?",
    }


def test_a_zone_that_is_not_to_be_treated_is_not_asked_about():
    assert answer({**CHEEKS, "zones": ["chin"], "depth_mm": {"chin": 1.0}, "healed": None, "pigmentation": None}).status == "plan"
    assert "history.healed" in asked(answer({"date": "2026-01-05", "healed": None, "pigmentation": False}))  # nobody said where


def test_a_later_look_at_healed_skin_answers_for_the_sessions_before():
    assert answer({**CHEEKS, "healed": None, "pigmentation": None}, LATER).status == "plan"
    for later in ({"healed": None}, {"healed": False}, {"zones": ["chin"], "depth_mm": {"chin": 1.0}}, {"date": CHEEKS["date"]}):
        assert "history.healed" in asked(answer({**CHEEKS, "healed": None}, {**LATER, **later}))


def test_marks_after_a_later_session_say_nothing_of_the_one_before(monkeypatch):
    """The earlier one was shallower: had it left marks, its depth would be the limit."""
    shallow = {**CHEEKS, "depth_mm": {"cheeks": 0.5}, "pigmentation": None}
    marked = {**LATER, "pigmentation": True}
    one, both = answer(shallow), answer(shallow, marked)
    assert [list(asked(said)) for said in (one, both)] == [["history.pigmentation"]] * 2
    assert never_bolder(one, both) == []
    monkeypatch.setattr(earlier, "_clear", lambda session: session.pigmentation is not None)
    assert never_bolder(one, answer(shallow, marked)) != []  # control


def test_marks_that_are_answered_for_are_the_limit():
    shallow = {**CHEEKS, "depth_mm": {"cheeks": 0.5}, "pigmentation": True}
    proposal = answer(shallow, {**LATER, "pigmentation": True})
    assert proposal.parameters.zones[0].span.max <= Decimal("0.5")


def test_several_sessions_are_one_question_newest_first():
    days = ("2025-09-01", "2025-10-01", "2025-11-01", "2025-12-01", "2026-01-05")
    said = asked(answer(*({**CHEEKS, "date": day, "healed": None} for day in days)))
    assert said["history.healed"] == (
        "Cheeks on 5 Jan 2026; cheeks on 1 Dec 2025; cheeks on 1 Nov 2025; 2 earlier sessions as well: has the skin healed?"
    )


def test_a_session_after_the_visit_is_asked_for_its_date_alone():
    said = asked(answer({**CHEEKS, "date": "2026-04-01", "healed": None, "pigmentation": None}))
    assert {ident for ident in said if ident.startswith("history.")} == {"history.date"}


def test_skin_that_has_not_healed_waits_whatever_is_asked_beside_it():
    proposal = answer({**CHEEKS, "healed": False}, {**LATER, "healed": None})
    assert proposal.status == "defer"
    assert "history.healed" in asked(proposal)
