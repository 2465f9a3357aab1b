"""The sheet's place on the page of a signed record."""

from sessions.models import TreatmentSession
from sessions.record_sections import RecordSection

from .services.requests import sheet_of


def sheet_section(session: TreatmentSession, user) -> RecordSection | None:
    if not session.is_signed or not user.may("sheets.view"):
        return None
    return RecordSection("aftercare/partials/_record_section.html", {"sheet": sheet_of(session), "may_make": user.may("sheets.make")})
