"""A follow-up call: what is asked, what may be said, who has it in hand, and how loudly it is said that nobody has."""

import datetime as dt
import re
import uuid
from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import find
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Site
from accounts.reach import forget, reach_of
from aftercare.tests.signed_record import signed
from audit import guards
from audit.models import AuditEvent
from events.banner import ALERTS_WAIT, banner_of
from events.models import CallAcknowledgement, FollowUpCall
from events.services import calling
from events.services.alerts import alerts_for, said_of
from patients import emergency
from patients.models import Patient
from protocols.follow_up import LEVELS

pytestmark = pytest.mark.django_db


def words(response) -> str:
    return " ".join(response.content.decode().replace("&#x27;", "'").split())


def open_call(client, session):
    return client.get(reverse("events:call", args=[session.patient.number]))


class TestThePage:
    def test_it_shows_the_session_and_what_is_expected_and_presets_nothing(self, client, clinician, session_of):
        client.force_login(clinician)
        session = session_of(days=3, zones=(("cheeks", "1.5"),))
        page = words(open_call(client, session))
        for said in ("cheeks", "1.5", "B24-0917", "Medium depth", "Fine flaking, roughness, itching", "Day 3", "Dr Amara Osei"):
            assert said in page
        assert "checked" not in page

    def test_no_word_for_the_patient_stands_on_it_before_the_level(self, client, clinician, session_of, in_force):
        client.force_login(clinician)
        page = words(open_call(client, session_of()))
        for level in ("Please hang up", "A clinician will ring you back", "A clinician needs to see you", "fits the normal course"):
            assert level not in page

    def test_the_desk_rings_without_depth_lots_or_notes(self, client, desk, session_of):
        client.force_login(desk)
        session = session_of(note="Weals at the temple", reaction_note="Weals")
        page = words(open_call(client, session))
        assert "Do you have a fever or shivering" in page
        for hidden in ("B24-0917", "1.50", "Weals"):
            assert hidden not in page

    def test_without_a_session_it_says_so(self, client, desk, patient, in_force):
        client.force_login(desk)
        answer = client.get(reverse("events:call", args=[patient.number]))
        assert "No session is recorded" in words(answer)

    def test_without_approved_questions_it_sends_for_a_clinician(self, client, desk, protocol, site, clinician):
        session = signed(site, clinician, ended_at=timezone.now(), approved=False)
        client.force_login(desk)
        page = words(open_call(client, session))
        assert "No approved protocol says what to ask" in page
        assert "Keep the call" not in page

    def test_a_session_of_somebody_else_is_not_there(self, client, clinician, session_of):
        client.force_login(clinician)
        mine, other = session_of(), session_of(surname="Other")
        assert client.get(reverse("events:call", args=[mine.patient.number]), {"session": other.pk}).status_code == 404
        sent = {"session": other.pk, "outcome": "reached"}
        assert client.post(reverse("events:call", args=[mine.patient.number]), sent).status_code == 404


