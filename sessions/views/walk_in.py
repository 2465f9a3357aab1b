"""Somebody stands at the desk without a booking: found or registered, booked from now and marked as here, with one form."""

from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.permissions import requires
from patients.models import Patient

from ..forms.booking import WalkInForm
from ..models import Booking
from ..services import booking as door
from ..services.hours import sites_of
from .booking import NewPage


class WalkInPage(NewPage):
    """As a new booking, from now on: no day and no time is asked, and no free times are listed unless nobody is free."""

    form_class = WalkInForm
    page, part, opens = "sessions/booking/walk_in.html", "sessions/calendar/partials/walk_in.html", "walk-in"
    done_words = gettext_lazy("Here now")
    made_version = 2  # booked, and marked as here

    def _free(self):
        return None

    def _soonest(self) -> list:
        return []

    def _opened(self) -> dict:
        return {"patient": self.patient.number if self.patient else ""}

    def show(self, *, taken=None, **context):
        """Where the one who was chosen is busy, that is said, and who could take the visit now instead."""
        if taken is not None:
            visit = self.form.visit()
            context["named"] = any(visit[role] is not None for role in ("clinician", "room", "device"))
            if context["named"]:
                asked = {"kind": visit["kind"], "plan": visit["plan"], "patient": self.patient}
                context["instead"] = door.anyone_now(site=self.site, **asked)
            context["taken"] = taken
        return super().show(**context)

    def _made(self, patient: Patient, visit: dict) -> Booking:
        return door.walk_in(patient=patient, by=self.request.user, **visit)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("bookings.edit")
def walk_in(request):
    """A button named `slot` books a later time instead: of those offered where nobody is free now."""
    sites = sites_of(request.user)
    if not sites:
        return render(request, "sessions/booking/no_site.html", status=403)
    page = (NewPage if request.method == "POST" and request.POST.get("slot") else WalkInPage)(request, sites)
    return page.show() if request.method != "POST" else page.find_or_book()
