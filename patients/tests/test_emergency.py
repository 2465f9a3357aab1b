"""A patient of another site in an emergency: by exact number and birth date, with a reason, for an hour, told to that site."""

import datetime as dt
import uuid

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Site, User
from accounts.permissions import Role
from accounts.reach import reach_of
from audit import guards
from audit.models import AuditEvent
from patients import emergency
from patients.models import Allergy, EmergencyOpening, Patient

pytestmark = pytest.mark.django_db

PAGE = "/patients/emergency/"
REASON = "Swollen eyelid two hours after the session, the patient stands here"


@pytest.fixture
def stranger(make_user):
    """A clinician of another site."""
    person = make_user("ada", Role.CLINICIAN, last_name="Stranger")
    person.sites.set([Site.objects.create(name="Birch Skin Clinic", slug="birch")])
    return person


@pytest.fixture
def auditor(make_user):
    return make_user("vera", Role.AUDITOR, last_name="Quist")


def typed(patient, **changes) -> dict:
    born = patient.birth_date
    fields = {"number": patient.number, "birth_day": born.day, "birth_month": born.month, "birth_year": born.year, "reason": REASON}
    return {**fields, "request_key": uuid.uuid4(), **changes}


@pytest.fixture
def opened(stranger, patient):
    return emergency.open_record(number=patient.number, birth_date=patient.birth_date, reason=REASON, by=stranger, request_key=uuid.uuid4())


def record_page(patient) -> str:
    return reverse("patients:detail", args=[patient.number])


@pytest.mark.both_engines
def test_number_birth_date_and_reason_open_the_record_with_all_that_hangs_on_it(client, stranger, patient):
    line = Allergy.objects.create(patient=patient, substance="nickel")
    client.force_login(stranger)
    assert client.get(record_page(patient)).status_code == 404
    assert client.post(PAGE, typed(patient))["Location"] == record_page(patient)
    page = client.get(record_page(patient)).content.decode()
    assert "RAHMAN" in page
    assert "Emergency access until" in page
    assert "Close now" in page
    assert client.get(reverse("patients:details", args=[patient.number])).status_code == 200
    fresh = User.objects.get(pk=stranger.pk)
    assert list(Patient.objects.visible_to(fresh)) == [patient]
    assert list(Allergy.objects.visible_to(fresh)) == [line]
    viewed = AuditEvent.objects.filter(action="patient.viewed", outcome="done").first()
    assert (viewed.patient_pk, viewed.detail["emergency"]) == (patient.pk, [patient.pk])
    event = AuditEvent.objects.get(action="emergency.opened")
    assert (event.actor, event.patient_pk) == (stranger, patient.pk)
    assert REASON not in str(event.detail)


def test_it_opens_one_patient_and_no_other_of_that_site(client, stranger, patient, opened, site):
    other = Patient.objects.create(number=20001, site=site, surname="Okafor", given="Chidi", birth_date=dt.date(1980, 1, 1))
    client.force_login(stranger)
    assert client.get(record_page(patient)).status_code == 200
    assert client.get(record_page(other)).status_code == 404


def test_it_runs_out_by_itself(client, stranger, patient, opened):
    client.force_login(stranger)
    assert opened.ends_at - opened.opened_at == dt.timedelta(minutes=60)
    with guards.suspended("patients_opening_said"):
        past = timezone.now() - dt.timedelta(minutes=61)
        EmergencyOpening.objects.update(opened_at=past, ends_at=past + dt.timedelta(minutes=60))
    assert client.get(record_page(patient)).status_code == 404


def test_it_does_not_stay_open_because_the_clock_was_put_back(client, stranger, patient, opened):
    """It would stand open for longer by as much. A minute is what two hosts may differ by."""
    client.force_login(stranger)

    def opened_in(ahead: dt.timedelta) -> bool:
        begins = timezone.now() + ahead
        with guards.suspended("patients_opening_said"):
            EmergencyOpening.objects.update(opened_at=begins, ends_at=begins + dt.timedelta(minutes=60))
        answers = client.get(record_page(patient)).status_code == 200
        assert EmergencyOpening.objects.get().is_open is answers
        return answers

    assert opened_in(dt.timedelta(seconds=50))
    assert not opened_in(dt.timedelta(days=1))


