"""Sending a reminder: a crash, a mail server that is away, the queue, the log, and text messages."""

import datetime as dt
import smtplib

import pytest
from django.core import mail
from django.urls import reverse

from audit.models import AuditEvent
from followup import sms
from followup.models import OutboxText, Reminder, ReminderSettings
from followup.services import contact, deciding, sending
from followup.services.deciding import Standing
from followup.tasks import send_reminder, sweep_reminders
from sessions.services import booking as door

from .reminders import EMAIL, SMS, cancel, verdict

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("a_clinic_that_mails")]


# A crash, a mail server that is away


class Crash(BaseException):
    """As if the machine went off."""


@pytest.fixture
def mail_server(monkeypatch):
    """mail_server(fault): what happens from now on where a mail is handed over; None = it takes it."""
    from django.core.mail.backends.locmem import EmailBackend

    real = EmailBackend.send_messages

    def behave(fault, *, after=False):
        def send(self, messages):
            if after:
                real(self, messages)
            if fault is not None:
                raise fault
            return real(self, messages)

        monkeypatch.setattr(EmailBackend, "send_messages", send)

    return behave


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_between_the_row_and_the_mail_never_sends_twice_and_is_shown(visit, travel, mail_server, after):
    travel(47)
    mail_server(Crash(), after=after)
    with pytest.raises(Crash):
        sending.send(visit.pk, EMAIL)
    mail_server(None)
    assert sending.due() == []
    sending.send(visit.pk, EMAIL)
    assert verdict(visit).words == "Is being sent."
    travel(46)
    sending.send(visit.pk, EMAIL)
    assert len(mail.outbox) == (1 if after else 0)
    assert "Nobody knows whether it went" in verdict(visit).words


def test_a_mail_server_that_is_not_there_is_tried_again_and_it_goes_once(visit, travel, mail_server):
    travel(47)
    mail_server(ConnectionRefusedError())
    assert sending.send(visit.pk, EMAIL).standing is Standing.WAITS
    assert sending.send(visit.pk, EMAIL).standing is Standing.WAITS  # not at once
    assert Reminder.objects.get().attempts == 1
    mail_server(None)
    travel(46.9)
    assert sending.due() == [(visit.pk, EMAIL)]
    sending.send(visit.pk, EMAIL)
    sending.send(visit.pk, EMAIL)
    assert len(mail.outbox) == 1


def test_a_visit_cancelled_while_it_waits_to_be_tried_again_gets_nothing(visit, travel, mail_server, desk):
    travel(47)
    mail_server(ConnectionRefusedError())
    sending.send(visit.pk, EMAIL)
    cancel(visit, desk)
    mail_server(None)
    travel(46)
    sending.send(visit.pk, EMAIL)
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (smtplib.SMTPRecipientsRefused({}), "The mail server refused the address."),
        (TimeoutError(), "It was cut off while it was sent and may have gone. Ring, to be sure."),
    ],
)
def test_what_failed_for_good_is_said_and_not_tried_again(visit, travel, mail_server, fault, words):
    travel(47)
    mail_server(fault)
    sending.send(visit.pk, EMAIL)
    mail_server(None)
    travel(40)
    sending.send(visit.pk, EMAIL)
    assert mail.outbox == []
    assert verdict(visit).words == words
    assert AuditEvent.objects.filter(action="reminder.failed").count() == 1


def test_a_mail_server_that_never_comes_is_given_up(visit, travel, mail_server):
    mail_server(ConnectionRefusedError())
    for minutes in range(12):
        travel(47 - minutes / 6)
        sending.send(visit.pk, EMAIL)
    assert Reminder.objects.get().attempts == deciding.MOST_TRIES
    assert "Ring the patient" in verdict(visit).words


# The queue and the log


def test_what_goes_through_the_queue_is_numbers(visit, travel, monkeypatch):
    travel(47)
    handed = []
    monkeypatch.setattr(send_reminder, "apply_async", lambda arguments, **options: handed.append(arguments))
    sweep_reminders()
    assert handed == [(visit.pk, EMAIL)]


