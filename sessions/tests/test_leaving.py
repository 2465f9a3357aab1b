"""Somebody leaves: visits to come, unsigned records, open consultations and waiting plans go to who is named, or are shown."""

import datetime as dt
import time

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from accounts.models import Site, User
from accounts.services import staff as service
from audit.models import AuditEvent
from plans.models import Consultation, TreatmentPlan
from sessions.handover import who_takes_visits
from sessions.models import Booking, Hold, Resource, ResourceHours, TreatmentSession

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(client, manager):
    client.force_login(manager)
    session = client.session
    session["proved"] = {"password": time.time()}
    session.save()
    return client


@pytest.fixture
def record(clinician, patient, plan, diary):
    now = timezone.now()
    visit = Booking.objects.create(
        site=diary.site,
        patient=patient,
        plan=plan,
        kind="session",
        session_number=1,
        status="in_room",
        starts_at=now - dt.timedelta(hours=1),
        ends_at=now,
        clinician=diary.osei,
        created_by=clinician,
        request_key="record",
    )
    return TreatmentSession.objects.create(
        booking=visit, patient=patient, plan=plan, session_number=1, clinician=clinician, started_at=now - dt.timedelta(hours=1)
    )


@pytest.fixture
def draft(clinician, patient, plan):
    return Consultation.objects.create(
        patient=patient,
        site=patient.site,
        clinician=clinician,
        status="open",
        visit_date=timezone.localdate(),
        protocol_version=plan.protocol_version,
    )


def elin() -> User:
    return User.objects.get(username="elin")


def leave(here, person, **takers):
    return here.post(reverse("accounts:leaving", args=[person.pk]), takers)


@pytest.mark.parametrize(("role", "is_told"), [("front_desk", True), ("medical_lead", False)])
def test_who_gets_a_role_that_does_not_treat_leaves_work_behind(here, clinician, diary, book, record, role, is_told):
    book(diary.at(diary.monday(), 10), kind="review")
    access = {"first_name": "Amara", "last_name": "Osei", "role": role, "sites": list(clinician.sites.values_list("pk", flat=True))}
    answer = here.post(reverse("accounts:access", args=[clinician.pk]), {**access, "was": service.seen(clinician)})
    assert User.objects.get(pk=clinician.pk).role == role
    told = " ".join(str(message) for message in get_messages(answer.wsgi_request))
    assert ("visits to come (1), unsigned records (1)" in told) is is_told


@pytest.mark.both_engines
def test_the_page_counts_what_is_under_way(here, clinician, diary, book, record, draft):
    book(diary.at(diary.monday(), 10), kind="review")
    page = here.get(reverse("accounts:leaving", args=[clinician.pk])).content.decode()
    for title in ("Visits to come", "Unsigned records", "Open consultations"):
        assert title in page
    assert "RAHMAN, Nadia" in page
    assert "Elin Berg" in page


@pytest.mark.both_engines
def test_visits_keep_their_time_and_one_that_does_not_fit_is_shown_to_be_moved(here, client, desk, clinician, diary, book, make_patient):
    fits = book(diary.at(diary.monday(), 10), kind="review")
    clashes = book(diary.at(diary.monday(), 14), kind="review")
    book(diary.at(diary.monday(), 14), kind="review", clinician=diary.berg, room=diary.room2, patient=make_patient())
    page = leave(here, clinician, visits=elin().pk).content.decode()
    fits.refresh_from_db()
    clashes.refresh_from_db()
    assert (fits.clinician, fits.starts_at) == (diary.berg, diary.at(diary.monday(), 10))
    assert clashes.clinician == diary.osei
    assert "1 handed over to Elin Berg. 1 left:" in page
    assert reverse("sessions:booking", args=[clashes.pk]) in page
    taken = Hold.objects.filter(resource=diary.berg, is_live=True).values_list("starts_at", flat=True)
    assert len(taken) == len(set(taken)) == 2
    client.force_login(desk)
    today = client.get(reverse("clinic:today")).content.decode()
    assert "1 visit to move to somebody else" in today
    day = client.get(reverse("sessions:day_on", args=[diary.monday().isoformat()])).content.decode()
    assert "Dr Amara Osei" in day  # the column stands as long as a visit does
    assert "no longer works here" in day
    other_day = client.get(reverse("sessions:day_on", args=[diary.monday(2).isoformat()])).content.decode()
    assert "Dr Amara Osei" not in other_day


def test_whoever_is_free_takes_a_visit_that_the_first_cannot(here, clinician, diary, book, make_patient, make_user):
    third = diary.add("clinician", "Zoe Third", user=make_user("zoe", "clinician", last_name="Third"))
    visits = [book(diary.at(diary.monday(), hour), kind="review") for hour in (10, 14)]
    book(diary.at(diary.monday(), 14), kind="review", clinician=diary.berg, room=diary.room2, patient=make_patient())
    page = leave(here, clinician, visits="anybody").content.decode()
    assert [Booking.objects.get(pk=visit.pk).clinician for visit in visits] == [diary.berg, third]
    assert "1 handed over to Elin Berg. 1 handed over to Zoe Third." in page
    assert "left:" not in page


def test_nobody_named_leaves_the_visits_to_the_desk_and_nothing_new_is_booked(here, clinician, diary, book):
    from sessions.services.refusals import BookingRefused

    visit = book(diary.at(diary.monday(), 10), kind="review")
    assert leave(here, clinician).status_code == 422  # nobody is chosen beforehand
    assert "1 left" in leave(here, clinician, visits="nobody").content.decode()
    visit.refresh_from_db()
    assert visit.clinician == diary.osei
    diary.osei.refresh_from_db()
    with pytest.raises(BookingRefused):
        book(diary.at(diary.monday(), 12), kind="review", clinician=diary.osei)


