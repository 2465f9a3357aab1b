"""Registering: what is typed is checked and kept, likely duplicates are shown first, two clicks register once."""

import datetime as dt
import threading
import uuid

import pytest
from django.db import IntegrityError, close_old_connections, connection, transaction
from django.db.models import Max
from django.urls import reverse

from audit.models import AuditEvent
from patients import services
from patients.models import Patient

pytestmark = pytest.mark.django_db

URL = "/patients/new/"


def typed(**changes):
    return {
        "surname": "Okafor",
        "given": "Chidi",
        "birth_day": "20",
        "birth_month": "11",
        "birth_year": "1986",
        "phone": "07700 900121",
        "request_key": str(uuid.uuid4()),
        **changes,
    }


@pytest.fixture
def at_desk(client, desk):
    client.force_login(desk)
    return client


def test_a_phone_booking_needs_surname_birth_date_and_phone(at_desk):
    answer = at_desk.post(URL, typed(given=""))
    made = Patient.objects.get()
    assert answer.url == reverse("patients:detail", args=[made.number])
    assert (made.surname, made.given, made.birth_date) == ("Okafor", "", dt.date(1986, 11, 20))
    assert made.phone_digits == "07700900121"
    assert made.sex == ""
    assert AuditEvent.objects.filter(action="patient.registered", patient_pk=made.pk).count() == 1


def test_month_may_be_a_word(at_desk):
    at_desk.post(URL, typed(birth_month="Nov"))
    assert Patient.objects.get().birth_date == dt.date(1986, 11, 20)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"surname": " "}, "Enter the surname"),
        ({"surname": "--"}, "Surname must have at least one letter"),
        ({"birth_day": "", "birth_month": "", "birth_year": ""}, "Enter the date of birth"),
        ({"birth_year": ""}, "Enter the year of birth"),
        ({"birth_day": "31", "birth_month": "2"}, "Date of birth must be a real date"),
        ({"birth_day": "x"}, "Date of birth must be a day, a month and a year"),
        ({"birth_year": "86"}, "Year of birth must have 4 digits"),
        ({"birth_year": "1899"}, "Date of birth must be in 1900 or later"),
        ({"birth_year": "2999"}, "Date of birth must be in the past"),
        ({"birth_day": "²"}, "Date of birth must be a day, a month and a year"),
        ({"phone": ""}, "Enter a phone number, or an email address below"),
        ({"phone": "call mum"}, "Phone must be digits"),
        ({"phone": "12345"}, "Phone must have 6 to 15 digits"),
        ({"email": "nobody"}, "Email must have a name, an @ and a host"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_everything_stays(at_desk, changes, said):
    answer = at_desk.post(URL, typed(**changes))
    html = answer.content.decode()
    assert answer.status_code == 422
    assert said in html
    assert 'aria-invalid="true"' in html
    assert 'id="problem"' in html
    assert 'value="Chidi"' in html
    assert "<title>Error: " in html
    assert not Patient.objects.exists()


def test_an_email_address_is_enough_where_there_is_no_phone(at_desk):
    at_desk.post(URL, typed(phone="", email="chidi@example.org"))
    assert Patient.objects.get().email == "chidi@example.org"


def test_nobody_is_born_tomorrow(at_desk):
    tomorrow = dt.date.today() + dt.timedelta(days=2)  # noqa: DTZ011
    answer = at_desk.post(URL, typed(birth_day=tomorrow.day, birth_month=tomorrow.month, birth_year=tomorrow.year))
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, "Same birth date, same surname"),
        ({"surname": "Ráhmán", "given": ""}, "Same birth date, same surname"),
        ({"surname": "Rahmann"}, "Same birth date, similar surname"),
        ({"surname": "Nadia", "given": "Rahman"}, "Same birth date, names the other way round"),
        ({"surname": "Ahmed"}, "Same birth date, same given name"),
        ({"birth_day": "3", "birth_month": "4"}, "Same name, day and month of birth the other way round"),
        ({"surname": "Stone", "given": "Petra", "birth_year": "1960", "phone": "+44 20 7946 0200"}, "Same phone number"),
    ],
)
def test_likely_the_same_person_is_shown_before_saving(at_desk, patient, changes, why):
    form = typed(surname="Rahman", given="Nadia", birth_day="4", birth_month="3", birth_year="1991", phone="07700 900999") | changes
    answer = at_desk.post(URL, form)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert why in html
    assert reverse("patients:detail", args=[patient.number]) in html
    assert "020 7946 0200" in html
    assert "4\xa0Mar\xa01991" in html
    assert Patient.objects.count() == 1


