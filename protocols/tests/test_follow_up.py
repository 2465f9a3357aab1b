"""Follow-up calls of a version: what is refused, what level answers lead to, and that a red flag never lowers one."""

import copy
import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import KnowledgeFaults
from planner.knowledge.structure import walk
from protocols.comparison import values
from protocols.comparison_words import Comparison
from protocols.documents import ADDITIONS, canonical, read_pack, read_text
from protocols.editing import SECTIONS
from protocols.editing.changes import changes, typed
from protocols.editing.naming import address
from protocols.exchange import as_yaml
from protocols.follow_up import LEVELS, assess, parse, questions_for
from protocols.follow_up.reading import read
from protocols.knowledge import follow_up_of, knowledge_of
from protocols.models import ProtocolVersion
from protocols.services import ProtocolRefused, approve, create_draft, load_pack, submit
from protocols.services.additions import add_follow_up, follow_up_that_comes_along
from protocols.tests.test_editing_pages import as_sent
from tests import made

SCRIPTS = yaml.safe_load((Path(__file__).parent / "follow_up_scripts.yaml").read_text(encoding="utf-8"))
PACK = made.pack() | read_pack(ADDITIONS / "follow_up.yaml")
KNOWLEDGE, CALLS = parse(PACK)


def band_of(depth_mm) -> str | None:
    return None if depth_mm is None else KNOWLEDGE.band_of(Decimal(str(depth_mm))).id


def level_of(day, band, answers) -> str:
    return assess(CALLS, KNOWLEDGE, day=day, band=band, answers=answers).level


# The scripts


def test_there_are_forty_scripts_and_each_level_among_them():
    assert len(SCRIPTS) >= 40
    assert {script["level"] for script in SCRIPTS} == set(LEVELS)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script["name"])
def test_a_script_leads_to_its_level(script):
    band = band_of(script.get("depth_mm"))
    asked = questions_for(CALLS, day=script["day"], band=band)
    answers = {} if script.get("all_left_open") else {one.id: one.expected[0] for one in asked}
    given_answers = script.get("answers", {})
    assert set(given_answers) <= {one.id for one in asked}
    answers = {name: value for name, value in {**answers, **given_answers}.items() if name not in script.get("left_open", ())}
    assert level_of(script["day"], band, answers) == script["level"]


# What holds whatever is answered

days = st.integers(min_value=0, max_value=400)
bands = st.sampled_from([None, *(band.id for band in KNOWLEDGE.downtime_bands)])


@st.composite
def calls(draw):
    day, band = draw(days), draw(bands)
    asked = questions_for(CALLS, day=day, band=band)
    return day, band, {one.id: answer for one in asked if (answer := draw(st.sampled_from([None, *one.answers]))) is not None}


@settings(deadline=None, max_examples=300)
@given(calls(), st.data())
def test_a_red_flag_more_never_lowers_the_level(call, data):
    day, band, answers = call
    calm = [one for one in questions_for(CALLS, day=day, band=band) if answers.get(one.id) in (None, *one.expected)]
    if not calm:
        return
    one = data.draw(st.sampled_from(calm))
    flag = data.draw(st.sampled_from([answer for answer in one.answers if answer not in one.expected]))
    before, after = level_of(day, band, answers), level_of(day, band, {**answers, one.id: flag})
    assert LEVELS.index(after) >= LEVELS.index(before)
    assert after != "normal"


@settings(deadline=None, max_examples=300)
@given(calls())
def test_only_whole_and_expected_answers_are_normal(call):
    day, band, answers = call
    asked = questions_for(CALLS, day=day, band=band)
    if level_of(day, band, answers) == "normal":
        assert asked
        assert all(answers.get(one.id) in one.expected for one in asked)


def test_the_property_would_see_a_rule_that_lowers(monkeypatch):
    """The control: levels compared the wrong way round make an emergency milder by one flag more."""
    from protocols.follow_up import rules

    monkeypatch.setattr(rules, "gravest", lambda *levels: min(levels[1:] or levels, key=LEVELS.index))
    answers = {one.id: one.expected[0] for one in questions_for(CALLS, day=3, band="medium")}
    before = level_of(3, "medium", {**answers, "breathing": "yes"})
    assert LEVELS.index(level_of(3, "medium", {**answers, "breathing": "yes", "weeping": "yes"})) < LEVELS.index(before)


