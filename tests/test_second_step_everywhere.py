"""Nothing opens to somebody whose role needs a second step and who has shown none: the whole table of addresses."""

import pytest
from django.test import Client
from django.urls import resolve, reverse

from accounts.permissions import Role

from .test_access import DRAWN, TABLE, _once, clinician, medical_lead, patient, protocol, site, world  # noqa: F401 - the fixtures of that world

pytestmark = pytest.mark.django_db

NEEDS_ONE = frozenset({Role.CLINICIAN, Role.MEDICAL_LEAD, Role.MANAGER})
# The steps themselves, tested in accounts/tests/test_second_step.py, and covering the screen meanwhile.
STEPS = {"change_password", "confirm", "set_up_second_step", "add_passkey", "recovery_codes", "lock", "unlock"}


def _opens_before(name: str, address: str) -> bool:
    """Pages for everybody, and the steps of signing in."""
    view = resolve(address).func
    return getattr(view, "required_permission", "") is None or name.partition(":")[2] in STEPS


@pytest.fixture
def opened(world, make_user):  # noqa: F811
    """opened(role): the addresses that gave somebody of *role*, signed in with the password alone, anything but the way to the set-up."""

    def opened(role, names=tuple(TABLE)) -> dict[str, int]:
        person, found = make_user(f"bare_{role}", role), {}
        for name, row in ((name, TABLE[name]) for name in names):
            address = reverse(name, args=[world[arg] for arg in row.args])
            if not _opens_before(name, address):
                client = Client()  # a new one each time: some addresses lock the screen
                client.force_login(person)
                response = getattr(client, row.method)(address)
                if (response.status_code, response.get("Location")) != (302, reverse("accounts:set_up_second_step")):
                    found[name] = response.status_code
        return found

    return opened


@pytest.mark.parametrize("role", sorted(NEEDS_ONE))
def test_the_password_alone_opens_nothing(opened, settings, role):
    settings.SECOND_STEP_ROLES = NEEDS_ONE
    assert opened(role) == {}


def test_the_walk_finds_what_would_open(opened, settings):
    """The control: a role that needs none."""
    settings.SECOND_STEP_ROLES = NEEDS_ONE
    assert len(opened(Role.FRONT_DESK, [name for name in TABLE if name not in DRAWN])) > 30
