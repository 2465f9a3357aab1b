"""The paper itself: whole, tagged, in the right size, with every letter drawn."""

import datetime as dt
import io
import re
import subprocess
from decimal import Decimal

import pdfua
import pikepdf
import pytest

from aftercare.facts import LeftOut, Medicine, NextVisit, SheetCannotBeMade, Treated, UsedProduct
from aftercare.render import BadPdf, Pdf, check, render
from aftercare.tests.test_content import DOCUMENT, LONDON, US, make

LONG = "Maximiliana-Theodora Konstantinopoulou-Featherstonehaugh"
NEXT = NextVisit(
    "session", dt.datetime(2026, 12, 22, 10, 30, tzinfo=LONDON), dt.datetime(2026, 12, 22, 12, tzinfo=LONDON), "Dr Amara Osei", 2
)
FACE = tuple(
    Treated(zone, Decimal(depth))
    for zone, depth in (
        ("forehead", "0.5"),
        ("temples", "0.5"),
        ("nose", "0.5"),
        ("malar", "0.5"),
        ("cheeks", "1"),
        ("upper_lip", "0.5"),
        ("perioral", "0.75"),
        ("jawline", "0.75"),
    )
)
TYPICAL = {"treated": FACE, "left_out": (LeftOut("chin", ("acne_active_mild",)),), "numbing_allergy": "lidocaine", "next_visit": NEXT}
EVERYTHING = {
    "name": LONG,
    "clinician": "Dr Alexandrina Wolfeschlegelsteinhausen",
    "treated": tuple(Treated(zone["id"], Decimal(str(zone["max_depth_mm"]))) for zone in DOCUMENT["zones"]),
    "products": (UsedProduct("prp", "Plasma kit", "K-1"), UsedProduct("tranexamic_acid", "TXA serum 5 ml", "TX-2291")),
    "medicines": (Medicine("apixaban 5 mg twice daily", ("anticoagulant",)),),
    "numbing": "Lidocaine 4% cream, 30 minutes",
    "ended_at": dt.datetime(2026, 11, 17, 18, 40, tzinfo=LONDON),
    "next_visit": NEXT,
}


def text_of(pdf: Pdf, tmp_path) -> str:
    path = tmp_path / "sheet.pdf"
    path.write_bytes(pdf.data)
    told = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    return re.sub(r"\s+", " ", told.replace("\u00a0", " "))


@pytest.fixture(scope="module")
def typical():
    return render(make(**TYPICAL))


def test_the_text_has_patient_date_every_zone_with_depth_real_dates_and_phone(typical, tmp_path):
    text = text_of(typical, tmp_path)
    for part in (
        "Nadia Rahman, born 4 March 1991",
        "Tuesday 17 November 2026",
        "From midday, Wed 18 Nov, then every morning",
        "From midday, Fri 20 Nov",
        "020 7946 0118",
        "Call 999 now if",
        "B24-0917",
        "We left out your chin because of spots.",
        "Tuesday 22 December 2026",
        "Demo approval by Dr Iris Vance",
        "Page 1 of 2",
        "Page 2 of 2",
    ):
        assert part in text, part
    heads, depths = re.search(r"How deep the needles went (.*?) ((?:[\d.]+ mm ?)+) Powered pen", text).groups()
    assert heads == "Forehead Temples Nose Cheekbones Cheeks Upper lip Mouth area Jawline"
    assert depths == "0.5 mm 0.5 mm 0.5 mm 0.5 mm 1 mm 0.5 mm 0.75 mm 0.75 mm"
    assert text.count("Nadia Rahman, treated 17 November 2026. Alder Skin Clinic, sheet AC-02117, version 1.") == 2


