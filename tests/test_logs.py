"""Logs tell what happened and where in the code, never what somebody typed or what stands in a row."""

import io
import logging
import logging.config
import subprocess
import sys

import pytest
from django.db import IntegrityError, connection
from django.http import Http404
from django.urls import reverse

from microneedle_clinic.logs import PrivateFormatter, logging_settings, without_words

MARK = "Qwxyz-Rahman"


@pytest.fixture
def log():
    """What a handler of ours writes of a logger's records."""
    written, logger = io.StringIO(), logging.getLogger("clinic.test")
    handler = logging.StreamHandler(written)
    handler.setFormatter(PrivateFormatter("%(levelname)s %(name)s %(message)s"))
    logger.addHandler(handler)
    yield logger, written.getvalue
    logger.removeHandler(handler)


def fail(words):
    held = words  # a value of the frame  # noqa: F841
    try:
        raise ValueError(f"{words} is not a number")
    except ValueError as first:
        raise IntegrityError(f"Key (surname)=({words}) already exists.") from first


def test_a_fault_is_told_by_its_kinds_and_places(log):
    logger, written = log
    try:
        fail(MARK)
    except IntegrityError as error:
        logger.exception("Saving failed: %s", error)
        logger.error("Saving failed: %s (%r)", str(error), error, exc_info=True)
    assert MARK not in written()
    assert "django.db.utils.IntegrityError" in written()
    assert "ValueError" in written()
    assert 'test_logs.py", line' in written()
    assert "in fail" in written()


def test_without_the_formatter_the_words_stand_there(log):
    """The control."""
    logger, _ = log
    written = io.StringIO()
    plain = logging.StreamHandler(written)
    logger.addHandler(plain)
    try:
        fail(MARK)
    except IntegrityError:
        logger.exception("Saving failed")
    finally:
        logger.removeHandler(plain)
    assert MARK in written.getvalue()


def test_what_a_task_was_given_and_what_its_fault_said_is_left_out(log):
    logger, written = log
    given = {"name": "aftercare.tasks.render_sheet", "id": "7", "exc": f"ValueError('{MARK}')", "args": f"['{MARK}']", "traceback": MARK}
    logger.error("Task %(name)s[%(id)s] raised: %(exc)s %(args)s\n%(traceback)s", given)
    assert written() == "ERROR clinic.test Task aftercare.tasks.render_sheet[7] raised: ... ...\n...\n"


def test_queries_of_addresses_are_left_out(log):
    logger, written = log
    logger.warning("Redirected from /accounts/sign-in/?next=/find/%%3Fq%%3D%s to %s", MARK, f"/find/?q={MARK}&page=2")
    assert MARK not in written()
    assert "/accounts/sign-in/?..." in written()


@pytest.mark.django_db
@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING"])
def test_a_request_is_told_by_its_route_and_no_query_to_the_database_is(client, desk, patient, capsys, level, failing_find):
    client.force_login(desk)
    client.raise_request_exception = False
    logging.config.dictConfig(logging_settings(level))
    try:
        connection.force_debug_cursor = True
        client.get(f"/patients/{patient.number}/")
        client.get(f"/{MARK}/")
        client.get(reverse("patients:detail", args=[987654]))
        client.post(reverse("clinic:find"), {"q": MARK})
        client.get(reverse("clinic:find"), HTTP_HOST=f"{MARK}.example")
    finally:
        connection.force_debug_cursor = False
        logging.config.dictConfig(logging_settings("WARNING"))
    told = capsys.readouterr().err
    assert MARK not in told
    assert MARK.lower() not in told.lower()
    assert "987654" not in told
    assert "Not Found: /patients/<int:number>/" in told
    assert "SELECT" not in told
    assert "ValueError" in told


@pytest.fixture
def failing_find(monkeypatch):
    from clinic import views

    def look(user, text):
        if text:
            raise ValueError(f"{text} of {user}")
        raise Http404

    monkeypatch.setattr(views.finding, "patients", look)


def test_nothing_is_mailed():
    from django.utils.log import DEFAULT_LOGGING

    logging.config.dictConfig(DEFAULT_LOGGING)
    logging.config.dictConfig(logging_settings("WARNING"))
    assert [type(one).__name__ for one in logging.getLogger("django").handlers] == []


def test_a_process_that_dies_tells_no_words_and_one_that_cannot_start_does():
    begin = "from microneedle_clinic.logs import say_no_words_of_faults as quiet; quiet(); "
    for end, told in ((f"int('{MARK}')", "ValueError"), (f"__import__('{MARK}')", MARK)):
        ran = subprocess.run([sys.executable, "-c", begin + end], capture_output=True, text=True, check=False)
        assert ran.returncode
        assert told in ran.stderr.splitlines()[-1]
    died = subprocess.run([sys.executable, "-c", f"{begin}int('{MARK}')"], capture_output=True, text=True, check=False)
    assert MARK not in died.stderr


def test_a_circle_of_causes_ends():
    one, other = ValueError("a"), KeyError("b")
    one.__cause__, other.__cause__ = other, one
    assert without_words(one).count("ValueError") == 1
