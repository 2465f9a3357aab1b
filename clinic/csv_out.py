"""Every file for a spreadsheet is written here, so that no cell of one is ever run as a formula."""

import csv
import io
from collections.abc import Iterable, Iterator

# What makes a spreadsheet read a cell as a formula, also in the wide forms of East Asian keyboards, and the white space that
# some strip before they look.
_FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
_BEFORE = " \t\r\n\v\f\0\u00a0\u200b\ufeff"
_BREAKS = frozenset("\t\r\n")
BYTE_ORDER_MARK = "\ufeff"  # a spreadsheet then reads the file as UTF-8


def cell(value: object) -> str:
    """
    The text of one cell. Text that could be read as a formula is led by an apostrophe, which spreadsheets show as plain text;
    numbers stay numbers.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return str(value)
    text = str(value).replace("\0", "")
    start = text.lstrip(_BEFORE)
    if (start and start[0] in _FORMULA) or (text and text[0] in _BREAKS):
        return f"'{text}"
    return text


def lines(header: Iterable[object], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """The file line by line: commas, every cell in quotes, CRLF (RFC 4180)."""
    yield BYTE_ORDER_MARK + _line(header)
    for row in rows:
        yield _line(row)


def _line(row: Iterable[object]) -> str:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerow([cell(value) for value in row])
    return written.getvalue()
