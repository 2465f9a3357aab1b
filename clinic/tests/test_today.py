"""Today: own list for clinicians, everybody for the desk, one next action a row, what is left to finish."""

import datetime as dt
import re

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from aftercare.models import Sheet
from audit.models import AuditEvent
from clinic.today import worklist_of
from patients import services
from patients.storyboard import tags_of
from plans.models import Consultation
from sessions.models import Resource, TreatmentSession
from sessions.tests.record_case import RecordCase, signed

pytestmark = pytest.mark.django_db


def names(rows):
    return [row.booking.patient.surname for row in rows]


def piles(work):
    return {pile.id: pile.words for pile in work.piles}


def test_clinicians_see_their_own_and_may_look_at_everyone(clinician, book, person, other_column, now):
    book(person("Mine"), 10)
    book(person("Theirs"), 20, clinician=other_column)
    assert names(worklist_of(clinician, now=now).next) == ["Mine"]
    assert names(worklist_of(clinician, now=now, everyone=True).next) == ["Mine", "Theirs"]


def test_rows_are_now_next_and_over(desk, book, person, now):
    book(person("In"), -30, "in_room")
    book(person("Coming"), 30)
    book(person("Gone"), -120, "done")
    book(person("Absent"), -90, "missed")
    book(person("Off"), 60, "cancelled")
    work = worklist_of(desk, now=now)
    assert (names(work.now), names(work.next), names(work.over)) == (["In"], ["Coming"], ["Gone", "Absent"])


def test_the_desk_sees_first_whom_it_still_expects(desk, clinician, book, person, now):
    book(person("Waits"), 10, "arrived", arrived_at=now)
    book(person("Expected"), 40)
    assert names(worklist_of(desk, now=now).next) == ["Expected", "Waits"]
    assert names(worklist_of(clinician, now=now).next) == ["Waits", "Expected"]


def test_yesterday_and_tomorrow_are_not_today(desk, book, person, now):
    book(person("Yesterday"), -24 * 60)
    book(person("Tomorrow"), 24 * 60)
    assert worklist_of(desk, now=now).count == 0


def test_status_is_said_in_words(desk, book, person, now):
    book(person("Late"), -20)
    book(person("Here"), 10, "arrived", arrived_at=now - dt.timedelta(minutes=5))
    book(person("Later"), 90)
    said = {row.booking.patient.surname: row.status for row in worklist_of(desk, now=now).next}
    assert said == {"Late": "Not here yet, 20 min late", "Here": "Here 11:55", "Later": "Not here yet"}


def test_each_row_has_one_next_action_for_the_role(desk, clinician, book, person, plan_of, now):
    patient = person("Course")
    plan = plan_of(patient)
    expected = book(person("Expected"), 5)
    ready = book(patient, 10, "arrived", kind="session", plan=plan, number=1)
    talk = book(person("Talk"), 20, "arrived")
    under_way = book(person("Under"), -10, "in_room", kind="session", plan=plan_of(person("Under2")), number=2)
    record = TreatmentSession.objects.create(
        booking=under_way, patient=under_way.patient, plan=under_way.plan, session_number=2, clinician=clinician, started_at=now
    )

    def actions(user):
        work = worklist_of(user, now=now)
        return {row.booking.pk: row.do for row in work.now + work.next}

    mine, theirs = actions(clinician), actions(desk)
    assert (mine[expected.pk].label, theirs[expected.pk].label) == ("Arrived", "Arrived")
    assert mine[expected.pk].version == expected.version
    assert (mine[ready.pk].label, mine[ready.pk].url) == ("Start", reverse("sessions:record_start", args=[ready.pk]))
    assert mine[talk.pk].label == "Start consultation"
    assert mine[under_way.pk].url == reverse("sessions:record", args=[record.pk])
    assert [theirs[b.pk] for b in (ready, talk, under_way)] == [None, None, None]


def test_two_people_of_one_name_are_pointed_out(desk, clinician, book, person, other_column, now):
    one, two = person("Haidari", "Sara"), person("HAIDARÍ", "Soraya")
    book(one, 10)
    book(two, 60, clinician=other_column)
    book(one, 120)
    flags = [flag.text for row in worklist_of(clinician, now=now).next for flag in row.flags]
    assert flags == ["2 with this name today", "2 with this name today"]
    assert tags_of(one, desk) == ["2 with this name today"]
    assert tags_of(person("Alone"), desk) == []


