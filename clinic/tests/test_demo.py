"""The demo clinic: what is in it, that it is made once, and that the same seed and date make the same one."""

import datetime as dt
import hashlib

import pytest
from django.core.management import CommandError, call_command

from accounts.permissions import Role
from clinic.demo import build as demo
from clinic.demo import second_site, sign_ins
from clinic.demo.people import PEOPLE

TODAY = dt.date(2026, 11, 22)  # a Sunday: the demo is open


@pytest.fixture
def made(db):
    call_command("load_protocols", verbosity=0)
    return demo.build(seed=1, today=TODAY)


def test_the_demo_holds_every_state_a_clinic_knows(made):
    from aftercare.models import Sheet
    from patients.models import Patient
    from plans.models import Consultation, TreatmentPlan
    from protocols.editing import SECTIONS
    from protocols.models import ProtocolEdit
    from sessions.models import Booking, TreatmentSession

    assert len(PEOPLE) == 60
    assert made.patients == len(PEOPLE) + len(second_site.PATIENTS)
    assert {user_role for _, _, user_role in sign_ins.people()} == {role.label for role in Role}
    assert set(Patient.objects.values_list("phototype", flat=True)) >= {1, 2, 3, 4, 5, 6}
    passing = {TreatmentPlan.Status.WRITING, TreatmentPlan.Status.RETURNED}  # the one lasts no longer than its transaction
    assert set(TreatmentPlan.objects.values_list("status", flat=True)) == set(TreatmentPlan.Status) - passing
    assert {"refuse", "defer", "ask"} <= {entry["status"] for entry in Consultation.objects.values_list("proposal", flat=True)}
    assert Consultation.objects.filter(status=Consultation.Status.OPEN).count() == 1
    pages = {module.TITLE for module in SECTIONS.values()}  # the editor counts the saves of a page by its title
    assert set(ProtocolEdit.objects.values_list("section", flat=True)) <= pages
    assert ProtocolEdit.objects.count() >= 2
    signed = TreatmentSession.objects.filter(status=TreatmentSession.Status.SIGNED)
    assert signed.count() == Sheet.objects.count() >= 35
    assert signed.filter(reaction=TreatmentSession.Reaction.ADVERSE).count() == 1
    today = Booking.objects.filter(starts_at__date=TODAY)
    assert {"done", "in_room", "arrived", "booked", "missed"} <= set(today.values_list("status", flat=True))
    assert today.values("clinician").distinct().count() == 3
    assert two_numb_while_a_third_is_treated()
    days = sorted({(moment.date() - TODAY).days for moment in Booking.objects.values_list("starts_at", flat=True)})
    assert days[0] <= -28
    assert days[-1] >= 28
    with pytest.raises(demo.NotEmpty):
        demo.build(seed=1, today=TODAY)


def two_numb_while_a_third_is_treated() -> bool:
    """Whether some moment of today has two patients in the bays and another one with a clinician."""
    from sessions.models import Hold

    today = Hold.objects.filter(is_live=True, starts_at__date=TODAY)
    numbing = list(today.filter(segment="numbing", resource__kind="bay"))
    treated = list(today.filter(segment="needling", resource__kind="clinician"))
    for hold in numbing:
        at = hold.starts_at
        here = {one.booking_id for one in numbing if one.starts_at <= at < one.ends_at}
        if len(here) >= 2 and any(one.starts_at <= at < one.ends_at and one.booking_id not in here for one in treated):
            return True
    return False


def test_nothing_is_made_beside_a_clinic_that_is_there(site):
    with pytest.raises(CommandError, match="holds a clinic already"):
        call_command("demo_clinic")


def test_only_a_demo_clinic_tells_who_may_sign_in(site, client):
    assert sign_ins.note() is None
    assert sign_ins.PASSWORD not in client.get("/accounts/sign-in/").content.decode()


def _content() -> str:
    """Everything that does not depend on the moment of the making: passwords and sheets are salted or timed."""
    from plans.models import TreatmentPlan
    from sessions.models import Booking, TreatmentSession

    rows = [
        *Booking.objects.order_by("pk").values_list("patient__number", "kind", "status", "starts_at", "clinician__name", "room__name"),
        *TreatmentPlan.objects.order_by("pk").values_list("patient__number", "status", "sessions_count", "accepted_at", "proposal"),
        *TreatmentSession.objects.order_by("pk").values_list("patient__number", "status", "needle_lot", "started_at", "ended_at"),
    ]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


@pytest.mark.prove
def test_the_same_seed_and_date_make_the_same_clinic(db):
    from django.db import transaction

    call_command("load_protocols", verbosity=0)
    found = []
    for seed in (1, 1, 2):
        with transaction.atomic():
            demo.build(seed=seed, today=TODAY)
            found.append(_content())
            transaction.set_rollback(True)
    assert found[0] == found[1]
    assert found[0] != found[2]
