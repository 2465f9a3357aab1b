"""The record's pages: who may open them, what they answer, and that nothing typed is lost."""

import json

import pytest
from django.urls import reverse

from audit.models import AuditEvent
from protocols.knowledge import packaged
from sessions.models import TreatmentSession
from sessions.record_sections import RecordSection, _providers
from sessions.services import record

from .record_case import PASSWORD, RecordCase, signed

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def case(site, clinician, patient):
    return RecordCase(site, clinician, patient)


@pytest.fixture
def session(case):
    return case.started()


@pytest.fixture
def client(client, clinician):
    client.force_login(clinician)
    return client


def url(name, session):
    return reverse(f"sessions:{name}", args=[session.pk])


def post(client, case, session, **extra):
    changes = extra.pop("changes", {})
    headers = extra.pop("headers_", {})
    session.refresh_from_db()
    data = case.typed(session, **changes) | {"version": session.version} | extra
    return client.post(url("record", session), data, **headers)


def test_starting_twice_opens_the_same_record(client, case):
    booking = case.booking()
    answers = [client.post(reverse("sessions:record_start", args=[booking.pk])) for _ in range(2)]
    assert {answer.url for answer in answers} == {url("record", TreatmentSession.objects.get())}


def test_a_visit_that_cannot_start_says_why(client, case):
    answer = client.post(reverse("sessions:record_start", args=[case.booking(status="missed").pk]))
    assert answer.status_code == 422
    assert "This visit is missed" in answer.content.decode()


def test_the_page_shows_planned_and_an_empty_done(client, session):
    page = client.get(url("record", session)).content.decode()
    zone = session.zones.get(zone="cheeks")
    assert "1.25\u00a0mm" in page
    assert f'name="z{zone.pk}-depth" value=""' in page
    assert "Not recorded" in page
    assert AuditEvent.objects.filter(action="record.viewed", patient_pk=session.patient_id).count() == 1


def test_opening_the_page_asks_the_database_no_more_for_more_zones(client, case, session, django_assert_max_num_queries):
    with django_assert_max_num_queries(41):
        client.get(url("record", session))


def test_the_desk_and_other_sites_never_see_a_record(client, case, session, desk, make_user):
    from accounts.models import Site

    elsewhere = make_user("nils", "clinician")
    elsewhere.sites.set([Site.objects.create(name="Elsewhere", slug="elsewhere")])
    for user, status in ((desk, 403), (elsewhere, 404)):
        client.force_login(user)
        for name in ("record", "sign", "correct", "record_close"):
            assert client.get(url(name, session)).status_code == status, (user, name)
        assert post(client, case, session).status_code == status
    assert not TreatmentSession.objects.get(pk=session.pk).needle_lot


def test_as_planned_for_one_zone_without_javascript(client, case, session):
    cheeks, forehead = session.zones.get(zone="cheeks"), session.zones.get(zone="forehead")
    blank = {f"z{zone.pk}-{part}": None for zone in (cheeks, forehead) for part in ("depth", "passes", "endpoint")}
    assert post(client, case, session, changes=blank, as_planned=cheeks.pk).status_code == 302
    cheeks.refresh_from_db()
    forehead.refresh_from_db()
    assert (cheeks.done_depth_mm, cheeks.passes, cheeks.endpoint) == (cheeks.planned_depth_mm, 4, cheeks.planned_endpoint)
    assert forehead.state == "not_recorded"


def test_all_remaining_as_planned_leaves_what_was_said_alone(client, case, session):
    cheeks, forehead = session.zones.get(zone="cheeks"), session.zones.get(zone="forehead")
    changes = {f"z{cheeks.pk}-depth": "1", f"z{forehead.pk}-depth": None, f"z{forehead.pk}-passes": None}
    post(client, case, session, changes=changes, all_as_planned="1")
    cheeks.refresh_from_db()
    forehead.refresh_from_db()
    assert (str(cheeks.done_depth_mm), str(forehead.done_depth_mm)) == ("1.00", "0.50")


def test_what_cannot_be_read_comes_back_beside_its_field_and_survives_a_reload(client, case, session):
    zone = session.zones.get(zone="cheeks")
    answer = post(client, case, session, changes={f"z{zone.pk}-depth": "abc"})
    assert answer.status_code == 422
    for page in (answer.content.decode(), client.get(url("record", session)).content.decode()):
        assert f'name="z{zone.pk}-depth" value="abc"' in page
        assert "Cheeks depth must be a number such as 1.25" in page
        assert 'aria-invalid="true"' in page
    assert "Error: " in answer.content.decode()


