"""
Each kind of sheet as paper: how many pages, how they look in grey, how small the print gets, and what a screen reader finds.

How a page looks is kept as a coarse picture, one sign for the grey of each field, in `pages.txt`. After a change that is meant:
LOOK=1 pytest aftercare/tests/test_pages.py writes it anew; look at the pages themselves before it is committed.
"""

import io
import os
import re
import subprocess
import unicodedata
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import pdfua
import pikepdf
import pytest
from PIL import Image

from aftercare.facts import SheetCannotBeMade, Treated
from aftercare.render import BadPdf, Pdf, render
from aftercare.tests import test_translations
from aftercare.tests.test_content import US
from aftercare.tests.test_content import make as make_english
from aftercare.tests.test_render import EVERYTHING, TYPICAL, text_of

SHORTEST = {"treated": (Treated("cheeks", Decimal("0.5")),), "sessions_planned": None}
KINDS = {
    # Each with its language, paper, large print or not, what was done, and its pages.
    "shortest": ("en", "A4", False, SHORTEST, 2),
    "typical": ("en", "A4", False, TYPICAL, 2),
    "longest": ("en", "A4", False, EVERYTHING, 3),
    "shortest letter": ("en", "Letter", False, SHORTEST, 2),
    "typical letter": ("en", "Letter", False, TYPICAL, 2),
    "longest letter": ("en", "Letter", False, EVERYTHING, 3),
    "large": ("en", "A4", True, TYPICAL, 6),
    "large letter": ("en", "Letter", True, TYPICAL, 6),
    "large longest": ("en", "A4", True, EVERYTHING, 8),
    "arabic": ("ar", "A4", False, TYPICAL, 2),
    "arabic longest": ("ar", "A4", False, EVERYTHING, 3),
    "arabic large": ("ar", "A4", True, TYPICAL, 6),
    "spanish": ("es", "A4", False, TYPICAL, 2),
    "spanish longest": ("es", "Letter", False, EVERYTHING, 3),
    "french": ("fr", "A4", False, TYPICAL, 2),
    "french longest": ("fr", "A4", False, EVERYTHING, 3),
    "polish": ("pl", "A4", False, TYPICAL, 2),
    "polish longest": ("pl", "A4", False, EVERYTHING, 3),
}
LOOKED_AT = ("shortest", "typical", "longest", "typical letter", "large", "arabic", "arabic large")
WIDE, HIGH = 42, 60
GREYS = "0123456789"
STORED = Path(__file__).with_name("pages.txt")


def sheet_of(kind: str):
    language, paper, large, fields, _ = KINDS[kind]
    site = {"site": US} if paper == "Letter" else {}
    if language == "en" and not large:
        return make_english(paper=paper, **site, **fields)
    translation = test_translations.approved(language) if language != "en" else None
    return test_translations.make(language, paper=paper, large=large, translation=translation, **site, **fields)


