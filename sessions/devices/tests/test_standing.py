"""May this device be used: out of service, service overdue, not cleaned, and its own label; asked before the first zone and at signing."""

import datetime as dt
import itertools
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from audit import guards
from sessions.devices import setup
from sessions.devices.standing import CLEANING, OUT, SERVICE, standing
from sessions.models import DeviceFile, DeviceLog, Resource, TreatmentSession
from sessions.services import gate, record
from sessions.services.signing import NotComplete, sign
from sessions.services.verifying import faults_of
from sessions.tests.record_case import PASSWORD, RecordCase, as_json, signed

pytestmark = pytest.mark.django_db
KEYS = itertools.count()
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def case(site, clinician, patient):
    return RecordCase(site, clinician, patient)


def write(case, what, *, ago=dt.timedelta(0), device=None, **fields):
    words = {"cleaned": {"agent": "Example wipes"}, "out": {"note": "Display cracked"}, "back": {"note": "Mended"}}.get(what, {})
    given = {"done_by": "Lena Berg", "by": case.clinician, "request_key": f"log-{next(KEYS)}"} | words | fields
    return setup.add(device or case.pen, what=what, done_at=timezone.now() - ago, **given)


def entered(case, **fields):
    return DeviceFile.objects.update_or_create(device=case.pen, defaults={"label_source": "Instructions for use, page 7", **fields})[0]


def pen(case):
    return Resource.objects.select_related("site", "file").get(pk=case.pen.pk)


def save(case, session, **changes):
    session.refresh_from_db()
    return record.save(session, by=case.clinician, typed=case.typed(session, **changes), version=session.version)


def kinds(case, session=None):
    return [fault.kind for fault in standing(pen(case), session=session).faults]


def unmet(session):
    return {row.name: row for row in gate.unmet(gate.may_sign(TreatmentSession.objects.get(pk=session.pk)))}


def depth_error(case, saved, zone="cheeks"):
    return saved.form.errors.get(f"z{case.zone(saved.session, zone).pk}-depth", [""])[0]


# How it stands


def test_a_device_nothing_is_known_of_is_ready_until_it_was_used(case):
    assert kinds(case) == []
    signed(case, is_cleaned=False)
    assert kinds(case) == [CLEANING]
    write(case, "cleaned")
    assert kinds(case) == []


def test_a_cleaning_before_the_last_session_is_none_after_it(case):
    write(case, "cleaned", ago=5 * HOUR)
    signed(case, is_cleaned=False)
    assert kinds(case) == [CLEANING]


def test_a_device_that_is_thrown_away_is_never_cleaned(case):
    entered(case, single_use=True)
    signed(case, is_cleaned=False)
    assert kinds(case) == []


def test_an_open_record_without_a_zone_used_nothing(case):
    case.started()
    assert kinds(case) == []


@pytest.mark.parametrize(("days", "expected"), [(-1, [SERVICE]), (0, []), (1, [])])
def test_a_service_is_overdue_from_the_day_after_it_was_due(case, days, expected):
    due = case.site.day_of(timezone.now()) + dt.timedelta(days=days)
    write(case, "serviced", ago=dt.timedelta(days=30), next_due=due)
    assert kinds(case) == expected


def test_a_device_that_is_serviced_and_never_was_is_overdue(case):
    entered(case, service_months=12)
    assert kinds(case) == [SERVICE]
    write(case, "serviced", ago=HOUR, next_due=case.site.day_of(timezone.now()) + dt.timedelta(days=300))
    assert kinds(case) == []


def test_out_of_service_says_why_and_takes_no_visit_until_it_is_back(case):
    write(case, "out")
    found = standing(pen(case))
    assert [fault.kind for fault in found.faults] == [OUT]
    assert "Display cracked" in found.words
    assert not pen(case).is_active
    with pytest.raises(setup.Refused, match="out of service already"):
        write(case, "out")
    write(case, "back")
    assert kinds(case) == []
    assert pen(case).is_active


