"""On the day of a visit: who comes late and what still fits, and a session that did not take place booked again with one press."""

import datetime as dt
import uuid

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from accounts.permissions import requires
from accounts.versioning import StaleRow

from ..forms.booking import LateForm
from ..models import Booking, Resource
from ..services import lateness, visit_steps
from ..services.course_again import book_again, take_back
from ..services.course_move import visits_of_course
from ..services.refusals import BookingRefused, SlotTaken
from .calendar_drawer import Toast, Undo, on_the_calendar
from .visit import answered, place_of, show_visit, stale, visit_or_404, when_words
from .visit_move import steps_back, was


def _version(request) -> int | None:
    typed = request.POST.get("version", "")
    return int(typed) if typed.isdecimal() and len(typed) < 10 else None


@require_POST
@requires("bookings.edit")
def late(request, pk: int):
    """How late the patient said to be. Nothing is moved by it: what still fits is shown, and pressed."""
    booking = visit_or_404(request, pk)
    form = LateForm(request.POST)
    if not form.is_valid():
        return show_visit(request, booking, status=422, late_form=form)
    minutes = form.cleaned_data["late"]
    if minutes is None and booking.late_minutes is None:
        form.add_error("late", gettext("Enter how many minutes late"))
        return show_visit(request, booking, status=422, late_form=form)
    try:
        changed = visit_steps.say_late(booking, minutes=minutes, by=request.user, version=_version(request))
    except StaleRow:
        return stale(request, booking, late_form=form)
    except BookingRefused as refused:
        form.add_error("late" if refused.field == "late" else None, refused.message)
        return show_visit(request, booking, status=409 if refused.field != "late" else 422, late_form=form)
    if minutes is None:
        return answered(request, changed, Toast(gettext("%(patient)s: not late after all.") % {"patient": changed.patient}))
    undo = Undo(reverse("sessions:late", args=[pk]), {"version": str(changed.version), "late": ""})
    return answered(
        request, changed, Toast(gettext("%(patient)s: %(minutes)s\u00a0min late.") % {"patient": changed.patient, "minutes": minutes}, undo)
    )


@require_POST
@requires("bookings.edit")
def begin(request, pk: int):
    """Begin when the late patient comes and end as booked."""
    booking = visit_or_404(request, pk)
    before = place_of(booking)
    try:
        moved = lateness.begin_late(booking, by=request.user, version=_version(request))
    except StaleRow:
        return stale(request, booking)
    except BookingRefused as refused:
        return show_visit(request, booking, status=409, refused=refused, taken=refused if isinstance(refused, SlotTaken) else None)
    undo = Undo(reverse("sessions:move", args=[pk]), {**before, "version": str(moved.version), "undone": "1"})
    words = gettext("Begins %(moved)s and ends as booked.") % {"moved": when_words(moved)}
    return answered(request, moved, Toast(words, undo, on_the_calendar(request, moved)))


@require_POST
@requires("bookings.edit")
def again(request, pk: int):
    """A missed or cancelled session at a time that was shown, the later visits as shown beside it."""
    booking = visit_or_404(request, pk)
    if request.POST.get("new"):
        return _take_back(request, booking)
    when, _, clinician = request.POST.get("time", "").partition("/")
    try:
        starts_at = dt.datetime.fromisoformat(when).astimezone(dt.UTC)
        key = str(uuid.UUID(request.POST.get("request_key", "")))
    except ValueError:
        return show_visit(
            request, booking, status=422, refused=BookingRefused(gettext("Choose one of the times shown under “What follows”."))
        )
    person = None
    if clinician.isdecimal() and len(clinician) < 10:
        rows = Resource.objects.at(booking.site).filter(kind=Resource.Kind.CLINICIAN).select_related("user", "site")
        person = rows.filter(pk=int(clinician)).first()
    token = request.POST.get("token", "")[:40]
    before = {row.pk: row for row in visits_of_course(booking)}
    try:
        new, *moved = book_again(booking, starts_at=starts_at, clinician=person, by=request.user, request_key=key, token=token)
    except SlotTaken as taken:
        return show_visit(request, booking, status=409, refused=taken)
    except BookingRefused as refused:
        return show_visit(request, booking, status=409, refused=refused)
    words = gettext("Booked again: %(patient)s, %(new)s.") % {"patient": new.patient, "new": when_words(new)}
    if moved:
        words += gettext(" Moved along: %(visits)s.") % {"visits": "; ".join(f"{row.title}, {when_words(row)}" for row in moved)}
    undo = None
    if new.pk not in before:  # a second press of the same button has made nothing that it could take back
        back = " ".join(was(before[row.pk], row.version) for row in moved)
        undo = Undo(reverse("sessions:again", args=[pk]), {"new": f"{new.pk}/{new.version}", "back": back})
    return answered(request, new, Toast(words, undo, on_the_calendar(request, new)))


def _take_back(request, booking: Booking):
    """The new visit and what moved along with it, back in one step."""
    pk, _, version = request.POST["new"].partition("/")
    new = next((row for row in visits_of_course(booking) if str(row.pk) == pk and row.session_number == booking.session_number), None)
    if not version.isdecimal() or len(version) > 9:
        raise Http404
    steps = steps_back(request, booking) if request.POST.get("back") else []
    if new is None or new.pk == booking.pk:
        refused = BookingRefused(gettext("Somebody has changed this visit meanwhile. Look at the course before you go on."))
        return show_visit(request, booking, status=409, refused=refused)
    try:
        moved = take_back(new, steps, by=request.user, version=int(version))
    except StaleRow:
        return stale(request, booking)
    except BookingRefused as refused:
        return show_visit(request, visit_or_404(request, booking.pk), status=409, refused=refused)
    words = gettext("Taken back: session %(session_number)s is not booked again.") % {"session_number": booking.session_number}
    if moved:
        words += (
            gettext(" The later visit is back where it was.")
            if len(moved) == 1
            else gettext(" %(count)s later visits are back where they were.") % {"count": len(moved)}
        )
    return answered(request, visit_or_404(request, booking.pk), Toast(words, None, on_the_calendar(request, booking)))
