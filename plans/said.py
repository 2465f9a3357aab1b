"""
What is stored in English, and figures in words, in the language of the page. What is stored or printed itself never comes from here.
"""

import re
from functools import lru_cache

from django.utils.translation import get_language, gettext, gettext_noop, ngettext

from planner import wording

# Of the planner, beside a figure.
_UNITS = (gettext_noop("weeks"), gettext_noop("days"), gettext_noop("minutes"), gettext_noop("passes"))
_VALUE = re.compile(r"%\((\w+)\)s")


def in_english() -> bool:
    return (get_language() or "en").startswith("en")


@lru_cache(maxsize=256)
def pattern(sentence: str) -> re.Pattern:
    """What *sentence* becomes once its values stand in it; a value named twice is the same twice."""
    text, seen = "", set()
    for place, part in enumerate(_VALUE.split(sentence)):
        if place % 2 == 0:
            text += re.escape(part)
        else:
            text += f"(?P={part})" if part in seen else f"(?P<{part}>.+?)"
            seen.add(part)
    return re.compile(text, re.DOTALL)


def said(text: str, *sentences: str) -> str:
    """*text*, as it is stored, in the language of the page. sentences: those with values that it may be one of, as they are marked."""
    if not text or in_english():
        return text
    known = gettext(text)
    if known != text:
        return known
    for sentence in sentences:
        if found := pattern(sentence).fullmatch(text):
            return gettext(sentence) % found.groupdict()
    return text


def span(low, high, unit: str = "") -> str:
    """`0.5 to 1 mm`; one value where both are the same."""
    text = wording.span(low, high, said(unit))
    if in_english() or " to " not in text:
        return text
    return gettext("%(low)s to %(high)s") % dict(zip(("low", "high"), text.split(" to ", 1), strict=True))


def days(count) -> str:
    """`3 days`, of a whole number."""
    return ngettext("%(count)s day", "%(count)s days", int(count)) % {"count": wording.number(count)}


def joined(words: list[str]) -> str:
    """`the medical lead and a prescriber`"""
    return gettext(" and ").join(words)
