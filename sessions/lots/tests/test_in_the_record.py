"""Cartridges, numbing and adjuvants in the record: scanned or typed, refused with a reason, locked with the signature."""

import datetime as dt
import json

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from audit import guards
from audit.models import AuditEvent
from sessions.lots import rule, setup, uses
from sessions.models import Lot, Product, StockMove, TreatmentSession, UsedLot
from sessions.services import gate, record
from sessions.services.canonical import canonical
from sessions.services.signing import NotComplete, content_of, sha256, sign
from sessions.services.verifying import faults_of
from sessions.tests.record_case import PASSWORD, RecordCase, as_json, signed

pytestmark = pytest.mark.django_db
GTIN, CREAM, SERUM = "09506000134352", "09506000134369", "09506000134376"
GS = "\x1d"
GUARDS = ("signed_record_locked", "signed_lots_locked", "no_blocked_lot")


def code(serial="0042", *, gtin=GTIN, lot="B24-0917", use_by="310331"):
    return f"01{gtin}17{use_by}10{lot}" + (f"{GS}21{serial}" if serial else "")


@pytest.fixture
def case(site, clinician, patient):
    Product.objects.create(kind="needle", name="Example cartridge 12 pins", gtin=GTIN)
    Product.objects.create(kind="numbing", name="Example numbing cream", gtin=CREAM)
    Product.objects.create(kind="adjuvant", name="Example serum", gtin=SERUM)
    return RecordCase(site, clinician, patient)


def save(case, session, **changes):
    session.refresh_from_db()
    typed = {"needle_lot": code(), "needle_expires_on": None, "needle_new": None} | changes
    return record.save(session, by=case.clinician, typed=case.typed(session, **typed), version=session.version)


def used(session, place="needle"):
    return UsedLot.objects.filter(session=session, place=place).first()


def errors(saved):
    return {name: words[0] for name, words in saved.form.errors.items()}


def names(session):
    return {row.name: row for row in gate.unmet(gate.may_sign(TreatmentSession.objects.get(pk=session.pk)))}


def block(number="B24-0917", product=None, by=None):
    lot, _ = Lot.objects.get_or_create(
        product=product, key=rule.key_of(number), defaults={"number": number, "added_at": timezone.now(), "added_by": by}
    )
    Lot.objects.filter(pk=lot.pk).update(blocked_at=timezone.now(), blocked_by=by, blocked_reason="Packs were not tight")
    return Lot.objects.get(pk=lot.pk)


# Scanned


def test_one_scan_fills_product_lot_day_and_serial_and_keeps_what_came(case):
    session = case.started()
    saved = save(case, session)
    assert saved.form.errors == {}
    row = used(session)
    assert (row.product.name, row.number, row.serial, row.gtin) == ("Example cartridge 12 pins", "B24-0917", "0042", GTIN)
    assert (row.expires_on, row.raw) == (dt.date(2031, 3, 31), code())
    session = TreatmentSession.objects.get(pk=session.pk)
    assert (session.needle_lot, session.needle_expires_on) == ("B24-0917", dt.date(2031, 3, 31))
    values = record.values_of(session)
    assert (values["needle_lot"], values["needle_product"]) == ("B24-0917", "Example cartridge 12 pins")
    assert not names(session)


def test_the_scan_stays_while_the_form_saves_itself_again(case):
    session = case.started()
    save(case, session)
    added = used(session).added_at
    for note in ("a", "ab"):
        save(case, session, needle_lot="B24-0917", needle_expires_on="2031-03-31", note=note)
    row = used(session)
    assert (row.raw, row.serial, row.added_at) == (code(), "0042", added)


def test_another_lot_typed_over_a_scan_is_no_scan(case):
    session = case.started()
    save(case, session)
    save(case, session, needle_lot="C11", needle_expires_on="2031-03", needle_product="", needle_new="on")
    row = used(session)
    assert (row.number, row.raw, row.serial) == ("C11", "", "")


def test_a_scanner_that_leaves_separators_out_never_makes_a_lot_of_its_own(case, site, clinician):
    session = case.started()
    joined = f"01{GTIN}1731033110B24-0917210042"
    assert "leaves the separators of the code out" in errors(save(case, session, needle_lot=joined))["needle_lot"]
    product = Product.objects.get(gtin=GTIN)
    setup.receive(site=site, product=product, number="B24-0917", expires_on=dt.date(2031, 3, 31), pieces=5, by=clinician, request_key="a")
    assert not errors(save(case, session, needle_lot=joined))
    assert (used(session).number, used(session).serial, used(session).raw) == ("B24-0917", "0042", joined)


