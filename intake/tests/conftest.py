import pytest
from django.test import Client
from django.urls import reverse

from intake.models import QuestionnaireResponse


@pytest.fixture
def tablet(desk, patient, protocol):
    """A browser of the front desk that was handed to the patient, who said that it is them."""
    client = Client()
    client.force_login(desk)
    client.post(reverse("intake:hand_over", args=[patient.number]), {"language": "en", "request_key": "test"})
    client.form = QuestionnaireResponse.objects.get()
    client.post(reverse("intake:tablet"), {"form": client.form.pk, "me": "yes"})
    client.form.refresh_from_db()
    return client


@pytest.fixture
def step_of(tablet):
    """step_of("scars"): the address of a page of the form; step_of("list medicines"): of one of its two lists."""
    from intake.fields import steps_of

    def names(step):
        return f"list {step.code}" if step.is_list else step.code

    def find(code):
        return reverse("intake:question", args=[next(step.number for step in steps_of(tablet.form.asked) if names(step) == code)])

    return find


@pytest.fixture
def answer(tablet, step_of):
    """answer("scars", **fields): send one page of the form, as the press on Next does."""

    def send(code, fields, **headers):
        return tablet.post(step_of(code), {"form": tablet.form.pk, **fields}, headers=headers)

    return send
