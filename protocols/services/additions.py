"""Sections that come with the program and that a draft may be given. From there on they are values of that version like any other."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from .. import before_visit, follow_up
from ..documents import ADDITIONS, read_pack
from ..editing import before_visit as before_visit_page
from ..editing import follow_up as follow_up_page
from ..editing import wording
from ..models import ProtocolVersion
from .drafts import Change, edit
from .refusals import ProtocolRefused

WORDS = "patient_wording"


@dataclass(frozen=True, slots=True)
class Addition:
    """section: its key in a document. slug, title: of its page in the editor. called: in a sentence."""

    section: str
    slug: str
    title: str
    called: str


FOLLOW_UP = Addition(follow_up.SECTION, follow_up_page.SLUG, follow_up_page.TITLE, gettext_noop("its follow-up calls"))
BEFORE_VISIT = Addition(before_visit.SECTION, before_visit_page.SLUG, before_visit_page.TITLE, gettext_noop("its words before a visit"))


def that_comes_along(addition: Addition) -> dict:
    """
    The section as it comes with the program.

    Raises:
        FileNotFoundError: the project was installed without it.
    """
    return read_pack(ADDITIONS / f"{addition.section}.yaml")[addition.section]


def follow_up_that_comes_along() -> dict:
    return that_comes_along(FOLLOW_UP)


def add(addition: Addition, draft: ProtocolVersion, *, lock_version: int, by) -> ProtocolVersion:
    """
    Give *draft* the section. It counts from the day on which that version is approved.

    Raises:
        ProtocolRefused: *by* may not edit, it is no draft, or it has the section. StaleDraft, DraftFaults: as `drafts.edit`; a draft
            without something that the section names is refused with each of them.
    """
    section = that_comes_along(addition)

    def apply(document: dict) -> list[Change]:
        if addition.section in document:
            text = _("Protocol %(version)s has %(what)s already. Change them value by value.")
            raise ProtocolRefused(text % {"version": draft.version, "what": _(addition.called)})
        document[addition.section] = section
        return [Change(addition.section, None, section)]

    return edit(draft, lock_version=lock_version, section=addition.title, by=by, apply=apply)


def add_follow_up(draft: ProtocolVersion, *, lock_version: int, by) -> ProtocolVersion:
    return add(FOLLOW_UP, draft, lock_version=lock_version, by=by)


def add_before_visit(draft: ProtocolVersion, *, lock_version: int, by) -> ProtocolVersion:
    return add(BEFORE_VISIT, draft, lock_version=lock_version, by=by)


def sheet_words_that_come_along() -> dict:
    """
    Words of the aftercare sheet by skin and season, and some in easier words, as they come with the program.

    Raises:
        FileNotFoundError: the project was installed without them.
    """
    return read_pack(ADDITIONS / "sheet_words.yaml")


def give_sheet_words(document: dict) -> list[Change]:
    """Put into *document* what it has not of them; what a clinic said in words of its own stays."""
    coming, words, made = sheet_words_that_come_along(), document[WORDS], []
    for name, entries in coming[WORDS].items():
        if name not in words:
            words[name] = entries
            made.append(Change(f"{WORDS}.{name}", None, entries))
    for easier in coming["easier"]:
        section, _, key = easier["at"].partition(".")
        if words.get(section, {}).get(key) == easier["was"]:
            words[section][key] = easier["says"]
            made.append(Change(f"{WORDS}.{easier['at']}", easier["was"], easier["says"]))
    return made


def add_sheet_words(draft: ProtocolVersion, *, lock_version: int, by) -> ProtocolVersion:
    """
    Give *draft* the words by skin and season. They are printed from the day that version is approved.

    Raises:
        ProtocolRefused: *by* may not edit, it is no draft, it keeps no words of the sheet, or has all of them. StaleDraft, DraftFaults: as
            `drafts.edit`.
    """

    def apply(document: dict) -> list[Change]:
        if WORDS not in document:
            text = _("Protocol %(version)s keeps no words of the sheet: it was made before they became part of the protocol.")
            raise ProtocolRefused(text % {"version": draft.version})
        if not (made := give_sheet_words(document)):
            text = _("Protocol %(version)s has its words by skin and season already. Change them value by value.")
            raise ProtocolRefused(text % {"version": draft.version})
        return made

    return edit(draft, lock_version=lock_version, section=wording.TITLE, by=by, apply=apply)
