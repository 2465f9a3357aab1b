"""
Everything that is read, written, refused, exported or printed of a patient leaves its row: the whole table of addresses walked
by every role, by somebody of another site and by nobody.
"""

import os
import re
import zlib
from collections import Counter
from dataclasses import dataclass

import pytest
from django.db import connection, transaction
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, path, reverse
from django.utils import timezone

from accounts.permissions import Role
from audit import pages
from audit.models import AuditEvent

from .test_access import (  # noqa: F401 - the fixtures of that world
    TABLE,
    _names,
    _of_patients,
    _once,
    clinician,
    medical_lead,
    patient,
    protocol,
    site,
    stranger,
    world,
)

pytestmark = pytest.mark.django_db
HERE = "203.0.113.7"
OF_SOMEBODY_ERASED = {"patients:review_erased_opening": 4711}  # the number in the world of the table of access
OF_TWO = {"patients:merge_with"}  # two records beside each other: each log says that it was looked at
ON_PAPER = {"clinic:recall_file", "clinic:recall_letters"}  # of no patient by its address; whose name goes onto paper is named all the same
INSERT = 'INSERT INTO "audit_auditevent"'
VALUES = re.compile(r"'[^']*'|\b\d+\b")
UPKEEP = re.compile(r'(UPDATE|INTO|FROM) "(django_session|accounts_websession|accounts_websignin)"|SAVEPOINT')
MIDDLEWARE = "audit.middleware.AuditMiddleware"


def unlisted(patterns) -> set[str]:
    return set(_names(patterns)) ^ set(pages.known())


def test_every_address_says_what_it_does():
    assert unlisted(get_resolver().url_patterns) == set()


def test_an_address_that_says_nothing_is_noticed():
    extra = path("new/", lambda request: None, name="forgotten")
    assert unlisted([*get_resolver().url_patterns, extra]) ^ unlisted(get_resolver().url_patterns) == {"forgotten"}


@dataclass
class Asked:
    """What one request got, and what it left and cost."""

    response: object
    rows: list[AuditEvent]
    sql: list[str]  # without the values, and without the upkeep of the web session, which has a clock of its own

    @property
    def inserts(self) -> int:
        return sum(sql.startswith(INSERT) for sql in self.sql)

    @property
    def status(self) -> int:
        return self.response.status_code


@pytest.fixture
def ask(world):  # noqa: F811
    """ask(client, name): one request for one address, after which the world is as it was."""

    def ask(client, name) -> Asked:
        row = TABLE[name]
        address = reverse(name, args=[world[arg] for arg in row.args])
        newest = AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        cookies = client.cookies.copy()
        with transaction.atomic():
            with CaptureQueriesContext(connection) as queries:
                response = getattr(client, row.method)(address)
            rows = list(AuditEvent.objects.filter(pk__gt=newest).order_by("pk"))
            transaction.set_rollback(True)
        client.cookies = cookies  # signing out took them away
        sql = [VALUES.sub("?", query["sql"]) for query in queries]
        return Asked(response, rows, [one for one in sql if not UPKEEP.search(one)])

    return ask


@pytest.fixture
def signed_in(make_user):
    def signed_in(role, client=None):
        person = make_user(f"somebody_{role}", role, last_name="Else") if isinstance(role, str) else role
        client = client or Client(REMOTE_ADDR=HERE)
        client.force_login(person)
        return client, person

    return signed_in


def must_leave_one(name: str, status: int) -> bool:
    """Whether this answer of the address shows, changes or refuses something."""
    page, method = pages.known().get(name, pages.UNKNOWN), TABLE[name].method
    if status in (401, 403):
        return status == 403
    if status == 404:
        return page.patient is not None
    if method == "get" and 300 <= status < 400:
        return False  # led elsewhere: that page has its own
    return bool(page.action(method.upper()))


def faults(name, asked: Asked, *, person, patient, allowed: bool, began) -> list[str]:  # noqa: F811
    if not must_leave_one(name, asked.status):
        # Signing out, for example, says so itself.
        return [f"{len(asked.rows)} rows for nothing"] if len(asked.rows) > 1 else []
    beside = [row for row in asked.rows if row.patient_pk != patient.pk] if name in OF_TWO and asked.status < 400 else []
    rows = [row for row in asked.rows if row not in beside]
    if len(rows) != 1 or asked.inserts != 1 or len(beside) != (name in OF_TWO and asked.status < 400):
        return [f"{asked.status} left {len(asked.rows)} rows in {asked.inserts} inserts: {asked.rows}"]
    (row,) = rows
    if any((one.action, one.actor) != (row.action, row.actor) for one in beside):
        return [f"{asked.status} {row}: beside it {beside}"]
    outcome = "done" if asked.status < 400 and TABLE[name].method == "get" else None if asked.status < 400 else "refused"
    names = TABLE[name].of_patient or (name in ON_PAPER and asked.status == 200)
    expected = {
        "who": ((row.actor, row.actor_name), (person, str(person))),
        "what": (row.action == "access.refused", not allowed),
        "when": (began <= row.at <= timezone.now(), True),
        "whose": (row.patient_pk, patient.pk if names else OF_SOMEBODY_ERASED.get(name)),
        "from where": ((row.address, row.path), (HERE, asked.response.wsgi_request.path)),
        "how it ended": (row.outcome if outcome else None, outcome),
    }
    return [f"{asked.status} {row}: {fact} is {got}, not {wanted}" for fact, (got, wanted) in expected.items() if got != wanted]


