"""Fields that no form has, sent with the fields it has: what is stored is what would have been stored without them."""

import datetime as dt
import os
import random
import time

import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.permissions import Role
from accounts.signing_in.session import PASSWORD, PROVED
from tests.test_access import DRAWN, TABLE, _once, clinician, medical_lead, patient, protocol, site, world  # noqa: F401 - one of everything

from .crawler import OWN_WAY_IN
from .forms import Form, forms_on
from .rows import changes, snapshot, writes

pytestmark = pytest.mark.django_db
SEED = int(os.environ.get("EXTRA_SEED", "2031"))
FEW, MANY = 60, 400
WRITERS = (Role.CLINICIAN, Role.FRONT_DESK, Role.MEDICAL_LEAD, Role.MANAGER)


def planted(hidden, other_person) -> dict[str, str]:
    """Names of columns nobody may set through a form, with values that would show. hidden: a patient of another site."""
    person, then = str(other_person.pk), "2001-02-03T04:05:06Z"
    return {
        "is_staff": "on", "is_superuser": "on", "is_demo": "on", "is_active": "", "is_prescriber": "on", "prescriber_until": "2099-01-01",
        "role": "manager", "sites": str(hidden.site_id), "groups": "1", "user_permissions": "1", "password": "planted horse battery",
        "sign_in_epoch": "99", "user": person, "username": "planted",
        "signed_at": then, "signed_by": person, "signed_content": "{}", "signature": "planted", "locked": "on", "is_locked": "on",
        "status": "signed", "state": "ready", "outcome": "done", "is_live": "on",
        "patient": str(hidden.pk), "patient_id": str(hidden.pk), "patient_pk": str(hidden.pk), "number": str(hidden.number),
        "site": str(hidden.site_id), "site_id": str(hidden.site_id), "key": "6f1ed002-ab5c-4cf0-b9cf-000000000001",
        "actor": person, "by": person, "created_by": person, "created_by_id": person, "approved_by": person, "approved_at": then,
        "accepted_by": person, "accepted_at": then, "countersigned_by": person, "reviewed_by": person, "reviewed_at": then,
        "opened_at": then, "ends_at": "2099-01-01T00:00:00Z", "closed_at": then, "made_by": person, "set_by": person,
        "recorded_by": person, "removed_at": then, "removed_by": person, "updated_at": then, "created_at": then,
        "id": "1", "pk": "1", "session": "1", "booking": "1", "sha256": "0" * 64, "file": "planted.pdf", "protocol_version": "1",
    }  # fmt: skip