def test_a_lot_typed_over_a_scan_brings_no_use_by_date_of_the_pack_before(case):
    session = case.started()
    save(case, session)
    left_standing = {"needle_expires_on": "2031-03-31", "needle_product": "Example cartridge 12 pins"}
    save(case, session, needle_lot="C11", needle_new="on", **left_standing)
    assert used(session).expires_on is None
    assert {"use_by"} == set(names(session))
    save(case, session, needle_lot="C11", needle_new="on", needle_expires_on="2031-03-31")
    assert not names(session)


def test_a_use_by_date_other_than_the_codes_is_asked(case):
    session = case.started()
    save(case, session)
    saved = save(case, session, needle_lot="B24-0917", needle_expires_on="2032-03")
    assert "The code on the pack says use by 31\u00a0Mar\u00a02031" in errors(saved)["needle_expires_on"]


def test_a_second_cartridge_stands_beside_the_first(case):
    session = case.started()
    saved = save(case, session, needle2_lot=code("0043"))
    assert saved.form.errors == {}
    assert [(row.place, row.serial) for row in session.used_lots.order_by("place")] == [
        ("adj-hyaluronic_acid", ""),
        ("needle", "0042"),
        ("needle2", "0043"),
    ]
    done = sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version)
    assert [row["serial"] for row in as_json(done)["lots"] if row["kind"] == "needle"] == ["0042", "0043"]


def test_numbing_and_adjuvant_come_with_product_lot_and_why(case):
    session = case.started()
    changes = {
        "numbing_lot": code("", gtin=CREAM, lot="N1"),
        "adj-hyaluronic_acid-lot": code("", gtin=SERUM, lot="S1"),
        "adj-hyaluronic_acid-reason": "Dry skin",
    }
    saved = save(case, session, **changes)
    session = TreatmentSession.objects.get(pk=session.pk)
    assert saved.form.errors == {}
    assert session.numbing == "Example numbing cream"
    assert session.adjuvants[0]["product"] == "Example serum"
    assert session.adjuvants[0]["lot"] == "S1"
    row = used(session, "adj-hyaluronic_acid")
    assert (row.kind, row.reason, row.product.name) == ("adjuvant", "Dry skin", "Example serum")
    assert used(session, "numbing").number == "N1"


def test_a_numbing_product_without_its_lot_is_missing(case):
    session = case.started()
    save(case, session, numbing="Numbing cream", numbing_on="09:00", numbing_off="09:30")
    assert "numbing_lot" in names(session)


def test_an_adjuvant_that_was_not_used_leaves_no_lot(case):
    session = case.started()
    save(case, session)
    save(case, session, **{"adj-hyaluronic_acid-used": None})
    assert used(session, "adj-hyaluronic_acid") is None


def test_a_typed_lot_of_one_product_is_that_product(case, site, clinician):
    product = Product.objects.get(gtin=GTIN)
    setup.receive(site=site, product=product, number="B24-0917", expires_on=dt.date(2031, 3, 31), pieces=5, by=clinician, request_key="a")
    session = case.started()
    save(case, session, needle_lot="b24 0917", needle_expires_on=None)
    row = used(session)
    assert (row.product, row.expires_on, row.raw, row.number) == (product, dt.date(2031, 3, 31), "", "b24 0917")


