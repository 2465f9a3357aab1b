"""Reminders in the patient's language; where there are no words in it, in the clinic's, and the desk is told."""

import datetime as dt
import re
import string

import pytest
import yaml
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from accounts.models import Site
from audit.models import AuditEvent
from followup import wording
from followup.models import OutboxText, Reminder, ReminderSettings
from followup.services import sending
from patients.languages import LANGUAGES
from patients.models import Patient

from .reminders import EMAIL, SMS, verdict

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("a_clinic_that_mails")]
HELLO = {"en": "Hello,", "de": "Guten Tag,", "fr": "Bonjour,", "es": "Hola:"}


@pytest.fixture
def place():
    return Site(
        name="Alder Skin Clinic", address="14 Canal Street", phone="020 7946 0118", phone_hours="Every day, 8am to 8pm", country="GB",
        time_zone="Europe/London",
    )  # fmt: skip


def asks_for(node, path="") -> dict[str, list[str]]:
    """{place of each text: the names in its braces}."""
    if isinstance(node, dict):
        return {key: names for name, below in node.items() for key, names in asks_for(below, f"{path}.{name}").items()}
    return {path: sorted(field for _, field, _, _ in string.Formatter().parse(node) if field)} if isinstance(node, str) else {}


# The files


def test_there_are_words_in_english_and_three_more():
    assert list(wording.languages()) == ["en", "de", "es", "fr"]
    assert set(wording.languages()) <= set(LANGUAGES)


@pytest.mark.parametrize("code", ["de", "es", "fr"])
def test_every_file_says_what_the_clinics_own_says(code):
    own, other = (yaml.safe_load((wording.FOLDER / f"reminder.{name}.yaml").read_text(encoding="utf-8")) for name in ("en", code))
    said, wanted = asks_for(other), asks_for(own)
    for path, names in wanted.items():
        if not path.startswith((".language", ".label", ".terms", ".change_with_hours")):
            # The place says which clinic, where the greeting does not.
            assert set(said[path]) - {"clinic"} == set(names) - {"clinic"}, path
    assert (len(other["dates"]["weekdays"]), len(set(other["dates"]["months"]))) == (7, 12)


@pytest.mark.parametrize(
    ("code", "at", "day", "time"),
    [
        ("en", dt.datetime(2026, 11, 17, 10, 30, tzinfo=dt.UTC), "Tuesday 17 November 2026", "10:30am"),
        ("de", dt.datetime(2026, 11, 17, 10, 30, tzinfo=dt.UTC), "Dienstag, 17. November 2026", "10:30 Uhr"),
        ("de", dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC), "Montag, 2. März 2026", "9 Uhr"),
        ("fr", dt.datetime(2026, 12, 1, 14, 5, tzinfo=dt.UTC), "mardi 1er décembre 2026", "14\u00a0h\u00a005"),
        ("fr", dt.datetime(2026, 8, 12, 9, 0, tzinfo=dt.UTC), "mercredi 12 août 2026", "10\u00a0h"),  # summer time
        ("es", dt.datetime(2026, 11, 18, 10, 30, tzinfo=dt.UTC), "miércoles 18 de noviembre de 2026", "10:30"),
        ("es", dt.datetime(2026, 11, 21, 16, 0, tzinfo=dt.UTC), "sábado 21 de noviembre de 2026", "16:00"),
    ],
)
def test_days_and_times_are_written_as_the_language_does(place, code, at, day, time):
    letter, text = wording.email(place, at, code, link=""), wording.text(place, at, code)
    for words in (letter.words, text.words):
        assert day in words
        assert time in words
    assert day in letter.subject


@pytest.mark.parametrize("code", ["en", "de", "es", "fr"])
@pytest.mark.parametrize("phone", ["020 7946 0118", ""])
def test_nothing_is_left_to_fill_in_and_nothing_of_the_treatment_is_named(place, code, phone):
    place.phone = phone
    at = dt.datetime(2026, 11, 17, 10, 30, tzinfo=dt.UTC)
    letter, text = wording.email(place, at, code, link="https://clinic.example/stop"), wording.text(place, at, code)
    whole = f"{letter.subject} {letter.words} {text.words}"
    assert not re.search(r"[{}]", whole)
    assert ("8am" in whole) is (code == "en" and bool(phone))  # the hours are written in the clinic's own language
    assert phone in whole
    for told in ("needl", "nadel", "aiguille", "aguja", "session", "sitzung", "séance", "sesión", "treat", "behandl", "trait", "trat"):
        assert told not in whole.lower()
    assert len(text.words) <= OutboxText._meta.get_field("words").max_length