def test_another_person_of_the_same_day_is_no_duplicate(at_desk, patient):
    at_desk.post(URL, typed(birth_day="4", birth_month="3", birth_year="1991"))
    assert Patient.objects.count() == 2


def test_somebody_at_another_site_is_not_shown(at_desk, patient):
    from accounts.models import Site

    Patient.objects.update(site=Site.objects.create(name="Elsewhere", slug="elsewhere"))
    answer = at_desk.post(URL, typed(surname="Rahman", given="Nadia", birth_day="4", birth_month="3", birth_year="1991"))
    assert answer.status_code == 302


def test_register_anyway_keeps_all_that_was_typed(at_desk, patient):
    form = typed(surname="Rahman", given="Nadira", birth_day="4", birth_month="3", birth_year="1991", address="1 Example Row", sex="F")
    shown = at_desk.post(URL, form)
    again = {name: shown.context["form"].data.get(name, "") for name in form} | {"seen": str(patient.pk)}
    at_desk.post(URL, again)
    made = Patient.objects.exclude(pk=patient.pk).get()
    assert (made.given, made.address, made.sex) == ("Nadira", "1 Example Row", "F")


def test_the_warning_carries_every_field_and_who_was_seen(at_desk, patient):
    html = at_desk.post(URL, typed(surname="Rahman", birth_day="4", birth_month="3", birth_year="1991")).content.decode()
    assert f'name="seen" value="{patient.pk}"' in html
    assert 'name="birth_year" value="1991"' in html
    assert 'name="surname" value="Rahman"' in html


def test_a_likeness_that_was_not_seen_is_shown_first(at_desk, patient):
    answer = at_desk.post(URL, typed(surname="Rahman", birth_day="4", birth_month="3", birth_year="1991", seen="999999"))
    assert answer.status_code == 422


def test_change_what_i_typed_goes_back_to_the_form(at_desk, patient):
    answer = at_desk.post(URL, typed(surname="Rahman", birth_day="4", birth_month="3", birth_year="1991", seen=str(patient.pk), back="1"))
    html = answer.content.decode()
    assert "Register the patient" in html
    assert f'value="{patient.pk}"' not in html
    assert Patient.objects.count() == 1


def test_a_double_click_registers_once(at_desk):
    form = typed()
    first, second = at_desk.post(URL, form), at_desk.post(URL, form)
    assert first.url == second.url
    assert Patient.objects.count() == 1


def test_people_without_a_site_are_told_whom_to_ask(client, desk):
    desk.sites.clear()
    client.force_login(desk)
    assert "Ask the manager" in client.get(URL).content.decode()


def test_numbers_go_up_and_step_over_those_brought_in(site, desk, patient):
    born = dt.date(1990, 1, 1)
    made = [services.register(site=site, by=desk, surname=f"N{i}", birth_date=born) for i in range(3)]
    assert [p.number for p in made] == [10483, 10484, 10485]


def test_a_failed_registration_leaves_no_gap(site, desk):
    first = services.register(site=site, by=desk, surname="A", birth_date=dt.date(1990, 1, 1))
    with pytest.raises(IntegrityError):
        services.register(site=site, by=desk, surname="B", birth_date=None)
    assert services.register(site=site, by=desk, surname="C", birth_date=dt.date(1990, 1, 1)).number == first.number + 1


@pytest.mark.django_db(transaction=True)
def test_next_number_is_refused_outside_a_transaction():
    with pytest.raises(RuntimeError):
        services.next_number()


