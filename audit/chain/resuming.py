"""
Going on after a restore or a break. Nothing is made good: what is wrong is written down, in a row of the log and in a line
outside the database, and the chain goes on from there. What is in that record counts as told; whatever comes after it does not.
"""

import secrets
import shutil

from django.db.models import Max

from audit.models import AuditEvent, AuditSeal
from audit.services import record

from . import anchors, folder, heads, reading, sealing
from .findings import CUT, HEADS, INSERTED, MISSING, MOVED, Report
from .heads import Head
from .links import first_link, restart_link
from .verifying import verify

MOST_TOLD = 400  # findings one record names
LOST = "lost"


def resume(reason: str, *, actor=None, source: str = "", backup_made_at: str = "") -> AuditEvent:
    """
    Let the chain go on and return the row that says so, action "chain.resumed", sealed.

    reason: why, in words of whoever decides it; no patient data. source: the backup it was restored from, if one was; its moment in
    *backup_made_at*, as text. Where the key or the list of heads is lost, both begin anew; what is left of them is kept aside.
    Rows that are not signed, or cannot be read, are named and sealed as they lie. Raises Unusable where nothing can be written.
    """
    with folder.alone():
        unchecked = _begin_anew_if_lost()
        secret = folder.make_key()
        report = Report() if unchecked else verify(most=MOST_TOLD)
        detail = _detail(reason, source, backup_made_at, report, unchecked)
        row = record("chain.resumed", actor=actor, detail=detail)
        adopted = [finding.row for finding in report.findings if finding.kind in (INSERTED, MOVED) and not finding.position]
        heads.append(secret, _line(secret, report, unchecked, row), new_file=any(one.kind == HEADS for one in report.findings))
    sealing.Sealer(adopt=[*adopted, *_unsigned()]).all()
    with folder.alone():
        anchors.make(secret)
    return row


def _begin_anew_if_lost() -> int:
    """Put aside what can no longer be read, and begin key or list anew; return the position up to which nothing can be checked any more."""
    end = AuditSeal.objects.aggregate(end=Max("id"))["end"] or 0
    try:
        secret = folder.key()
    except folder.Unusable:
        secret = None
    if secret is not None and _list_is_there(secret):
        return 0
    if not end and not heads.exist() and not folder.key_path().exists():
        return 0  # nothing was sealed yet
    key_is_lost = secret is None or not _key_fits(secret)
    aside = folder.make() / f"{LOST}-{heads.now().replace(':', '')}-{secrets.token_hex(2)}"
    for path in (*((folder.key_path(), anchors.folder_of_anchors()) if key_is_lost else ()), *heads.files()):
        if path.exists():
            aside.mkdir(mode=0o700, exist_ok=True)
            shutil.move(path, aside / path.name)
    folder.sync_folder(folder.place())
    secret = folder.make_key()
    heads.append(secret, Head(heads.BEGUN, 0, 0, first_link(secret)))
    return end if key_is_lost else 0


def _list_is_there(secret: bytes) -> bool:
    try:
        return heads.exist() and heads.last(secret) is not None and heads.first(secret) is not None
    except folder.Unusable:
        return False


def _key_fits(secret: bytes) -> bool:
    """Whether some link of the chain was made with this key."""
    seals = list(AuditSeal.objects.order_by("id").values_list("id", "event_id", "link")[:200])
    found = reading.rows(row for _, row, _ in seals)
    before = first_link(secret)
    for position, number, stored in seals:
        row = found.get(number)
        if row is not None and sealing.link(secret, before, position, number, row.said, row.signature) == stored:
            return True
        before = stored
    return not seals


def _line(secret: bytes, report: Report, unchecked: int, row: AuditEvent) -> Head:
    head = heads.last(secret) or Head(heads.BEGUN, 0, 0, first_link(secret))
    end = reading.seals().order_by("-id").values_list("id", "event_id", "link").first() or (0, 0, "")
    position = max(head.position, end[0])
    wrong_after = any(one.last_position >= head.position or one.position > head.position for one in report.findings if one.kind != CUT)
    if unchecked or (end[0] > head.position and wrong_after):
        link = restart_link(secret, position, head.link, end[2])
    else:
        link = end[2] if end[0] > head.position else head.link
    known = [one.key for one in (*report.known, *report.findings)][:MOST_TOLD]
    more = {"known": known, "record": row.pk}
    if unchecked:
        more["unchecked_to"] = unchecked
    return Head(heads.RESUMED, position, max(head.row, end[1]), link, more=more)


def _detail(reason: str, source: str, backup_made_at: str, report: Report, unchecked: int) -> dict:
    detail: dict = {"reason": reason, "findings": report.count}
    if source:
        detail["source"] = source
    if backup_made_at:
        detail["backup_made_at"] = backup_made_at
    if unchecked:
        detail["unchecked_to"] = unchecked
    if report.findings:
        detail["wrong"] = [{"what": one.kind, "position": one.position, "row": one.row} for one in report.findings[:20]]
    if gaps := [one for one in report.findings if one.kind in (CUT, MISSING)]:
        detail["missing"] = [[one.position, one.last_position] for one in gaps[:20]]
    return detail


def _unsigned() -> list[int]:
    """Rows that wait and that this program did not sign, for example because SECRET_KEY is another one since the restore."""
    newest = reading.seals().order_by("-event_id").values_list("event_id", flat=True).first() or 0
    numbers = AuditEvent.objects.order_by("pk").filter(pk__gt=newest).values_list("pk", flat=True)
    return [number for some in reading.portions(numbers) for number, row in reading.rows(some).items() if not row.is_ours]
