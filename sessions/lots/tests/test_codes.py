"""What a barcode says, in the forms scanners and people give it."""

import datetime as dt

import pytest

from sessions.lots.codes import Unreadable, key_of, product_alone, read_code, read_gtin, told_apart

GTIN = "09506000134352"
GS = "\x1d"
WHOLE = (GTIN, "B24-0917", dt.date(2028, 3, 31), "0042")


@pytest.mark.parametrize(
    "text",
    [
        f"01{GTIN}1728033110B24-0917{GS}210042",
        f"]d201{GTIN}1728033110B24-0917{GS}210042",
        f"]C101{GTIN}1728033110B24-0917{GS}210042",
        f"{GS}01{GTIN}1728033110B24-0917{GS}210042",
        f"01{GTIN}10B24-0917{GS}172803310021".removesuffix("0021") + "210042",
        f"01{GTIN}1728033110B24-0917<GS>210042",
        f"01{GTIN}1728033110B24-0917{{FNC1}}210042{GS}",
        f"(01){GTIN}(17)280331(10)B24-0917(21)0042",
        f"(01) {GTIN} (17) 280331 (10) B24-0917 (21) 0042",
        f"https://id.gs1.org/01/{GTIN}/10/B24-0917/21/0042?17=280331",
    ],
)
def test_every_form_of_one_code_says_the_same(text):
    code = read_code(text)
    assert (code.gtin, code.lot, code.expires_on, code.serial) == WHOLE
    assert code.raw == text.strip(" \t\r\n")


def test_a_month_without_a_day_lasts_to_its_end():
    assert read_code(f"01{GTIN}1728020010B24").expires_on == dt.date(2028, 2, 29)


def test_a_code_may_say_no_day_and_no_serial():
    code = read_code(f"01{GTIN}10B24")
    assert (code.expires_on, code.serial) == (None, "")


def test_where_the_scanner_leaves_separators_out_the_list_of_lots_says_where_the_lot_ends():
    code = read_code(f"01{GTIN}1728033110B24-0917210042")
    assert code.lot == "B24-0917210042"
    apart = told_apart(code, {"B240917"})
    assert (apart.lot, apart.serial) == ("B24-0917", "0042")
    assert told_apart(code, {"B240917210042"}).serial == ""
    with pytest.raises(Unreadable, match="leaves the separators of the code out"):
        told_apart(code, set())
    day_behind = told_apart(read_code(f"01{GTIN}10B24-091717280331"), {"B240917"})
    assert (day_behind.lot, day_behind.expires_on) == ("B24-0917", None)
    for sure in (f"]d201{GTIN}1728033110B24-0917210042", f"(01){GTIN}(10)B24-0917210042", f"01{GTIN}10B24-0917"):
        assert told_apart(read_code(sure), set()).lot in ("B24-0917210042", "B24-0917")


def test_a_lot_in_brackets_keeps_its_own_brackets():
    assert read_code(f"(01){GTIN}(10)B(2)4").lot == "B(2)4"


@pytest.mark.parametrize("text", ["b24-0917X", "B24", "0917", "EX4711A", "12345678901234567890", "(B24)", "17/03", "10", ""])
def test_a_lot_that_is_typed_is_no_code(text):
    assert read_code(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"01{GTIN[:-1]}91728033110B24", "check digit"),
        (f"01{GTIN}1728133110B24", "could not be read whole"),
        (f"01{GTIN}17280331", "says no lot"),
        (f"01{GTIN}", "says no lot"),
        (f"01{GTIN}1", "could not be read whole"),
        (f"]d201{GTIN}17", "could not be read whole"),
        (f"(01){GTIN}(99", "could not be read whole"),
        (f"(01){GTIN}(10)B24(10)B25", "two things at once"),
        ("]E09506000134352", "product alone"),
        ("https://clinic.example/cartridges", "leads to a web page"),
        ("+A123BJC5D6E71G", "of another kind"),
        ("+$3161231B24L", "of another kind"),
    ],
)
def test_a_broken_code_says_what_to_do(text, words):
    with pytest.raises(Unreadable, match=words):
        read_code(text)


@pytest.mark.parametrize("text", ["01" * 60, f"01{GTIN}" + "10" * 200, "]" * 50, "(01)" * 70, GS * 300, "(10)" + "\u0661" * 20])
def test_nonsense_is_a_lot_or_refused_and_never_a_fault(text):
    try:
        read_code(text)
    except Unreadable:
        return


@pytest.mark.parametrize(("one", "other"), [("b24-0917X", "B24 0917x"), ("B24/09", "b2409"), ("\uff22\uff12\uff14", "B24")])
def test_a_lot_is_the_same_however_it_is_typed(one, other):
    assert key_of(one) == key_of(other)


def test_another_lot_is_another_lot():
    assert key_of("B24-0917X") != key_of("B24-0917Y")
    assert key_of("---") != ""


def test_the_code_of_a_box_names_the_product_alone():
    assert product_alone("9506000134352") == GTIN
    assert product_alone("9506000134353") == product_alone("B24") == ""
    assert read_gtin("9 506000-134352") == GTIN
    with pytest.raises(ValueError, match="GTIN"):
        read_gtin("9506000134353")