# What no version may hold


def broken(change) -> list[str]:
    """What is found in the section after *change*; the planner's part of the pack is not read again."""
    section = copy.deepcopy(PACK["follow_up"])
    change(section)
    faults = list(walk({"follow_up": section}))
    read({**PACK, "follow_up": section}, faults)
    return [str(fault) for fault in faults]


def row(section, key, ident):
    return next(one for one in section[key] if one["id"] == ident)


def without(section, key, ident):
    section[key] = [one for one in section[key] if one["id"] != ident]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.update(language="de"), "follow_up.language: must be one of en"),
        (lambda s: s["levels"].reverse(), "each once and in this order"),
        (lambda s: s["levels"][0].update(say=[]), "must hold at least one line"),
        (lambda s: s["levels"][0].update(say=["Take 2 tablets."]), "holds a figure"),
        (lambda s: s["levels"][0].update(say=["Ring {doctor}."]), "asks for {doctor}"),
        (lambda s: s["levels"][0].update(say=["<b>Well</b>"]), "without HTML"),
        (lambda s: s["levels"][3].pop("within_minutes"), "within_minutes: is missing"),
        (lambda s: s["levels"][0].update(within_minutes=5), "is not a key of this format"),
        (lambda s: s["questions"][0].update(refs=["nobody"]), "nobody is not in the references"),
        (lambda s: s["questions"][0].update(refs=[]), "must name at least one reference"),
        (lambda s: s["questions"][0].update(expected=["no", "unsure"]), "unsure is never normal"),
        (lambda s: s["questions"][0]["answers"].pop(), "needs one with the id unsure"),
        (lambda s: s["questions"][0].update(flags=["blood_exposure"]), "there is no red flag blood_exposure"),
        (lambda s: s["questions"][0].update(from_day=9, to_day=3), "must not be before from_day"),
        (lambda s: s["questions"][0].update(from_day=1), "must be asked from day 0 to 3 after any depth, for anaphylaxis"),
        (lambda s: s["questions"][0].update(bands=["deep"]), "after any depth, for anaphylaxis"),
        (lambda s: s["questions"].append(s["questions"][0]), "breathing stands twice"),
        (lambda s: without(s, "questions", "eye"), "the red flag eye is asked for by no question"),
        (lambda s: without(s, "rules", "breathing"), "breathing: yes must lead to emergency from day 0 to 3"),
        (lambda s: row(s, "rules", "breathing").update(level="see_today"), "breathing: yes must lead to emergency"),
        (lambda s: row(s, "rules", "growing").update(from_day=5), "growing: yes must lead to see_today from day 2 to 28"),
        (lambda s: row(s, "rules", "growing").update(bands=["deep"]), "growing: yes must lead to see_today"),
        (lambda s: row(s, "rules", "growing").update(after="erythema"), "growing: yes must lead to see_today"),
        (lambda s: row(s, "rules", "eye").update(level="normal"), "level: must be one of call_back_today"),
        (lambda s: row(s, "rules", "eye")["when"][0].update(question="ear"), "there is no question ear"),
        (lambda s: row(s, "rules", "eye")["when"][0].update(answers=["maybe"]), "not maybe"),
        (lambda s: s["check_ins"][0].update(day=-1), "check_ins[0].day: must be from 0 to 365"),
        (lambda s: s["check_ins"][0].update(bands=["very deep"]), "not very deep"),
        (lambda s: s.update(more=1), "follow_up.more: is not a key of this format"),
    ],
)
def test_a_fault_is_named_with_its_path(change, said):
    found = broken(change)
    assert any(said in fault for fault in found), found
    assert all(fault.startswith("follow_up") for fault in found)


def test_faults_of_the_section_and_of_the_planner_come_together():
    document = {**PACK, "follow_up": {"language": "en"}, "pack_version": 7}
    with pytest.raises(KnowledgeFaults) as caught:
        parse(document)
    paths = [fault.path for fault in caught.value.faults]
    assert "pack_version" in paths
    assert "follow_up.levels" in paths


# On the rails of a version


@pytest.fixture
def draft(protocol, medical_lead):
    return create_draft(protocol, name="2026.9", by=medical_lead)


def test_a_version_without_the_section_says_nothing_about_calls(protocol):
    assert follow_up_of(protocol) is None


