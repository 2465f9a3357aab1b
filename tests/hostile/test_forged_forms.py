"""A form that another site wrote changes nothing; and nothing is changed by looking."""

import pytest
from django.db import transaction
from django.middleware.csrf import _does_token_match, get_token
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.permissions import Role
from tests.test_access import TABLE, _once, clinician, medical_lead, patient, protocol, site, world  # noqa: F401 - one of everything

from .rows import writes

pytestmark = pytest.mark.django_db
UNSAFE = ("put", "patch", "delete")
# No cookie gives a right there: the secret in the address is all of it. Without one there is nothing (404), for every method (405).
NO_COOKIE_ASKED = {"followup:stop": (403, 404, 405)}


@pytest.fixture
def addresses(world):  # noqa: F811
    return {name: reverse(name, args=[world[arg] for arg in row.args]) for name, row in TABLE.items()}


@pytest.fixture
def people(make_user):
    return {role: make_user(f"forged_{role}", role) for role in Role}


def _token() -> str:
    """The secret of somebody else's form, well made."""
    return get_token(RequestFactory().get("/"))


def _forged(client) -> list[tuple[str, dict, dict]]:
    """Kinds of forgery: what is sent, and the headers with it."""
    own = client.cookies["csrftoken"].value
    foreign = _token()
    assert not _does_token_match(foreign, own)
    assert _does_token_match(own, own)
    return [
        ("nothing", {}, {}),
        ("a foreign secret", {"csrfmiddlewaretoken": foreign}, {}),
        ("a foreign secret in the header", {}, {"HTTP_X_CSRFTOKEN": foreign, "HTTP_HX_REQUEST": "true"}),
        ("the own one from another site", {"csrfmiddlewaretoken": own}, {"HTTP_ORIGIN": "https://elsewhere.example"}),
    ]


def _accepted(addresses: dict[str, str], person, kinds: int = 4) -> list[tuple]:
    """(address, method, forgery, status, tables) of every forged form that was not refused, or that wrote. kinds: how many."""
    client = Client(enforce_csrf_checks=True)
    if person is not None:
        client.force_login(person)
    client.cookies["csrftoken"] = _token()[:32]
    found = []
    for name, address in addresses.items():
        sent = [("post", *forgery) for forgery in _forged(client)[:kinds]]
        sent += [(method, "nothing", {}, {}) for method in UNSAFE[: kinds - 1]]
        for method, kind, fields, headers in sent:
            with transaction.atomic(), writes() as written:
                answer = getattr(client, method)(address, **({"data": fields} if fields else {}), **headers)
                transaction.set_rollback(True)
            if answer.status_code not in NO_COOKIE_ASKED.get(name, (403,)) or written:
                found.append((name, method, kind, answer.status_code, written))
    return found


FULL = pytest.mark.prove


@pytest.mark.parametrize(
    ("who", "kinds"), [([Role.MEDICAL_LEAD], 2), pytest.param([*Role, None], 4, marks=FULL)], ids=["a few", "everybody"]
)
def test_a_forged_form_is_refused_at_every_address(addresses, people, who, kinds):
    assert [_accepted(addresses, people.get(one), kinds) for one in who] == [[]] * len(who)


def test_the_own_form_passes(addresses, people):
    """The control of the forgeries: with the own secret the same address answers the form."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(people[Role.MEDICAL_LEAD])
    client.cookies["csrftoken"] = secret = _token()[:32]
    answer = client.post(addresses["patients:add_allergy"], {"csrfmiddlewaretoken": secret, "substance": "Latex"})
    assert answer.status_code in (200, 302, 422)


def test_a_view_that_asks_for_no_secret_is_found(settings, people):
    """The control: one careless exemption."""
    settings.ROOT_URLCONF = "tests.hostile.careless"
    assert _accepted({"careless": "/careless/exempt/"}, people[Role.MEDICAL_LEAD]) != []


QUERIES = ("", "?all=1&again=1&poll=1&next=/today/", "?_method=POST")


def _looked(addresses: dict[str, str], person, methods=("get",), queries=QUERIES[:1]) -> list[tuple]:
    """(address, method, tables) wherever looking wrote anything but the log, the session and the throttle."""
    found = []
    for name, address in addresses.items():
        for method in methods:
            for query in queries:
                client = Client()  # a new one each time: nothing an earlier page did may explain a write away
                if person is not None:
                    client.force_login(person)
                with transaction.atomic(), writes() as written:
                    getattr(client, method)(address + query)
                    transaction.set_rollback(True)
                if written:
                    found.append((name, method, query, written))
    return found


@pytest.mark.parametrize("who", [[Role.MEDICAL_LEAD, Role.MANAGER], pytest.param([*Role, None], marks=FULL)], ids=["two", "everybody"])
def test_looking_changes_no_row(addresses, people, who):
    full = ("get", "head"), QUERIES
    assert [_looked(addresses, people.get(one), *(full if len(who) > 2 else ())) for one in who] == [[]] * len(who)


def test_a_calendar_program_moves_the_clock_of_its_own_link_and_nothing_else(make_user):
    """Its sign-in is the address, so this is its session: when it was last used, how often within the hour. The log says so once a day."""
    from followup.services.feed import make_link

    address = f"{reverse('followup:feed')}?key={make_link(make_user('feeds', Role.CLINICIAN))}"
    for expected in (200, 200):
        with transaction.atomic(), writes() as written:
            assert Client().get(address).status_code == expected
        assert set(written) == {"followup_calendarlink"}


def test_a_page_that_changes_by_being_looked_at_is_found(settings, people, patient):  # noqa: F811
    settings.ROOT_URLCONF = "tests.hostile.careless"
    assert _looked({"careless": f"/careless/{patient.number}/opened/"}, people[Role.MEDICAL_LEAD])[0][3] == ["patients_patient"]
