"""Names people type, made comparable: case, accents, hyphens and glued doses do not matter; whole words do."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Generic, TypeVar

T = TypeVar("T")
Tokens = tuple[str, ...]

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


class Match(Generic[T]):
    """A name found at tokens start..end of a text."""

    __slots__ = ("end", "name", "start", "value")

    def __init__(self, name: Tokens, value: T, start: int, end: int):
        self.name, self.value, self.start, self.end = name, value, start, end


class NameIndex(Generic[T]):
    """Finds known names in free text. The longest match wins; what it covers is not matched again."""

    __slots__ = ("_by_first", "_exact")

    def __init__(self, names: Iterable[tuple[str, T]]):
        self._by_first: dict[str, list[tuple[Tokens, T]]] = {}
        self._exact: dict[Tokens, T] = {}
        for name, value in names:
            words = tokens(name.replace("_", " "))
            if words and words not in self._exact:
                self._exact[words] = value
                self._by_first.setdefault(words[0], []).append((words, value))
        for entries in self._by_first.values():
            entries.sort(key=lambda entry: -len(entry[0]))

    def exact(self, text: str) -> T | None:
        """The value whose whole name is *text*."""
        return self._exact.get(tokens(text.replace("_", " ")))

    def find(self, words: Tokens) -> list[Match[T]]:
        """Every name in *words*, longest first chosen, none overlapping, in the order they stand."""
        found: list[Match[T]] = []
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
