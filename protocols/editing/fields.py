"""
What a page of the editor asks for: fields with the name of the value they stand for, what was typed into them, and what is
wrong with it. Nothing here knows a database or a request.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from planner.wording import number

from ..reading import unit_word

_NUMBER = re.compile(r"[-\u2212]?[0-9]*(?:[.,][0-9]+)?")
MOST_DECIMALS = 2
ADDED = "::add"  # beside a list of sources: the box in which one more is named


def within(name: str, what: str) -> str:
    """What a value is called away from its place: `Cheeks, mild: max`."""
    return f"{name}: {what}"


class Mistake(ValueError):
    """What was typed cannot be kept; the message says what to do. It begins with a small letter after the field's own name."""


@dataclass
class Field:
    """
    One value of the draft.

    path     its name, as `protocols.comparison` writes it; also the name of the control
    full     what it is called away from its place on the page: "Cheeks, mild: max"
    kind     number, whole, line, text, flag, choice, lines, refs, picks
    blank    what an empty control means: "refuse", "drop" (the key goes), "null" (nothing is kept), "empty" (an empty text)
    apart    no value of its own: what is typed is read by the section, which writes it somewhere else
    """

    path: str
    label: str
    kind: str
    value: Any
    full: str = ""
    unit: str = ""
    hint: str = ""
    options: Sequence[tuple[str, str]] = ()
    blank: str = "refuse"
    width: str = "l"
    signed: bool = False
    shown: Any = None
    error: str = ""
    warning: str = ""
    clash: Any = None
    apart: bool = False

    def __post_init__(self) -> None:
        self.full = self.full or self.label
        if self.shown is None:
            self.shown = self.written(self.value)
        if self.kind == "refs" and self.value is not None:
            self.warning = self._unsourced()

    def _unsourced(self) -> str:
        """What keeps the value from approval: no source, or one that is not in the list of references any more."""
        if not self.value:
            return _("No source is named. The draft cannot be handed over or approved.")
        known = dict(self.options)
        gone = [name for name in self.value if name not in known]
        text = _("%(names)s is not in the references any more. The draft cannot be handed over or approved.")
        return text % {"names": ", ".join(gone)} if gone else ""

    @property
    def ident(self) -> str:
        return ident(self.path)

    @property
    def unit_word(self) -> str:
        return unit_word(self.unit)

    @property
    def adding(self) -> str:
        return self.path + ADDED

    @property
    def chosen(self) -> list[tuple[str, str, bool, bool]]:
        """Of a list of sources or of picks: (id, words, ticked, is known), those that were ticked first."""
        words = dict(self.options)
        ticked = list(dict.fromkeys(self.shown))
        rows = [(name, words.get(name, name), True, name in words) for name in ticked]
        kept = [name for name in self.value or () if name not in ticked] if self.kind == "refs" else []
        rows += [(name, words.get(name, name), False, name in words) for name in kept]
        if self.kind == "picks":
            rows += [(name, text, False, True) for name, text in self.options if name not in ticked]
        return rows

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The options of a choice, with the value that stands even where no option is it."""
        stands = [] if self.value is None or str(self.value) in dict(self.options) else [(str(self.value), str(self.value))]
        return [*self.options, *stands]

    def written(self, value: Any) -> Any:
        """*value* as it stands in the control."""
        if self.kind in ("refs", "picks"):
            return [str(name) for name in value or ()]
        if value is None:
            return ""
        if self.kind in ("number", "whole"):
            return number(value) if isinstance(value, (int, float, Decimal)) else str(value)
        if self.kind == "flag":
            return "yes" if value is True else "no" if value is False else str(value)
        if self.kind == "lines":
            return "\n".join(str(line) for line in value)
        return str(value)

    def in_words(self, value: Any) -> str:
        """*value* as a reader sees it, beside another one."""
        if value is None or value == [] or value == "":
            return _("Nothing")
        if self.kind in ("refs", "picks"):
            words = dict(self.options)
            return ", ".join(words.get(name, name) if self.kind == "picks" else name for name in value)
        if self.kind in ("number", "whole"):
            return f"{self.written(value)}\u00a0{self.unit_word}".rstrip("\u00a0")
        if self.kind == "flag":
            return _("Yes") if value else _("No")
        if self.kind == "choice":
            return dict(self.options).get(value, str(value))
        return self.written(value)

    def read(self, posted: Sequence[str], added: str = "") -> Any:
        """
        The value in what was typed.

        Raises:
            Mistake: it is none.
        """
        if self.kind == "refs":
            return self._sources(posted, added)
        if self.kind == "picks":
            known = {name for name, _ in self.options} | set(self.value or ())
            ticked = {text for text in posted if text}
            if not ticked <= known:
                raise Mistake(_("takes only what the list offers"))
            earlier = [name for name in self.value or () if name in ticked]
            return self._or_blank(earlier + [name for name, _ in self.options if name in ticked and name not in earlier])
        text = (posted[-1] if posted else "").replace("\r\n", "\n")
        if self.value is not None and text == self.written(self.value).replace("\r\n", "\n"):
            return self.value
        text = text.strip()
        if self.kind == "lines":
            return self._or_blank([line.strip() for line in text.split("\n") if line.strip()])
        if not text:
            if self.blank == "refuse":
                raise Mistake(_("is empty. Choose one") if self.kind == "choice" else _("is empty. Enter a value"))
            return "" if self.blank == "empty" else None
        if self.kind in ("number", "whole"):
            return self._figure(text)
        if self.kind == "flag":
            if text not in ("yes", "no"):
                raise Mistake(_("must be yes or no"))
            return text == "yes"
        if self.kind == "choice" and text not in dict(self.options):
            raise Mistake(_("takes only what the list offers"))
        if self.kind == "line" and "\n" in text:
            raise Mistake(_("must be one line"))
        return text

    def _or_blank(self, found: list) -> list | None:
        """An empty list where the key must stay, nothing where it may go."""
        return None if not found and self.blank == "drop" else found

    def _figure(self, text: str) -> int | float:
        if not _NUMBER.fullmatch(text) or not any(sign.isdigit() for sign in text):
            raise Mistake(_("must be a number, for example %(example)s") % {"example": "3" if self.kind == "whole" else "0.5"})
        figure = Decimal(text.replace("\u2212", "-").replace(",", ".").replace("-.", "-0."))
        if figure < 0 and not self.signed:
            raise Mistake(_("must be 0 or more"))
        if -figure.as_tuple().exponent > MOST_DECIMALS and figure != round(figure, MOST_DECIMALS):
            raise Mistake(_("must have at most %(n)s decimals") % {"n": MOST_DECIMALS})
        if figure == figure.to_integral_value():
            return int(figure)
        if self.kind == "whole":
            raise Mistake(_("must be a whole number"))
        return float(figure)

    def _sources(self, posted: Sequence[str], added: str) -> list[str]:
        known = dict(self.options)
        found = list(dict.fromkeys(name for name in posted if name))
        strange = [name for name in found if name not in known and name not in (self.value or ())]
        for text in re.split(r"[\s,;]+", added.strip()):
            if text and text not in found:
                (found if text in known else strange).append(text)
        if strange:
            text = _("names %(names)s, which is no reference of this version. Choose from the list, or add it under References")
            raise Mistake(text % {"names": ", ".join(strange)})
        return found


def ident(path: str) -> str:
    """The anchor of the value called *path* on its page."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "-", path).strip("-")
    odd = re.sub(r"[A-Za-z0-9_.,\[\] #-]+", "", path)
    return f"f-{plain}" + "".join(f"-{ord(sign):x}" for sign in odd[:20])


