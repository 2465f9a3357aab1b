"""What somebody is signed off for is recorded and ended; the prescriber's mark is set. Each says in the log who did it."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.services import record

from ..models import Competence, User


class AlreadyEnded(Exception):
    """Somebody else ended it meanwhile. `row` says who and when."""

    def __init__(self, row: Competence):
        super().__init__(f"{row} was ended already")
        self.row = row


def record_competence(user: User, *, by: User, request_key: str, request=None, **fields) -> Competence:
    """Record what *user* is signed off for, once per *request_key*: a second press returns the first's row."""
    try:
        with transaction.atomic():
            existing = Competence.objects.filter(request_key=request_key).first()
            if existing is not None:
                return existing
            row = Competence.objects.create(user=user, recorded_by=by, request_key=request_key, **fields)
            record("competence.recorded", actor=by, obj=row, request=request, detail={"user": user.pk})
            return row
    except IntegrityError:
        # Two presses at once: one made the row, the other shows it. Any other refusal of the database is a fault.
        existing = Competence.objects.filter(request_key=request_key).first()
        if existing is None:
            raise
        return existing


def end(row: Competence, *, by: User, reason: str, request=None) -> Competence:
    """
    End *row* now. It stays to be read.

    Raises:
        AlreadyEnded: it was.
    """
    with transaction.atomic():
        ended = Competence.objects.filter(pk=row.pk, ended_at__isnull=True).update(
            ended_at=timezone.now(), ended_by=by, ended_reason=reason
        )
        stored = Competence.objects.select_related("ended_by").get(pk=row.pk)
        if not ended:
            raise AlreadyEnded(stored)
        record("competence.ended", actor=by, obj=stored, request=request, detail={"user": stored.user_id})
    return stored


def set_prescriber(user: User, *, by: User, is_prescriber: bool, number: str = "", until=None, request=None) -> User:
    """Set or take away the prescriber's mark, with its registration. Nothing changed: nothing is written."""
    new = (is_prescriber, number if is_prescriber else "", until if is_prescriber else None)
    with transaction.atomic():
        stored = User.objects.select_for_update().get(pk=user.pk)
        if new == (stored.is_prescriber, stored.prescriber_number, stored.prescriber_until):
            return stored
        before = stored.is_prescriber
        stored.is_prescriber, stored.prescriber_number, stored.prescriber_until = new
        stored.save(update_fields=["is_prescriber", "prescriber_number", "prescriber_until"])
        record("user.prescriber_set", actor=by, obj=stored, request=request, detail={"before": before, "now": is_prescriber})
    return stored
