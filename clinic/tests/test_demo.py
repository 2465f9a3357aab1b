"""The demo clinic: what is in it, that it is made once, and that the same seed and date make the same one."""

import contextlib
import datetime as dt
import hashlib
import sqlite3
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from accounts.permissions import Role
from clinic.demo import build as demo
from clinic.demo import second_site, sign_ins
from clinic.demo.people import PEOPLE
from tests import running_clinic

TODAY = dt.date(2026, 11, 22)  # a Sunday: the demo is open
ZONE = ZoneInfo(running_clinic.zone_where_it_is_late_morning())  # asked for before a test sets the clock


@pytest.fixture
def made(django_db_setup, django_db_blocker, tmp_path):
    """
    The demo clinic as `make run` makes it, which the runs of the suite share: a copy of its database stands in the place of the one
    of the tests. Gives its day.
    """
    if connection.vendor != "sqlite":
        pytest.skip("`make run` makes it on SQLite")
    copy = tmp_path / "clinic.sqlite3"
    with (
        contextlib.closing(sqlite3.connect(running_clinic.demo_made() / "clinic.sqlite3")) as prepared,
        contextlib.closing(sqlite3.connect(copy)) as other,
    ):
        prepared.backup(other)
    with django_db_blocker.unblock(), timezone.override(ZONE):
        of_the_tests = connection.settings_dict["NAME"]
        connection.close()
        connection.settings_dict["NAME"] = copy
        try:
            yield _day()
        finally:
            connection.close()
            connection.settings_dict["NAME"] = of_the_tests


def _day() -> dt.date:
    """On which somebody is in a room right now."""
    from sessions.models import Booking

    return Booking.objects.filter(status="in_room").latest("starts_at").starts_at.astimezone(ZONE).date()


def test_the_demo_holds_every_state_a_clinic_knows(made):
    from aftercare.models import Sheet
    from patients.models import Patient
    from plans.models import Consultation, TreatmentPlan
    from protocols.editing import SECTIONS
    from protocols.models import ProtocolEdit
    from sessions.models import Booking, TreatmentSession

    assert len(PEOPLE) == 60
    assert Patient.objects.count() == len(PEOPLE) + len(second_site.PATIENTS)
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
    today = Booking.objects.filter(starts_at__date=made)
    assert {"done", "in_room", "arrived", "booked", "missed"} <= set(today.values_list("status", flat=True))
    assert today.values("clinician").distinct().count() == 3
    assert two_numb_while_a_third_is_treated(made)
    days = sorted({(moment.date() - made).days for moment in Booking.objects.values_list("starts_at", flat=True)})
    assert days[0] <= -28
    assert days[-1] >= 28
    with pytest.raises(demo.NotEmpty):
        demo.build(seed=1, today=TODAY)


def two_numb_while_a_third_is_treated(day: dt.date) -> bool:
    """Whether some moment of today has two patients in the bays and another one with a clinician."""
    from sessions.models import Hold

    today = Hold.objects.filter(is_live=True, starts_at__date=day)
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
    from accounts.models import User
    from patients.models import Patient

    call_command("load_protocols", verbosity=0)
    found = []
    for seed in (1, 1, 2):
        with transaction.atomic():
            made = demo.build(seed=seed, today=TODAY)
            assert (made.patients, made.staff) == (Patient.objects.count(), User.objects.count())
            found.append(_content())
            transaction.set_rollback(True)
    assert found[0] == found[1]
    assert found[0] != found[2]
