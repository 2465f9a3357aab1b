"""A signed consent as a PDF. The app above that draws pages gives its way in AppConfig.ready; what is drawn is kept nowhere."""

from collections.abc import Callable

from django.utils import translation
from django.utils.translation import gettext as _


class CannotPrint(Exception):
    """Nothing was made. The message says what to do."""


# printer(template, style, context, paper) -> the PDF. Raises CannotPrint.
_printers: list[Callable[..., bytes]] = []


def register_printer(printer: Callable[..., bytes]) -> None:
    _printers[:] = [printer]


def as_pdf(template: str, style: str, context: dict, *, paper: str) -> bytes:
    if not _printers:
        raise CannotPrint(_("Nothing on this machine draws PDFs. Print the page from the browser instead."))
    with translation.override("en-gb"):  # paper does not follow the language of whoever prints it
        return _printers[0](template, style, context, paper=paper)