def _all_at_once(count, work):
    """Run *work(i)* in *count* threads that start together; return what they raised."""
    start, raised = threading.Barrier(count), []

    def run(i):
        close_old_connections()
        try:
            start.wait(timeout=10)
            work(i)
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.both_engines
@pytest.mark.django_db(transaction=True)
def test_eight_desks_at_once_get_eight_numbers(site, desk):
    def work(i):
        for n in range(4):
            services.register(site=site, by=desk, surname=f"Desk {i} {n}", birth_date=dt.date(1990, 1, 1))

    assert _all_at_once(8, work) == []
    assert sorted(Patient.objects.values_list("number", flat=True)) == list(range(10001, 10033))


@pytest.mark.both_engines
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_two_desks_do_collide(site):
    """Negative control: read the highest number, wait for the other, write. The unique constraint is what stands then."""
    both_read = threading.Barrier(2)

    def work(i):
        number = (Patient.objects.aggregate(n=Max("number"))["n"] or 10000) + 1
        both_read.wait(timeout=10)
        Patient.objects.create(site=site, number=number, surname=f"P{i}", birth_date=dt.date(1990, 1, 1))

    raised = _all_at_once(2, work)
    assert [type(error) for error in raised] == [IntegrityError]


@pytest.mark.both_engines
@pytest.mark.django_db(transaction=True)
def test_one_form_sent_by_four_threads_registers_once(site, desk):
    key, numbers = uuid.uuid4(), []

    def work(i):
        made = services.register(site=site, by=desk, request_key=key, surname="Once", birth_date=dt.date(1990, 1, 1))
        numbers.append(made.number)

    assert _all_at_once(4, work) == []
    assert len(set(numbers)) == 1
    assert Patient.objects.count() == 1


@pytest.mark.both_engines
@pytest.mark.django_db(transaction=True)
def test_a_double_click_is_never_told_of_its_own_likeness(site, desk):
    key = uuid.uuid4()

    def work(i):
        services.register(site=site, by=desk, request_key=key, seen=set(), surname="Once", birth_date=dt.date(1990, 1, 1))

    assert _all_at_once(4, work) == []
    assert Patient.objects.count() == 1


@pytest.mark.both_engines
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("asking", "registered"), [(True, 1), (False, 2)])
def test_two_desks_that_register_one_person_at_once_are_asked(site, desk, asking, registered):
    """Without asking inside the transaction (the control) both are registered."""

    def work(i):
        seen = set() if asking else None
        services.register(site=site, by=desk, seen=seen, surname="Okafor", given="Chidi", birth_date=dt.date(1990, 1, 1))

    raised = _all_at_once(2, work)
    assert [type(error) for error in raised] == [services.NotSeenYet] * (2 - registered)
    assert Patient.objects.count() == registered
    assert sorted(Patient.objects.values_list("number", flat=True)) == [10001, 10002][:registered]


def test_the_audit_row_and_the_patient_stand_or_fall_together(site, desk):
    with transaction.atomic():
        services.register(site=site, by=desk, surname="Gone", birth_date=dt.date(1990, 1, 1))
        transaction.set_rollback(True)
    assert not Patient.objects.exists()
    assert not AuditEvent.objects.filter(action="patient.registered").exists()


def test_a_form_that_was_tampered_with_is_answered_with_words(at_desk, patient):
    """The hidden fields: a key that is none, and a list of people seen that no number can hold."""
    answer = at_desk.post(URL, typed(request_key="zz"))
    assert answer.status_code == 422
    assert "Reload the page, then send it again" in answer.content.decode()
    same = {"surname": patient.surname, "given": patient.given, "birth_day": "4", "birth_month": "3", "birth_year": "1991"}
    assert at_desk.post(URL, typed(**same, seen="9" * 5000)).status_code == 422
    assert Patient.objects.count() == 1


def test_marks_that_turn_the_reading_direction_are_not_kept(at_desk):
    turning, isolating = "\u202e", "\u2066"
    at_desk.post(URL, typed(surname=f"{turning}Okafor", given=f"Chi{isolating}di"))
    patient = Patient.objects.get()
    assert (patient.surname, patient.given) == ("Okafor", "Chidi")