def test_an_autosave_answers_with_parts_that_hold_no_field(client, case, session):
    zone = session.zones.get(zone="cheeks")
    answer = post(client, case, session, changes={f"z{zone.pk}-depth": "1,5"}, page="p", turn="1", headers_=HTMX)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "<select" not in page
    assert 'type="text"' not in page
    assert json.loads(answer["HX-Trigger"])["recordSaved"]["values"][f"z{zone.pk}-depth"] == "1.5"


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_stale_save_shows_both_and_keeps_what_was_typed(client, case, session, medical_lead, headers):
    opened = session.version
    record.save(session, by=medical_lead, typed=case.typed(session, needle_lot="THEIRS"), version=opened)
    data = case.typed(session, needle_lot="MINE") | {"version": opened}
    answer = client.post(url("record", session), data, **headers)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Changed by Dr Iris Vance" in page
    assert "MINE" in page
    assert "THEIRS" in page
    session.refresh_from_db()
    assert session.needle_lot == "THEIRS"
    # "Keep mine" is said on purpose, and then it counts.
    assert client.post(url("record", session), data | {"keep": session.version}).status_code == 302
    assert TreatmentSession.objects.get(pk=session.pk).needle_lot == "MINE"


def test_pressing_sign_early_names_what_is_missing_and_saves(client, case, session):
    answer = post(client, case, session, changes={"skin_checked": None, "reaction": None, "ended": None}, next="sign")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert '<a href="#f-skin_checked">' in page
    assert "Record the reaction" in page
    assert TreatmentSession.objects.get(pk=session.pk).needle_lot == "b24-0917X"


def test_from_the_record_to_the_lock(client, case, session):
    assert post(client, case, session, next="sign").url == url("sign", session)
    page = client.get(url("sign", session)).content.decode()
    assert "This will be locked" in page
    session.refresh_from_db()
    wrong = client.post(url("sign", session), {"version": session.version, "password": "wrong"})
    assert wrong.url == url("sign", session)
    for _ in range(2):  # reload, and back to it
        again = client.get(wrong.url).content.decode()
        assert "Password does not match yours" in again
        assert "wrong" not in again
    right = {"version": session.version, "password": PASSWORD}
    assert client.post(url("sign", session), right).url == url("record", session)
    assert client.post(url("sign", session), right).url == url("record", session)
    assert AuditEvent.objects.filter(action="record.signed", outcome="done").count() == 1
    locked = client.get(url("record", session)).content.decode()
    assert "Signed and locked" in locked
    assert "<textarea" not in locked


def test_the_signing_page_is_no_place_to_guess_a_password(client, case, session):
    assert post(client, case, session, next="sign").url == url("sign", session)
    session.refresh_from_db()
    answers = [client.post(url("sign", session), {"version": session.version, "password": f"guess {turn}"}) for turn in range(4)]
    assert "1 try left" in client.get(url("sign", session)).content.decode()
    answers.append(client.post(url("sign", session), {"version": session.version, "password": "guess 5"}))
    assert [answer.status_code for answer in answers] == [302, 302, 302, 302, 403]
    right = client.post(url("sign", session), {"version": session.version, "password": PASSWORD})
    assert right.status_code == 302
    assert right.url.startswith(reverse("accounts:sign_in"))
    session.refresh_from_db()
    assert not session.is_signed


def test_a_right_password_is_no_wrong_try_whatever_else_stands_against_the_signature(client, case, session):
    assert post(client, case, session, next="sign").url == url("sign", session)
    session.refresh_from_db()
    old = {"version": session.version - 1, "password": PASSWORD}
    assert {client.post(url("sign", session), old).url for _ in range(7)} == {url("sign", session)}
    assert "after you opened this page" in client.get(url("sign", session)).content.decode()
    empty = {"version": session.version, "password": ""}
    assert {client.post(url("sign", session), empty).url for _ in range(7)} == {url("sign", session)}
    assert "Enter your password" in client.get(url("sign", session)).content.decode()


def test_an_incomplete_record_has_no_signing_page(client, session):
    assert client.get(url("sign", session)).url == f"{url('record', session)}?missing=1"


def test_a_save_after_the_signature_changes_nothing_and_says_so(client, case):
    session = signed(case)
    for headers in ({}, HTMX):
        answer = client.post(url("record", session), {"version": session.version, "note": "late words"}, **headers)
        assert answer.status_code == 409
        assert "signed meanwhile" in answer.content.decode()


def test_a_correction_stands_above_the_original_and_a_double_click_adds_one(client, case):
    session = signed(case)
    page = client.get(url("correct", session)).content.decode()
    key = page.split('name="request_key" value="')[1].split('"')[0]
    assert client.post(url("correct", session), {"request_key": key, "text": " "}).status_code == 422
    data = {"request_key": key, "text": "The lot was B24-0918.", "reason": "Misread"}
    assert {client.post(url("correct", session), data).url for _ in range(2)} == {url("record", session) + "#correction-1"}
    page = client.get(url("record", session)).content.decode()
    assert page.index("The lot was B24-0918.") < page.index("Original, as signed") < page.index("b24-0917X")
    assert "record version 2" in page


