"""The clinic's own cases for the bench: added, changed, switched off; never deleted."""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.permissions import may
from audit.services import record

from ..fault_words import said
from ..library import library_case, project_cases
from ..models import ProtocolCase, ProtocolVersion
from .refusals import ProtocolRefused

LEAD_ONLY = gettext_noop("Only a medical lead decides which cases must hold.")


class CaseNameTaken(ProtocolRefused):
    """Another case of the clinic has this name."""


class ExpectsUnknown(ProtocolRefused):
    """What must come out names something that no protocol of the clinic has: it would hold whatever is proposed."""


class StaleCase(Exception):
    """Somebody saved the case after it was opened. `row` is the row as it stands now."""

    def __init__(self, row: ProtocolCase):
        super().__init__(f"The case {row.name} was changed meanwhile")
        self.row = row


def project_case_named(name: str):
    """The project's case in whose place a case of the clinic with this name stands; None where there is none."""
    return next((case for case in project_cases() if case.name == name), None)


def _checked(name: str, case: Any, expect: Any) -> None:
    if not name.strip():
        raise ProtocolRefused(_("Enter a name for the case."))
    try:
        json.dumps([case, expect], allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ProtocolRefused(_("The case holds something that is neither text, number, yes, no nor a date.")) from error
    faults = library_case(name, case, expect, must_hold=False).faults
    if faults:
        raise ProtocolRefused(" ".join(f"{said(fault)}." for fault in faults))
    unknown = unknown_names(expect)
    if unknown:
        raise ExpectsUnknown(" ".join(said(one) for one in unknown))


# Expectations that hold where what they name is not proposed, and the sections of a pack that say what there is to name.
_HOLDS_UNNAMED = {
    **dict.fromkeys(("depth_at_most", "max_at_most", "left_out"), ("zones", "excluded_zones")),
    "not_used": ("adjuvants",),
}


def unknown_names(expect: Mapping[str, Any]) -> list[str]:
    """
    What *expect* says of zones and adjuvants that no version of the clinic has, in words. A slip in such a name would be kept as a
    case that holds whatever is proposed. A name that only a draft has is known; without any version nothing can be said.
    """
    named = {word: expect[word] for word in _HOLDS_UNNAMED if expect.get(word)}
    if not named:
        return []
    documents = [json.loads(one) for one in ProtocolVersion.objects.filter(is_whole=True).values_list("document", flat=True)]
    found = []
    for word, names in named.items() if documents else ():
        known = {row["id"] for document in documents for section in _HOLDS_UNNAMED[word] for row in document.get(section, ())}
        what = "zone" if "zones" in _HOLDS_UNNAMED[word] else "adjuvant"
        for name in sorted(set(names) - known):
            near = get_close_matches(name.casefold().replace(" ", "_"), sorted(known), 1)
            meant = f"; did you mean {near[0]}?" if near else "."
            found.append(f"expect.{word}: no protocol has the {what} {name}, so this would always hold{meant}")
    return found


def _may_edit(by) -> None:
    if not may(by, "protocols.edit"):
        raise ProtocolRefused(_("Only a clinician or a medical lead can keep cases."))


def _may_decide(by, name: str, *must_hold: bool) -> None:
    """Whatever holds back or lets through an approval is the medical lead's to decide."""
    replaced = project_case_named(name)
    if (any(must_hold) or (replaced is not None and replaced.must_hold)) and not may(by, "protocols.approve"):
        raise ProtocolRefused(_(LEAD_ONLY))


def _note(row: ProtocolCase, what: str, by, **detail) -> None:
    record(f"protocol.case_{what}", actor=by, obj=row, detail={"must_hold": row.must_hold, **detail})


def add_case(*, name: str, case: Any, expect: Any, by, must_hold: bool = False, note: str = "") -> ProtocolCase:
    """
    Keep a case for the bench. One under the name of a case of the project takes its place.

    Raises:
        ProtocolRefused: *by* may not, or the case or what it expects is faulty (ExpectsUnknown: by a name).
        CaseNameTaken: the name is in use.
    """
    _may_edit(by)
    name = name.strip()
    _checked(name, case, expect)
    _may_decide(by, name, must_hold)
    try:
        with transaction.atomic():
            row = ProtocolCase.objects.create(
                name=name, case=case, expect=expect, must_hold=must_hold, note=note.strip()[:300], created_by=by, changed_by=by
            )
            _note(row, "added", by)
    except IntegrityError as error:
        raise CaseNameTaken(_("There is a case “%(name)s” already. Enter another name, or change that one.") % {"name": name}) from error
    return row


def edit_case(
    row: ProtocolCase, *, lock_version: int, name: str, case: Any, expect: Any, by, must_hold: bool, note: str = ""
) -> ProtocolCase:
    """
    Change a case, as it was when *lock_version* was read.

    Raises:
        ProtocolRefused, CaseNameTaken: as for adding one. StaleCase: somebody saved it meanwhile; nothing is kept.
    """
    _may_edit(by)
    name = name.strip()
    _checked(name, case, expect)
    try:
        with transaction.atomic():
            stored = ProtocolCase.objects.select_for_update().get(pk=row.pk)
            _may_decide(by, name, must_hold, stored.must_hold)
            _may_decide(by, stored.name)
            _claim(stored, lock_version)
            stored.name, stored.case, stored.expect = name, case, expect
            stored.must_hold, stored.note, stored.changed_by = must_hold, note.strip()[:300], by
            stored.save(update_fields=["name", "case", "expect", "must_hold", "note", "changed_by", "changed_at"])
            _note(stored, "edited", by)
    except IntegrityError as error:
        raise CaseNameTaken(_("There is a case “%(name)s” already. Enter another name, or change that one.") % {"name": name}) from error
    return stored


def switch_case(row: ProtocolCase, *, on: bool, lock_version: int, by, reason: str) -> ProtocolCase:
    """
    Take a case out of the bench or put it back. It stays listed with who did it and why.

    Raises:
        ProtocolRefused: *by* may not, or there is no reason. StaleCase: somebody saved it meanwhile.
    """
    _may_edit(by)
    if not reason.strip():
        raise ProtocolRefused(_("Enter why the case is switched on or off."))
    with transaction.atomic():
        stored = ProtocolCase.objects.select_for_update().get(pk=row.pk)
        if stored.is_active == on:
            return stored
        _may_decide(by, stored.name, stored.must_hold)
        _claim(stored, lock_version)
        stored.is_active, stored.note, stored.changed_by = on, reason.strip()[:300], by
        stored.save(update_fields=["is_active", "note", "changed_by", "changed_at"])
        _note(stored, "switched_on" if on else "switched_off", by)
    return stored


def _claim(row: ProtocolCase, lock_version: int) -> None:
    taken = ProtocolCase.objects.filter(pk=row.pk, lock_version=lock_version).update(lock_version=F("lock_version") + 1)
    if not taken:
        raise StaleCase(ProtocolCase.objects.select_related("changed_by").get(pk=row.pk))
    row.lock_version = lock_version + 1
