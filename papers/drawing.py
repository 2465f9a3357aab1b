"""
A page as a PDF at once. Drawn in a process of its own: no thread of the web server ever draws, and what is drawn leaves no file behind (see
`aftercare.page_printer`). Lists are made, sent and kept nowhere; what is to be kept is drawn by `drawn`, which checks it.
"""

import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore

from django.conf import settings
from django.template.loader import get_template
from django.utils.translation import gettext

from aftercare.page_printer import NO_DRAWING_LIBRARY, NO_SUCH_LETTER
from aftercare.render import NO_PANGO, PAGE_SIZES, font_folder
from aftercare.render import drawn as page
from consent.printing import CannotPrint

LONGEST = 60  # seconds; the first page on a machine cuts the fonts
AT_ONCE = BoundedSemaphore(2)
__all__ = ["CannotPrint", "Drawn", "as_pdf", "drawn", "standing"]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Drawn:
    data: bytes
    pages: int


def drawn(template: str, style: str, context: dict, *, paper: str) -> Drawn:
    """
    As `as_pdf`, standing, for a paper that is kept: whole, tagged for screen readers, every letter in our fonts.

    Raises:
        CannotPrint: in words for the screen.
    """
    done = _done(template, style, context, paper=paper, lying=False, strict=True)
    try:
        made = json.loads(done.stderr.decode(errors="replace").rpartition("\n")[2])
    except ValueError:
        made = {}
    if not made.get("tagged") or not made.get("pages"):
        log.error("A paper did not pass its checks: %s pages, tagged: %s", made.get("pages"), made.get("tagged"))
        raise CannotPrint(gettext("The paper that was made did not pass its checks, so it was thrown away. Press again."))
    return Drawn(done.stdout, made["pages"])


def as_pdf(template: str, style: str, context: dict, *, paper: str, lying: bool = True) -> bytes:
    """
    Return *template* with *context*, drawn with *style*, as a PDF on *paper*, lying on its side or standing.

    Raises:
        CannotPrint: in words for the screen.
    """
    return _done(template, style, context, paper=paper, lying=lying).stdout


def _done(template: str, style: str, context: dict, *, paper: str, lying: bool, strict: bool = False) -> subprocess.CompletedProcess:
    css = Path(get_template(style).origin.name).read_text(encoding="utf-8")
    asked = {
        "html": page(template, context),
        "css": f"{css}\n@page{{size:{PAGE_SIZES[paper]} {'landscape' if lying else 'portrait'}}}",
        "fonts": str(font_folder()),
        "strict": strict,
    }
    if not AT_ONCE.acquire(timeout=LONGEST / 2):
        raise CannotPrint(gettext("Other lists are being printed right now. Press again in a minute."))
    try:
        done = _drawn(asked)
        if done.returncode < 0:  # killed by a signal: the drawing libraries are C, and nothing was kept, so it may simply be done again
            log.warning("The drawing process died of signal %s; drawn again", -done.returncode)
            done = _drawn(asked)
    except subprocess.TimeoutExpired as error:
        raise CannotPrint(gettext("Making the list took too long and was stopped. Press again.")) from error
    finally:
        AT_ONCE.release()
    if done.returncode == NO_DRAWING_LIBRARY:
        raise CannotPrint(gettext(NO_PANGO))
    if done.returncode == NO_SUCH_LETTER:
        listed = ", ".join(f"“{letter}” (U+{ord(letter):04X})" for letter in json.loads(done.stderr.decode().rpartition("\n")[2])[:5])
        words = gettext("Our print fonts cannot draw %(letters)s. Write the name or word in other letters, then print again.")
        raise CannotPrint(words % {"letters": listed})
    if done.returncode or not done.stdout.startswith(b"%PDF-1.") or not done.stdout.rstrip().endswith(b"%%EOF"):
        # The kind of the fault alone: a message may quote what was to be printed.
        kind = (done.stderr.decode(errors="replace").strip().splitlines() or [""])[-1].partition(":")[0][:60]
        log.error("A list could not be drawn (%s): %s", done.returncode, kind)
        raise CannotPrint(gettext("The list could not be made. Press again; if it fails again, tell whoever looks after the system."))
    return done


def standing(template: str, style: str, context: dict, *, paper: str) -> bytes:
    """As `as_pdf`, for a document that is read like a letter."""
    return as_pdf(template, style, context, paper=paper, lying=False)


def _drawn(asked: dict) -> subprocess.CompletedProcess:
    """What a drawing process answers to *asked*."""
    return subprocess.run(  # our own module, no shell, nothing that anybody types among the arguments
        [sys.executable, "-m", "aftercare.page_printer"],
        input=json.dumps(asked).encode(),
        capture_output=True,
        timeout=LONGEST,
        cwd=settings.BASE_DIR,
        env={name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH")},
        check=False,
    )