def _asked_by(role: Role, name: str) -> bool:
    """Of each address in the ordinary run one role that may and one that may not, in turns; all of them in the long proofs."""
    may = TABLE[name].roles
    alike = sorted(one for one in Role if (one in may) == (role in may))
    return bool(os.environ.get("PROVE")) or alike[zlib.crc32(name.encode()) % len(alike)] == role


@pytest.mark.parametrize("role", [pytest.param(role, marks=pytest.mark.prove if os.environ.get("PROVE") else ()) for role in Role])
def test_each_answer_leaves_one_row_with_who_what_when_whose_and_from_where(ask, signed_in, patient, role):  # noqa: F811
    """
    Of whoever sees most of what is asked the cost is weighed in the same walk, in the long proofs of three roles: each page that a
    person may open or send, beside the same without what writes the rows. The log costs a request one query at most.
    """
    client, person = signed_in(role)
    plain = _without_the_log(signed_in, person) if role in WEIGHED else None
    wrong, costs, left = {}, {}, 0
    asked = {name: row for name, row in TABLE.items() if _asked_by(role, name)}
    assert asked
    for name, row in asked.items():
        began = timezone.now()
        logged = ask(client, name)
        found = faults(name, logged, person=person, patient=patient, allowed=role in row.roles, began=began)
        wrong |= {name: found} if found else {}
        if plain and role in row.roles:
            spared = ask(plain, name)
            left += logged.inserts - spared.inserts
            extra = _extra(logged, spared)
            if extra.total() > 1:  # the first of a process reads what it then knows: asked again it must not
                extra = _extra(ask(client, name), spared)
            costs |= {name: list(extra.elements())} if extra.total() > 1 else {}
    assert wrong == {}
    assert costs == {}
    assert left or not plain  # the other one did go without


WEIGHED = {Role.FRONT_DESK, *({Role.MEDICAL_LEAD, Role.MANAGER} if os.environ.get("PROVE") else ())}


def _without_the_log(signed_in, person):
    with override_settings(MIDDLEWARE=[name for name in _middleware() if name != MIDDLEWARE]):
        plain, _ = signed_in(person)
        plain.get(reverse("clinic:health"))  # a client keeps the middleware that its first request finds
    return plain


def _extra(logged: Asked, spared: Asked) -> Counter:
    """The queries of the one beyond those of the other, rows that both write aside."""
    return Counter(logged.sql) - Counter(sql for sql in spared.sql if not sql.startswith(INSERT))


def test_without_what_writes_the_rows_the_walk_notices(ask, signed_in, patient):  # noqa: F811
    """The control: reads and refusals leave nothing then."""
    with override_settings(MIDDLEWARE=[name for name in _middleware() if name != MIDDLEWARE]):
        client, person = signed_in(Role.FRONT_DESK)
        began = timezone.now()
        found = faults("plans:plan", ask(client, "plans:plan"), person=person, patient=patient, allowed=False, began=began)
    assert found == ["403 left 0 rows in 0 inserts: []"]


def test_somebody_of_another_site_leaves_one_refusal_that_names_the_patient(ask, signed_in, stranger, patient):  # noqa: F811
    client, person = signed_in(stranger)
    wrong = {}
    for name in _of_patients():
        began = timezone.now()
        asked = ask(client, name)
        found = faults(name, asked, person=person, patient=patient, allowed=False, began=began)
        found += [] if asked.status == 404 else [f"{asked.status} tells that there is such a patient"]
        wrong |= {name: found} if found else {}
    assert wrong == {}


def test_a_number_nobody_has_leaves_the_same_row_and_costs_the_same_as_one_that_may_not_be_seen(client, signed_in, stranger, patient):  # noqa: F811
    signed_in(stranger, client)
    costs, pages_shown, before = [], [], set(AuditEvent.objects.values_list("pk", flat=True))
    for number in (patient.number, patient.number + 1000):
        with CaptureQueriesContext(connection) as queries:
            response = client.get(reverse("patients:detail", args=[number]))
        costs.append(len(queries))
        pages_shown.append((response.status_code, response.content))
    assert costs[0] == costs[1]
    assert pages_shown[0][0] == pages_shown[1][0] == 404
    assert [(row.action, row.patient_pk) for row in AuditEvent.objects.exclude(pk__in=before).order_by("pk")] == [
        ("access.refused", patient.pk),
        ("access.refused", None),
    ]


def test_nobody_signed_in_leaves_none(client, ask):
    assert {name: asked.rows for name in TABLE if (asked := ask(client, name)).rows} == {}


def _middleware() -> list[str]:
    from django.conf import settings

    return settings.MIDDLEWARE


def test_a_query_more_than_the_log_costs_is_seen(ask, signed_in):
    """The control of the weighing: a page that asks twice."""
    client, person = signed_in(Role.FRONT_DESK)
    plain = _without_the_log(signed_in, person)
    name = "patients:detail"
    ask(client, name)  # what a process reads once
    logged, spared = ask(client, name), ask(plain, name)
    assert _extra(logged, spared).total() == 1
    logged.sql += ["SELECT ? FROM it_was_asked_once_more"]
    assert _extra(logged, spared).total() == 2
