"""A sheet's content as a tagged PDF. Only ever called in a prefork worker or a test: WeasyPrint is not safe in threads."""

import io
import re
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.template.loader import get_template
from django.utils import translation

from . import fonts
from .content import SheetContent
from .facts import SheetCannotBeMade
from .maps import DRAWN, data_uri
from .spoken_text import say_what_is_written
from .words import Line

TEMPLATE, HELP = "aftercare/sheet.html", "help"  # its name in the template
STYLE = "aftercare/sheet.css"
LARGE_TEMPLATE, LARGE_STYLE = "aftercare/sheet_large.html", "aftercare/sheet_large.css"
RIGHT_TO_LEFT_FOOT = "aftercare/sheet_foot_rtl.css"
NO_PANGO = (
    "PDFs are off on this machine: the drawing library Pango is not installed. Whoever looks after the system finds the line to run "
    "where the clinic is started. After that, choose Make again."
)
# Tagged for screen readers.
VARIANT = "pdf/ua-1"
MOST_PAGES = 12  # the longest sheet in large print takes eight
# What is drawn has a language of its own: it never follows that of the screen.
PRINTED = "en-gb"
PAGE_SIZES = {"A4": "A4", "Letter": "letter"}


class BadPdf(Exception):
    """The file that was made is not what a patient may be given."""


class TooLong(BadPdf):
    """More pages than a patient is given."""

    def __init__(self, pages: int):
        super().__init__(f"{pages} pages")
        self.pages = pages


@dataclass(frozen=True)
class Pdf:
    data: bytes
    pages: int
    is_tagged: bool


def font_folder() -> Path:
    return Path(settings.CLINIC_DATA) / "fonts"


@lru_cache
def _engine():
    """WeasyPrint and what all sheets of one process share. Imported here: the web process never loads it."""
    fonts.use_private_fonts(font_folder())
    try:
        import weasyprint
        from weasyprint.text.fonts import FontConfiguration
    except OSError as error:  # what WeasyPrint raises where it cannot load Pango
        raise SheetCannotBeMade(NO_PANGO) from error

    say_what_is_written()
    return weasyprint, FontConfiguration()


@lru_cache
def _stylesheet(paper: str, direction: str = "ltr", *, large: bool = False):
    weasyprint, configuration = _engine()
    # The foot stands in margin boxes, which have sides and no direction that would turn them.
    names = (LARGE_STYLE if large else STYLE, *((RIGHT_TO_LEFT_FOOT,) if direction == "rtl" else ()))
    source = "\n".join(Path(get_template(name).origin.name).read_text(encoding="utf-8") for name in names)
    return weasyprint.CSS(string=f"{source}\n@page{{size:{PAGE_SIZES[paper]}}}", font_config=configuration)


def _texts(value):
    """Every text in *value*, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Line):
        yield value.text
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))


def check_letters(content: SheetContent) -> None:
    """Raise SheetCannotBeMade where the fonts lack a letter: a box in a name is never printed."""
    absent = fonts.missing("".join(_texts(content)), font_folder())
    if absent:
        listed = ", ".join(f"“{char}” (U+{ord(char):04X})" for char in absent[:5])
        raise SheetCannotBeMade(
            f"Our print fonts cannot draw {listed}. Write the name or word in other letters, then make the sheet again."
        )


@dataclass(frozen=True)
class Code:
    """The printed code that leads to the sheet on a phone: a picture as a data address, what it is, and the words beside it."""

    uri: str
    alt: str
    words: str


def pictures_of(content: SheetContent) -> list[tuple]:
    """Raises SheetCannotBeMade where a zone stands on no picture: it would be missing on paper without a word."""
    for picture in content.maps:
        unknown = [zone for zone in (*picture.treated, *picture.left_out) if zone not in DRAWN[picture.kind]]
        if unknown:
            raise SheetCannotBeMade(
                f"The sheet's picture has no place for the zone “{unknown[0]}”. The record is safe. Tell whoever looks after the system."
            )
    return [(picture, data_uri(picture.kind, picture.treated, picture.left_out)) for picture in content.maps]


def drawn(template: str, context: dict) -> str:
    """The HTML of a sheet, of its page on the phone or of a paper, the same whatever language the screen speaks."""
    with translation.override(PRINTED):
        return get_template(template).render(context)


def markup(content: SheetContent, *, flow: bool = False, help_first: bool = False, code: Code | None = None) -> str:
    """
    flow: let the second page begin where the first ends, for sheets that need three anyway. help_first: when to call stands above the
    table of days, for sheets whose table would push it off the first page.
    """
    template = LARGE_TEMPLATE if content.large else TEMPLATE
    shape = {"flow": "flow" if flow else "", "help_first": help_first}
    return drawn(template, {"c": content, "pictures": pictures_of(content), "code": code} | shape)


def _layout(content: SheetContent, *, flow: bool = False, help_first: bool = False, code: Code | None = None):
    weasyprint, configuration = _engine()
    html = weasyprint.HTML(
        string=markup(content, flow=flow, help_first=help_first, code=code),
        # The sheet needs nothing from disk or network, so nothing can be drawn in through it.
        url_fetcher=weasyprint.URLFetcher(allowed_protocols=["data"]),
    )
    style = _stylesheet(content.paper, content.direction, large=content.large)
    return html.render(stylesheets=[style], font_config=configuration, pdf_variant=VARIANT)


def render(content: SheetContent, *, code: Code | None = None) -> Pdf:
    """
    Return the PDF, with *code* where the sheet has a page on the phone.

    Raises:
        SheetCannotBeMade: a letter that our fonts do not have.
        BadPdf: the file did not pass the checks.
    """
    check_letters(content)
    document = _layout(content, code=code)
    if len(document.pages) > 2:
        document = _layout(content, flow=True, code=code)
    if HELP not in document.pages[0].anchors:
        document = _layout(content, flow=True, help_first=True, code=code)
    if HELP not in document.pages[0].anchors:
        raise BadPdf("when to call is not on the first page")
    out, made = io.BytesIO(), {}
    document.write_pdf(out, pdf_variant=VARIANT, finisher=lambda _, file: made.update(file.catalog))
    pdf = Pdf(out.getvalue(), len(document.pages), is_tagged="StructTreeRoot" in made and "Lang" in made)
    check(pdf)
    return pdf


def check(pdf: Pdf) -> None:
    """Whole, tagged, with pages that hold text. Raises BadPdf."""
    data = pdf.data
    if not data.startswith(b"%PDF-1.") or not data.rstrip().endswith(b"%%EOF"):
        raise BadPdf("cut off")
    start = re.search(rb"startxref\s+(\d+)\s+%%EOF\s*$", data)
    if not start or int(start[1]) >= len(data):
        raise BadPdf("no cross-reference table")
    if not 1 <= pdf.pages <= MOST_PAGES:
        raise TooLong(pdf.pages)
    if len(data) < 5000:
        raise BadPdf("empty")
    if not pdf.is_tagged:
        raise BadPdf("not tagged for screen readers")


def warm_up() -> None:
    """Load WeasyPrint, the stylesheets and the fonts with a page that is thrown away."""
    weasyprint, configuration = _engine()
    page = weasyprint.HTML(string="<html lang=en><title>x</title><h1>Warm</h1><table><tr><th>a<td><b>\u2713</b></table>")
    for paper in PAGE_SIZES:
        page.write_pdf(stylesheets=[_stylesheet(paper)], font_config=configuration, pdf_variant=VARIANT)
    fonts.covered(font_folder())
