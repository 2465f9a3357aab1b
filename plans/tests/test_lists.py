"""An empty list of medicines or allergies is a question, and one of long ago is asked again: no plan before it is answered."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from patients import services as on_file
from patients.lists import LIST_PREFIX
from patients.models import Patient, ScreeningAnswer
from plans import services
from plans.catalogue import catalogue_of
from plans.models import TreatmentPlan
from plans.services import AcceptanceRefused
from plans.services.consultation import digest

from .conftest import plain

pytestmark = pytest.mark.django_db

LISTS = ["medicines", "allergies"]
ASK = {name: f"Ask about {name}: list them or mark none" for name in LISTS}
LINE = {"medicines": ("medicine.0.name", "paracetamol"), "allergies": ("allergy.0.substance", "cat hair")}


def accept(consultation, by):
    return services.accept(consultation, by=by, version=consultation.version, saved_from="page-1")


def left(consultation, by) -> list[tuple[str, str]]:
    with pytest.raises(AcceptanceRefused) as refusal:
        accept(consultation, by)
    assert not TreatmentPlan.objects.exists()
    return [(item.words, item.anchor) for item in refusal.value.left]


def without(typed, name):
    return {field: value for field, value in typed.items() if field != f"{name}_asked"}


@pytest.fixture
def typed(protocol):
    """No consultation is open yet: each begins with the file as the test made it."""
    return plain(protocol)


@pytest.fixture
def put_on_file(patient, clinician):
    """The list as it was gone through *days* ago: one line, or none known."""

    def put(name, days, *, none=False):
        if none:
            on_file.say_none_known(patient, f"{name}_asked", by=clinician)
        elif name == "medicines":
            on_file.add_medicine(patient, by=clinician, name=LINE[name][1])
        else:
            on_file.add_allergy(patient, by=clinician, substance=LINE[name][1])
        set_age(patient, name, days)

    return put


def set_age(patient, name, days):
    Patient.objects.filter(pk=patient.pk).update(**{f"{name}_asked_at": timezone.now() - dt.timedelta(days=days)})
    patient.refresh_from_db()


def valid_days(protocol, name) -> int:
    return catalogue_of(protocol).knowledge.lists[name].valid_days


def begin(patient, clinician, typed):
    """A consultation of today with all of *typed*, but the lists as they came from the file."""
    started = services.start(patient, by=clinician)
    fields = {**{k: v for k, v in typed.items() if not k.endswith("_asked")}, **started.inputs}
    services.save(started, inputs=fields, chosen={}, by=clinician, version=started.version, saved_from="page-1")
    return started


def again(started, clinician, **fields):
    services.save(started, inputs={**started.inputs, **fields}, chosen={}, by=clinician, version=started.version, saved_from="page-1")


@pytest.mark.parametrize("name", LISTS)
def test_a_list_nobody_asked_for_keeps_the_plan_back(consultation, typed, keep, clinician, name):
    computed = keep(without(typed, name))
    assert computed.proposal["status"] == "plan"  # to the planner a list that is not there has no lines
    assert left(consultation, clinician) == [(ASK[name], f"f-{name}_asked")]
    keep(typed)
    assert accept(consultation, clinician).status == "accepted"


@pytest.mark.parametrize("name", LISTS)
def test_a_list_with_a_line_is_asked_for(consultation, typed, keep, clinician, name):
    keep(without(typed, name) | dict([LINE[name]]))
    assert accept(consultation, clinician).status == "accepted"


def test_what_else_is_missing_stands_before_the_lists(consultation, typed, keep, clinician):
    fields = {name: value for name, value in typed.items() if name not in ("q.scars", "medicines_asked", "allergies_asked")}
    keep(fields)
    assert [anchor for _, anchor in left(consultation, clinician)] == ["f-q.scars", "f-medicines_asked", "f-allergies_asked"]


@pytest.mark.parametrize("htmx", [True, False])
def test_the_screen_asks_instead_of_proposing(client, consultation, typed, clinician, htmx):
    client.force_login(clinician)
    url = reverse("plans:consultation", args=[consultation.patient.number, consultation.pk])
    sent = without(typed, "medicines") | {"version": consultation.version, "saved_from": "page"}
    page = client.post(url, sent, headers={"HX-Request": "true"} if htmx else {}, follow=True).content.decode()
    assert f'<li><a href="#f-medicines_asked">{ASK["medicines"]}</a></li>' in page
    assert 'name="yours.depth.' not in page
    if not htmx:
        assert 'id="f-medicines_asked"' in page


def test_a_request_past_the_screen_is_refused(client, consultation, typed, keep, clinician):
    client.force_login(clinician)
    fields = without(typed, "allergies")
    computed = keep(fields)
    sent = fields | {"version": consultation.version, "saved_from": "page-1", "shown": digest(computed.proposal)}
    for more in ({}, {"send": "1"}):
        answer = client.post(reverse("plans:accept", args=[consultation.patient.number, consultation.pk]), sent | more)
        assert answer.status_code == 422
        assert f'<a href="#f-allergies_asked">{ASK["allergies"]}</a>' in answer.content.decode()
    assert not TreatmentPlan.objects.exists()


def test_a_stop_stays_a_stop(consultation, typed, keep, clinician):
    """Who is refused is not asked for lists first."""
    refused = without(typed, "medicines") | {"q.retinoid_capsules": "yes", "rule.retinoid_capsules": ["isotretinoin_current"]}
    status = keep(refused).proposal["status"]
    assert status in ("refuse", "defer")
    assert not [words for words, _ in left(consultation, clinician) if words in ASK.values()]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("none", [True, False])
def test_a_list_on_file_holds_as_long_as_the_protocol_says(patient, protocol, clinician, typed, put_on_file, name, none):
    (other,) = set(LISTS) - {name}
    put_on_file(other, 0, none=True)
    put_on_file(name, valid_days(protocol, name), none=none)
    assert accept(begin(patient, clinician, typed), clinician).status == "accepted"


@pytest.mark.parametrize("name", LISTS)
def test_an_old_list_is_gone_through_again(patient, protocol, clinician, typed, put_on_file, name):
    (other,) = set(LISTS) - {name}
    put_on_file(other, 0, none=True)
    put_on_file(name, valid_days(protocol, name) + 1)
    started = begin(patient, clinician, typed)
    ((words, anchor),) = left(started, clinician)
    assert words.startswith(f"Go through the {name} again: last gone through on ")
    assert anchor == f"f-{name}_again"
    again(started, clinician, **{f"{name}_again": "yes"})
    accept(started, clinician)
    patient.refresh_from_db()
    assert timezone.now() - getattr(patient, f"{name}_asked_at") < dt.timedelta(minutes=5)


@pytest.mark.parametrize("name", LISTS)
def test_an_old_none_is_marked_anew_and_holds_from_today(patient, protocol, clinician, typed, put_on_file, name):
    (other,) = set(LISTS) - {name}
    put_on_file(other, 0, none=True)
    put_on_file(name, valid_days(protocol, name) + 1, none=True)
    started = begin(patient, clinician, typed)
    assert f"{name}_asked" not in started.inputs
    assert left(started, clinician) == [(ASK[name], f"f-{name}_asked")]
    again(started, clinician, **{f"{name}_asked": "none"})
    accept(started, clinician)
    patient.refresh_from_db()
    assert timezone.now() - getattr(patient, f"{name}_asked_at") < dt.timedelta(minutes=5)


def test_a_none_taken_over_from_the_file_keeps_its_day(patient, clinician, typed, put_on_file):
    """Nobody asked today: a plan does not make the answer younger."""
    put_on_file("allergies", 0, none=True)
    put_on_file("medicines", 5, none=True)
    accept(begin(patient, clinician, typed), clinician)
    patient.refresh_from_db()
    assert timezone.now() - patient.medicines_asked_at > dt.timedelta(days=4)


@pytest.mark.parametrize("none", [True, False])
def test_a_list_said_to_have_changed_is_gone_through_again(patient, protocol, clinician, typed, put_on_file, none):
    """Also where it is said at the desk while the consultation is open."""
    put_on_file("allergies", 0, none=True)
    put_on_file("medicines", 1, none=none)
    started = begin(patient, clinician, typed)
    ScreeningAnswer.objects.create(
        patient=patient,
        question=f"{LIST_PREFIX}medicines",
        protocol_version=protocol.version,
        answer=True,
        answered_at=timezone.now(),
        answered_by=clinician,
    )
    ((words, anchor),) = left(started, clinician)
    assert words.startswith("Go through the medicines again: said to have changed on ")
    assert anchor == "f-medicines_again"
    again(started, clinician, medicines_again="yes")
    assert accept(started, clinician).status == "accepted"


def test_the_screen_offers_to_go_through_an_old_list_and_no_other(client, patient, protocol, clinician, typed, put_on_file):
    put_on_file("allergies", 0)
    put_on_file("medicines", valid_days(protocol, "medicines") + 1)
    started = begin(patient, clinician, typed)
    client.force_login(clinician)
    page = client.get(reverse("plans:consultation", args=[patient.number, started.pk])).content.decode()
    assert 'id="f-medicines_again"' in page
    assert "f-allergies_again" not in page