# In the record: every answer before the first zone


@pytest.mark.parametrize(
    ("makes", "words"),
    [
        (lambda case: write(case, "out"), "out of service since"),
        (lambda case: write(case, "serviced", ago=dt.timedelta(days=9), next_due=case.site.day_of(timezone.now()) - dt.timedelta(days=2)),
         "was due by"),
        (lambda case: entered(case, service_months=6), "No service of"),
        (lambda case: signed(case, 2, days=-60, is_cleaned=False), "was not cleaned since"),
    ],
    ids=["out", "overdue", "never serviced", "not cleaned"],
)  # fmt: skip
def test_no_zone_is_begun_with_a_device_that_is_not_ready(case, makes, words):
    makes(case)
    session = case.started()
    saved = save(case, session)
    said = str(saved.form.errors)
    assert words in said or "Device is no longer in the list" in said
    row = TreatmentSession.objects.get(pk=session.pk)
    if words != "out of service since":  # one that is out is not offered any more, so no device is chosen
        assert row.start_check == {}
        assert words in unmet(session)["device"].words
    else:
        assert unmet(session)["device"].words == "Choose the device"


def test_once_it_is_cleaned_the_same_save_goes_through(case):
    signed(case, 2, days=-60, is_cleaned=False)
    session = case.started()
    assert "was not cleaned since" in depth_error(case, save(case, session))
    write(case, "cleaned", ago=2 * HOUR)
    assert save(case, session).form.errors == {}
    assert unmet(session) == {}


def test_a_device_that_breaks_while_it_is_used_stands_in_the_way_of_no_signature(case):
    session = case.started()
    saved = save(case, session)
    write(case, "out")
    saved = save(case, session)
    assert saved.form.errors == {}
    assert sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version).is_signed


def test_what_was_used_although_it_was_not_clean_is_signed_with_the_reason(case, site):
    """Changed to it in the middle: the truth has to be signable, and says so."""
    other = Resource.objects.create(site=site, kind="device", name="Powered pen C", device_kind="pen")
    signed(case, 2, days=-60, is_cleaned=False, device=str(other.pk))
    session = case.started()
    save(case, session)
    saved = save(case, session, device=str(other.pk))
    assert "was not cleaned since" in unmet(session)["device"].words
    with pytest.raises(NotComplete):
        sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version)
    saved = save(case, session, device=str(other.pk), device_reason="Pen B stopped, the head was new")
    done = sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version)
    assert as_json(done)["record"]["device_reason"] == "Pen B stopped, the head was new"
    assert list(faults_of(done)) == []


def test_the_record_keeps_serial_and_label_as_they_stood_when_it_began(case):
    entered(case, serial="PB-0042", max_depth_mm=Decimal("1.5"))
    session = case.started()
    saved = save(case, session)
    entered(case, serial="PB-9999", max_depth_mm=None)
    done = sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version)
    said = as_json(done)["record"]["start_check"]["device"]
    assert (said["serial"], said["label"]["max_depth_mm"]) == ("PB-0042", "1.50")


# The label of this very device


def test_no_depth_goes_beyond_the_label_of_the_device(case):
    entered(case, max_depth_mm=Decimal("1"))
    session = case.started()
    saved = save(case, session)
    said = depth_error(case, saved)
    assert said == "Cheeks must be 1\u00a0mm or less: the deepest the label of Powered pen B allows (Instructions for use, page 7)"
    assert case.zone(session, "cheeks").done_depth_mm is None
    assert case.zone(session, "forehead").done_depth_mm == Decimal("0.5")


def test_a_wider_label_allows_nothing_the_protocol_does_not(case):
    entered(case, max_depth_mm=Decimal("9"))
    session = case.started()
    name = f"z{case.zone(session, 'cheeks').pk}-depth"
    assert "the most protocol 2026.1 allows" in save(case, session, **{name: "2.75"}).form.errors[name][0]