def test_tries_of_before_the_clock_was_put_back_keep_nobody_from_a_patient(client, stranger, patient):
    client.force_login(stranger)
    with time_machine.travel(timezone.now() + dt.timedelta(days=1)):
        for _ in range(emergency.MOST_TRIES):
            with pytest.raises(emergency.NoSuchPatient):
                emergency.open_record(number=1, birth_date=patient.birth_date, reason=REASON, by=stranger, request_key=uuid.uuid4())
        with pytest.raises(emergency.TooManyTries):
            emergency.open_record(number=1, birth_date=patient.birth_date, reason=REASON, by=stranger, request_key=uuid.uuid4())
    assert client.post(PAGE, typed(patient))["Location"] == record_page(patient)


def test_it_is_closed_before_its_time_by_the_banner(client, stranger, patient, opened):
    client.force_login(stranger)
    for _ in range(2):
        answer = client.post(reverse("patients:close_emergency", args=[patient.number]))
        assert answer.status_code in (302, 404)
    assert client.get(record_page(patient)).status_code == 404
    assert AuditEvent.objects.filter(action="emergency.closed").count() == 1


@pytest.mark.parametrize("change", [{"number": 10483}, {"birth_day": "5"}, {"birth_year": "1990"}])
def test_one_sentence_whatever_does_not_fit(client, stranger, patient, change):
    client.force_login(stranger)
    answer = client.post(PAGE, typed(patient, **change))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "No patient of another site has this number with this date of birth." in page
    assert REASON in page
    assert "Rahman" not in page
    assert not EmergencyOpening.objects.exists()
    (event,) = AuditEvent.objects.filter(action="emergency.refused")
    assert event.outcome == "refused"
    assert event.patient_pk == (None if "number" in change else patient.pk)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reason": ""}, "Say why you need this record now"),
        ({"reason": "x." * 4}, "Say in a few words why"),
        ({"number": "ten"}, "Patient number must be digits"),
        ({"number": "9" * 11}, "Patient number must be 10 digits or fewer"),
        ({"birth_day": "", "birth_month": "", "birth_year": ""}, "Enter the date of birth"),
        ({"request_key": "x"}, "Reload the page"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(client, stranger, patient, change, words):
    client.force_login(stranger)
    answer = client.post(PAGE, typed(patient, **change))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not EmergencyOpening.objects.exists()


@pytest.mark.both_engines
def test_guessing_ends_after_five_tries_even_with_the_right_date(client, stranger, patient):
    client.force_login(stranger)
    for day in range(5, 10):
        assert client.post(PAGE, typed(patient, birth_day=day)).status_code == 422
    answer = client.post(PAGE, typed(patient))
    assert answer.status_code == 429
    assert "Five tries did not fit" in answer.content.decode()
    assert not EmergencyOpening.objects.exists()


@pytest.mark.both_engines
def test_a_double_press_opens_once_and_an_open_record_is_not_opened_twice(client, stranger, patient):
    client.force_login(stranger)
    sent = typed(patient)
    for fields in (sent, sent, typed(patient)):
        assert client.post(PAGE, fields).status_code == 302
    assert EmergencyOpening.objects.count() == 1


def test_the_own_sites_patient_needs_no_emergency(client, clinician, patient):
    client.force_login(clinician)
    assert client.post(PAGE, typed(patient))["Location"] == record_page(patient)
    assert not EmergencyOpening.objects.exists()


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.MANAGER, Role.AUDITOR])
def test_only_who_treats_can_open_that_way(client, stranger, patient, role):
    User.objects.filter(pk=stranger.pk).update(role=role)
    client.force_login(User.objects.get(pk=stranger.pk))
    assert client.post(PAGE, typed(patient)).status_code == 403


def test_who_no_longer_treats_or_works_here_has_nothing_open(stranger, patient, opened):
    for change in ({"role": Role.FRONT_DESK}, {"is_active": False, "role": Role.CLINICIAN}):
        User.objects.filter(pk=stranger.pk).update(**change)
        assert not Patient.objects.visible_to(User.objects.get(pk=stranger.pk)).exists()