# Refused, in words, and what was typed stays


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        (code(use_by="200331"), "needle_expires_on", "Use-by date must be in the future. Take another needle"),
        (code(gtin=CREAM), "needle_lot", "This is Example numbing cream (numbing product). Scan the needle cartridge"),
        (code(gtin="09506000134353"), "needle_lot", "check digit"),
        (f"01{GTIN}17310331", "needle_lot", "This code says no lot"),
        ("9506000134352", "needle_lot", "This code names Example cartridge 12 pins alone, without a lot"),
        (f"]d201{GTIN}17", "needle_lot", "could not be read whole"),
        ("4006381333931", "needle_lot", "looks like the barcode of a product, which says no lot"),
        ("+A123BJC5D6E71G", "needle_lot", "a code of another kind"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words_and_stays_as_it_was_typed(case, typed, field, words):
    session = case.started()
    saved = save(case, session, needle_lot=typed, note="kept")
    assert words in errors(saved)[field]
    session = TreatmentSession.objects.get(pk=session.pk)
    again = record.form_for(session)
    assert words in again.errors[field][0]
    if field == "needle_lot":
        assert again["needle_lot"].value() == typed
        assert used(session) is None
    assert session.note == "kept"
    assert names(session)


def test_a_lot_whose_digits_look_like_a_product_is_typed_with_a_space_or_stands_in_the_list(case):
    session = case.started()
    save(case, session, needle_lot="400638 1333931")
    assert used(session).key == "4006381333931"
    Lot.objects.create(number="4006381333931", key="4006381333931", added_at=timezone.now(), added_by=case.clinician)
    assert not errors(save(case, session, needle_lot="4006381333931"))


def test_a_product_nobody_knows_is_asked_by_name(case):
    session = case.started()
    save(case, session, needle_lot=code(gtin="09506000134383"))
    assert "is not in the list" in names(session)["needle-product"].words
    save(case, session, needle_lot="B24-0917", needle_expires_on=None, needle_product="Another cartridge")
    assert "needle-product" not in names(session)
    assert used(session).raw == code(gtin="09506000134383")


def test_one_cartridge_scanned_twice_in_one_record(case):
    saved = save(case, case.started(), needle2_lot=code())
    assert errors(saved)["needle2_lot"].startswith("Scanned twice")


def test_one_cartridge_is_for_one_session(case):
    save(case, case.started(days=-28))
    case.cleaned()
    second = case.started(2)
    saved = save(case, second)
    assert "This cartridge was used before" in errors(saved)["needle_lot"]
    assert used(second) is None
    assert record.form_for(TreatmentSession.objects.get(pk=second.pk))["needle_lot"].value() == code()
    assert not errors(save(case, second, needle_lot=code("0043")))


@pytest.mark.both_engines
def test_the_database_keeps_a_cartridge_for_one_session_too(case):
    save(case, case.started(days=-28))
    second = case.started(2)
    values = {"kind": "needle", "number": "B24-0917", "key": "B240917", "gtin": GTIN, "added_at": timezone.now()}
    with pytest.raises(IntegrityError, match=r"one_cartridge_one_session|UNIQUE"), transaction.atomic():
        UsedLot.objects.create(session=second, place="needle", serial="0042", **values)
    UsedLot.objects.create(session=second, place="needle", serial="", **values)


@pytest.mark.both_engines
def test_where_another_record_was_first_by_a_moment_it_is_said_and_kept(case):
    """Two tablets at once: nothing stood in the way when it was read, and something does when it is written."""
    first, second = case.started(days=-28), case.started(2)
    form = record.form_for(second, case.typed(second, needle_lot=code(), needle_expires_on=None))
    assert form.is_valid()
    save(case, first)
    with transaction.atomic():
        record._keep_lots(second, form)
    assert form.errors["needle_lot"][0].startswith("This cartridge was used before")
    assert (second.needle_lot, second.unread["needle_lot"]) == ("", code())
    assert used(second) is None
    assert used(second, "adj-hyaluronic_acid") is not None


def test_without_a_serial_a_lot_of_another_record_is_asked(case):
    save(case, case.started(days=-28), needle_lot=code(""))
    second = case.started(2)
    save(case, second, needle_lot=code(""))
    assert "Tick that this one is new" in names(second)["needle-new"].words
    save(case, second, needle_lot="B24-0917", needle_expires_on=None, needle_new="on")
    assert "needle-new" not in names(second)


# Blocked


def test_a_blocked_lot_is_refused_when_it_is_scanned(case):
    block(product=Product.objects.get(gtin=GTIN), by=case.clinician)
    saved = save(case, case.started())
    assert errors(saved)["needle_lot"].startswith("Lot B24-0917 is blocked since")
    assert "Packs were not tight" in errors(saved)["needle_lot"]


@pytest.mark.both_engines
@pytest.mark.parametrize("product", [None, GTIN])
def test_a_lot_blocked_while_the_form_is_open_is_refused_at_save_and_at_the_signature(case, product):
    session = case.started()
    zones = {f"z{zone.pk}-depth": None for zone in session.zones.all()}
    save(case, session, **zones)
    block(product=Product.objects.filter(gtin=product).first(), by=case.clinician)
    session = TreatmentSession.objects.get(pk=session.pk)
    assert names(session)["needle-blocked"].state == "stop"
    with pytest.raises(NotComplete, match="is blocked"):
        sign(session, by=case.clinician, password=PASSWORD, version=session.version)
    saved = save(case, session, needle_lot="B24-0917", needle_expires_on=None)
    assert "is blocked" in errors(saved)["needle_lot"]
    # The scan stays, to be looked at.
    assert TreatmentSession.objects.get(pk=session.pk).unread["needle_lot"] == code()
    assert not errors(save(case, session, needle_lot=code(lot="C11")))


def test_the_same_number_of_another_product_is_not_blocked(case):
    block(product=Product.objects.create(kind="needle", name="Other cartridge", gtin="09506000134390"), by=case.clinician)
    assert not errors(save(case, case.started()))


def test_what_was_used_before_its_lot_was_blocked_is_signed_with_what_was_done(case):
    session = case.started()
    save(case, session)
    block(product=Product.objects.get(gtin=GTIN), by=case.clinician)
    assert not errors(save(case, session, needle_lot="B24-0917", needle_expires_on=None, note="went on"))
    assert set(names(session)) == {"needle-after-block"}
    session = TreatmentSession.objects.get(pk=session.pk)
    with pytest.raises(NotComplete, match="Say what was done"):
        sign(session, by=case.clinician, password=PASSWORD, version=session.version)
    saved = save(case, session, needle_lot="B24-0917", needle_expires_on=None, needle_after="Patient told, photos taken")
    done = sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version)
    assert next(row for row in as_json(done)["lots"] if row["place"] == "needle")["after_block"] == "Patient told, photos taken"


