"""
A withdrawal and the first zone at the same moment: one waits for the other, on both engines, so that no needle touches the skin on a
consent that was withdrawn before it.
"""

import threading

import pytest
from django.db import connection, transaction

from consent.models import ConsentWithdrawal
from consent.services.withdrawing import withdraw
from consent.standing import newest_items
from sessions.models import TreatmentSession
from sessions.services import gate, record

from .record_case import RecordCase

pytestmark = [pytest.mark.both_engines, pytest.mark.django_db(transaction=True)]
A_MOMENT = 0.4  # seconds in which somebody who does not wait would be through
PATIENCE = 20


@pytest.fixture
def case(site, clinician, patient):
    return RecordCase(site, clinician, patient)


def take_back(case):
    items = list(newest_items(case.patient).values())
    withdraw(case.patient, items, said_by=str(case.patient), reason="", by=case.clinician)


def needle(case, session):
    row = TreatmentSession.objects.get(pk=session.pk)
    return record.save(row, by=case.clinician, typed=case.typed(session), version=row.version)


def meanwhile(first, then) -> bool:
    """Do *first* and keep its transaction open while somebody else does *then*; whether that one was through before it ended."""
    through, raised = threading.Event(), []

    def other():
        try:
            then()
        except Exception as error:
            raised.append(error)
        finally:
            through.set()
            connection.close()

    thread = threading.Thread(target=other)
    with transaction.atomic():
        first()
        thread.start()
        before = through.wait(A_MOMENT)
    thread.join(PATIENCE)
    assert not raised, raised
    return before


def test_the_first_zone_waits_for_a_withdrawal_and_is_refused(case):
    session, saved = case.started(), []
    assert not meanwhile(lambda: take_back(case), lambda: saved.append(needle(case, session)))
    assert "withdrawn" in str(saved[0].form.errors)
    row = TreatmentSession.objects.get(pk=session.pk)
    assert not row.start_check
    assert not row.zones.filter(state="done").exists()


def test_a_withdrawal_waits_for_the_first_zone_and_stands_after_it(case):
    session = case.started()
    assert not meanwhile(lambda: needle(case, session), lambda: take_back(case))
    row = TreatmentSession.objects.get(pk=session.pk)
    assert row.start_check["conditions"][-1]["state"] == gate.OK
    assert ConsentWithdrawal.objects.count() == 2


def test_the_start_of_a_record_waits_for_a_withdrawal_and_is_refused(case):
    booking, refused = case.booking(), []

    def begin():
        with pytest.raises(record.CannotStart) as found:
            record.start(booking, case.clinician)
        refused.append(str(found.value))

    assert not meanwhile(lambda: take_back(case), begin)
    assert "withdrawn" in refused[0]
    assert not TreatmentSession.objects.exists()


def test_without_the_wait_a_zone_is_needled_on_withdrawn_consent(case, monkeypatch):
    """
    The control. PostgreSQL: nobody takes the lock. SQLite lets one write at a time whatever we do: there the gate is asked before the
    transaction, as somebody might be tempted to.
    """
    session = case.started()
    if connection.vendor == "postgresql":
        monkeypatch.setattr("consent.services.withdrawing.hold", lambda patient: None)
        monkeypatch.setattr("sessions.services.record.hold", lambda patient: None)
        assert meanwhile(lambda: take_back(case), lambda: needle(case, session))
    else:
        asked_before = gate.day_check(TreatmentSession.objects.get(pk=session.pk))
        monkeypatch.setattr("sessions.services.record.gate.day_check", lambda row, **_: asked_before)
        meanwhile(lambda: take_back(case), lambda: needle(case, session))
    assert ConsentWithdrawal.objects.exists()
    assert TreatmentSession.objects.get(pk=session.pk).zones.filter(state="done").count() == 2