class Clinic:
    """The world of the table, people who have just said who they are, and the forms they see."""

    def __init__(self, world, make_user):  # noqa: F811
        from accounts.models import Site
        from patients.models import Patient

        birch = Site.objects.create(name="Birch Skin Clinic", slug="birch")
        hidden = Patient.objects.create(number=20001, site=birch, surname="Okafor", given="Chidi", birth_date=dt.date(1980, 1, 1))
        self.cookies = {}
        for role in WRITERS:
            client = Client()
            client.force_login(make_user(f"extra_{role}", role, last_name="Else"))
            session = client.session
            session[PROVED] = {PASSWORD: time.time()}
            session.save()
            self.cookies[role] = {name: one.value for name, one in client.cookies.items()}
        self.planted = planted(hidden, make_user("planted_person", Role.MEDICAL_LEAD))
        self.addresses = {
            name: reverse(name, args=[world[arg] for arg in row.args]) for name, row in TABLE.items() if name not in OWN_WAY_IN
        }
        self.before = snapshot()
        self.models = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
        self.saved, self.posts = set(), 0

    def client(self, role) -> Client:
        client = Client(raise_request_exception=True)
        for name, value in self.cookies[role].items():
            client.cookies[name] = value
        return client

    def forms(self) -> list[Form]:
        found = {}
        for name, address in self.addresses.items():
            for role in WRITERS:
                if role not in TABLE[name].roles:
                    continue
                if name in DRAWN and TABLE[name].method == "get":  # a paper, which is drawn for seconds and shows no form
                    continue
                one = [Form(role, address, address, [])]
                if TABLE[name].method == "get":
                    with transaction.atomic():
                        answer = self.client(role).get(address)
                        transaction.set_rollback(True)
                    if answer.status_code != 200 or answer.streaming or "html" not in answer["Content-Type"]:
                        continue
                    one = forms_on(role, address, answer.content.decode())
                for form in one:
                    if not any(form.action.startswith(reverse(way)) for way in ("accounts:sign_out", "accounts:lock", "clinic:find")):
                        found.setdefault((form.action, form.names), form)
        # An address alone, where no page showed its form: then nobody knows which fields are its own.
        shown = {form.action for form in found.values() if form.names}
        return [form for form in found.values() if form.names or form.action not in shown]

    def post(self, form: Form, extra: dict[str, str]) -> list[str]:
        """What the form changes when it is sent with *extra*."""
        sent: dict[str, list[str]] = {}
        for name, value in form.fields:
            sent.setdefault(name, []).append(value)
        with transaction.atomic(), writes() as written:
            answer = self.client(form.role).post(form.action, {**sent, **{name: [value] for name, value in extra.items()}})
            tables = [self.models[name] for name in sorted(set(written)) if name in self.models]
            after = {model: {row[model._meta.pk.attname]: row for row in model._base_manager.order_by().values()} for model in tables}
            told = changes(self.before, after)
            transaction.set_rollback(True)
        assert answer.status_code < 500, (form, extra)
        if told:
            self.saved.add(form.action)
        return told

    def extras(self, form: Form, parts: int) -> list[dict[str, str]]:
        """The planted fields the form does not have itself, plain and with the prefixes of its own fields, in *parts* groups."""
        prefixes = {"", *(name.rpartition("-")[0] + "-" for name in form.names if "-" in name)}
        extra = [(prefix + name, value) for name, value in self.planted.items() for prefix in sorted(prefixes)[:4]]
        extra = [(name, value) for name, value in extra if name not in form.names]
        return [dict(extra[part::parts]) for part in range(parts)]


def _differences(clinic: Clinic, forms: list[Form], parts: int, most: int) -> list[str]:
    found, clinic.posts = [], 0
    for form in forms:
        without = clinic.post(form, {})
        for extra in clinic.extras(form, parts):
            if clinic.posts >= most:
                return found
            clinic.posts += 1
            told = clinic.post(form, extra)
            if told != without:
                found.append(f"{form}: {sorted(set(told) ^ set(without))}")
    return found


@pytest.fixture
def clinic(world, make_user):  # noqa: F811
    return Clinic(world, make_user)


@pytest.mark.parametrize(("parts", "most"), [(1, FEW), pytest.param(5, MANY, marks=pytest.mark.prove)])
def test_nothing_is_stored_that_no_form_asked_for(clinic, parts, most):
    forms = clinic.forms()
    random.Random(SEED).shuffle(forms)  # noqa: S311 - to be had again, not to be secret
    assert len(forms) > 60
    found = _differences(clinic, forms, parts, most)
    assert not found, "\n".join(found)
    print(f"\n{len(forms)} forms, {most} posts at most, {len(clinic.saved)} of them saved something: {sorted(clinic.saved)}")
    assert clinic.posts >= (FEW if most == FEW else 300)
    # Forms that were sent back would prove little: many were saved.
    assert len(clinic.saved) >= (12 if most == FEW else 20)


def test_a_form_of_all_columns_is_found(clinic, settings, patient):  # noqa: F811
    """The control: a form made of the model."""
    settings.ROOT_URLCONF = "tests.hostile.careless"
    address = f"/careless/{patient.number}/form/"
    form = Form(Role.FRONT_DESK, address, address, [("phone", "020 7946 0300")])
    assert "site_id" in str(_differences(clinic, [form], 1, 1))
