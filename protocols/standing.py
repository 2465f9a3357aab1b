"""Where a version stands: what happened to it, what is in the way, and what the reader may do next."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.permissions import may
from planner.errors import Fault

from .comparison import compare, stable
from .comparison_words import NOT_SAID
from .models import ProtocolStep, ProtocolVersion, VersionStatus
from .services import approval_conditions, faults_in_the_way, what_keeps

ORDER = (VersionStatus.DRAFT, VersionStatus.IN_REVIEW, VersionStatus.APPROVED, VersionStatus.RETIRED)


@dataclass(frozen=True)
class Event:
    what: str
    by: str
    at: dt.datetime
    reason: str = ""


@dataclass(frozen=True)
class FaultGroup:
    """Faults of one section of the pack, each as (name of the value, what is wrong)."""

    section: str
    faults: tuple[tuple[str, str], ...]


@dataclass
class Standing:
    version: ProtocolVersion
    approved: ProtocolVersion | None
    events: list[Event]
    faults: list[FaultGroup] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    differences: int | None = None
    can_edit: bool = False
    can_approve: bool = False
    can_send_back: bool = False
    can_delete: bool = False

    @property
    def stages(self) -> list[tuple[str, str]]:
        """(word, "past", "now" or "next") of the four stages."""
        here = ORDER.index(self.version.status)
        return [(one.label, "past" if place < here else "now" if place == here else "next") for place, one in enumerate(ORDER)]

    @property
    def fault_count(self) -> int:
        return sum(len(group.faults) for group in self.faults)

    @property
    def is_clear(self) -> bool:
        """True where nothing is in the way of an approval."""
        return not self.faults and not self.blocks


def grouped(faults: list[Fault], document: object) -> list[FaultGroup]:
    """*faults* by section, each named by ids, in the order in which they came."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for fault in faults:
        name = stable(document, fault.path) if fault.path else ""
        # Of what is no pack, a path is a line or the name of the file, not a section.
        section = (name.split(".")[0].split("[")[0] if isinstance(document, Mapping) else "") or _("The pack")
        sections.setdefault(section, []).append((name or _("the pack"), fault.message))
    return [FaultGroup(section, tuple(lines)) for section, lines in sections.items()]


def events_of(version: ProtocolVersion) -> list[Event]:
    """Who did what and when, the oldest first; edits of a draft as one line."""
    made = _("Draft made from %(version)s") % {"version": version.based_on.version} if version.based_on else _("Loaded as a draft")
    by = version.created_by.display_name if version.created_by else _("The system")
    found = [Event(made, by, version.created_at, version.note)]
    edits = [edit.made_by.display_name for edit in version.edits.select_related("made_by").only("made_by")]
    if edits and version.edited_at:
        saves = ngettext("Edited, %(n)s save", "Edited, %(n)s saves", len(edits)) % {"n": len(edits)}
        found.append(Event(saves, ", ".join(dict.fromkeys(edits)), version.edited_at))
    steps = version.steps.select_related("made_by")
    found += [Event(step.get_step_display(), step.made_by.display_name, step.made_at, step.reason) for step in steps]
    if version.approved_at and not any(step.step == ProtocolStep.Step.APPROVED for step in steps):
        found.append(Event(_("Approved"), version.approved_by.display_name, version.approved_at, version.approval_reason))
    return sorted(found, key=lambda event: event.at)


def standing(version: ProtocolVersion, user) -> Standing:
    """Everything the page says of where *version* stands, for *user*."""
    rows = ProtocolVersion.objects.select_related("approved_by").defer("document").filter(status=VersionStatus.APPROVED)
    found = Standing(
        version=version,
        approved=rows.exclude(pk=version.pk).first(),
        events=events_of(version),
        can_edit=may(user, "protocols.edit"),
        can_approve=may(user, "protocols.approve"),
        can_delete=may(user, "protocols.delete") and not what_keeps(version, user),
    )
    open_to_change = version.status in (VersionStatus.DRAFT, VersionStatus.IN_REVIEW)
    found.can_send_back = version.status == VersionStatus.IN_REVIEW and (
        found.can_approve or (found.can_edit and version.submitted_by_id == user.pk)
    )
    if open_to_change and (found.can_edit or found.can_approve):
        document = json.loads(version.document)
        found.faults = grouped(faults_in_the_way(version), document)
        if not found.faults and version.status == VersionStatus.IN_REVIEW:
            found.blocks = approval_conditions(version)
        if found.approved is not None:
            before = json.loads(found.approved.document)
            found.differences = sum(one.path not in NOT_SAID for one in compare(before, document))
    return found