@lru_cache
def pdf_of(kind: str) -> Pdf:
    return render(sheet_of(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_pages_and_what_a_screen_reader_finds(kind):
    language, paper, _, _, pages = KINDS[kind]
    pdf = pdf_of(kind)
    assert pdf.pages == pages
    report = pdfua.validate(io.BytesIO(pdf.data))
    assert [finding for finding in report.findings if finding.severity is pdfua.Severity.ERROR] == []
    with pikepdf.open(io.BytesIO(pdf.data)) as read:
        spoken = {"en": "en-US" if paper == "Letter" else "en-GB"}.get(language, language)
        assert (str(read.Root.Lang), bool(read.Root.MarkInfo.Marked)) == (spoken, True)
        assert str(sheet_of(kind).title) in str(read.docinfo.Title)
        assert read.Root.ViewerPreferences.DisplayDocTitle
        with read.open_metadata() as meta:
            assert meta.get("pdfuaid:part") == "1"
        tags = [str(item.S) for item in read.objects if isinstance(item, pikepdf.Dictionary) and "/S" in item and "/P" in item]
        assert {"/H1", "/H2", "/Table", "/TH", "/TD", "/L", "/LI", "/Figure", "/P"} <= set(tags)
        figures = [item for item in read.objects if isinstance(item, pikepdf.Dictionary) and item.get("/S") == "/Figure"]
        assert figures
        assert all(str(figure.Alt).strip() for figure in figures)
        fonts = [item for item in read.objects if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/FontDescriptor"]
        assert fonts
        assert all(any(key in font for key in ("/FontFile", "/FontFile2", "/FontFile3")) for font in fonts)
        assert {tuple(round(float(side)) for side in page.mediabox[2:]) for page in read.pages} == {
            (612, 792) if paper == "Letter" else (595, 842)
        }


def sizes(pdf: Pdf) -> set[float]:
    """Of every text drawn, in points on paper."""
    found = set()
    with pikepdf.open(io.BytesIO(pdf.data)) as read:
        for page in read.pages:
            scale, size = [1.0], 0.0
            for operands, operator in pikepdf.parse_content_stream(page):
                if str(operator) == "q":
                    scale.append(scale[-1])
                elif str(operator) == "Q":
                    scale.pop()
                elif str(operator) == "cm":
                    scale[-1] *= abs(float(operands[3]))
                elif str(operator) == "Tf":
                    size = float(operands[1])
                elif str(operator) == "Tm":
                    drawn = abs(float(operands[3])) * scale[-1]
                elif str(operator) in ("TJ", "Tj"):
                    found.add(round(size * drawn, 1))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_when_to_call_and_the_phone_stand_on_the_first_page(kind, tmp_path):
    """Whatever else there is to say: a sheet that is folded once shows them. The longest in large print turns over for the same day's."""
    language, _, large, fields, _ = KINDS[kind]
    content = sheet_of(kind)
    path = tmp_path / "sheet.pdf"
    path.write_bytes(pdf_of(kind).data)
    told = subprocess.run(["pdftotext", "-l", "1", path, "-"], capture_output=True, text=True, check=True).stdout
    first = letters(told)
    flags = [*content.help.emergency, *([] if large and fields is EVERYTHING else content.help.same_day)]
    assert letters(content.help.phone) in first
    if language != "ar":  # its letters come back in other shapes
        assert [text for text in flags if letters(str(text)) not in first] == []


def test_a_sheet_without_when_to_call_on_its_first_page_is_not_made(monkeypatch):
    monkeypatch.setattr("aftercare.render.HELP", "nowhere")
    with pytest.raises(BadPdf, match="first page"):
        render(sheet_of("shortest"))


@pytest.mark.parametrize("kind", KINDS)
def test_no_print_is_smaller_than_it_may_be(kind):
    foot, text = (14, 18) if KINDS[kind][2] else (10, 12)
    assert {size for size in sizes(pdf_of(kind)) if size < text - 0.05} <= {float(foot)}


def pictures(pdf: Pdf, folder: Path) -> list[str]:
    """Each page in grey as a coarse picture."""
    source = folder / "sheet.pdf"
    source.write_bytes(pdf.data)
    subprocess.run(["pdftoppm", "-gray", "-r", "40", source, folder / "page"], check=True)
    found = []
    for path in sorted(folder.glob("page*.pgm")):
        with Image.open(path) as picture:
            small = picture.resize((WIDE, HIGH), Image.Resampling.BOX)
        grey = [min(9, value * 10 // 256) for value in small.tobytes()]
        found.append("\n".join("".join(GREYS[value] for value in grey[row * WIDE : (row + 1) * WIDE]) for row in range(HIGH)))
    return found


def stored() -> dict[str, list[str]]:
    pages: dict[str, list[str]] = {}
    for part in STORED.read_text(encoding="utf-8").split("== ")[1:]:
        name, _, picture = part.partition("\n")
        pages.setdefault(name.rpartition(" page ")[0], []).append(picture.strip())
    return pages


def differs(one: str, other: str) -> float:
    """Mean difference of two pages, in steps of grey; a field that is quite different counts most."""
    return sum((int(a) - int(b)) ** 2 for a, b in zip(one, other, strict=True) if a != "\n") / (WIDE * HIGH)


ALIKE = 0.05


@pytest.mark.parametrize("kind", LOOKED_AT)
def test_each_page_looks_as_it_did(kind, tmp_path):
    now = pictures(pdf_of(kind), tmp_path)
    if os.environ.get("LOOK"):
        pages = (stored() if STORED.exists() else {}) | {kind: now}
        texts = [f"== {name} page {number}\n{picture}\n" for name, held in pages.items() for number, picture in enumerate(held, 1)]
        STORED.write_text("".join(texts), encoding="utf-8")
    before = stored()[kind]
    assert len(now) == len(before)
    assert [number for number, pair in enumerate(zip(now, before, strict=True), 1) if differs(*pair) > ALIKE] == []


def test_a_page_that_lost_a_box_or_is_not_mirrored_would_be_seen():
    before = stored()
    page = before["typical"][0]
    lines = page.split("\n")
    without = "\n".join([*lines[:36], *["9" * WIDE] * 12, *lines[48:]])
    mirrored = "\n".join(line[::-1] for line in before["arabic"][0].split("\n"))
    assert differs(page, without) > ALIKE
    assert differs(before["arabic"][0], mirrored) > ALIKE


@pytest.mark.parametrize("kind", ["arabic", "arabic large"])
def test_arabic_runs_from_right_to_left(kind, tmp_path):
    """The first column of the first table, the ticks and the title stand on the right."""
    path = tmp_path / "sheet.pdf"
    path.write_bytes(pdf_of(kind).data)
    told = subprocess.run(["pdftotext", "-bbox", "-f", "1", "-l", "1", path, "-"], capture_output=True, text=True, check=True).stdout
    found = re.findall(r'<word xMin="([\d.]+)" yMin="([\d.]+)"[^>]*>([^<]*)</word>', told)
    words = [(float(x), text) for x, y, text in found if float(y) < 400]
    assert words
    starts = [x for x, text in words if "Nadia" in text or "Alder" in text]
    assert min(starts) > 300, "name and clinic begin at the right"


def test_large_print_says_the_same_as_the_usual_one_with_help_before_the_days(tmp_path):
    large, usual = sheet_of("large"), sheet_of("typical")
    assert {block.id for block in large.blocks} == {block.id for block in usual.blocks}
    text = text_of(pdf_of("large"), tmp_path)
    assert text.index("Call 999 now if") < text.index("Your skin and what you can do") < text.index("Your steps")
    for rule in usual.days.rules:
        said = f"{rule.label}: {rule.from_when}".replace("\u00a0", " ")
        assert said in text, said
    assert text.count("Page ") == 6


SCRIPTS = {
    "Latin": "Łukasz Ångström Þórðardóttir",
    "Cyrillic": "Оксана Коваленко",
    "Greek": "Ελένη Παπαδοπούλου",
    "Arabic": "محمد عبد الرحمن",
    "Hebrew": "רחל כהן",
    "Devanagari": "प्रिया शर्मा",
    "Thai": "สมชาย ใจดี",
}


def said(pdf: Pdf) -> str:
    """What the pages say of themselves where shapes do not tell the letters."""
    with pikepdf.open(io.BytesIO(pdf.data)) as read:
        found = []
        for page in read.pages:
            for operands, operator in pikepdf.parse_content_stream(page):
                if str(operator) == "BDC" and isinstance(operands[1], pikepdf.Dictionary) and "/ActualText" in operands[1]:
                    found.append(str(operands[1].ActualText))
    return " ".join(found)


def letters(text: str) -> str:
    return re.sub(r"[\s\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", unicodedata.normalize("NFKC", text))


@pytest.mark.parametrize("script", SCRIPTS)
def test_names_in_seven_scripts_come_out_as_they_went_in(script, tmp_path):
    name = SCRIPTS[script]
    pdf = render(make_english(**{**SHORTEST, "name": name}))
    with pikepdf.open(io.BytesIO(pdf.data)) as read:
        assert name in str(read.docinfo.Title)
    path = tmp_path / "sheet.pdf"
    path.write_bytes(pdf.data)
    told = subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True).stdout
    assert letters(name) in letters(told)
    assert "\ufffd" not in told


@pytest.mark.parametrize("script", ["Arabic", "Devanagari", "Thai"])
def test_what_an_arabic_sheet_says_is_its_words_letter_by_letter(script):
    """Its shapes alone would read as other letters: one shape stands for several."""
    sheet = test_translations.make("ar", **{**SHORTEST, "name": SCRIPTS[script]})
    text = letters(said(render(sheet)))
    for line in (SCRIPTS[script], sheet.title.text, sheet.help.same_day_title.text, sheet.steps[0].do[0].text, sheet.normal.title.text):
        assert letters(line) in text


def test_a_missing_letter_is_named_and_never_a_box():
    with pytest.raises(SheetCannotBeMade, match=r"cannot draw “张” \(U\+5F20\)"):
        render(test_translations.make("ar", name="张"))
