"""What the fixtures of the house are made by, where a module makes its world once for all of its tests."""

import copy
import datetime as dt
import os
import time
from functools import cache

from django.utils import timezone


@cache
def _pack():
    from protocols.documents import packaged_paths, read_pack

    return read_pack(packaged_paths()[-1])


def pack() -> dict:
    """The project's newest pack as plain types, read from its file once for all tests; a test may change its copy."""
    return copy.deepcopy(_pack())


def site():
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


def maker_of_users(site):
    """(username, role, ...) -> somebody of *site*."""
    from accounts.models import User

    def make(username, role, **fields):
        fields = {"first_name": username.title(), "last_name": "Example", **fields}
        user = User.objects.create_user(username, f"{username}@clinic.example", "correct horse battery", role=role, **fields)
        user.sites.add(site)
        return user

    return make


def clinician(make):
    return make("amara", "clinician", title="Dr", last_name="Osei", is_prescriber=True)


def medical_lead(make):
    return make("iris", "medical_lead", title="Dr", last_name="Vance", is_prescriber=True)


def draft_protocol(pack, document, digest):
    """The pack stored, not approved."""
    from protocols.models import VersionStatus
    from protocols.services.loading import store

    return store(pack["pack_version"], document, digest, status=VersionStatus.DRAFT)[0]


def approved(draft, lead):
    """Approved: what plans are made from."""
    from protocols.services import approve, submit

    due = timezone.localdate() + dt.timedelta(days=180)
    return approve(submit(draft, by=lead), by=lead, reason="Read against its sources", next_review_on=due)


def sign_off(user, **fields):
    """Record what somebody is signed off for; without dates it began long ago and has no end."""
    from accounts.models import Competence

    named = {"certificate": "Needling course", "valid_from": dt.date(2020, 1, 1), "request_key": f"test-{Competence.objects.count()}"}
    return Competence.objects.create(user=user, **{**named, **fields})


def written(paths, *, hours_ago: int = 0) -> None:
    """Give files the time that the clock of the test shows, so many hours back: what wrote them knows the machine's alone."""
    at = time.time() - 3600 * hours_ago
    for path in paths:
        os.utime(path, (at, at))