def test_allergies_are_flagged_by_their_substance(desk, clinician, book, person, now):
    patient = person("Okafor")
    services.add_allergy(patient, by=clinician, substance="Lidocaine", reaction="collapse")
    book(patient, 10)
    assert [flag.text for flag in worklist_of(desk, now=now).next[0].flags] == ["Allergy: Lidocaine"]


def test_what_is_left_to_finish_is_counted_for_who_can_finish_it(clinician, desk, manager, book, person, plan_of, version, site, now):
    patient = person("Okafor")
    plan = plan_of(patient, sessions=4)
    booking = book(patient, -60, "done", kind="session", plan=plan, number=1)
    record = TreatmentSession.objects.create(
        booking=booking, patient=patient, plan=plan, session_number=1, clinician=clinician, started_at=now
    )
    Consultation.objects.create(patient=person("Draft"), site=site, clinician=clinician, visit_date=now.date(), protocol_version=version)
    Sheet.objects.create(session=record, record_version=1, variant="A4", state="failed", requested_at=now, problem="No font")
    assert piles(worklist_of(clinician, now=now)) == {
        "records": "1 record to sign",
        "drafts": "1 consultation to finish",
        "plans": "1 plan to place",
        "sheets": "1 sheet failed",
    }
    assert set(piles(worklist_of(desk, now=now))) == {"plans", "sheets"}
    assert set(piles(worklist_of(manager, now=now))) == {"plans"}
    place = next(pile for pile in worklist_of(desk, now=now).piles if pile.id == "plans")
    assert place.items[0].facts == "3 of 4 sessions to book"


def test_a_plan_with_all_sessions_booked_is_placed(desk, book, person, plan_of, now):
    patient = person("Okafor")
    plan = plan_of(patient, sessions=2)
    book(patient, 10, kind="session", plan=plan, number=1)
    last = book(patient, 60 * 24 * 28, kind="session", plan=plan, number=2)
    assert piles(worklist_of(desk, now=now)) == {}
    last.status = "cancelled"
    last.save()
    assert piles(worklist_of(desk, now=now)) == {"plans": "1 plan to place"}


def test_other_sites_stay_out(desk, book, person, now):
    book(person("Okafor"), 10)
    desk.sites.clear()
    assert worklist_of(desk, now=now).count == 0


def test_the_page_shows_rows_and_logs_once(client, desk, book, person):
    booking = book(person("Okafor", "Chidi"), 0)
    client.force_login(desk)
    html = client.get("/today/").content.decode()
    assert "OKAFOR," in html
    assert reverse("sessions:arrive", args=[booking.pk]) in html
    assert f'name="version" value="{booking.version}"' in html
    assert "style=" not in html
    seen = re.search(r'data-seen="([0-9a-f]+)"', html)[1]
    assert "<html" not in client.get(f"/today/?poll=1&seen={seen}").content.decode()
    assert AuditEvent.objects.filter(action="today.viewed").count() == 1


def test_a_poll_that_brings_somebody_new_is_a_look_of_its_own(client, desk, book, person):
    book(person("Okafor", "Chidi"), 0)
    client.force_login(desk)
    seen = re.search(r'data-seen="([0-9a-f]+)"', client.get("/today/").content.decode())[1]
    book(person("Rahman", "Nadia"), 90)
    html = client.get(f"/today/?poll=1&seen={seen}").content.decode()
    assert "RAHMAN" in html
    assert AuditEvent.objects.filter(action="today.viewed").count() == 2
    newer = re.search(r'data-seen="([0-9a-f]+)"', html)[1]
    client.get(f"/today/?poll=1&seen={newer}")
    assert AuditEvent.objects.filter(action="today.viewed").count() == 2


def test_an_empty_day_says_so_and_offers_a_start(client, desk):
    client.force_login(desk)
    html = client.get("/today/").content.decode()
    assert "No visits today." in html
    assert "New booking" in html


def test_the_front_door_leads_to_today(client, desk):
    assert client.get("/").status_code == 302
    client.force_login(desk)
    assert client.get("/").url == "/today/"


def test_rows_cost_no_query_each(client, clinician, desk, book, person, plan_of, django_assert_max_num_queries):
    client.force_login(clinician)
    for i in range(2):
        patient = person(f"P{i}")
        book(patient, i * 50, kind="session", plan=plan_of(patient), number=1)
    with django_assert_max_num_queries(29) as few:  # one of them, the follow-up calls of the version in force, once a process
        client.get("/today/")
    for i in range(2, 6):
        patient = person(f"P{i}")
        book(patient, i * 50, kind="session", plan=plan_of(patient), number=1)
    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get("/today/")


