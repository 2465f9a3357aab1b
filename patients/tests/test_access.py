"""Asking for a patient of another site: answered as if there were none, and kept in the log."""

import pytest
from django.urls import reverse

from accounts.models import Site
from accounts.permissions import Role
from audit.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def stranger(make_user):
    person = make_user("ada", Role.MEDICAL_LEAD, last_name="Stranger")
    person.sites.set([Site.objects.create(name="Birch Skin Clinic", slug="birch")])
    return person


@pytest.mark.parametrize(
    ("name", "more"),
    [("patients:detail", ()), ("patients:edit", ()), ("patients:details", ()), ("plans:plan", (1,)), ("plans:consultation", (1,))],
)
def test_another_sites_patient_looks_like_none_and_is_logged_once(client, stranger, patient, name, more):
    client.force_login(stranger)
    assert client.get(reverse(name, args=[patient.number, *more])).status_code == 404
    (row,) = AuditEvent.objects.all()
    assert (row.action, row.outcome, row.patient_pk, row.actor) == ("access.refused", "refused", patient.pk, stranger)
    assert client.get(reverse(name, args=[patient.number + 1, *more])).status_code == 404
    # One that nobody has leaves a row too: what is not there costs as much time as what may not be seen.
    assert [(row.action, row.patient_pk) for row in AuditEvent.objects.order_by("pk")[1:]] == [("access.refused", None)]


def test_somebody_switched_off_is_out_at_the_next_click(client, desk, patient):
    client.force_login(desk)
    page = reverse("patients:detail", args=[patient.number])
    assert client.get(page).status_code == 200
    desk.is_active = False
    desk.save(update_fields=["is_active"])
    assert client.get(page)["Location"].startswith(reverse("accounts:sign_in"))
