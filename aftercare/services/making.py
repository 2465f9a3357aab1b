"""A worker makes one sheet. Safe to run twice, at once or again: each sheet is made once."""

import logging
import traceback
from datetime import timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import F
from django.utils import timezone, translation

from audit.services import record

from ..conversion import content_of
from ..facts import SheetCannotBeMade
from ..models import Sheet
from ..render import PRINTED, BadPdf, Pdf, TooLong, render
from . import files, links

log = logging.getLogger(__name__)
AGAIN = "Choose Make again; if it fails again, tell whoever looks after the system."
# What somebody else will mend (a phone number, an approval, room on the disk) is tried again by itself: after a minute, then more
# seldom, for some three days.
LONGEST_PAUSE = timedelta(minutes=10)
MOST_ROUNDS = 450


def make(sheet_id: int) -> bool:
    """Make the sheet if it still waits. Returns True where this call made it. Its problems are kept in English, whoever asked."""
    with translation.override(PRINTED):
        return _make(sheet_id)


def _make(sheet_id: int) -> bool:
    sheet = _claim(sheet_id)
    if sheet is None:
        return False
    try:
        content, link = content_of(sheet), links.link_of(sheet)
        pdf = render(content, code=links.code_of(link, content))
        part = files.write_part(sheet.pk, sheet.attempts, pdf.data)
        return _finish(sheet, pdf, part, link and links.page_of(content))
    except SheetCannotBeMade as reason:
        _fail(sheet, str(reason), mends=True)
    except SoftTimeLimitExceeded:
        _fail(sheet, f"Making this sheet took too long and was stopped. {AGAIN}")
    except MemoryError:
        _fail(sheet, f"Making this sheet needed more memory than one sheet may have, so it was stopped. {AGAIN}")
    except TooLong as error:
        _fail(
            sheet,
            f"The sheet would have {error.pages} pages, which is more than a patient reads. The record is safe. "
            "Tell whoever looks after the system.",
        )
    except BadPdf as error:
        log.error("Sheet %s did not pass its checks: %s", sheet.pk, error)
        _fail(sheet, f"The file that was made did not pass its checks, so it was thrown away. {AGAIN}")
    except OSError as error:
        # The kind alone: a path or a message may name a patient's file.
        log.error("Sheet %s could not be stored: %s", sheet.pk, type(error).__name__)
        _fail(sheet, "The sheet could not be stored. Check that the disk has room: the sheet is then made.", mends=True)
    except Exception as error:
        # Where it happened, never the message: it may hold a name.
        log.error("Sheet %s failed: %s\n%s", sheet.pk, type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
        _fail(sheet, f"Something in the sheet's making went wrong ({type(error).__name__}). {AGAIN}")
    return False


def _claim(sheet_id: int) -> Sheet | None:
    """Take a waiting sheet. The count of attempts is what tells this worker from an earlier or later one."""
    with transaction.atomic():
        taken = Sheet.objects.filter(pk=sheet_id, state=Sheet.State.REQUESTED).update(
            state=Sheet.State.RENDERING, started_at=timezone.now(), attempts=F("attempts") + 1
        )
        if not taken:
            return None
        sheet = Sheet.objects.get(pk=sheet_id)
    if sheet.attempts > 1:
        files.drop_part(sheet.pk, sheet.attempts - 1)
    return sheet


def _still_mine(sheet: Sheet):
    return Sheet.objects.filter(pk=sheet.pk, state=Sheet.State.RENDERING, attempts=sheet.attempts)


def _finish(sheet: Sheet, pdf: Pdf, part: str, page: str | None) -> bool:
    """page: of its link, where it has one. The row and the file's name change together: a worker that lost its claim changes neither."""
    name = files.name_of(sheet.pk)
    with transaction.atomic():
        mine = _still_mine(sheet).update(
            state=Sheet.State.READY,
            file=name,
            sha256=files.sha256(pdf.data),
            pages=pdf.pages,
            finished_at=timezone.now(),
            problem="",
            again_at=None,
        )
        if mine:
            if page:
                links.keep(sheet, page)
            record(
                "sheet.made",
                patient=sheet.session.patient_id,
                obj=sheet,
                detail={"pages": pdf.pages, "attempts": sheet.attempts, "paper": sheet.variant},
            )
            files.promote(part, name)
    if not mine:
        files.drop_part(sheet.pk, sheet.attempts)
    return bool(mine)


def _fail(sheet: Sheet, problem: str, *, mends: bool = False) -> None:
    """mends: it is tried again by itself, because what is missing lies outside this sheet. Only the first of its kind is logged."""
    files.drop_part(sheet.pk, sheet.attempts)
    now, problem = timezone.now(), problem[:300]
    waits = mends and sheet.superseded_at is None and sheet.rounds < MOST_ROUNDS
    again_at = now + min(timedelta(minutes=2 ** min(sheet.rounds, 6)), LONGEST_PAUSE) if waits else None
    with transaction.atomic():
        failed = _still_mine(sheet).update(state=Sheet.State.FAILED, problem=problem, finished_at=now, again_at=again_at)
        if failed and problem != sheet.problem:
            record("sheet.failed", patient=sheet.session.patient_id, obj=sheet, detail={"attempts": sheet.attempts})