def test_it_is_tagged_for_screen_readers_and_every_font_is_in_it(typical):
    report = pdfua.validate(io.BytesIO(typical.data))
    assert [finding for finding in report.findings if finding.severity is pdfua.Severity.ERROR] == []
    with pikepdf.open(io.BytesIO(typical.data)) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang) == "en-GB"
        with pdf.open_metadata() as meta:
            assert meta.get("pdfuaid:part") == "1"
        fonts = [item for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/FontDescriptor"]
        assert fonts
        assert all(any(key in font for key in ("/FontFile", "/FontFile2", "/FontFile3")) for font in fonts)


@pytest.mark.parametrize(("paper", "site", "size"), [("A4", None, (595, 842)), ("Letter", US, (612, 792))])
def test_paper_sizes_and_two_pages(paper, site, size):
    pdf = render(make(paper=paper, **({"site": site} if site else {}), **TYPICAL))
    with pikepdf.open(io.BytesIO(pdf.data)) as read:
        boxes = {tuple(round(float(side)) for side in page.mediabox[2:]) for page in read.pages}
    assert boxes == {size}
    assert pdf.pages == 2


@pytest.mark.parametrize(("depth", "zones"), [("0.5", ("cheeks", "chin")), ("1.5", ("cheeks", "chin")), ("2", ("abdomen", "thighs"))])
def test_every_band_fits_two_pages(depth, zones):
    sheet = make(**{**TYPICAL, "treated": tuple(Treated(zone, Decimal(depth)) for zone in zones), "left_out": ()})
    assert render(sheet).pages == 2


@pytest.mark.parametrize(("paper", "site"), [("A4", None), ("Letter", US)])
def test_the_longest_sheet_takes_three_pages_and_loses_nothing(paper, site, tmp_path):
    pdf = render(make(paper=paper, **({"site": site} if site else {}), **EVERYTHING))
    assert pdf.pages == 3
    text = text_of(pdf, tmp_path)
    for part in (LONG, "Call us this week", "Upper chest", "Hands", "apixaban", "TX-2291", "Page 3 of 3"):
        assert part in re.sub(r"- ", "-", text), part


def test_no_text_is_smaller_than_the_foot(typical):
    with pikepdf.open(io.BytesIO(typical.data)) as pdf:
        sizes = set()
        for page in pdf.pages:
            scale = [Decimal(1)]
            for operands, operator in pikepdf.parse_content_stream(page):
                if str(operator) == "Tf":
                    sizes.add(round(float(operands[1]) * float(scale[0]), 1))
    assert min(sizes) * 0.75 >= 10 or min(sizes) >= 10


@pytest.mark.parametrize("name", ["Оксана Коваленко", "Ελένη Παπαδοπούλου", "محمد عبد الرحمن", "Nguyễn Thị Ánh", "Łukasz Šimůnek"])
def test_names_in_other_scripts_are_drawn(name, tmp_path):
    pdf = render(make(**{**TYPICAL, "name": name}))
    with pikepdf.open(io.BytesIO(pdf.data)) as read:
        assert name in str(read.docinfo.Title)
    report = pdfua.validate(io.BytesIO(pdf.data))
    assert [finding for finding in report.findings if finding.severity is pdfua.Severity.ERROR] == []


def test_a_letter_no_font_has_stops_the_sheet_with_its_name():
    with pytest.raises(SheetCannotBeMade, match=r"U\+5F20"):
        render(make(name="张伟"))


def test_the_same_content_gives_the_same_bytes():
    assert render(make(**TYPICAL)).data == render(make(**TYPICAL)).data


def test_what_is_typed_is_never_markup(tmp_path):
    text = text_of(render(make(left_out=(LeftOut("chin", (), "<img src=file:///etc/passwd> **x** {lot}"),))), tmp_path)
    assert "<img src=file:///etc/passwd> **x** {lot}" in text


@pytest.mark.parametrize(("data", "pages"), [(b"", 2), (b"%PDF-1.7 x", 2), (b"%PDF-1.7" + b" " * 9000, 2), (None, 0)])
def test_a_file_that_is_cut_off_or_empty_does_not_pass(data, pages, typical):
    with pytest.raises(BadPdf):
        check(Pdf(typical.data if data is None else data, pages, True))
    with pytest.raises(BadPdf):
        check(Pdf(typical.data[:-700], 2, True))
    with pytest.raises(BadPdf, match="tagged"):
        check(Pdf(typical.data, 2, False))
