"""
Names as the hand writes them. One slip away (a letter too many, missing, wrong, or two swapped) is offered, never taken; a name
typed in pieces is that name.
"""

from collections.abc import Iterable
from typing import Generic, TypeVar

from .words import Match, Tokens, tokens

T = TypeVar("T")

LEAST_LETTERS = 5  # shorter words are one letter away from too much
LEAST_JOINED = 6  # shorter names are made by neighbours by chance: "as a"


class Spellings:
    """Known names of one word, found by every form of them with one letter left out; built when first asked."""

    __slots__ = ("_by_form", "_names")

    def __init__(self, names: Iterable[tuple[str, str]]):
        self._names = tuple(names)
        self._by_form: dict[str, tuple[tuple[str, str], ...]] | None = None

    def near(self, word: str) -> list[tuple[str, str]]:
        """(name, ingredient) of every known name one slip from *word*, by name; none for short words."""
        if len(word) < LEAST_LETTERS:
            return []
        by_form = self._forms()
        found: dict[str, str] = {}
        for form in _without_one(word):
            for name, ingredient in by_form.get(form, ()):
                if name != word and one_slip(name, word):
                    found[name] = ingredient
        return sorted(found.items())

    def _forms(self) -> dict[str, tuple[tuple[str, str], ...]]:
        if self._by_form is None:
            by_form: dict[str, dict[tuple[str, str], None]] = {}
            for name, ingredient in self._names:
                words = tokens(name)
                if len(words) != 1 or len(words[0]) < LEAST_LETTERS:
                    continue
                for form in _without_one(words[0]):
                    by_form.setdefault(form, {})[words[0], ingredient] = None
            self._by_form = {form: tuple(entries) for form, entries in by_form.items()}
        return self._by_form


def _without_one(word: str) -> set[str]:
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def one_slip(one: str, other: str) -> bool:
    """Whether one letter added, left out or changed, or two neighbours swapped, makes *one* into *other*."""
    if len(one) < len(other):
        one, other = other, one
    if one == other or len(one) - len(other) > 1:
        return False
    start = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(other))
    if len(one) > len(other):
        return one[start + 1 :] == other[start:]
    swapped = one[start : start + 2] == other[start : start + 2][::-1] and one[start + 2 :] == other[start + 2 :]
    return swapped or one[start + 1 :] == other[start + 1 :]


class Joined(Generic[T]):
    """Names of more than one piece as typed ("iso tretinoin", "hydro-cortisone", a soft hyphen inside): found by their letters alone."""

    __slots__ = ("_begins", "_names", "_whole")

    def __init__(self, names: Iterable[tuple[str, T]]):
        self._names = tuple(names)
        self._whole: dict[str, tuple[Tokens, T]] = {}
        self._begins: frozenset[str] = frozenset()

    def find(self, words: Tokens) -> list[Match[T]]:
        """Every name of at least LEAST_JOINED letters that two or more neighbouring words of *words* make together."""
        if len(words) < 2:
            return []
        if not self._whole:
            self._learn()
        found = []
        for start, first in enumerate(words):
            letters = first
            for end in range(start + 1, len(words)):
                if letters not in self._begins:
                    break
                letters += words[end]
                known = self._whole.get(letters)
                if known is not None:
                    found.append(Match(known[0], known[1], start, end + 1))
        return found

    def _learn(self) -> None:
        for name, value in self._names:
            words = tokens(name)
            letters = "".join(words)
            if len(letters) >= LEAST_JOINED:
                self._whole.setdefault(letters, (words, value))
        self._begins = frozenset(letters[:end] for letters in self._whole for end in range(1, len(letters)))