def test_a_done_session_without_a_record_is_entered(client, clinician, desk, book, person, plan_of, now, django_assert_max_num_queries):
    with time_machine.travel(now, tick=False):  # what is entered lies behind, at whatever hour this runs
        _done_sessions_are_entered(client, clinician, desk, book, person, plan_of, django_assert_max_num_queries)


def _done_sessions_are_entered(client, clinician, desk, book, person, plan_of, django_assert_max_num_queries):
    def done(name, minutes):
        patient = person(name)
        return book(patient, minutes, kind="session", plan=plan_of(patient), number=1, status="done")

    visit = done("Okafor", -200)
    page = reverse("sessions:enter_record", args=[visit.pk])
    client.force_login(desk)
    assert page not in client.get("/today/").content.decode()
    client.force_login(clinician)
    html = client.get("/today/").content.decode()
    assert page in html
    assert "Enter record" in html
    with django_assert_max_num_queries(40) as few:
        client.get("/today/")
    for name, minutes in (("Rahman", -300), ("Adeyemi", -400)):
        done(name, minutes)
    with django_assert_max_num_queries(len(few.captured_queries)):
        assert client.get("/today/").content.decode().count("Enter record") == 3


# Courses that drift


@pytest.fixture
def course(book, person, plan_of):
    """course(name, days since the last session): one of four done; the plan waits four to eight weeks between."""

    def make(name, days, *, next_in=None, status="booked", **fields):
        plan = plan_of(person(name, **fields.pop("patient", {})), **fields)
        book(plan.patient, -days * 24 * 60, "done", kind="session", plan=plan, number=1)
        if next_in is not None:
            book(plan.patient, next_in * 24 * 60, status, kind="session", plan=plan, number=2)
        return plan

    return make


@pytest.mark.both_engines
def test_courses_past_their_longest_wait_stand_on_today_the_latest_first(desk, clinician, other_column, course, now):
    course("Waits", 56)
    course("Late", 57)
    course("Later", 90)
    course("Coming", 90, next_in=3)
    course("Missed", 60, next_in=-2, status="missed")
    course("Theirs", 70, accepted_by=other_column.user)
    work = worklist_of(desk, now=now)
    late = next(pile for pile in work.piles if pile.id == "late")
    assert late.words == "4 courses past their longest wait"
    assert [item.title for item in late.items] == ["LATER, Ada", "THEIRS, Ada", "MISSED, Ada", "LATE, Ada"]
    assert late.items[0].facts.startswith("4 weeks and 6 days past, the last session on ")
    assert late.url == f"{reverse('followup:drift')}?kind=latest"
    assert piles(work)["plans"] == "2 plans to place"  # each course stands in one pile
    mine = next(pile for pile in worklist_of(clinician, now=now).piles if pile.id == "late")
    assert [item.title for item in mine.items] == ["LATER, Ada", "MISSED, Ada", "LATE, Ada"]
    assert "late" in piles(worklist_of(clinician, now=now, everyone=True))


def test_a_session_that_is_over_and_that_nobody_marked_is_neither_booked_next_nor_placed(desk, course, now):
    plan = course("Late", 90, next_in=-2)
    whole = course("Whole", 20, next_in=-2, sessions=2)
    work = worklist_of(desk, now=now)
    assert piles(work) == {"late": "1 course past its longest wait", "plans": "1 plan to place"}
    for one in (plan, whole):
        one.bookings.filter(session_number=2).update(status="done")
    assert "late" not in piles(worklist_of(desk, now=now))
    assert piles(worklist_of(desk, now=now)) == {"plans": "1 plan to place"}  # the two that are left of the first


def test_treated_under_another_plan_meanwhile_is_not_late(desk, course, book, plan_of, now):
    """What was done since may lengthen the wait: the board asks the rule, Today keeps quiet."""
    plan = course("Nadia", 80)
    book(plan.patient, -20 * 24 * 60, "done", kind="session", plan=plan_of(plan.patient, plan_number=2), number=1)
    assert "late" not in piles(worklist_of(desk, now=now))


def test_many_courses_cost_one_query_and_are_counted(client, desk, course, django_assert_max_num_queries):
    client.force_login(desk)
    course("P0", 80)
    client.get("/today/")
    with django_assert_max_num_queries(40) as few:
        client.get("/today/")
    for n in range(1, 9):
        course(f"P{n}", 80 + n)
        course(f"W{n}", n)
    with django_assert_max_num_queries(len(few.captured_queries)):
        page = client.get("/today/").content.decode()
    assert "9 courses past their longest wait" in page
    assert "8 plans to place" in page
    assert page.count("past, the last session on") == 6


