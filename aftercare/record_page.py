"""The sheet's place on the page of a signed record."""

from django.db.models import Prefetch

from sessions.models import TreatmentSession
from sessions.record_sections import RecordSection

from .models import HandOver, Sheet
from .services.requests import sheet_of


def sheet_section(session: TreatmentSession, user) -> RecordSection | None:
    if not session.is_signed or not user.may("sheets.view"):
        return None
    given = Sheet.objects.filter(session=session, hand_overs__isnull=False).distinct().order_by("record_version", "pk")
    given = given.prefetch_related(Prefetch("hand_overs", HandOver.objects.select_related("by")))
    shown = {"sheet": sheet_of(session), "given": given, "may_make": user.may("sheets.make")}
    return RecordSection("aftercare/partials/_record_section.html", shown)