def test_that_site_and_the_auditor_are_told(client, opened, medical_lead, manager, auditor):
    for person, named in ((medical_lead, True), (manager, True), (auditor, False)):
        client.force_login(person)
        assert "1 emergency access to look at" in client.get(reverse("clinic:today")).content.decode()
        page = client.get(reverse("patients:openings")).content.decode()
        assert REASON in page
        assert "No. 10482" in page
        assert ("RAHMAN" in page) is named


def test_a_lead_of_neither_site_is_not_told(client, opened, make_user):
    other = make_user("eve", Role.MEDICAL_LEAD)
    other.sites.set([Site.objects.create(name="Cedar", slug="cedar")])
    client.force_login(other)
    assert REASON not in client.get(reverse("patients:openings")).content.decode()
    assert client.post(reverse("patients:review_opening", args=[opened.pk]), {"note": "x"}).status_code == 404


@pytest.mark.both_engines
def test_it_is_looked_at_once_with_what_was_found(client, opened, medical_lead, manager):
    address = reverse("patients:review_opening", args=[opened.pk])
    client.force_login(medical_lead)
    assert client.post(address, {"note": " "}).status_code == 422
    assert client.post(address, {"note": "Rang the patient, justified"}).status_code == 302
    client.force_login(manager)
    client.post(address, {"note": "second"})
    opened.refresh_from_db()
    assert (opened.reviewed_by, opened.review_note) == (medical_lead, "Rang the patient, justified")
    assert "emergency access" not in client.get(reverse("clinic:today")).content.decode()


def test_nobody_looks_at_the_own_opening(client, opened, stranger, site):
    User.objects.filter(pk=stranger.pk).update(role=Role.MEDICAL_LEAD)
    stranger.sites.add(site)
    client.force_login(User.objects.get(pk=stranger.pk))
    assert client.post(reverse("patients:review_opening", args=[opened.pk]), {"note": "fine"}).status_code == 404
    with pytest.raises(DatabaseError), transaction.atomic():
        EmergencyOpening.objects.update(reviewed_by=stranger, reviewed_at=timezone.now())


def refused(change) -> bool:
    try:
        with transaction.atomic():
            change()
    except DatabaseError:
        return True
    return False


@pytest.mark.both_engines
def test_what_was_said_is_never_changed_nor_taken_away(opened):
    later = opened.ends_at + dt.timedelta(days=1)
    assert refused(lambda: EmergencyOpening.objects.update(reason="Something else"))
    assert refused(lambda: EmergencyOpening.objects.update(ends_at=later))
    assert refused(lambda: EmergencyOpening.objects.all()._raw_delete("default"))
    with guards.suspended("patients_opening_said", "patients_opening_closed", "patients_opening_reviewed"):
        assert not refused(lambda: EmergencyOpening.objects.update(reason="Something else"))


@pytest.mark.both_engines
def test_a_closed_one_is_not_opened_again(opened, stranger, patient):
    assert emergency.close(patient, by=stranger)
    assert refused(lambda: EmergencyOpening.objects.update(closed_at=None))


@pytest.mark.both_engines
def test_what_a_person_reaches_is_asked_once_in_one_query(stranger, patient, opened):
    fresh = User.objects.get(pk=stranger.pk)
    with CaptureQueriesContext(connection) as queries:
        reach = reach_of(fresh)
        list(fresh.site_ids())
        reach_of(fresh)
    assert len(queries) == 1
    assert (len(reach.sites), reach.opened) == (1, (patient.pk,))


@pytest.mark.both_engines
def test_where_nothing_is_open_the_condition_is_the_sites_alone(desk, patient):
    """The search of every day stays one range of one index."""
    assert " OR " not in str(Patient.objects.visible_to(desk).query)


@pytest.mark.both_engines
def test_a_page_costs_nothing_more_where_nothing_is_open(client, clinician, patient):
    client.force_login(clinician)
    client.get(record_page(patient))
    with CaptureQueriesContext(connection) as queries:
        client.get(record_page(patient))
    asked = [query["sql"] for query in queries if "emergencyopening" in query["sql"]]
    assert len(asked) == 1
    assert "UNION ALL" in asked[0]
