"""The settings of production, read as a production process reads them: Django's own check finds nothing, and cookies are bound to https."""

import json
import os
import re
import secrets
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from microneedle_clinic import reading

SHOW = """
import json, django
from django.conf import settings as s
names = ("SESSION_COOKIE_NAME CSRF_COOKIE_NAME SESSION_COOKIE_SECURE CSRF_COOKIE_SECURE SESSION_COOKIE_HTTPONLY CSRF_COOKIE_HTTPONLY "
    "SESSION_COOKIE_PATH SESSION_COOKIE_DOMAIN SESSION_COOKIE_SAMESITE SECURE_SSL_REDIRECT SECURE_HSTS_SECONDS DEBUG MESSAGE_STORAGE "
    "CELERY_ACCEPT_CONTENT CELERY_TASK_SERIALIZER CELERY_RESULT_SERIALIZER PROXY_ADDRESSES").split()
print(json.dumps({name: getattr(s, name) for name in names}))
"""


def _run(tmp_path, *command: str, **more: str) -> subprocess.CompletedProcess:
    own = {"DATABASE_URL", "SECRET_KEY", "ALLOWED_HOSTS", "BROKER_URL", "HTTPS", "DEBUG", "CLINIC_DATA", "FORWARDED_ALLOW_IPS"}
    environment = {name: value for name, value in os.environ.items() if name not in own}
    environment |= {
        "DATABASE_URL": "postgres://clinic@/nowhere/clinic",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "clinic.example",
        "BROKER_URL": "redis://queue.internal/0",
        "CLINIC_DATA": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "microneedle_clinic.settings",
        **more,
    }
    return subprocess.run(
        [sys.executable, *command], cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_djangos_own_check_for_production_finds_nothing(tmp_path):
    ran = _run(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert (ran.returncode, ran.stdout.strip()) == (0, "System check identified no issues (0 silenced)."), ran.stderr


def test_it_does_find_something_without_https(tmp_path):
    """The control."""
    ran = _run(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING", HTTPS="0")
    assert ran.returncode
    assert "SESSION_COOKIE_SECURE" in ran.stderr


def test_cookies_are_bound_to_https_and_messages_are_json(tmp_path):
    ran = _run(tmp_path, "-c", SHOW)
    assert json.loads(ran.stdout) == {
        "SESSION_COOKIE_NAME": "__Host-session",
        "CSRF_COOKIE_NAME": "__Host-csrf",
        # What the prefix asks for: the browser refuses the cookie otherwise.
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SESSION_COOKIE_PATH": "/",
        "SESSION_COOKIE_DOMAIN": None,
        "SESSION_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 31536000,
        "DEBUG": False,
        "MESSAGE_STORAGE": "django.contrib.messages.storage.session.SessionStorage",
        "CELERY_ACCEPT_CONTENT": ["json"],
        "CELERY_TASK_SERIALIZER": "json",
        "CELERY_RESULT_SERIALIZER": "json",
        "PROXY_ADDRESSES": ["127.0.0.1", "::1"],
    }, ran.stderr


UNSAFE = [
    ({"DEBUG": "1"}, "DEBUG shows patient data"),
    ({"SECRET_KEY": "short"}, "SECRET_KEY is short, a default or a pattern"),
    ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is not set"),
    ({"BROKER_URL": ""}, "BROKER_URL is not set"),
    ({"SECRET_KEY_FALLBACKS": "changeme"}, "SECRET_KEY_FALLBACKS holds a key that can be guessed"),
    ({"PUBLIC_URL": "http://localhost.elsewhere.example"}, "must begin with https://"),
]
# How a process ends with such a sentence is below; here one process reads the settings again for each case, and once as they should be.
READ_AGAIN = """
import json, os, runpy, sys
from django.core.exceptions import ImproperlyConfigured
safe, said = dict(os.environ), []
for more in json.loads(sys.argv[1]):
    os.environ.clear()
    os.environ.update({**safe, **more})
    try:
        runpy.run_module("microneedle_clinic.settings")
        said.append("")
    except ImproperlyConfigured as stopped:
        said.append(str(stopped))
print(json.dumps(said))
"""


def test_what_would_be_unsafe_stops_the_start_with_a_sentence(tmp_path):
    ran = _run(tmp_path, "-c", READ_AGAIN, json.dumps([{}, *(more for more, _ in UNSAFE)]))
    assert ran.returncode == 0, ran.stderr
    safe, *said = json.loads(ran.stdout)
    assert safe == "", "the control"
    assert [(more, sentence) for (more, words), sentence in zip(UNSAFE, said, strict=True) if words not in sentence] == []


def test_a_debug_that_shows_patients_stops_the_process(tmp_path):
    ran = _run(tmp_path, "manage.py", "check", DEBUG="1")
    assert ran.returncode
    assert "DEBUG shows patient data" in ran.stderr


# A word that is not understood is never taken for "off", and a number beyond sense never for a limit: each with the value that is
# refused and the sentence it is refused with. Read in one process each would be slow: `reading` is asked itself.
NOT_MEANT = [
    (lambda: reading.switch("HTTPS", True), "enabled", "HTTPS=enabled is neither on nor off. Write 1 or 0."),
    (lambda: reading.whole("IDLE_LOCK_SECONDS", 600, low=5, high=900, why="it locks"), "abc", "must be 5 to 900: it locks."),
    (lambda: reading.whole("EMERGENCY_MINUTES", 60, low=5, high=720), "99999999", "EMERGENCY_MINUTES must be 5 to 720"),
    (lambda: reading.whole("EMERGENCY_MINUTES", 60, low=5, high=720), "-5", "EMERGENCY_MINUTES must be 5 to 720"),
    (lambda: reading.whole("EMERGENCY_MINUTES", 60, low=5, high=720), "1" * 5000, "EMERGENCY_MINUTES must be 5 to 720"),
    (lambda: reading.clock("CLINIC_TIME_ZONE", "Europe/London"), "Europe/Londn", "CLINIC_TIME_ZONE=Europe/Londn is no time zone."),
    (lambda: reading.clock("CLINIC_TIME_ZONE", "Europe/London"), "../../etc/passwd", "is no time zone."),
    (lambda: reading.networks("FORWARDED_ALLOW_IPS", []), "10.0.0.5,proxy", "names proxy, which is no address or network."),
    (lambda: reading.networks("FORWARDED_ALLOW_IPS", []), "*", "names *, which is no address or network."),
    (lambda: reading.hosts("ALLOWED_HOSTS"), "clinic.example,*", "ALLOWED_HOSTS holds *, so anybody could say"),
    (lambda: reading.hosts("ALLOWED_HOSTS"), " , ", "ALLOWED_HOSTS is not set."),
    (lambda: reading.database("DATABASE_URL"), "sqlite:////tmp/clinic.db", "DATABASE_URL must begin with postgres://"),
    (lambda: reading.age_keys("BACKUP_RECIPIENTS"), "age1short", "age1short is no age public key."),
    (lambda: reading.level("LOG_LEVEL", "WARNING"), "loud", "LOG_LEVEL=loud is no level."),
]


@pytest.mark.parametrize(("read", "text", "words"), NOT_MEANT, ids=[words for _, _, words in NOT_MEANT])
def test_a_setting_that_cannot_be_meant_is_refused_in_one_sentence(monkeypatch, read, text, words):
    name = next(one for one in re.findall("[A-Z_]{5,}", " ".join(map(str, read.__code__.co_consts))))
    monkeypatch.setenv(name, text)
    with pytest.raises(ImproperlyConfigured) as refused:
        read()
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("text", "meant"), [("1", True), (" Yes ", True), ("on", True), ("0", False), ("false", False)])
def test_a_switch_knows_the_usual_words(monkeypatch, text, meant):
    monkeypatch.setenv("HTTPS", text)
    assert reading.switch("HTTPS", not meant) is meant
    monkeypatch.delenv("HTTPS")
    assert reading.switch("HTTPS", not meant) is not meant


def test_an_empty_setting_switches_nothing_off(monkeypatch):
    """As a file of settings has it where nobody filled it in: https stays on, and the second step stays required."""
    for name in ("HTTPS", "SECOND_STEP_ROLES", "FORWARDED_ALLOW_IPS", "IDLE_LOCK_SECONDS"):
        monkeypatch.setenv(name, " ")
    assert reading.switch("HTTPS", True) is True
    assert reading.names("SECOND_STEP_ROLES", ["manager"]) == ["manager"]
    assert reading.whole("IDLE_LOCK_SECONDS", 600, low=5, high=900) == 600
    assert reading.networks("FORWARDED_ALLOW_IPS", ["127.0.0.1"]) == [], "no proxy is believed"


def test_no_setting_is_read_past_the_one_reader():
    """The library's own casts take an unknown word for off and end a wrong number in a stack trace."""
    text = (settings.BASE_DIR / "microneedle_clinic" / "settings.py").read_text()
    assert re.findall(r"env\.(?:int|bool|list|float|json|dict)\(", text) == []


def test_the_start_ends_with_the_sentence_alone(tmp_path):
    ran = _run(tmp_path, "manage.py", "check", IDLE_LOCK_SECONDS="abc")
    assert ran.returncode
    assert ran.stderr.strip() == (
        "IDLE_LOCK_SECONDS must be 5 to 900: a screen that nobody touches is locked after 15 minutes at the latest."
    )


def test_a_class_for_texts_that_is_not_there_stops_the_start(tmp_path):
    ran = _run(tmp_path, "manage.py", "check", SMS_BACKEND="nowhere.Provider")
    assert ran.returncode
    assert ran.stderr.strip() == "SMS_BACKEND=nowhere.Provider is no class that can be loaded. Name a subclass of followup.sms.SmsBackend."
