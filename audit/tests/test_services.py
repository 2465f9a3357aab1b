import pytest
from django.db import transaction
from django.test import RequestFactory

from audit.models import AuditEvent, Outcome
from audit.services import record

pytestmark = pytest.mark.django_db


def test_a_row_says_who_did_what_to_whom_from_where(clinician, patient):
    request = RequestFactory().get("/patients/10482/", REMOTE_ADDR="192.0.2.7")
    request.user = clinician
    event = record("patient.viewed", request=request, patient=patient, obj=patient, detail={"tab": "plan"})
    event.refresh_from_db()
    assert (event.actor, event.actor_name, event.action, event.outcome) == (clinician, "Dr Amara Osei", "patient.viewed", Outcome.DONE)
    assert (event.patient_pk, event.object_type, event.object_pk) == (patient.pk, "patients.patient", str(patient.pk))
    assert (event.address, event.path, event.detail) == ("192.0.2.7", "/patients/10482/", {"tab": "plan"})


def test_a_row_without_a_person_is_the_systems():
    assert record("sheet.rendered").actor_name == "system"


def test_the_name_stays_as_it_was_at_that_moment(clinician):
    event = record("patient.viewed", actor=clinician)
    clinician.last_name = "Osei-Bonsu"
    clinician.save()
    event.refresh_from_db()
    assert event.actor_name == "Dr Amara Osei"


class PowerCut(Exception):
    pass


@transaction.atomic
def _rename(user, *, detail=None, then=None):
    user.title = "Mx"
    user.save()
    record("user.changed", actor=user, obj=user, detail=detail)
    if then is not None:
        raise then


def test_a_change_and_its_row_fall_together(desk):
    """The row is written inside the transaction of the change: what fails after it takes both away."""
    with pytest.raises(PowerCut):
        _rename(desk, then=PowerCut())
    desk.refresh_from_db()
    assert desk.title == ""
    assert not AuditEvent.objects.filter(action="user.changed").exists()


def test_a_change_whose_row_cannot_be_written_is_taken_back(desk):
    with pytest.raises(TypeError):
        _rename(desk, detail={"at": object()})
    desk.refresh_from_db()
    assert desk.title == ""


def test_a_change_and_its_row_stand_together(desk):
    _rename(desk)
    desk.refresh_from_db()
    assert desk.title == "Mx"
    assert AuditEvent.objects.filter(action="user.changed", object_pk=str(desk.pk)).count() == 1