def test_safety_checks_are_answered_in_place(client, site, clinician, patient):
    case = RecordCase(site, clinician, patient, answered=False)
    session = case.started()
    page = client.get(url("record", session)).content.decode()
    assert "Ask again before the needle" in page
    assert "checked" not in page.split('id="due"')[1].split("</form>")[0].replace("safety checks", "")
    due = [name for name in ("scars", "infections") if f'name="q.{name}"' in page]
    answer = client.post(url("record_answers", session), {f"q.{name}": "no" for name in due})
    assert answer.status_code == 422
    assert "Answer yes or no" in answer.content.decode()
    assert patient.screening_answers.filter(question__in=due, answer=False).count() == len(due) == 2
    page = client.get(url("record", session)).content.decode()
    assert 'name="q.scars"' not in page


def test_the_apps_above_add_their_part_to_a_signed_record(client, case):
    session = signed(case)

    def provider(session, user):
        return RecordSection("sessions/record/partials/_needle.html", {})

    _providers.append(provider)
    try:
        assert "In date" in client.get(url("record", session)).content.decode()
    finally:
        _providers.remove(provider)


def test_somebody_else_takes_over_and_then_signs(client, case, session, medical_lead):
    client.force_login(medical_lead)
    assert "I am treating" in client.get(url("record", session)).content.decode()
    client.post(url("record_treats", session), {"version": session.version})
    assert TreatmentSession.objects.get(pk=session.pk).clinician == medical_lead


def test_closing_without_treatment_asks_why_and_locks(client, session):
    assert client.post(url("record_close", session), {"version": session.version, "reason": ""}).status_code == 422
    assert client.post(url("record_close", session), {"version": session.version, "reason": "Fever"}).status_code == 302
    page = client.get(url("record", session)).content.decode()
    assert "Closed without treatment" in page
    assert "Fever" in page


@pytest.mark.both_engines
@pytest.mark.parametrize(
    "sent", [{"turn": "9" * 30}, {"version": "9" * 30}, {"page": "p\0"}, {"note": "red\0ness"}, {"needle_lot": "B24\0"}]
)
def test_what_no_column_can_hold_is_no_fault_of_the_server(client, case, session, sent):
    answer = post(client, case, session, **{"page": "p", "turn": "1"} | sent)
    assert answer.status_code == (409 if "version" in sent else 302)
    session.refresh_from_db()
    assert (session.note, session.needle_lot) in {("redness", "b24-0917X"), ("", "B24"), ("", "b24-0917X"), ("", "")}
    assert session.unread == {}


def test_an_answer_given_today_can_be_changed_until_the_needle_touches(client, case, session):
    """A "no" pressed too fast, or told only in the room: the newest answer counts, and what was left alone is not answered again."""
    page = client.get(url("record", session)).content.decode()
    assert f'href="{url("record", session)}?again=1#due"' in page
    assert 'name="again"' not in page
    page = client.get(url("record", session), {"again": "1"}).content.decode()
    questions = packaged().questions
    shown = {question.id for question in questions if f'name="q.{question.id}"' in page}
    assert "reproduction" in shown
    before = case.patient.screening_answers.count()
    sent = {f"q.{name}": "no" for name in shown} | {"again": "1"}
    assert client.post(url("record_answers", session), sent).status_code == 302
    assert case.patient.screening_answers.count() == before
    sent |= {"q.reproduction": "yes", "rule.reproduction": "pregnancy"}
    assert client.post(url("record_answers", session), sent).status_code == 302
    assert case.patient.screening_answers.count() == before + 1
    assert "This session cannot start" in client.get(url("record", session)).content.decode()


def test_what_holds_every_zone_back_is_said_once_above_the_page(client, case, session):
    sent = {f"q.{question.id}": "no" for question in packaged().questions}
    sent |= {"again": "1", "q.reproduction": "yes", "rule.reproduction": "pregnancy"}
    client.post(url("record_answers", session), sent)
    depths = {f"z{zone.pk}-depth": "0.5" for zone in session.zones.all()}
    assert len(depths) > 1
    page = post(client, case, session, **depths).content.decode()
    above = page[page.index('id="problem"') :].partition("</div>")[0]
    assert above.count("Defer: Pregnancy") == 1


def test_a_change_of_an_answer_that_is_not_whole_says_what_is_missing(client, case, session):
    answer = client.post(url("record_answers", session), {"again": "1", "q.reproduction": "yes"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Mark which of these apply" in page
    assert 'name="again"' in page
