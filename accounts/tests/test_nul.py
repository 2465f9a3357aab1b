"""A NUL character that a script sends is taken out; what stands beside it stays, and no page fails over it."""

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db


def test_a_nul_in_what_is_searched_for_is_taken_out(client, desk, patient):
    client.force_login(desk)
    response = client.post(reverse("clinic:find"), {"q": "rah\0man"})
    assert response.status_code == 200
    assert b"RAHMAN" in response.content


def test_a_nul_in_a_form_does_not_reach_the_database(client, desk, patient):
    client.force_login(desk)
    page = client.get(reverse("patients:register"))
    key = page.context["form"]["request_key"].value() if "request_key" in page.context["form"].fields else ""
    sent = {"surname": "Ne\0w", "birth_day": "4", "birth_month": "3", "birth_year": "1990", "phone": "020 7946 0999", "request_key": key}
    assert client.post(reverse("patients:register"), sent).status_code == 302
    assert list(type(patient).objects.exclude(pk=patient.pk).values_list("surname", flat=True)) == ["New"]


def test_a_nul_in_an_address_is_answered_as_unreadable(client, desk):
    client.force_login(desk)
    assert client.get("/patients/%00/").status_code == 400