@dataclass
class Entry:
    """
    Fields that belong together: one row of a list, or a mapping.

    row        name of the row where the entry is one that may be taken out or made
    fresh      for a row that is not there yet: the list it would join, and the ids it would have
    made_by    fresh rows are made as soon as one of these fields is filled in
    link       the page of the row itself, within the section, where it holds more than stands here
    copied     where the row may be copied: (slug of its list, its id); folded: shown folded until something in it is filled in
    source     the sources behind the values, shown apart
    """

    title: str
    fields: list[Field]
    source: list[Field] = field(default_factory=list)
    note: str = ""
    tags: Sequence[tuple[str, str]] = ()
    row: str = ""
    removable: str = ""
    fresh: tuple[str, Mapping[str, Any]] | None = None
    made_by: tuple[str, ...] = ()
    link: str = ""
    open: bool = True
    copied: tuple[str, str] | None = None
    copy_url: str = ""
    remove_url: str = ""
    page_url: str = ""
    folded: bool = False

    @property
    def everything(self) -> Iterator[Field]:
        yield from self.fields
        yield from self.source

    @property
    def filled(self) -> bool:
        """Something stands in one of its fields, or is wrong with it."""
        return any(one.shown or one.error for one in self.fields)

    @property
    def slim(self) -> bool:
        """Only a few figures: what stands behind them fits beside them."""
        return 0 < len(self.fields) <= 3 and all(one.width == "s" for one in self.fields)

    @property
    def ident(self) -> str:
        return ident(self.row or (self.fields or self.source)[0].path + "-entry")


