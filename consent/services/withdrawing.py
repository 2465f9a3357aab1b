"""Taking consent back: at once, by whoever may give it, with or without a reason."""

from django.db import transaction
from django.utils import timezone

from audit.services import gathered, record

from ..lock import hold
from ..models import ConsentItem, ConsentWithdrawal
from ..standing import newest_items


def withdraw(patient, items: list[ConsentItem], *, said_by: str, reason: str, by) -> list[ConsentWithdrawal]:
    """
    Withdraw *items*; one that was withdrawn before stays as it was. A treatment that is being started waits for this, or this for it
    (`consent.lock`): whichever comes second knows of the first.

    What was signed for the same thing meanwhile is withdrawn with it: the patient means the treatment, not a piece of paper.
    """
    with transaction.atomic(), gathered():
        hold(patient)
        now, made = timezone.now(), []
        newest = newest_items(patient)
        for key in dict.fromkeys((item.kind, item.code) for item in items):
            item = newest[key]
            row, is_new = ConsentWithdrawal.objects.get_or_create(
                item=item, defaults={"said_by": said_by, "reason": reason, "recorded_by": by, "at": now}
            )
            if is_new:
                made.append(row)
                record("consent.withdrawn", actor=by, patient=patient, obj=item.consent, detail={"kind": item.kind, "code": item.code})
    return made