@pytest.mark.both_engines
def test_records_and_drafts_go_to_who_is_named(here, clinician, diary, record, draft, manager):
    assert leave(here, clinician, records=elin().pk, consultations=elin().pk).status_code == 200
    record.refresh_from_db()
    draft.refresh_from_db()
    assert record.clinician == draft.clinician == elin()
    assert AuditEvent.objects.get(action="record.handed_over").actor == manager
    assert AuditEvent.objects.get(action="consultation.handed_over").patient_pk == draft.patient_id
    detail = AuditEvent.objects.get(action="user.left").detail
    assert detail["records"] == {"to": [elin().pk], "handed": 1, "left": 0}


def test_records_are_not_left_to_nobody(here, clinician, diary, record):
    answer = leave(here, clinician)
    assert answer.status_code == 422
    assert "Choose who takes over: unsigned records" in answer.content.decode()
    clinician.refresh_from_db()
    assert clinician.is_active


def test_somebody_of_another_site_cannot_be_named(here, clinician, diary, record, make_user):
    far = make_user("far", "clinician")
    far.sites.set([Site.objects.create(name="Birch", slug="birch")])
    assert leave(here, clinician, records=far.pk).status_code == 422
    with pytest.raises(service.StaffRefused):
        service.leave(clinician, by=User.objects.get(username="omar"), takers={"records": [far]})
    record.refresh_from_db()
    assert record.clinician == clinician


def test_a_waiting_plan_goes_back_and_its_consultation_is_open_with_who_takes_over(here, clinician, diary, make_plan, make_patient):
    plan = make_plan(make_patient(), status="awaiting")
    leave(here, clinician, plans=elin().pk)
    plan.refresh_from_db()
    reopened = Consultation.objects.get(patient=plan.patient, status="open")
    assert (plan.status, reopened.clinician) == (TreatmentPlan.Status.RETURNED, elin())


@pytest.mark.both_engines
def test_all_or_nothing(here, clinician, diary, book, record, monkeypatch):
    visit = book(diary.at(diary.monday(), 10), kind="review")
    before = AuditEvent.objects.count()

    def fails(user):
        raise RuntimeError("the last step")

    monkeypatch.setattr(service, "on_leaving", fails)
    with pytest.raises(RuntimeError):
        service.leave(clinician, by=User.objects.get(username="omar"), takers={"visits": [elin()], "records": [elin()]})
    visit.refresh_from_db()
    record.refresh_from_db()
    clinician.refresh_from_db()
    assert (visit.clinician, record.clinician, clinician.is_active) == (diary.osei, clinician, True)
    assert AuditEvent.objects.count() == before


@pytest.mark.both_engines
def test_who_is_taken_back_can_be_booked_again(here, clinician, diary, book):
    leave(here, clinician)
    here.post(reverse("accounts:take_back", args=[clinician.pk]))
    diary.osei.refresh_from_db()
    assert diary.osei.is_active
    assert book(diary.at(diary.monday(), 10), kind="review").clinician == diary.osei


@pytest.fixture
def birch():
    place = Site.objects.create(name="Birch", slug="birch")
    room = Resource.objects.create(site=place, kind="room", name="Birch room")
    ResourceHours.objects.bulk_create(ResourceHours(resource=room, weekday=day, opens=dt.time(9), closes=dt.time(17)) for day in range(5))
    return place


def hours_at(resource, site=None):
    ResourceHours.objects.bulk_create(
        ResourceHours(resource=resource, site=site, weekday=day, opens=dt.time(9), closes=dt.time(17)) for day in range(5)
    )


def test_a_guest_who_works_here_takes_what_is_here(here, clinician, diary, book, birch, make_user):
    """Whose own site is another one, with hours here: named like anybody else, and asked of each visit whether it fits."""
    una = make_user("una", "clinician", last_name="Lind")
    una.sites.add(birch)
    guest = Resource.objects.create(site=birch, kind="clinician", name="Dr Una Lind", user=una)
    hours_at(guest)
    assert una not in who_takes_visits(clinician)  # no hours here
    ResourceHours.objects.create(resource=guest, site=diary.site, weekday=0, opens=dt.time(9), closes=dt.time(12))
    visits = [book(diary.at(diary.monday(), hour), kind="review") for hour in (10, 14)]
    assert who_takes_visits(clinician) == [elin(), una]
    page = leave(here, clinician, visits=una.pk).content.decode()
    assert [Booking.objects.get(pk=visit.pk).clinician for visit in visits] == [guest, diary.osei]
    assert "1 handed over to" in page
    assert "1 left:" in page


def test_visits_at_the_other_site_go_to_who_works_there(here, clinician, diary, book, birch, make_user, make_patient):
    una = make_user("una", "clinician", last_name="Lind")
    local = Resource.objects.create(site=birch, kind="clinician", name="Dr Una Lind", user=una)
    hours_at(local)
    hours_at(diary.osei, birch)
    theirs = make_patient()
    theirs.site = birch
    theirs.save()
    visit = book(diary.at(diary.monday(), 10), kind="review", patient=theirs, room=Resource.objects.get(name="Birch room"))
    assert visit.site == birch
    assert who_takes_visits(clinician) == [elin(), una]
    leave(here, clinician, visits="anybody")
    visit.refresh_from_db()
    assert (visit.clinician, visit.site) == (local, birch)
