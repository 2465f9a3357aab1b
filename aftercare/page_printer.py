"""
Draws one page in a process of its own: JSON with html, css and the folder of the fonts comes in, the PDF goes out. Needs no Django and no
database, and may fetch nothing. A letter that our fonts lack is printed as "?": the number beside the name says who it is.

    python -m aftercare.page_printer < page.json > page.pdf
"""

import html
import json
import os
import sys
from pathlib import Path

from . import fonts

NO_DRAWING_LIBRARY = 3
UNKNOWN = "?"


def draw(text: str, css: str, folder: Path) -> bytes:
    """The page as a tagged PDF. Raises OSError where the drawing library is not installed."""
    fonts.use_private_fonts(folder)
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

    for letter in fonts.missing(html.unescape(text), folder):
        text = text.replace(letter, UNKNOWN)
    configuration = FontConfiguration()
    page = weasyprint.HTML(string=text, url_fetcher=weasyprint.URLFetcher(allowed_protocols=["data"]))
    style = weasyprint.CSS(string=css, font_config=configuration)
    return page.write_pdf(stylesheets=[style], font_config=configuration, pdf_variant="pdf/ua-1")


def main() -> int:
    asked = json.load(sys.stdin)
    try:
        data = draw(asked["html"], asked["css"], Path(asked["fonts"]))
    except OSError as error:
        sys.stderr.write(type(error).__name__)
        return NO_DRAWING_LIBRARY
    sys.stdout.buffer.write(data)
    return 0


if __name__ == "__main__":
    ended = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(ended)  # the page is out: no order of taking C libraries down can spoil it any more
