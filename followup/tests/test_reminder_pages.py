"""What people see of reminders: the link that stops them, the visit, the settings, what a patient wants."""

import datetime as dt

import pytest
import time_machine
from django.core import mail
from django.urls import reverse

from audit.models import AuditEvent
from followup.models import ContactChoice, Reminder, ReminderSettings
from followup.services import sending

from .reminders import EMAIL

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("a_clinic_that_mails")]


# The link that stops them


def test_looking_at_the_link_changes_nothing_and_a_press_stops_them(client, link, visit, patient):
    for _ in range(2):
        page = client.get(link)
        assert page.status_code == 200
        assert patient.surname.lower() not in page.content.decode().lower()
    assert not ContactChoice.objects.exists()
    for _ in range(2):
        assert client.post(link).status_code == 200
    choice = ContactChoice.objects.get()
    assert (choice.patient_id, bool(choice.email_stopped_at), choice.sms_stopped_at) == (patient.pk, True, None)
    row = AuditEvent.objects.get(action="contact.stopped")
    assert (row.patient_pk, row.actor) == (patient.pk, None)
    assert "key" not in row.path
    assert str(patient.number) not in link


def test_the_press_a_mail_program_offers_by_itself_needs_no_cookie_of_ours(link, settings):
    from django.test import Client

    stranger = Client(enforce_csrf_checks=True)
    assert stranger.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert ContactChoice.objects.get().email_stopped_at


def test_a_wrong_link_is_no_address(client, link, settings):
    settings.WRONG_LINKS = (2, 300)
    wrong = [client.post("/reminders/stop/?key=" + "x" * 32).status_code for _ in range(3)]
    assert wrong == [404, 404, 429]
    assert client.get("/reminders/stop/").status_code in (404, 429)
    assert not ContactChoice.objects.exists()
    assert client.post(link).status_code == 200


def test_a_secret_is_not_in_the_database(link):
    secret = link.partition("key=")[2]
    assert secret not in str(list(Reminder.objects.values()))


def test_without_an_address_of_the_clinic_the_mail_says_to_ring(visit, travel, settings):
    settings.PUBLIC_URL = ""
    travel(47)
    sending.send(visit.pk, EMAIL)
    assert "http" not in mail.outbox[0].body
    assert "tell us" in mail.outbox[0].body
    assert "List-Unsubscribe" not in mail.outbox[0].extra_headers


# The screens


def test_the_drawer_says_sent_goes_or_not_because(client, visit, travel, desk, patient):
    page = reverse("sessions:booking", args=[visit.pk])
    travel(52)
    client.force_login(desk)
    assert "Goes " in client.get(page).content.decode()
    travel(47)
    client.force_login(desk)
    sending.send(visit.pk, EMAIL)
    assert "Reminder by email" in client.get(page).content.decode()
    assert "Sent " in client.get(page).content.decode()
    Reminder.objects.all().delete()
    type(patient).objects.update(email="")
    assert "No email address is on file." in client.get(page).content.decode()


def test_a_site_that_reminds_nobody_says_nothing_in_the_drawer(client, visit, desk):
    ReminderSettings.objects.update(is_on=False)
    client.force_login(desk)
    assert "Reminder by" not in client.get(reverse("sessions:booking", args=[visit.pk])).content.decode()


def test_the_settings_are_kept_and_a_form_from_before_is_refused_with_what_was_typed(client, site, manager):
    client.force_login(manager)
    address = reverse("followup:reminder_settings")
    page = client.get(address)
    typed = {"is_on": "on", "by_email": "on", "hours_before": "24", "quiet_from": "21:00", "quiet_until": "7"}
    sent = {**typed, "was": page.context["form"].initial["was"], "site": site.slug}
    assert client.post(address, sent).status_code == 302
    row = ReminderSettings.objects.get()
    assert (row.is_on, row.hours_before, row.quiet_until) == (True, 24, dt.time(7))
    stale = client.post(address, {**sent, "hours_before": "12"})
    assert stale.status_code == 409
    assert 'value="12"' in stale.content.decode()
    assert ReminderSettings.objects.get().hours_before == 24
    assert AuditEvent.objects.filter(action="reminders.set", outcome="done").count() == 1


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"hours_before": ""}, "Enter the hours before the visit"),
        ({"hours_before": "2"}, "Hours before the visit must be 4 to 336"),
        ({"hours_before": "many"}, "Hours before the visit must be 4 to 336"),
        ({"quiet_from": "25:00"}, "Time must be a time of day"),
        ({"is_on": "on", "by_email": ""}, "Choose email, text message, or both"),
    ],
)
def test_what_is_wrong_in_the_settings_is_said_and_nothing_is_saved(client, site, manager, typed, words):
    client.force_login(manager)
    sent = {"by_email": "on", "hours_before": "24", "quiet_from": "20:00", "quiet_until": "8:00", "site": site.slug, **typed}
    answer = client.post(
        reverse("followup:reminder_settings"), {name: value for name, value in sent.items() if value or name != "by_email"}
    )
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not ReminderSettings.objects.exists()


def test_a_patients_wishes_are_kept_and_a_form_from_before_the_patients_own_press_is_refused(client, link, patient, desk):
    client.force_login(desk)
    address = reverse("followup:contact", args=[patient.number])
    was = client.get(address).context["form"].initial["was"]
    client.post(link)
    stale = client.post(address, {"email": "on", "sms": "on", "was": was})
    assert stale.status_code == 409
    assert ContactChoice.objects.get().email_stopped_at
    again = {"email": "on", "sms": "on", "was": stale.context["form"].data["was"]}
    assert client.post(address, again).status_code == 302
    assert ContactChoice.objects.get().email_stopped_at is None


def test_due_costs_the_same_however_many_wait(diary, book, make_patient, reminding, django_assert_num_queries):
    at = diary.at(diary.monday(2), 9)
    with time_machine.travel(at - dt.timedelta(hours=42)):
        for hour in range(6):
            book(at + dt.timedelta(hours=hour), kind="review", patient=make_patient(email="x@patient.example"))
        with django_assert_num_queries(2):
            assert len(sending.due()) == 6
