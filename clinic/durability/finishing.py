"""What follows when the rows and files of a backup are in place: this version's tables, guards, the audit chain, the erasures since."""

from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from audit import guards, read_only
from audit.chain import Unusable, anchors, resume, verifying
from audit.chain.sealing import Sealer
from audit.services import record
from clinic.rights import journal

from . import beside, files


@dataclass
class Finished:
    """Each a list of words. problems: the clinic is back, and this is not as it should be."""

    proofs: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def finish(backup: Path, *, made_at: str, rows: int, stored: int, anchor: Path | None) -> Finished:
    """Bring the restored clinic to today. backup: the file it came from; the anchor and journal beside it are used."""
    done = Finished()
    call_command("migrate", verbosity=0, interactive=False)
    absent = guards.missing()
    if absent:
        done.problems.append(f"guards that do not stand: {', '.join(absent)}")
    else:
        done.proofs.append("every guard stands")
    _chain(done, backup, made_at, anchor)
    with transaction.atomic():
        record("backup.restored", detail={"file": backup.name, "made_at": made_at, "rows": rows, "files": stored})
    _erasures(done, backup)
    _seal(done)
    wrong = files.not_as_made(connection)
    if wrong:
        done.problems.append(f"{len(wrong)} files that rows name are gone or changed, first {wrong[0]}")
    return done


def _chain(done: Finished, backup: Path, made_at: str, anchor: Path | None) -> None:
    """Prove the chain as it came, then let it go on with a record of the restore, so that the hole is told and not hidden."""
    try:
        report = verifying.verify()
        if report.is_whole:
            done.proofs.append(f"the audit chain holds: {report.checked} sealed rows, {report.waiting} that waited for their seal")
        else:
            done.problems.append(f"the audit chain was broken already when the backup was made: {report.first.words}")
        known = [one for path in _anchors(backup, anchor) if (one := _read(path, done))]
        newest = max(known, key=lambda one: one.position, default=None)
        lost = newest.position - report.position if newest else 0
        words = f"Restored from {backup.name}."
        if lost > 0:
            words += f" At least {lost} rows that were sealed after it are not in this log: anchor {newest.number} tells of them."
            done.notes.append(f"At least {lost} audit rows were sealed after this backup and are not in it.")
        elif newest:
            held = verifying.verify(against=newest)
            if held.is_whole or not report.is_whole:
                done.proofs.append(f"the chain holds what anchor {newest.number} says")
            else:
                done.problems.append(held.first.words)
        resume(words, source=backup.name, backup_made_at=made_at)
        done.proofs.append("the chain goes on with a signed record of this restore")
        if said := read_only.lift():  # the clinic may have been read-only when it was saved
            done.problems.append(f"the clinic stays read-only: {said}")
    except Unusable as problem:
        done.problems.append(str(problem))


def _seal(done: Finished) -> None:
    """Now, while the key that signed the rows is at hand: the clinic may start with another one."""
    try:
        Sealer().all()
    except Unusable as problem:
        done.problems.append(str(problem))


def _anchors(backup: Path, named: Path | None) -> list[Path]:
    """Anchors that may be newer than the backup: the one named, those beside it, those of the place that was set aside."""
    here = Path(settings.AUDIT_DIR)
    aside = sorted(here.parent.glob(f"{here.name}{journal.SET_ASIDE}*/anchors/anchor-[0-9]*.txt"))
    return [*([named] if named else []), *beside.found_anchors(backup.parent), *aside]


def _read(path: Path, done: Finished):
    try:
        return anchors.read(path)
    except anchors.NoAnchor as problem:
        done.problems.append(str(problem))
        return None


def _erasures(done: Finished, backup: Path) -> None:
    again = journal.reapply(*beside.found_journals(backup.parent))
    if again.erased:
        done.notes.append(f"{len(again.erased)} patients who were erased after the backup were erased again.")
    done.problems += again.problems
    done.proofs.append(f"every erasure in the journal holds ({again.known + again.noted + len(again.erased)})")
