"""How names and telephone numbers are written for searching and comparing: one form for each, on both engines."""

# ruff: noqa: RUF001 (letters that look like Latin ones are what this file is about)

import re
import unicodedata
from itertools import combinations

# Letters that Unicode does not decompose, though people type them without the stroke or as two letters.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t", "ى": "ي", "ة": "ه", "ـ": None}
)
_SILENT = re.compile("['’ʼ`´\u200c\u200d\u200e\u200f]")
_APART = re.compile(r"[\W_]+")
# Marks that turn the direction of what follows: copied along with a name they would turn the line it stands in.
_TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])

MOST_LETTERS = 100
SLIP_LETTERS = 8  # slips are kept of the first letters only: 37 rows for a surname at most
MOST_SLIPS = 2


def key(name: str) -> str:
    """
    Return *name* as it is searched: case folded, accents and Arabic vowel signs stripped, apostrophes dropped, other
    marks turned into one space. O'Brien is obrien, Núñez-Łoś is nunez los.
    """
    folded = unicodedata.normalize("NFKD", name.casefold()).translate(_PLAIN)
    letters = "".join(c for c in folded if not unicodedata.combining(c))
    return _APART.sub(" ", _SILENT.sub("", letters)).strip()[:MOST_LETTERS]


def without_turning(text: str) -> str:
    """Return *text* without the marks that turn the letters after them: it reads in the order in which it was typed."""
    return text.translate(_TURNING)


def digits(phone: str) -> str:
    """Return the digits of *phone* without the international 00 and without a bracketed (0): '+44 (0)20 7946 0200' is '442079460200'."""
    plain = "".join(str(unicodedata.digit(c)) for c in phone.replace("(0)", "") if c.isdigit())
    return plain.removeprefix("00")[:20]


def phone_tail(phone: str) -> str:
    """Return the last nine digits, backwards: the same for one line written in the local and in the international way."""
    return digits(phone)[-9:][::-1]


def slips(surname_key: str) -> set[str]:
    """
    Return every spelling of the first letters of *surname_key* with up to two of them left out. Two surnames within two
    slips of each other (a letter wrong, missing, doubled or swapped) share at least one; `distance` then judges.
    """
    letters = surname_key.replace(" ", "")[:SLIP_LETTERS]
    found = {letters}
    for gone in range(1, min(MOST_SLIPS, len(letters) - 1) + 1):
        for places in combinations(range(len(letters)), gone):
            found.add("".join(c for i, c in enumerate(letters) if i not in places))
    return found


LEAST_PART = 3  # letters: shorter ones (de, la, van) say nothing


def parts(surname_key: str) -> list[str]:
    """Return a surname as a whole and each name of a double one: people are asked for by either."""
    words = surname_key.split()
    return [surname_key, *(word for word in words if len(words) > 1 and len(word) >= LEAST_PART)]


def distance(one: str, other: str, most: int = MOST_SLIPS) -> int:
    """Return how many slips (wrong, missing, added, swapped neighbours) lie between two keys; *most* + 1 where it is more."""
    one, other = one.replace(" ", ""), other.replace(" ", "")
    if abs(len(one) - len(other)) > most:
        return most + 1
    before, last = [], list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        before, last = last, row
    return min(last[-1], most + 1)


def slips_allowed(surname_key: str) -> int:
    """Short names differ by little: one slip up to four letters, two above."""
    return 1 if len(surname_key) <= 4 else MOST_SLIPS


def alike(one: str, other: str) -> bool:
    """True where two keys may be the same name: equal, one the start of the other (three letters or more), or within the slips allowed."""
    if not one or not other:
        return False
    short, long = sorted((one, other), key=len)
    if len(short) >= 3 and long.startswith(short):
        return True
    return distance(one, other) <= slips_allowed(short)