class TestKeeping:
    def test_all_as_expected_is_normal_and_only_its_words_are_shown(self, client, desk, session_of, form_of):
        client.force_login(desk)
        session = session_of()
        answer = client.post(reverse("events:call", args=[session.patient.number]), form_of(session))
        call = FollowUpCall.objects.get()
        assert answer.url == reverse("events:made", args=[call.pk])
        assert (call.level, call.by, call.day, call.band) == ("normal", desk, 3, "medium")
        page = words(client.get(answer.url))
        assert "fits the normal course" in page
        assert "020 7946 0118" in page
        assert "A clinician" not in page.replace("A clinician or a medical lead", "")
        assert not alerts_for(desk)

    @pytest.mark.parametrize(
        ("but", "level"),
        [
            ({"breathing": "yes"}, "emergency"),
            ({"fever": "yes"}, "see_today"),
            ({"weeping": "yes"}, "call_back_today"),
        ],
    )
    def test_what_is_said_is_the_approved_text_of_that_level_only(self, client, clinician, session_of, form_of, in_force, but, level):
        from events.services import script

        client.force_login(clinician)
        session = session_of()
        answer = client.post(reverse("events:call", args=[session.patient.number]), form_of(session, **but))
        call = FollowUpCall.objects.get()
        assert call.level == level
        page = words(client.get(answer.url))
        rules = script.in_force()
        for other in LEVELS:
            for line in rules.words(other, session.site):
                shown = f"“{line}”" in page
                assert shown == (other == level or line in rules.words(level, session.site)), (other, line)
        assert call.words == rules.words(level, session.site)
        assert "{" not in " ".join(call.words)

    def test_an_open_question_is_asked_back_and_never_normal(self, client, desk, session_of, form_of):
        client.force_login(desk)
        session = session_of()
        address = reverse("events:call", args=[session.patient.number])
        sent = form_of(session, eye=None, extra={"remark": "It itches a little"}.items())
        answer = client.post(address, sent)
        assert answer.status_code == 422
        page = words(answer)
        assert "1 question is still open" in page
        assert "It itches a little" in page
        assert page.count("checked") == len(sent) - 6
        assert not FollowUpCall.objects.exists()
        client.post(address, sent | {"as_it_stands": "on"})
        call = FollowUpCall.objects.get()
        assert call.level == "call_back_today"
        assert [one["id"] for one in call.answers if not one["said"]] == ["eye"]

    def test_an_emergency_is_not_held_up_by_what_is_open(self, client, desk, session_of, form_of):
        client.force_login(desk)
        session = session_of()
        but = dict.fromkeys(("fever", "growing", "eye", "redness"))
        answer = client.post(reverse("events:call", args=[session.patient.number]), form_of(session, breathing="yes", **but))
        assert answer.status_code == 302
        assert FollowUpCall.objects.get().level == "emergency"

    def test_nobody_reached_keeps_a_try_without_a_level(self, client, desk, session_of, form_of):
        client.force_login(desk)
        session = session_of()
        sent = form_of(session, outcome="no_answer", check_in="day_3")
        client.post(reverse("events:call", args=[session.patient.number]), sent)
        call = FollowUpCall.objects.get()
        assert (call.outcome, call.level, call.answers, call.words) == ("no_answer", "", [], [])

    def test_without_saying_whether_the_patient_was_reached_nothing_is_kept(self, client, desk, session_of, form_of):
        client.force_login(desk)
        session = session_of()
        answer = client.post(reverse("events:call", args=[session.patient.number]), form_of(session, outcome=""))
        assert answer.status_code == 422
        assert "Say whether the patient was reached" in words(answer)

    @pytest.mark.parametrize("answer", ["maybe", "YES", "no; DROP TABLE", "<b>no</b>"])
    def test_an_answer_that_is_none_is_refused(self, client, desk, session_of, form_of, answer):
        client.force_login(desk)
        session = session_of()
        got = client.post(reverse("events:call", args=[session.patient.number]), form_of(session, fever=answer))
        assert got.status_code == 422
        assert not FollowUpCall.objects.exists()

    def test_a_level_that_is_sent_along_is_not_listened_to(self, client, desk, session_of, form_of):
        client.force_login(desk)
        session = session_of()
        sent = form_of(session, breathing="yes", extra={"level": "normal", "words": "All is well"}.items())
        client.post(reverse("events:call", args=[session.patient.number]), sent)
        assert FollowUpCall.objects.get().level == "emergency"

    def test_a_double_press_keeps_one_call(self, client, desk, session_of, form_of):
        client.force_login(desk)
        session = session_of()
        sent = form_of(session, fever="yes")
        address = reverse("events:call", args=[session.patient.number])
        assert client.post(address, sent).url == client.post(address, sent).url
        assert FollowUpCall.objects.count() == 1

    def test_a_protocol_that_changed_meanwhile_is_gone_through_again(self, client, desk, session_of, form_of):
        client.force_login(desk)
        session = session_of()
        sent = form_of(session, fever="yes") | {"protocol": 4711}
        answer = client.post(reverse("events:call", args=[session.patient.number]), sent)
        assert answer.status_code == 409
        page = words(answer)
        assert "The protocol changed" in page
        assert "checked" in page
        assert not FollowUpCall.objects.exists()

    def test_a_page_from_before_midnight_keeps_its_questions_and_an_older_one_does_not(self, client, desk, session_of, form_of):
        client.force_login(desk)
        session = session_of(days=7)
        address = reverse("events:call", args=[session.patient.number])
        client.post(address, form_of(session, key="night", day=6) | {"as_it_stands": "on"})
        client.post(address, form_of(session, key="old", day=2) | {"as_it_stands": "on"})
        assert list(FollowUpCall.objects.order_by("pk").values_list("day", flat=True)) == [6, 7]

    def test_it_stands_in_the_log_without_a_word_of_the_patient(self, client, desk, session_of, form_of):
        client.force_login(desk)
        session = session_of()
        sent = form_of(session, fever="yes", extra={"remark": "Shivering since noon"}.items())
        client.post(reverse("events:call", args=[session.patient.number]), sent)
        row = AuditEvent.objects.get(action="call.made")
        assert (row.patient_pk, row.actor) == (session.patient_id, desk)
        assert "Shivering" not in str(row.detail)


