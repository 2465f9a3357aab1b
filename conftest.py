"""Fixtures for every app: people of each role at one site, and databases whose guards can be flushed between tests."""

import copy
import datetime as dt
import gc
import secrets
from contextlib import nullcontext
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.test import TransactionTestCase

from audit import guards
from tests import made, tables

# Static files as they lie in the tree: nothing has to be collected before a test. Slow password hashes protect real
# passwords; here they would only cost a tenth of a second for each person made.
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# People of a test sign in with their password; the tests of the second step name the roles that need it again.
settings.SECOND_STEP_ROLES = frozenset()
Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)

# Guards refuse DELETE and TRUNCATE, and that is what ends each transactional test: away for the flush, then back.
_flush = TransactionTestCase._fixture_teardown
_OF_DJANGO = {"django_content_type", "auth_permission"}  # made by migrating, and the same after each test


def _flush_without_guards(self):
    """A test fills a few tables of more than a hundred: only those are emptied, and only their guards are made anew."""
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - _OF_DJANGO
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in sorted(tables)))  # noqa: S608
        filled = [name for (name,) in cursor.fetchall()]
    theirs = [guard.name for guard in guards.known() if guard.table in filled]
    try:
        with guards.suspended(*theirs) if theirs else nullcontext(), transaction.atomic(), connection.cursor() as cursor:
            for name in filled:
                cursor.execute(f'DELETE FROM "{name}"')  # noqa: S608
    except DatabaseError:  # a test left something behind that holds rows: then all of it, the slow way
        with guards.suspended():
            _flush(self)


TransactionTestCase._fixture_teardown = _flush_without_guards


def pytest_collection_finish(session):
    """What is loaded by now stays: looking through it for rubbish again and again costs the suite a sixth of its time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


# Their tests speak of today, of an hour ago and of 28 days on. In the hours around midnight an hour ago is another day.
OF_A_DAY = (
    "aftercare",
    "clinic",
    "consent",
    "events",
    "followup",
    "intake",
    "outcomes",
    "papers",
    "patients",
    "photos",
    "plans",
    "sessions",
)


@pytest.fixture(autouse=True)
def daytime(request):
    """Near midnight the clock of these tests stands at noon of the same day, and goes on from there."""
    now = dt.datetime.now(ZoneInfo(settings.CLINIC_TIME_ZONE))
    app = request.path.relative_to(request.config.rootpath).parts[0]
    if app not in OF_A_DAY or 3 <= now.hour < 21:
        yield
        return
    with time_machine.travel(now.replace(hour=12), tick=True):
        yield


@pytest.fixture(scope="session")
def django_db_keepdb(request):
    """
    Where runs share tables that were made once, the test database begins as their copy: `migrate` then finds little to do and makes
    the guards anew. Everywhere else it migrates from nothing.
    """
    if connection.vendor == "sqlite" and tables.are_shared():
        tables.copy_into(Path(connection.settings_dict["TEST"]["NAME"]))
        return True
    return request.config.getvalue("reuse_db")


@pytest.fixture(autouse=True)
def audit_folder(settings):
    """The audit chain of each test has a folder of its own, made when something is sealed: its database begins anew too."""
    settings.AUDIT_DIR = Path(settings.CLINIC_DATA) / "test-audit" / secrets.token_hex(6)
    return settings.AUDIT_DIR


@pytest.fixture
def site(db):
    return made.site()


@pytest.fixture
def make_user(site):
    return made.maker_of_users(site)


@pytest.fixture
def clinician(make_user):
    return made.clinician(make_user)


@pytest.fixture
def desk(make_user):
    return make_user("june", "front_desk", last_name="Park")


@pytest.fixture
def medical_lead(make_user):
    return made.medical_lead(make_user)


@pytest.fixture
def manager(make_user):
    return make_user("omar", "manager", last_name="Reed")


@pytest.fixture
def patient(site):
    from patients.models import Patient

    return Patient.objects.create(
        number=10482,
        site=site,
        surname="Rahman",
        given="Nadia",
        birth_date=dt.date(1991, 3, 4),
        sex="F",
        phone="020 7946 0200",
        surname_key="rahman",
        given_key="nadia",
    )


@pytest.fixture(scope="session")
def _pack_as_read():
    return made.pack()


@pytest.fixture
def pack(_pack_as_read):
    """The project's newest pack as plain types; a test may change its copy."""
    return copy.deepcopy(_pack_as_read)


@pytest.fixture(scope="session")
def _pack_document(_pack_as_read):
    """The pack as it is stored, with its SHA-256: written once, because the writing takes longer than most tests."""
    from protocols.documents import canonical, sha256

    document = canonical(_pack_as_read)
    return document, sha256(document)


@pytest.fixture
def draft_protocol(db, _pack_as_read, _pack_document):
    """The pack stored, not approved."""
    return made.draft_protocol(_pack_as_read, *_pack_document)


@pytest.fixture
def protocol(draft_protocol, medical_lead):
    """The pack stored and approved: what plans are made from."""
    return made.approved(draft_protocol, medical_lead)


@pytest.fixture
def signed_off():
    """Record what somebody is signed off for; without dates it began long ago and has no end."""
    return made.sign_off
