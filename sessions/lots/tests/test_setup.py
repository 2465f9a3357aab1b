"""Products and stock: added, received by scan, counted off, taken out; refused in words."""

import datetime as dt
import importlib
import threading

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from audit import guards
from audit.models import AuditEvent
from sessions.lots import rule, setup, uses
from sessions.models import Lot, Product, StockMove, UsedLot
from sessions.tests.record_case import RecordCase, signed

pytestmark = pytest.mark.django_db
GTIN = "09506000134352"


@pytest.fixture
def product():
    return Product.objects.create(kind="needle", name="Example cartridge", gtin=GTIN)


@pytest.fixture
def at_work(client, manager):
    client.force_login(manager)
    return client


def sent(**changes):
    return {"number": f"01{GTIN}1731033110B24", "pieces": "10", "request_key": "r1"} | changes


def test_one_scan_receives_a_lot_and_a_double_press_counts_once(at_work, product, site):
    for _ in range(2):
        assert at_work.post(reverse("sessions:receive"), sent()).status_code == 302
    lot = Lot.objects.get()
    assert (lot.product, lot.number, lot.expires_on) == (product, "B24", dt.date(2031, 3, 31))
    assert uses.stock_of([lot], site) == {lot.pk: 10}
    at_work.post(reverse("sessions:receive"), sent(request_key="r2", pieces="5"))
    assert uses.stock_of([lot], site) == {lot.pk: 15}
    assert AuditEvent.objects.filter(action="stock.received", outcome="done").count() == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"number": ""}, "Scan the code of the pack, or type the lot"),
        ({"pieces": ""}, "Enter how many pieces"),
        ({"pieces": "0"}, "Pieces must be a whole number"),
        ({"pieces": "ten"}, "Pieces must be a whole number"),
        ({"number": "B24"}, "Choose the product"),
        ({"number": "B24", "product": "mine"}, "Enter the use-by date as printed"),
        ({"number": "01095060001343691731033110B24"}, "No product in use has the GTIN 09506000134369"),
        ({"number": f"01{GTIN}1720033110B24"}, "past its day"),
        ({"number": f"01{GTIN}17310331"}, "says no lot"),
        ({"number": "x" * 41, "product": "mine", "expires_on": "2031-03"}, "Lot must be 40 letters or fewer"),
        ({"number": f"01{GTIN}10B24", "product": "mine"}, "The code says no use-by date"),
    ],
)
def test_what_cannot_be_received_is_said_and_stays_as_typed(at_work, product, changes, words):
    changes = {name: str(product.pk) if value == "mine" else value for name, value in changes.items()}
    answer = at_work.post(reverse("sessions:receive"), sent(**changes))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert not StockMove.objects.exists()
    if changes.get("number"):
        assert changes["number"] in page


def test_a_blocked_lot_and_another_use_by_date_are_not_received(product, site, manager):
    asked = {"site": site, "product": product, "number": "B24", "pieces": 1, "by": manager}
    lot = setup.receive(**asked, expires_on=dt.date(2031, 3, 31), request_key="a")
    with pytest.raises(setup.Refused, match="Look at the pack again"):
        setup.receive(**asked, expires_on=dt.date(2032, 3, 31), request_key="b")
    Lot.objects.filter(pk=lot.pk).update(blocked_at=timezone.now(), blocked_by=manager, blocked_reason="Packs were not tight")
    with pytest.raises(setup.Refused, match="is blocked"):
        setup.receive(**asked, expires_on=dt.date(2031, 3, 31), request_key="c")


def test_no_more_is_taken_out_than_is_there_and_why_is_asked(at_work, product, site, manager):
    lot = setup.receive(site=site, product=product, number="B24", expires_on=dt.date(2031, 3, 31), pieces=3, by=manager, request_key="a")
    address = reverse("sessions:lot", args=[lot.pk])
    assert "Only 3 left" in at_work.post(address, {"pieces": "4", "reason": "Broken", "request_key": "t"}).content.decode()
    assert "Say why they are taken out" in at_work.post(address, {"pieces": "1", "request_key": "t"}).content.decode()
    for _ in range(2):
        assert at_work.post(address, {"pieces": "2", "reason": "Broken", "request_key": "t"}).status_code == 302
    assert uses.stock_of([lot], site) == {lot.pk: 1}


