"""
Draws one page in a process of its own: JSON with html, css and the folder of the fonts comes in, the PDF goes out. Needs no Django and no
database, and may fetch nothing. A letter that our fonts lack is printed as "?": the number beside the name says who it is. With `strict`,
for what is kept, such a letter is refused and named on stderr; else stderr ends with what was made, as JSON.

    python -m aftercare.page_printer < page.json > page.pdf
"""

import html
import io
import json
import os
import sys
from pathlib import Path

from . import fonts

NO_DRAWING_LIBRARY = 3
NO_SUCH_LETTER = 4
UNKNOWN = "?"


class NoSuchLetter(Exception):
    """Our fonts lack letters of the page."""


def draw(text: str, css: str, folder: Path, *, strict: bool = False) -> tuple[bytes, dict]:
    """
    The page as a tagged PDF, and what was made: its pages, and whether it is tagged.

    Raises:
        OSError: the drawing library is not installed. NoSuchLetter: with *strict*, our fonts lack letters.
    """
    fonts.use_private_fonts(folder)
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

    absent = fonts.missing(html.unescape(text), folder)
    if absent and strict:
        raise NoSuchLetter(absent)
    for letter in absent:
        text = text.replace(letter, UNKNOWN)
    configuration = FontConfiguration()
    page = weasyprint.HTML(string=text, url_fetcher=weasyprint.URLFetcher(allowed_protocols=["data"]))
    style = weasyprint.CSS(string=css, font_config=configuration)
    document = page.render(stylesheets=[style], font_config=configuration, pdf_variant="pdf/ua-1")
    out, made = io.BytesIO(), {}
    document.write_pdf(out, pdf_variant="pdf/ua-1", finisher=lambda _, file: made.update(file.catalog))
    return out.getvalue(), {"pages": len(document.pages), "tagged": "StructTreeRoot" in made and "Lang" in made}


def main() -> int:
    asked = json.load(sys.stdin)
    try:
        data, made = draw(asked["html"], asked["css"], Path(asked["fonts"]), strict=asked.get("strict", False))
    except NoSuchLetter as absent:
        sys.stderr.write("\n" + json.dumps(absent.args[0]))
        return NO_SUCH_LETTER
    except OSError as error:
        sys.stderr.write(type(error).__name__)
        return NO_DRAWING_LIBRARY
    sys.stdout.buffer.write(data)
    sys.stderr.write("\n" + json.dumps(made))
    return 0


if __name__ == "__main__":
    ended = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(ended)  # the page is out: no order of taking C libraries down can spoil it any more