def test_the_log_names_the_patients_number_and_no_address(visit, travel, patient):
    travel(47)
    sending.send(visit.pk, EMAIL)
    row = AuditEvent.objects.get(action="reminder.sent")
    assert (row.patient_pk, row.detail) == (patient.pk, {"channel": EMAIL, "booking": visit.pk})


def test_a_clinic_that_is_read_only_sends_nothing(visit, travel, monkeypatch):
    travel(47)
    monkeypatch.setattr("audit.read_only.reason", lambda: "Broken")
    send_reminder(visit.pk, EMAIL)
    assert mail.outbox == []


# Text messages


@pytest.fixture
def texting(visit, reminding):
    ReminderSettings.objects.update(by_email=False, by_sms=True)
    return visit


def test_without_a_provider_the_text_waits_for_the_desk_and_says_so(client, texting, travel, desk, patient):
    travel(47)
    sending.send(texting.pk, SMS)
    assert verdict(texting, SMS).words == "Waits for the desk to send it: no SMS provider is set."
    client.force_login(desk)
    page = client.get(reverse("followup:outbox")).content.decode()
    assert "No SMS provider is set" in page
    assert patient.phone in page
    text = OutboxText.objects.get()
    for _ in range(2):
        assert client.post(reverse("followup:text_done", args=[text.pk])).status_code == 302
    assert "Done by" in verdict(texting, SMS).words
    assert AuditEvent.objects.filter(action="text.done", outcome="done").count() == 1
    assert patient.phone not in client.get(reverse("followup:outbox")).content.decode()


def test_a_cancelled_or_moved_visit_takes_its_text_off_the_list(client, texting, travel, desk, patient):
    travel(47)
    sending.send(texting.pk, SMS)
    client.force_login(desk)
    door.move(texting, starts_at=texting.starts_at + dt.timedelta(days=7), by=desk)
    assert patient.phone not in client.get(reverse("followup:outbox")).content.decode()


def test_who_wants_no_texts_any_more_is_taken_off_the_list_of_texts_to_send(client, texting, travel, desk, patient):
    travel(47)
    sending.send(texting.pk, SMS)
    client.force_login(desk)
    assert patient.phone in client.get(reverse("followup:outbox")).content.decode()
    was = contact.seen_of(contact.choice_of(patient))
    contact.set_choice(patient, wanted={EMAIL: True, SMS: False}, was=was, by=desk)
    assert patient.phone not in client.get(reverse("followup:outbox")).content.decode()
    assert verdict(texting, SMS).words.startswith("The patient wants no reminders this way")


class Provider(sms.SmsBackend):
    taken: list = []
    fault = None

    def send(self, to, words, *, reminder):
        if self.fault:
            raise self.fault
        self.taken.append((to, words))


def test_a_provider_of_ones_own_is_named_in_a_setting(texting, travel, settings, patient):
    settings.SMS_BACKEND = f"{__name__}.Provider"
    Provider.taken = []
    travel(47)
    for _ in range(2):
        sending.send(texting.pk, SMS)
    ((to, words),) = Provider.taken
    assert to == patient.phone
    assert "Alder Skin Clinic" in words
    assert "rahman" not in words.lower()
    assert not OutboxText.objects.exists()


def test_what_a_provider_did_not_take_is_tried_again_and_what_it_refuses_is_not(texting, travel, settings, monkeypatch):
    settings.SMS_BACKEND = f"{__name__}.Provider"
    monkeypatch.setattr(Provider, "fault", sms.NotTaken("away"))
    travel(47)
    assert sending.send(texting.pk, SMS).standing is Standing.WAITS
    monkeypatch.setattr(Provider, "fault", sms.Refused("This number takes no texts."))
    travel(46)
    sending.send(texting.pk, SMS)
    assert verdict(texting, SMS).words == "This number takes no texts."
