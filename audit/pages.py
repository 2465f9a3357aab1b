"""
What each address does, in one table: the apps fill it when Django starts, and `audit.middleware` falls back on it.

An address nobody entered is logged too, as "page.opened" or "page.sent": forgetting one costs words, never the row.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import QuerySet

# Called as finder(request, kwargs): primary keys of the patient the address is about, as a query that is not run, or None.
Finder = Callable[[object, dict], QuerySet | None]


@dataclass(frozen=True)
class Page:
    """
    reads: the action of looking at it; empty where nothing of a patient is shown, which leaves no row.
    writes: the action of sending it; empty where sending changes nothing.
    patient: finds whom it is about, also where the person may not know that there is such a patient.
    """

    reads: str = ""
    writes: str = ""
    patient: Finder | None = None

    def action(self, method: str) -> str:
        return self.reads if method in ("GET", "HEAD", "OPTIONS") else self.writes

    def patient_of(self, request) -> int | None:
        """The primary key of the patient the address is about, seen by this person or not; asked only where no view said it."""
        found = self.patient(request, request.resolver_match.kwargs) if self.patient else None
        return None if found is None else found.order_by().first()


UNKNOWN = Page(reads="page.opened", writes="page.sent")
_pages: dict[str, Page] = {}


def register(pages: dict[str, Page]) -> None:
    """Called from AppConfig.ready with {name of the address: page}."""
    _pages.update(pages)


def known() -> dict[str, Page]:
    return dict(_pages)


def page_of(request) -> Page | None:
    """The page the request found its way to; None where there is none at that address."""
    if request.resolver_match is None:
        return None
    return _pages.get(request.resolver_match.view_name, UNKNOWN)
