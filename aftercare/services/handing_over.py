"""A sheet given into somebody's hands is noted: which version, by whom, to whom, when."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from audit.services import record

from ..models import HandOver, Sheet

LONGEST_NAME = 120


class NotToBeGiven(Exception):
    """Nothing is noted; the message says why and what to do."""


def hand_over(sheet: Sheet, *, by, to: str, name: str = "", request_key: str, request=None) -> HandOver:
    """
    Note that *by* gave *sheet* to the patient, to somebody with the patient (*name*) or into the post. The same *request_key* notes once.

    Raises:
        NotToBeGiven: it is not ready, a newer version took its place, or nobody is named.
    """
    name = " ".join(name.split())
    if to not in HandOver.To.values:
        raise NotToBeGiven(gettext("Choose who was given the sheet."))
    if to == HandOver.To.COMPANION and not name:
        raise NotToBeGiven(gettext("Enter the name of who was given the sheet."))
    if len(name) > LONGEST_NAME:
        raise NotToBeGiven(gettext("The name is too long: %(most)s letters at most.") % {"most": LONGEST_NAME})
    request_key = f"{sheet.pk}-{request_key}"
    with transaction.atomic():
        row = Sheet.objects.select_for_update(of=("self",)).get(pk=sheet.pk)
        # Asked behind the lock: the second press of a double click waits there for the first.
        existing = HandOver.objects.filter(request_key=request_key).first()
        if existing is not None:
            return existing
        if row.superseded_at is not None:
            raise NotToBeGiven(gettext("A newer version took this sheet's place. Give that one."))
        if row.state != Sheet.State.READY:
            raise NotToBeGiven(gettext("The sheet is not ready yet, so it was not given to anybody."))
        given = HandOver.objects.create(
            sheet=row, to=to, name=name if to == HandOver.To.COMPANION else "", at=timezone.now(), by=by, request_key=request_key
        )
        record(
            "sheet.handed_over",
            actor=by,
            patient=row.session.patient_id,
            obj=row,
            request=request,
            detail={"record_version": row.record_version, "to": to, "sha256": row.sha256},
        )
    return given