@pytest.mark.parametrize("limit", ["0.25", "0.5", "0.75", "1", "1.25", "1.5", "2"])
def test_a_stricter_label_is_never_deeper(case, limit):
    """For every label: what is kept is within it, and within what a wider one keeps."""
    entered(case, max_depth_mm=Decimal(limit))
    session = case.started()
    for depth in ("0.25", "0.5", "0.75", "1", "1.25", "1.5"):
        save(case, session, **{f"z{case.zone(session, 'cheeks').pk}-depth": depth, f"z{case.zone(session, 'cheeks').pk}-reason": "wish"})
        kept = case.zone(session, "cheeks").done_depth_mm
        assert kept == (Decimal(depth) if Decimal(depth) <= Decimal(limit) else None)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"label_zones": ["cheeks"]}, "not labelled for Forehead"),
        ({"label_indications": ["striae"]}, "not labelled for"),
        ({"label_min_age": 99}, "labelled from 99 years on"),
    ],
)
def test_beyond_the_label_is_signed_only_with_the_reason(case, fields, words):
    entered(case, **fields)
    session = case.started()
    assert save(case, session).form.errors == {}
    assert words in unmet(session)["label"].words
    saved = save(case, session, device_reason="Explained to the patient")
    assert unmet(session) == {}
    assert sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version).is_signed


# What is never changed


@pytest.mark.both_engines
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", ["update", "delete"])
def test_a_line_of_the_log_stays(case, change):
    line = write(case, "cleaned")
    rows = DeviceLog.objects.filter(pk=line.pk)

    def try_it():
        with transaction.atomic():
            rows.update(agent="Nothing") if change == "update" else rows.delete()

    with pytest.raises(DatabaseError, match="only ever added"):
        try_it()
    with guards.suspended("device_log_added"):  # the control
        try_it()
    assert not DeviceLog.objects.filter(pk=line.pk, agent="Example wipes").exists()
    assert connection.is_usable()


# What Today says of it


def waiting(case):
    return {str(device): due for device, due in setup.waiting_at([case.site.pk])}


def test_what_waits_for_somebody_is_listed(case):
    signed(case, is_cleaned=False)
    entered(case, serial="S-1", service_months=12)
    write(case, "serviced", ago=400 * 24 * HOUR, next_due=(timezone.now() - dt.timedelta(days=30)).date())
    (due,) = waiting(case).values()
    assert [" ".join(words.split()[:2]) for words in due] == ["The service", "Powered pen"]
    write(case, "serviced", next_due=(timezone.now() + dt.timedelta(days=5)).date())
    write(case, "cleaned")
    (due,) = waiting(case).values()
    assert due[0].startswith("Service due by ")
    write(case, "serviced", next_due=(timezone.now() + dt.timedelta(days=300)).date())
    assert waiting(case) == {}


def test_the_list_for_today_says_the_same_as_the_rule(case):
    """Read for many at once, and one by one: nothing else is said of any of them."""
    signed(case, is_cleaned=False)
    spare = Resource.objects.create(site=case.site, kind="device", name="Spare pen", device_kind="pen")
    (device, due), *more = setup.waiting_at([case.site.pk])
    assert (device.pk, list(due), more) == (case.pen.pk, [fault.words for fault in standing(pen(case)).faults], [])
    assert standing(spare).is_ready


def test_what_is_out_of_service_or_elsewhere_waits_for_nobody_here(case, django_assert_num_queries):
    signed(case, is_cleaned=False)
    for number in range(5):
        Resource.objects.create(site=case.site, kind="device", name=f"Spare pen {number}", device_kind="pen")
    with django_assert_num_queries(1):
        assert len(waiting(case)) == 1
    assert setup.waiting_at([case.site.pk + 1]) == []
    write(case, "out")
    assert waiting(case) == {}
