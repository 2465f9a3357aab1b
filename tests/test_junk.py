"""
Junk at every address and form gets an answer that a person can read, never a fault: by each role and by nobody, on the engine at
hand. A small count on PostgreSQL each time, which takes less than SQLite does; the full one on both in `make prove`.
"""

import os
import re
import sys
import traceback
from functools import cached_property
from urllib.parse import unquote

import pytest
from django.conf import settings
from django.core.signals import got_request_exception
from django.db import connection, transaction
from django.test import Client
from django.urls import NoReverseMatch, Resolver404, URLPattern, get_resolver, resolve, reverse

from accounts.permissions import Role
from microneedle_clinic.web.entry import enter

from .junk import Form, Junk, Sent, forms_of
from .test_access import DRAWN, TABLE, _once, clinician, medical_lead, patient, protocol, site, world  # noqa: F401 - one of everything

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]
SEED = int(os.environ.get("JUNK_SEED", "20260"))
FEW, MANY = 150, 6000
on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="what one engine takes and the other does not: the stricter one"
)


def _shapes(patterns, space="", before="") -> dict[str, str]:
    """Each address by its name, as the routes write it."""
    found = {}
    for pattern in patterns:
        route = before + str(pattern.pattern).lstrip("^").rstrip("$")
        if isinstance(pattern, URLPattern):
            found[f"{space}{pattern.name}"] = route
        else:
            found |= _shapes(pattern.url_patterns, f"{space}{pattern.namespace}:" if pattern.namespace else space, route)
    return found


class Attack:
    """Sends junk and keeps what went wrong; each request finds the world as it was."""

    def __init__(self, one_of_each: dict, make_user, seed: int):
        self.junk, self.world = Junk(seed), one_of_each
        self.clients = {"nobody": Client(raise_request_exception=False)}
        for role in Role:
            client = Client(raise_request_exception=False)
            client.force_login(make_user(f"junk_{role}", role))
            self.clients[str(role)] = client
        self.sessions = {
            role: client.cookies[settings.SESSION_COOKIE_NAME].value for role, client in self.clients.items() if client.cookies
        }
        self.addresses = {name: self._address(name, row.args) for name, row in TABLE.items()}
        self.faults, self.caught = [], []
        self.statuses: dict[int, int] = {}

    def _address(self, name, arguments) -> str:
        try:
            return reverse(name, args=[self.world[arg] for arg in arguments])
        except (NoReverseMatch, KeyError):
            return "/"

    @cached_property
    def forms(self) -> list[Form]:
        """What the pages show to those who may open most of them; a paper that is drawn shows none."""
        found = set()
        for name, row in ((name, row) for name, row in TABLE.items() if name not in DRAWN):
            for role in ("medical_lead", "manager", "front_desk"):
                if row.method == "get" and role in row.roles:
                    with transaction.atomic():
                        answer = self.clients[role].get(self.addresses[name])
                        transaction.set_rollback(True)
                    if answer.status_code == 200 and "html" in answer.get("Content-Type", "") and not answer.streaming:
                        found |= set(forms_of(answer.content.decode(), self.addresses[name]))
        return sorted(found, key=lambda form: (form.action, form.fields))

    def one(self, name: str | None = None) -> Sent:
        choose = self.junk.random
        role = choose.choice(["medical_lead"] * 5 + ["clinician", "manager", "front_desk", "auditor", "nobody"])
        role = role if role in self.clients else "manager"
        name = name or choose.choice(list(TABLE))
        form, method = None, TABLE[name].method.upper()
        if choose.random() < 0.5:
            form, method = choose.choice(self.forms), "POST"
            path = form.action.partition("?")[0]
            path = path if path.startswith("/") else self.addresses["clinic:today"]
        else:
            path = self.addresses[name]
        if choose.random() < 0.2:
            path = "/".join(self.junk.part(part) if part else "" for part in path.split("/"))
        sent = self.junk.request(path, form, method)
        sent.role, sent.name = role, name
        return sent

    def send(self, sent: Sent) -> int:
        client = Client(raise_request_exception=False)  # a new one each time: signing out is among the forms
        if sent.role in self.sessions:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[sent.role]
        met = []

        def meet(**kwargs):
            met.append("".join(traceback.format_exception(*sys.exc_info())))

        got_request_exception.connect(meet)
        try:
            extra = {"QUERY_STRING": sent.query, **sent.extra}
            if sent.cookies:
                own = [f"{name}={morsel.value}" for name, morsel in client.cookies.items() if name not in sent.cookies]
                odd = [f"{name}={value}" for name, value in sent.cookies.items()]
                extra["HTTP_COOKIE"] = "; ".join([*odd, *own]).encode().decode("latin-1")
            with transaction.atomic():
                answer = client.generic(
                    sent.method, "/", sent.body, content_type=_entered(sent.content_type), **extra, PATH_INFO=_path_info(sent.path)
                )
                transaction.set_rollback(True)
            status = answer.status_code
        except Exception:
            met.append(traceback.format_exc())
            status = 599
        finally:
            got_request_exception.disconnect(meet)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status >= 500 and not (sent.name == "clinic:health" or sent.path.startswith("/health")):
            self.faults.append((status, sent, met))
        elif met:
            self.caught.append((status, sent, met))
        return status


