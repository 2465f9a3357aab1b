"""The settings of production, read as a production process reads them: Django's own check finds nothing, and cookies are bound to https."""

import json
import os
import secrets
import subprocess
import sys

import pytest
from django.conf import settings

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


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"DEBUG": "1"}, "DEBUG shows patient data"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is short, a default or a pattern"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is not set"),
        ({"BROKER_URL": ""}, "BROKER_URL is not set"),
    ],
)
def test_what_would_be_unsafe_stops_the_start_with_a_sentence(tmp_path, more, words):
    ran = _run(tmp_path, "manage.py", "check", **more)
    assert ran.returncode
    assert words in ran.stderr