@pytest.mark.both_engines
def test_the_database_itself_signs_no_blocked_lot(case):
    session = case.started()
    save(case, session)
    block(product=Product.objects.get(gtin=GTIN), by=case.clinician)
    sign_by_hand = (
        f"UPDATE treatment_sessions_treatmentsession SET status = 'signed', signed_by_id = {case.clinician.pk}, "  # noqa: S608
        f"signed_at = started_at, signed_sha256 = 'x' WHERE id = {session.pk}"
    )
    with pytest.raises(DatabaseError, match="a blocked lot is not signed for"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sign_by_hand)
    connection.check_constraints()
    with guards.suspended("no_blocked_lot"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sign_by_hand)


# Signed


LOCKED = {
    "change": "UPDATE treatment_sessions_usedlot SET number = 'OTHER' WHERE session_id = {0}",
    "delete": "DELETE FROM treatment_sessions_usedlot WHERE session_id = {0}",
}


@pytest.mark.both_engines
@pytest.mark.parametrize("way", LOCKED)
def test_the_lots_of_a_signed_record_are_locked_and_only_the_guard_does_it(case, way):
    session = signed(case, needle_lot=code())
    with pytest.raises(DatabaseError, match="a signed record is never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCKED[way].format(session.pk))
    connection.check_constraints()
    with guards.suspended(*GUARDS), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCKED[way].format(session.pk))
    assert [fault.what for fault in faults_of(TreatmentSession.objects.get(pk=session.pk))] == [
        "the stored values are not the ones that were signed"
    ]


def test_what_is_signed_holds_lots_serials_and_what_the_scanner_sent(case):
    session = signed(case, needle_lot=code())
    said = as_json(session)
    needle = next(row for row in said["lots"] if row["place"] == "needle")
    assert (said["format"], needle["lot"], needle["serial"], needle["raw"], needle["use_by"]) == (
        2, "B24-0917", "0042", code(), "2031-03-31",
    )  # fmt: skip
    assert list(faults_of(TreatmentSession.objects.get(pk=session.pk))) == []


@pytest.mark.both_engines
def test_a_record_signed_before_lots_were_rows_still_holds(case):
    session = signed(case, needle_lot=code())
    text = canonical(content_of(session, json.loads(session.signed_content)["signed"]["meaning"], 1))
    assert "lots" not in json.loads(text)
    connection.check_constraints()  # PostgreSQL alters no table while foreign keys of this transaction wait to be checked
    with guards.suspended():
        TreatmentSession.objects.filter(pk=session.pk).update(signed_content=text, signed_sha256=sha256(text))
        AuditEvent.objects.filter(action="record.signed", object_pk=str(session.pk)).update(detail={"sha256": sha256(text)})
    assert list(faults_of(TreatmentSession.objects.get(pk=session.pk))) == []


def test_a_signature_counts_off_what_is_counted(case, site, clinician):
    product = Product.objects.get(gtin=GTIN)
    lot = setup.receive(
        site=site, product=product, number="B24-0917", expires_on=dt.date(2031, 3, 31), pieces=5, by=clinician, request_key="a"
    )
    signed(case, needle_lot=code())
    assert uses.stock_of([lot], site) == {lot.pk: 4}
    assert StockMove.objects.filter(what="used").count() == 1


# On screen


def test_the_page_shows_the_scan_large_and_the_signed_one_what_was_sent(client, case):
    session = case.started()
    saved = save(case, session)
    client.force_login(case.clinician)
    page = client.get(reverse("sessions:record", args=[session.pk])).content.decode()
    assert "scanned" in page
    assert "Another cartridge" in page
    sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version)
    page = client.get(reverse("sessions:record", args=[session.pk])).content.decode()
    assert "0042" in page
    assert "Scanned:" in page


def test_an_autosave_with_a_blocked_lot_says_so_beside_the_field(client, case):
    session = case.started()
    block(product=Product.objects.get(gtin=GTIN), by=case.clinician)
    client.force_login(case.clinician)
    session.refresh_from_db()
    data = case.typed(session, needle_lot=code(), needle_expires_on=None) | {"version": session.version, "page": "p", "turn": 1}
    answer = client.post(reverse("sessions:record", args=[session.pk]), data, headers={"HX-Request": "true"}).content.decode()
    assert 'id="e-needle_lot" hx-swap-oob="true">Lot B24-0917 is blocked' in answer