@pytest.mark.django_db
def test_a_draft_is_given_the_section_and_an_approved_version_keeps_it(draft, medical_lead):
    saved = add_follow_up(draft, lock_version=draft.lock_version, by=medical_lead)
    assert saved.is_whole
    assert saved.edits.get().changes[0]["path"] == "follow_up"
    due = timezone.localdate() + dt.timedelta(days=100)
    version = approve(submit(saved, by=medical_lead), by=medical_lead, reason="Read", next_review_on=due)
    assert next(iter(follow_up_of(version).levels.values())).label == "Normal"
    # The planner reads what it read before.
    assert knowledge_of(version).depth_rows == knowledge_of(ProtocolVersion.objects.get(pk=draft.based_on_id)).depth_rows
    with pytest.raises(ProtocolRefused):
        add_follow_up(version, lock_version=version.lock_version, by=medical_lead)


@pytest.mark.django_db
def test_it_is_given_once(draft, medical_lead):
    saved = add_follow_up(draft, lock_version=draft.lock_version, by=medical_lead)
    with pytest.raises(ProtocolRefused, match="already"):
        add_follow_up(saved, lock_version=saved.lock_version, by=medical_lead)


@pytest.mark.django_db
def test_it_goes_out_and_comes_back_the_same(draft, medical_lead):
    saved = add_follow_up(draft, lock_version=draft.lock_version, by=medical_lead)
    text = as_yaml(saved).replace("pack_version: '2026.9'", "pack_version: '2026.10'")
    again, is_new = load_pack(json.loads(canonical(read_text(text))), by=medical_lead)
    assert is_new
    assert json.loads(again.document)["follow_up"] == json.loads(canonical({"f": follow_up_that_comes_along()}))["f"]


@pytest.mark.django_db
def test_the_comparison_names_what_changed_in_it(draft):
    before = json.loads(draft.document) | {"follow_up": follow_up_that_comes_along()}
    after = copy.deepcopy(before)
    after["follow_up"]["levels"][0]["say"][0] = "All is well."
    groups = Comparison(before, after).groups()
    assert [group.title for group in groups] == ["Follow-up calls"]


@pytest.mark.django_db
def test_the_editor_adds_it_and_shows_every_value(client, draft, medical_lead):
    client.force_login(medical_lead)
    page = reverse("protocols:edit_section", args=[draft.version, "follow-up"])
    assert b"Add them to this draft" in client.get(page).content
    answer = client.post(reverse("protocols:edit_add_follow_up", args=[draft.version]), {"lock_version": draft.lock_version})
    assert answer.status_code == 302
    shown = client.get(page).content.decode()
    assert "A clinician will ring you back today." in shown
    assert "Add them to this draft" not in shown
    version = client.get(reverse("protocols:version", args=[draft.version])).content.decode()
    assert "Please hang up and call {emergency_number} now." in version


@pytest.mark.django_db
def test_an_edit_that_would_lower_a_red_flag_is_refused_and_says_where(client, draft, medical_lead):
    client.force_login(medical_lead)
    saved = add_follow_up(draft, lock_version=draft.lock_version, by=medical_lead)
    page = reverse("protocols:edit_section", args=[draft.version, "follow-up"])
    sent = {"lock_version": saved.lock_version, "first_lock": saved.lock_version, "follow_up.rules[breathing].level": "call_back_today"}
    answer = client.post(page, sent)
    assert answer.status_code == 422
    assert "must lead to emergency" in answer.content.decode()
    saved.refresh_from_db()
    assert follow_up_of(saved).rules[0].level == "emergency"


def test_every_value_of_it_comes_back_from_the_editor_as_it_went_in():
    document = json.loads(canonical(PACK))
    page = SECTIONS["follow-up"].page(document, "")
    found, mistakes = typed(page, as_sent(page))
    assert changes(page, found) == []
    assert mistakes == {}
    fields = list(page.fields)
    assert len({one.path for one in fields}) == len({one.ident for one in fields}) == len(fields)
    shown = {one.path for one in fields}
    named = [path for path, _ in values({"follow_up": document["follow_up"]}) if path.endswith(".refs")]
    assert len(named) > 30
    assert {address(document, path) for path in named} == {("follow-up", "")}
    assert set(named) <= shown