@pytest.mark.both_engines
class TestTheAlert:
    def test_it_stands_on_pages_and_on_today_until_somebody_has_it_in_hand(self, client, clinician, desk, rung, session_of):
        call = rung(session_of(surname="Quillfeather"), fever="yes")
        for person in (clinician, desk):
            client.force_login(person)
            for page in (reverse("clinic:today"), reverse("patients:list")):
                shown = words(client.get(page))
                assert "See today:" in shown
                assert reverse("events:made", args=[call.pk]) in shown
        assert "1 call that waits for a clinician" in words(client.get(reverse("clinic:today")))
        client.force_login(clinician)
        answer = client.post(reverse("events:acknowledge", args=[call.pk]), {"decision": "Comes at three, seen by me"})
        assert answer.status_code == 302
        in_hand = CallAcknowledgement.objects.get()
        assert (in_hand.by, in_hand.decision) == (clinician, "Comes at three, seen by me")
        assert "See today:" not in words(client.get(reverse("clinic:today")))
        shown = words(client.get(reverse("events:made", args=[call.pk])))
        assert "Comes at three, seen by me" in shown
        assert AuditEvent.objects.get(action="call.acknowledged").detail["level"] == "see_today"

    def test_another_site_is_told_nothing_and_asks_nothing_until_it_opens_that_record(self, make_user, rung, session_of):
        call = rung(session_of(surname="Quillfeather"), fever="yes")
        stranger = make_user("ada", "clinician", last_name="Stranger")
        stranger.sites.set([Site.objects.create(name="Birch Skin Clinic", slug="birch")])
        assert ALERTS_WAIT not in reach_of(stranger).flags
        emergency.open_record(
            number=call.patient.number,
            birth_date=call.patient.birth_date,
            reason="Stands here with a swollen eye",
            by=stranger,
            request_key=uuid.uuid4(),
        )
        forget(stranger)
        assert ALERTS_WAIT in reach_of(stranger).flags
        assert [alert.number for alert, *_ in banner_of(stranger)["alerts"]] == [call.patient.number]

    def test_without_a_decision_it_stays_and_what_to_do_is_said(self, client, clinician, rung, session_of):
        call = rung(session_of(), fever="yes")
        client.force_login(clinician)
        answer = client.post(reverse("events:acknowledge", args=[call.pk]), {"decision": " "})
        assert answer.status_code == 422
        assert "Write what was decided" in words(answer)
        assert not CallAcknowledgement.objects.exists()

    def test_the_second_who_presses_is_told_who_was_first(self, client, clinician, medical_lead, rung, session_of):
        call = rung(session_of(), fever="yes")
        calling.acknowledge(call, decision="I ring back", by=medical_lead)
        client.force_login(clinician)
        answer = client.post(reverse("events:acknowledge", args=[call.pk]), {"decision": "I do"})
        assert answer.status_code == 409
        assert "I ring back" in words(answer)
        assert CallAcknowledgement.objects.get().by == medical_lead

    def test_a_normal_call_asks_nothing_of_a_clinician(self, rung, session_of, clinician):
        with pytest.raises(calling.Refused):
            calling.acknowledge(rung(session_of()), decision="Seen", by=clinician)

    def test_the_desk_cannot_take_it_in_hand(self, rung, session_of, desk):
        with pytest.raises(calling.Refused):
            calling.acknowledge(rung(session_of(), fever="yes"), decision="Seen", by=desk)

    def test_the_desk_reads_the_words_and_not_the_answers(self, client, desk, clinician, rung, session_of):
        call = rung(session_of(), fever="yes")
        calling.acknowledge(call, decision="Antibiotic begun", by=clinician)
        client.force_login(desk)
        page = words(client.get(reverse("events:made", args=[call.pk])))
        assert "A clinician needs to see you today." in page
        for hidden in ("What was answered", "Fever after a session", "Antibiotic begun", "B24-0917"):
            assert hidden not in page

    def test_the_gravest_comes_first(self, rung, session_of, clinician):
        rung(session_of(surname="Mild"), weeping="yes")
        rung(session_of(surname="Grave"), breathing="yes")
        rung(session_of(surname="Middle"), fever="yes")
        assert [one.level for one in alerts_for(clinician)] == ["emergency", "see_today", "call_back_today"]

    def test_it_is_said_louder_the_longer_nobody_has_it(self, site):
        at = timezone.now().replace(hour=10, minute=0)
        due = at + dt.timedelta(minutes=60)
        said = [said_of(site, at, due, at + dt.timedelta(minutes=minutes)) for minutes in (5, 75, 150)]
        assert "A clinician has it in hand by" in said[0]
        assert "15 minutes ago: find any clinician now" in said[1]
        assert "ring the medical lead" in said[2]

    def test_another_site_hears_nothing(self, client, make_user, rung, session_of):
        from accounts.models import Site

        call = rung(session_of(), fever="yes")
        stranger = make_user("ada", "clinician")
        stranger.sites.set([Site.objects.create(name="Birch", slug="birch")])
        client.force_login(stranger)
        assert "See today:" not in words(client.get(reverse("clinic:today")))
        assert client.get(reverse("events:made", args=[call.pk])).status_code == 404


