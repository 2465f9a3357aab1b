"""Names people type, made comparable: case, accents, hyphens and glued doses do not matter; whole words do."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Generic, TypeVar

T = TypeVar("T")
Tokens = tuple[str, ...]

MOST_KEPT = 4_096
_TOKEN = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)?|%")


@lru_cache(maxsize=16_384)
def tokens(text: str) -> Tokens:
    """`Roaccutane 20mg caps` → roaccutane, 20, mg, caps."""
    folded = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter)).casefold()
    return tuple(_TOKEN.findall(plain))


def fold(text: str) -> str:
    """One spelling for one name: lower case, no accents, single spaces."""
    return " ".join(tokens(text.replace("_", " ")))


def singular(words: Tokens) -> Tokens:
    """`parabens` → paraben, `light peels` → light, peel: for names where one or several say the same."""
    return tuple(word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] != "s" else word for word in words)


class Match(Generic[T]):
    """A name found at tokens start..end of a text."""

    __slots__ = ("end", "name", "start", "value")

    def __init__(self, name: Tokens, value: T, start: int, end: int):
        self.name, self.value, self.start, self.end = name, value, start, end


class NameIndex(Generic[T]):
    """
    Finds known names in free text. The longest match wins; what it covers is not matched again.
    *plurals*: one and several are the same name.
    """

    __slots__ = ("_asked", "_by_first", "_exact", "_plurals")

    def __init__(self, names: Iterable[tuple[str, T]], *, plurals: bool = False):
        self._by_first: dict[str, list[tuple[Tokens, T]]] = {}
        self._exact: dict[Tokens, T] = {}
        self._plurals = plurals
        self._asked: dict[str, T | None] = {}  # what was looked up lately: the same names are typed again and again
        for name, value in names:
            words = self._folded(tokens(name.replace("_", " ")))
            if words and words not in self._exact:
                self._exact[words] = value
                self._by_first.setdefault(words[0], []).append((words, value))
        for entries in self._by_first.values():
            entries.sort(key=lambda entry: -len(entry[0]))

    def _folded(self, words: Tokens) -> Tokens:
        return singular(words) if self._plurals else words

    def exact(self, text: str) -> T | None:
        """The value whose whole name is *text*."""
        asked = self._asked
        if text in asked:
            return asked[text]
        if len(asked) >= MOST_KEPT:
            asked.clear()
        found = asked[text] = self._exact.get(self._folded(tokens(text.replace("_", " "))))
        return found

    def find(self, words: Tokens) -> list[Match[T]]:
        """Every name in *words*, longest first chosen, none overlapping, in the order they stand."""
        found: list[Match[T]] = []
        words = self._folded(words)
        for start, word in enumerate(words):
            for name, value in self._by_first.get(word, ()):
                if words[start : start + len(name)] == name:
                    found.append(Match(name, value, start, start + len(name)))
        if len(found) < 2:
            return found
        found.sort(key=lambda m: (m.start - m.end, -sum(map(len, m.name)), m.start))
        chosen: list[Match[T]] = []
        for match in found:
            if all(match.end <= other.start or match.start >= other.end for other in chosen):
                chosen.append(match)
        chosen.sort(key=lambda m: m.start)
        return chosen