@pytest.mark.parametrize(("asked", "written"), [("", "en"), ("en", "en"), ("de", "de"), ("de-CH", "de"), ("fr-CA", "fr"), ("tr", "en")])
def test_in_which_language_is_written(asked, written):
    assert wording.written_in(asked) == written


# What goes


@pytest.mark.parametrize("code", ["", "en", "de", "fr", "es", "tr"])
def test_the_mail_is_in_the_patients_language(visit, travel, code):
    Patient.objects.update(language=code)
    travel(47)
    sending.send(visit.pk, EMAIL)
    (letter,) = mail.outbox
    written = code if code in HELLO else "en"
    assert letter.body.startswith(HELLO[written])
    assert letter.extra_headers["Content-Language"] == Reminder.objects.get().language == written


def test_the_text_too(visit, travel):
    ReminderSettings.objects.update(by_email=False, by_sms=True)
    Patient.objects.update(language="de")
    travel(47)
    sending.send(visit.pk, SMS)
    assert "Termin" in OutboxText.objects.get().words


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        ("", "", ""),
        ("en", "", ""),
        ("fr", " In French.", ", in French."),
        ("tr", " In English: there are no words in Turkish yet.", "."),
    ],
)
def test_the_desk_is_told_in_which_language_and_where_it_is_another(client, visit, travel, desk, code, before, after):
    Patient.objects.update(language=code)
    travel(52)
    assert verdict(visit).words.endswith(f".{before}" if before else ".")
    client.force_login(desk)
    assert before in client.get(reverse("sessions:booking", args=[visit.pk])).content.decode()
    assert ("there are no words" in verdict(visit).words) is (code == "tr")
    travel(47)
    sending.send(visit.pk, EMAIL)
    assert verdict(visit).words.endswith(after)


def test_a_language_that_is_changed_before_it_goes_counts(visit, travel, patient, desk):
    travel(52)
    from patients import services

    fresh = Patient.objects.get(pk=patient.pk)
    services.change(fresh, version=fresh.version, by=desk, language="es")
    assert AuditEvent.objects.get(action="patient.changed").detail == {"fields": ["language"]}
    travel(47)
    sending.send(visit.pk, EMAIL)
    assert mail.outbox[0].body.startswith(HELLO["es"])


# The pages


def test_the_page_behind_the_link_is_in_the_language_of_the_mail(client, visit, travel):
    Patient.objects.update(language="de")
    travel(47)
    sending.send(visit.pk, EMAIL)
    link = mail.outbox[0].extra_headers["List-Unsubscribe"].strip("<>").removeprefix("https://clinic.example")
    page = client.get(link).content.decode()
    assert '<html lang="de">' in page
    assert "Keine Erinnerungen per E-Mail mehr?" in page
    Patient.objects.update(language="")
    assert "Sie bekommen keine Erinnerungen" in client.post(link).content.decode()


def test_what_the_patient_wants_says_the_language_and_leads_to_it(client, visit, patient, desk):
    Patient.objects.update(language="tr")
    client.force_login(desk)
    page = client.get(reverse("followup:contact", args=[patient.number])).content.decode()
    assert "There are no words in Turkish yet: reminders are written in English." in page
    assert reverse("patients:edit", args=[patient.number]) + "#id_language" in page
    assert 'id="id_language"' in client.get(reverse("patients:edit", args=[patient.number])).content.decode()


def test_the_settings_show_the_words_of_each_language_to_read_over(client, site, manager):
    client.force_login(manager)
    page = client.get(reverse("followup:reminder_settings")).content.decode()
    for code, hello in HELLO.items():
        assert f'<div lang="{code}">' in page
        assert hello in page
    assert str(timezone.localdate().year) in page
