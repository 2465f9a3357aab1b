"""Fixtures for every app: people of each role at one site, and databases whose guards can be flushed between tests."""

import copy
import datetime as dt
from pathlib import Path

import pytest
from django.conf import settings
from django.test import TransactionTestCase
from django.utils import timezone

from audit import guards

# Static files as they lie in the tree: nothing has to be collected before a test. Slow password hashes protect real
# passwords; here they would only cost a tenth of a second for each person made.
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)

# Guards refuse DELETE and TRUNCATE, and that is what ends each transactional test: away for the flush, then back.
_flush = TransactionTestCase._fixture_teardown


def _flush_without_guards(self):
    with guards.suspended():
        _flush(self)


TransactionTestCase._fixture_teardown = _flush_without_guards


@pytest.fixture
def site(db):
    from accounts.models import Site

    return Site.objects.create(
        name="Alder Skin Clinic, Canal Street",
        slug="canal-street",
        time_zone="Europe/London",
        phone="020 7946 0118",
        phone_hours="Every day, 8am to 8pm",
        emergency_number="999",
        address="14 Canal Street",
    )


@pytest.fixture
def make_user(site):
    from accounts.models import User

    def make(username, role, **fields):
        fields = {"first_name": username.title(), "last_name": "Example", **fields}
        user = User.objects.create_user(username, f"{username}@clinic.example", "correct horse battery", role=role, **fields)
        user.sites.add(site)
        return user

    return make


@pytest.fixture
def clinician(make_user):
    return make_user("amara", "clinician", title="Dr", last_name="Osei", is_prescriber=True)


@pytest.fixture
def desk(make_user):
    return make_user("june", "front_desk", last_name="Park")


@pytest.fixture
def medical_lead(make_user):
    return make_user("iris", "medical_lead", title="Dr", last_name="Vance", is_prescriber=True)


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
    from protocols.documents import packaged_paths, read_pack

    return read_pack(packaged_paths()[-1])


@pytest.fixture
def pack(_pack_as_read):
    """The project's newest pack as plain types; a test may change its copy."""
    return copy.deepcopy(_pack_as_read)


@pytest.fixture
def draft_protocol(db, _pack_as_read):
    """The pack stored, not approved."""
    from protocols.services import load_pack

    return load_pack(_pack_as_read)[0]


@pytest.fixture
def protocol(draft_protocol, medical_lead):
    """The pack stored and approved: what plans are made from."""
    from protocols.services import approve

    due = timezone.localdate() + dt.timedelta(days=180)
    return approve(draft_protocol, by=medical_lead, reason="Read against its sources", next_review_on=due)