def _entered(content_type: str) -> str:
    """As the server's entry point hands it on; the running server is asked in test_web.py."""
    return enter({"CONTENT_TYPE": content_type})["CONTENT_TYPE"]


def _path_info(path: str) -> str:
    """As a server gives it: the bytes of the address, written as latin-1."""
    return unquote(path, encoding="latin-1")


def _told(found) -> str:
    return "\n\n".join(f"{status} {sent}\n{met[-1][-1800:] if met else ''}" for status, sent, met in found[:5])


@pytest.fixture
def attack(world, make_user):  # noqa: F811
    return lambda seed: Attack(world, make_user, seed)


@pytest.mark.parametrize("count", [pytest.param(FEW, marks=on_postgresql), pytest.param(MANY, marks=pytest.mark.prove)])
def test_junk_is_answered_and_nothing_falls_over(attack, count):
    found = attack(SEED)
    for number in range(count):
        found.send(found.one(name=list(TABLE)[number % len(TABLE)]))
    assert not found.faults, f"{len(found.faults)} of {count} (seed {SEED})\n{_told(found.faults)}"
    assert len(found.forms) > 40
    # It reached the forms and not only the door: some were saved, more were sent back with words.
    assert found.statuses.get(302, 0) > count / 100
    assert found.statuses.get(422, 0) > count / 100


@on_postgresql
def test_a_planted_fault_is_found(attack, monkeypatch):
    """The control: a view that fails on what it is sent."""
    from clinic import views

    monkeypatch.setattr(views.finding, "patients", lambda user, text: [][int(text)])
    found = attack(SEED)
    for _ in range(40):
        found.send(Sent("POST", "/find/", body=b"q=junk", content_type="application/x-www-form-urlencoded", role="medical_lead"))
        found.send(Sent("GET", "/find/", query="q=junk", role="medical_lead"))
        if found.faults:
            break
    assert found.faults


def test_digits_of_other_scripts_are_no_number():
    """`\\d` takes them too: the visit was found and changed, and the way back to its page could not be written, which was a fault."""
    assert {name: route for name, route in _shapes(get_resolver().url_patterns).items() if "\\d" in route} == {}
    with pytest.raises(Resolver404):
        resolve("/bookings/\uff11\uff14\uff10/missed/")


def test_the_routes_have_no_unknown_kind_of_part():
    """Junk is sent for every kind of part an address has; a new kind is looked at here first."""
    kinds = {kind for route in _shapes(get_resolver().url_patterns).values() for kind in re.findall(r"<([a-z]+):", route)}
    assert kinds <= {"int", "str", "slug", "path", "uuid"}
