"""Sections that come with the program and that a draft may be given. From there on they are values of that version like any other."""

from ..documents import ADDITIONS, read_pack
from ..editing import wording
from ..editing.follow_up import TITLE
from ..follow_up import SECTION
from ..models import ProtocolVersion
from .drafts import Change, edit
from .refusals import ProtocolRefused

WORDS = "patient_wording"


def follow_up_that_comes_along() -> dict:
    """
    The section as it comes with the program.

    Raises:
        FileNotFoundError: the project was installed without it.
    """
    return read_pack(ADDITIONS / f"{SECTION}.yaml")[SECTION]


def add_follow_up(draft: ProtocolVersion, *, lock_version: int, by) -> ProtocolVersion:
    """
    Give *draft* the section. It counts from the day on which that version is approved.

    Raises:
        ProtocolRefused: *by* may not edit, it is no draft, or it has the section. StaleDraft, DraftFaults: as `drafts.edit`; a draft
            without a reference or a band that the section names is refused with each of them.
    """
    section = follow_up_that_comes_along()

    def apply(document: dict) -> list[Change]:
        if SECTION in document:
            raise ProtocolRefused(f"Protocol {draft.version} has its follow-up calls already. Change them value by value.")
        document[SECTION] = section
        return [Change(SECTION, None, section)]

    return edit(draft, lock_version=lock_version, section=TITLE, by=by, apply=apply)


def sheet_words_that_come_along() -> dict:
    """
    Words of the aftercare sheet by skin and season, as they come with the program.

    Raises:
        FileNotFoundError: the project was installed without them.
    """
    return read_pack(ADDITIONS / "sheet_words.yaml")[WORDS]


def add_sheet_words(draft: ProtocolVersion, *, lock_version: int, by) -> ProtocolVersion:
    """
    Give the words of *draft* those by skin and season that it has not. They are printed from the day that version is approved.

    Raises:
        ProtocolRefused: *by* may not edit, it is no draft, it keeps no words of the sheet, or it has all of them. StaleDraft, DraftFaults: as
            `drafts.edit`.
    """
    coming = sheet_words_that_come_along()

    def apply(document: dict) -> list[Change]:
        if WORDS not in document:
            raise ProtocolRefused(f"Protocol {draft.version} keeps no words of the sheet: it was made before they became part of the protocol.")
        added = {name: entries for name, entries in coming.items() if name not in document[WORDS]}
        if not added:
            raise ProtocolRefused(f"Protocol {draft.version} has its words by skin and season already. Change them value by value.")
        document[WORDS].update(added)
        return [Change(f"{WORDS}.{name}", None, entries) for name, entries in added.items()]

    return edit(draft, lock_version=lock_version, section=wording.TITLE, by=by, apply=apply)