@dataclass
class Group:
    """Entries under one heading. adds: (slug of the list, words) where a row can be added to it."""

    title: str
    entries: list[Entry]
    note: str = ""
    adds: tuple[str, str] | None = None
    add_url: str = ""


@dataclass
class Page:
    """One page of the editor. `grid` is for depths only; `links` lead to pages of single entries."""

    title: str
    groups: list[Group]
    intro: str = ""
    grid: Any = None
    links: Sequence[Any] = ()
    removable: str = ""
    remove_words: str = ""
    back: tuple[str, str] | None = None  # (item, words)
    copied: tuple[str, str] | None = None  # as of an entry
    copy_url: str = ""
    remove_url: str = ""
    offers: str = ""  # what comes with the program and is not there yet

    @property
    def entries(self) -> Iterator[Entry]:
        if self.grid:
            yield from self.grid.entries
        for group in self.groups:
            yield from group.entries

    @property
    def fields(self) -> Iterator[Field]:
        for entry in self.entries:
            yield from entry.everything

    def field(self, path: str) -> Field | None:
        return next((one for one in self.fields if one.path == path), None)


def told(options: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Options with their words in the language of the page."""
    return [(name, _(text)) for name, text in options]


class Making:
    """Makes the fields of a document: looks up what a source, a zone or a rule is called once."""

    def __init__(self, document: Mapping[str, Any]):
        self.document = document
        self.references = [(ref["id"], ref.get("citation", "")) for ref in document.get("references", ())]
        self.grades = [(name, f"{name}: {text}") for name, text in document.get("vocabulary", {}).get("evidence", {}).items()]

    def labels(self, section: str) -> list[tuple[str, str]]:
        return [(row["id"], row.get("label") or row["id"]) for row in self.document.get(section, ())]

    def one(self, path: str, holder: Mapping[str, Any], key: str, label: str, kind: str = "line", **more: Any) -> Field:
        """The field of *key* in the mapping *holder* called *path*."""
        return Field(f"{path}.{key}" if path else key, label, kind, holder.get(key), **more)

    def span(self, path: str, holder: Mapping[str, Any], kind: str, unit: str, full: str, **more: Any) -> list[Field]:
        words = (("min", pgettext("least", "Min")), ("typical", _("Typical")), ("max", _("Max")))
        return [
            self.one(path, holder, key, label, kind, unit=unit, full=f"{full}: {label.lower()}", width="s", **more) for key, label in words
        ]

    def source(self, path: str, holder: Mapping[str, Any], full: str, *, only: Iterable[str] = ()) -> list[Field]:
        """Sources, grade and "no study was read" of an entry. *only*: of these keys."""
        only = tuple(only) or ("refs", "evidence", "unverified")
        found = []
        if "refs" in only:
            found.append(self.one(path, holder, "refs", _("Sources"), "refs", full=within(full, _("sources")), options=self.references))
        if "evidence" in only:
            found.append(
                self.one(
                    path,
                    holder,
                    "evidence",
                    _("Evidence grade"),
                    "choice",
                    full=within(full, _("evidence grade")),
                    options=self.grades,
                    width="m",
                )
            )
        if "unverified" in only:
            found.append(
                self.one(
                    path,
                    holder,
                    "unverified",
                    _("No study was read for this"),
                    "flag",
                    full=within(full, _("no study was read")),
                    width="m",
                )
            )
        return found
