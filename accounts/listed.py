"""Several words in one sentence, in the language of the page."""

from collections.abc import Iterable
from functools import reduce

from django.utils.translation import gettext as _


def _joined(said: str, last: str) -> str:
    return _("%(some)s and %(last)s") % {"some": said, "last": last}


def each(words: Iterable[str]) -> str:
    """ "Ada and Bo and Cy"; one alone is itself."""
    return reduce(_joined, map(str, words))


def all_of(words: Iterable[str]) -> str:
    """ "Ada, Bo and Cy"; one alone is itself."""
    *some, last = map(str, words)
    return _joined(", ".join(some), last) if some else last


def one_of(words: Iterable[str]) -> str:
    """ "Ada or Bo or Cy"; nothing for nobody."""
    found = [str(word) for word in words]
    return reduce(lambda said, last: _("%(some)s or %(last)s") % {"some": said, "last": last}, found) if found else ""