def test_a_visit_whose_clinician_is_away_is_flagged(desk, book, person, column, now):
    from sessions.models import Absence, Hold

    stands, other = book(person("Stands"), 60), book(person("Later"), 180)
    for visit in (stands, other):
        Hold.objects.create(booking=visit, resource=column, subject=f"r{column.pk}", starts_at=visit.starts_at, ends_at=visit.ends_at)
    Absence.objects.create(resource=column, starts_at=stands.starts_at, ends_at=stands.ends_at, reason="Ill")
    flags = {row.booking.patient.surname: [flag.text for flag in row.flags] for row in worklist_of(desk, now=now).next}
    assert flags == {"Stands": ["Dr Amara Osei away: Ill"], "Later": []}


def test_arrived_in_everyones_list_comes_back_to_everyones_list(client, clinician, book, person, other_column, now):
    visit = book(person("Theirs"), 0, clinician=other_column)
    client.force_login(clinician)
    for address in ("/today/?who=everyone", "/today/?poll=1&who=everyone"):
        page = client.get(address)
        assert 'name="next" value="/today/?who=everyone"' in page.content.decode()
    sent = {"version": visit.version, "next": "/today/?who=everyone"}
    assert client.post(reverse("sessions:arrive", args=[visit.pk]), sent)["Location"] == f"/today/?who=everyone#b{visit.pk}"


def test_an_arrival_names_who_is_here_and_is_undone_on_the_list(client, desk, book, person, now):
    visit = book(person("Rahman"), 0)
    client.force_login(desk)
    sent = {"version": visit.version, "next": "/today/"}
    page = client.post(reverse("sessions:arrive", args=[visit.pk]), sent, follow=True).content.decode()
    notice = re.search(r'<div class="notice success".*?</div>', page, re.DOTALL)[0]
    assert f"{visit.patient}: marked as here." in notice
    undo = re.search(r'<form method="post" action="([^"]+)"[^>]*>(.*?)<button', notice, re.DOTALL)
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', undo[2]))
    assert fields.pop("csrfmiddlewaretoken")
    back = client.post(undo[1], fields)
    assert back["Location"] == f"/today/#b{visit.pk}"
    assert f'id="b{visit.pk}"' in client.get("/today/").content.decode()
    visit.refresh_from_db()
    assert (visit.status, visit.arrived_at) == ("booked", None)


def test_a_medical_lead_sees_the_protocols_to_review_and_nobody_else(client, clinician, medical_lead, protocol):
    from audit import guards
    from protocols.models import ProtocolVersion
    from protocols.services import create_draft, submit

    def shown(person):
        client.force_login(person)
        return client.get(reverse("clinic:today")).content.decode()

    assert "to review" not in shown(medical_lead)
    with guards.suspended("protocol_version_locked"):
        ProtocolVersion.objects.update(next_review_on=timezone.localdate() - dt.timedelta(days=3))
    submit(create_draft(protocol, name="2030.1", by=clinician), by=clinician)
    page = shown(medical_lead)
    assert "2 protocols to review" in page
    assert "Review overdue since" in page
    assert "Handed over" in page
    assert "to review" not in shown(clinician)


# Devices


def test_a_device_to_clean_stands_under_what_is_left_to_finish(site, clinician, patient, desk, make_user, client):
    case = RecordCase(site, clinician, patient)
    signed(case, is_cleaned=False)
    for user in (clinician, desk):
        assert piles(worklist_of(user))["devices"] == "1 device to clean or have serviced"
    assert "devices" not in piles(worklist_of(make_user("vera", "auditor")))
    client.force_login(desk)
    page = client.get("/today/").content.decode()
    assert "Powered pen B was not cleaned since its session of" in page
    case.cleaned()
    assert "devices" not in piles(worklist_of(clinician))


def test_what_anybody_typed_is_text_in_a_row(client, desk, clinician, book, person, now):
    """The rows are written without a template: each word in them is escaped all the same."""
    evil = "<img src=x onerror=alert(1)>'"
    patient = person(evil)
    services.add_allergy(patient, by=clinician, substance=evil, reaction="collapse")
    visit = book(patient, 10)
    Resource.objects.filter(pk=visit.clinician_id).update(name=evil)
    client.force_login(desk)
    page = client.get("/today/").content.decode()
    assert page.count("&lt;img src=x onerror=alert(1)&gt;&#x27;") >= 2
    assert "&lt;IMG SRC=X" in page
    assert "<img src=x" not in page.lower()