def test_a_product_is_added_changed_and_is_there_once(at_work, product):
    answer = at_work.post(reverse("sessions:add_product"), {"kind": "needle", "name": "Example cartridge"})
    assert "There is a product called Example cartridge already" in answer.content.decode()
    answer = at_work.post(reverse("sessions:add_product"), {"kind": "needle", "name": "Another", "gtin": "9506000134352"})
    assert "Another product has the GTIN 09506000134352 already" in answer.content.decode()
    answer = at_work.post(reverse("sessions:add_product"), {"kind": "needle", "name": "Another", "gtin": "9506000134353"})
    assert "GTIN must be" in answer.content.decode()
    assert at_work.post(reverse("sessions:add_product"), {"kind": "prp", "name": "Tube", "gtin": ""}).status_code == 302
    address, was = reverse("sessions:product", args=[product.pk]), setup.seen_of(product)
    change = {"kind": "needle", "name": "Example cartridge 12", "gtin": GTIN, "is_active": "on", "was": was}
    assert at_work.post(address, change).status_code == 302
    assert at_work.post(address, change | {"name": "Mine"}).status_code == 409
    assert Product.objects.get(pk=product.pk).name == "Example cartridge 12"


def test_the_list_says_what_is_blocked_past_its_day_or_runs_out(product, site, manager):
    day = dt.date(2026, 6, 1)
    made = {"product": product, "added_at": timezone.now(), "added_by": manager}
    for number, days in (("OLD", -1), ("SOON", 30), ("GOOD", 300)):
        Lot.objects.create(**made, number=number, key=number, expires_on=day + dt.timedelta(days=days))
    assert {line.lot.number: line.words for line in setup.lines_of(site, day)} == {
        "OLD": "Past its day",
        "SOON": "Runs out soon",
        "GOOD": "In date",
    }
    assert [line.lot.number for line in setup.lines_of(site, day, text="good")] == ["GOOD"]
    # A number that was recalled before anybody knew of which product is blocked in every product.
    block = {"blocked_at": timezone.now(), "blocked_by": manager, "blocked_reason": "Packs were not tight"}
    Lot.objects.create(**made | {"product": None}, number="good", key="GOOD", **block)
    assert [line.words for line in setup.lines_of(site, day, text="good")] == ["Blocked", "Blocked"]


@pytest.mark.both_engines
def test_stock_is_only_added_and_a_lot_keeps_its_number(product, site, manager):
    setup.receive(site=site, product=product, number="B24", expires_on=dt.date(2031, 3, 31), pieces=3, by=manager, request_key="a")
    connection.check_constraints()
    for guard, statement in (
        ("stock_only_added", "UPDATE treatment_sessions_stockmove SET change = 30"),
        ("lot_stays", "UPDATE treatment_sessions_lot SET key = 'OTHER'"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        with guards.suspended(guard), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_lots_of_older_records_become_rows_that_a_recall_finds(site, clinician, patient):
    session = signed(RecordCase(site, clinician, patient))
    with guards.suspended("signed_lots_locked"):
        UsedLot.objects.all().delete()
        importlib.import_module("sessions.migrations.0008_lots_of_older_records").bring(apps, None)
    rows = UsedLot.objects.filter(session=session).order_by("place")
    assert [(row.kind, row.number, row.key) for row in rows] == [
        ("adjuvant", "HA-77", "HA77"),
        ("needle", "b24-0917X", "B240917X"),
    ]


@pytest.mark.both_engines
@pytest.mark.django_db(transaction=True)
def test_while_a_record_is_signed_no_lot_is_blocked(product, manager):
    """And without that, the block goes through in between: the control."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets one write at a time")
    lot = Lot.objects.create(product=product, number="B24", key="B24", added_at=timezone.now(), added_by=manager)
    told = []

    def block():
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '500ms'")
                Lot.objects.filter(pk=lot.pk).update(expires_on=dt.date(2031, 3, 31))
            told.append("through")
        except DatabaseError:
            told.append("waits")
        finally:
            connection.close()

    for hold in (rule.hold_still, lambda: None):
        with transaction.atomic():
            hold()
            other = threading.Thread(target=block)
            other.start()
            other.join()
    assert told == ["waits", "through"]
