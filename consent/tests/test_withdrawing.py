"""Taking consent back on the screen, and what the patient's page says of it."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from consent.models import ConsentWithdrawal
from consent.standing import newest_items, stands_for, state_of

from .signed import sign, text_in_use

pytestmark = [pytest.mark.both_engines, pytest.mark.django_db]


@pytest.fixture
def page(client, desk, patient, texts, clinician):
    sign(patient, texts, by=clinician)
    client.force_login(desk)
    return reverse("consent:withdraw", args=[patient.number])


def item_of(patient, code):
    return next(item for (_, found), item in newest_items(patient).items() if found == code)


def test_one_thing_is_withdrawn_with_who_and_why(client, page, patient, plan, desk):
    answer = client.post(
        page,
        {
            "items": [item_of(patient, "acne_scars").pk],
            "said_by": "other",
            "said_by_name": "Rosa Rahman, mother",
            "reason": "Second thoughts",
        },
    )
    assert answer.status_code == 302
    row = ConsentWithdrawal.objects.get()
    assert (row.item.code, row.said_by, row.reason, row.recorded_by) == ("acne_scars", "Rosa Rahman, mother", "Second thoughts", desk)
    assert [one.state for one in stands_for(plan).rows] == ["withdrawn", "signed"]
    shown = client.get(reverse("consent:patient", args=[patient.number])).content.decode()
    assert "withdrawn on" in shown


def test_nobody_has_to_say_why(client, page, patient):
    client.post(page, {"items": [item_of(patient, "acne_scars").pk], "said_by": "patient"})
    assert ConsentWithdrawal.objects.get().said_by == str(patient)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"said_by": "patient"}, "Tick what the patient withdraws."),
        ({"items": "x", "said_by": "patient"}, "does not stand any more"),
        ({"items": "mine"}, "Choose who says so."),
        ({"items": "mine", "said_by": "other", "reason": "Kept"}, "Enter the name of who says so"),
    ],
)
def test_what_is_missing_is_said(client, page, patient, fields, words):
    if fields.get("items") == "mine":
        fields = {**fields, "items": item_of(patient, "acne_scars").pk}
    answer = client.post(page, fields)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not ConsentWithdrawal.objects.exists()


def test_another_patients_consent_is_not_withdrawn_here(client, page, patient, site, clinician, plan_of):
    other = type(patient).objects.create(number=20077, site=site, surname="Else", given="Some", birth_date=patient.birth_date)
    plan_of(other)
    sign(other, [text_in_use(by=clinician)], by=clinician)
    assert client.post(page, {"items": item_of(other, "acne_scars").pk, "said_by": "patient"}).status_code == 422


def test_a_withdrawal_is_never_undone(client, page, patient):
    client.post(page, {"items": [item_of(patient, "acne_scars").pk], "said_by": "patient"})
    for statement in ("DELETE FROM consent_consentwithdrawal", "UPDATE consent_consentwithdrawal SET reason = 'x'"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert state_of(item_of(patient, "acne_scars")) == "withdrawn"