class TestMerged:
    def test_a_call_is_kept_under_the_record_of_its_session(self, client, desk, session_of, form_of, site):
        session = session_of()
        kept = Patient.objects.create(number=901, site=site, surname="Kept", birth_date=dt.date(1991, 3, 4))
        Patient.objects.filter(pk=session.patient_id).update(merged_into=kept, merged_at=timezone.now())
        client.force_login(desk)
        client.post(reverse("events:call", args=[kept.number]), form_of(session))
        call = FollowUpCall.objects.get()
        assert call.patient_id == session.patient_id
        assert list(FollowUpCall.objects.filter(patient=kept)) == [call]


@pytest.mark.both_engines
@pytest.mark.parametrize("name", ["call_kept", "call_acknowledged"])
def test_the_database_refuses_a_change(name, rung, session_of, clinician):
    call = rung(session_of(), fever="yes")
    calling.acknowledge(call, decision="Seen", by=clinician)
    rows, change = {
        "call_kept": (FollowUpCall.objects.all(), {"level": "emergency"}),
        "call_acknowledged": (CallAcknowledgement.objects.all(), {"decision": "Not seen"}),
    }[name]
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows._raw_delete(rows.db)
    connection.check_constraints()
    with guards.suspended(name):  # the control: without the guard it goes through
        assert rows.update(**change) == 1
        connection.check_constraints()


def test_only_an_emergency_is_red_above_the_page():
    """A call that waits too long is said louder in amber and in words; red stays for what is an emergency."""
    sheet = Path(find("css/clinic.css")).read_text(encoding="utf-8")
    rules = re.findall(r"(\.call-banner[^{]*)\{([^}]*)\}", sheet)
    assert {".call-banner.late", ".call-banner.stop"} <= {name.strip() for name, _ in rules}
    assert {name.strip() for name, body in rules if "--stop" in body} == {".call-banner.stop"}
