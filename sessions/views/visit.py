"""A visit that stands: showing, moving and cancelling it, and each step of its day. On its page, and in the calendar's drawer."""

import datetime as dt
import re
import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.addresses import inside
from accounts.permissions import requires
from accounts.templatetags.clinic_format import in_words
from accounts.versioning import StaleRow
from audit.models import AuditEvent
from audit.services import about, note_nothing_new, note_read

from ..forms.booking import CancelForm, LateForm, MoveForm, ReturnForm
from ..models import Booking
from ..services import booking as door
from ..services import gap, late, visit_status, visit_steps
from ..services.away import away_words
from ..services.course_again import consequence_of
from ..services.hours import clinic_zone, clinician_minutes, local_day, visit_again
from ..services.lateness import still_fits
from ..services.refusals import BookingRefused, SlotTaken
from ..services.taking_back import take_back
from .calendar_drawer import DRAWER, UNDO_SECONDS, Toast, Undo, drawer_reply, part_of, toast_reply
from .check_in import asks_left, check_in_of, consent_of
from .visit_history import news, steps_of

SLOT_ROLES = ("clinician", "room", "device")
_A_DAY = re.compile(r"/calendar/(\d{4}-\d\d-\d\d/)?")


def visit_or_404(request, pk: int) -> Booking:
    rows = Booking.objects.visible_to(request.user).with_names().select_related("site", "created_by")
    booking = get_object_or_404(rows, pk=pk)
    about(booking.patient_id)
    return booking


@require_safe
@requires("bookings.view")
def detail(request, pk: int):
    """Asked by an open drawer whether what it shows still stands (`poll`, with the version and the last step it has seen): what is new."""
    if "poll" in request.GET:
        return _since(request, pk)
    booking = visit_or_404(request, pk)
    response = show_visit(request, booking)
    note_read("booking.viewed", request=request, patient=booking.patient, obj=booking)
    return response


def _since(request, pk: int):
    sent = [request.GET.get(name, "") for name in ("seen", "after")]
    seen, after = (int(number) if number.isdecimal() and len(number) < 19 else 0 for number in sent)
    if Booking.objects.visible_to(request.user).filter(pk=pk, version=seen).exists():
        note_nothing_new()
        return HttpResponse(status=204)
    booking = visit_or_404(request, pk)
    note_read("booking.viewed", request=request, patient=booking.patient, obj=booking, detail={"news": True})
    return news(request, booking, after=after)


def visit_context(request, booking: Booking, *, status: int = 200, move_form=None, cancel_form=None, late_form=None, **context) -> dict:
    """What the page of a visit and the drawer show of it."""
    zone = clinic_zone(booking.site)
    today = local_day(timezone.now(), zone)
    day = local_day(booking.starts_at, zone)
    waiting = booking.status in (Booking.Status.BOOKED, Booking.Status.ARRIVED)
    history = steps_of(booking)
    begins = waiting or (booking.status == Booking.Status.IN_ROOM and getattr(booking, "record", None) is None)
    return {
        "booking": booking,
        "patient": booking.patient,
        "day": day,
        "is_today": day == today,
        "is_waiting": waiting,
        "has_begun": booking.starts_at <= timezone.now(),
        "is_gone": not booking.is_live,
        "can_return": not booking.is_live and not visit_status.is_over(booking),
        "numbing": visit_steps.numbing_of(booking),
        "can_numb": booking.status == Booking.Status.ARRIVED and bool(visit_steps.numbing_minutes(booking)),
        "can_be_late": booking.status == Booking.Status.BOOKED and day == today,
        "still_fits": still_fits(booking) if day == today else None,
        "follows": consequence_of(booking, by=request.user) if request.user.may("bookings.edit") else None,
        "again_key": uuid.uuid4(),
        "visit_words": visit_again(booking).words(),
        "late": gap.late_words(booking),
        "soon": gap.soon_words(booking),
        "away": away_words([booking]).get(booking.pk, ""),
        "check_in": check_in_of(booking, request.user),
        "consent": consent_of(booking, request.user),
        "can_start": booking.kind == Booking.Kind.SESSION
        and booking.plan_id is not None
        and begins
        and not visit_status.not_its_day(booking),
        "can_enter_late": request.user.may("records.sign") and late.may_be_entered(booking),
        "has_record": getattr(booking, "record", None) is not None,
        "record": getattr(booking, "record", None) if request.user.may("records.view") else None,
        "move_form": move_form or (MoveForm(booking=booking, today=today) if waiting else None),
        "cancel_form": cancel_form or (CancelForm(initial={"version": booking.version}) if waiting else None),
        "late_form": late_form or LateForm(initial={"version": booking.version, "late": booking.late_minutes}),
        "history": history,
        "last_step": history[-1][1].pk if history else 0,
        "errors_on_page": status == 422,
        **context,
    }


def show_visit(request, booking: Booking, *, status: int = 200, toast: Toast | None = None, changed: bool = False, **context):
    context = visit_context(request, booking, status=status, **context)
    with timezone.override(clinic_zone(booking.site)):  # on the clock of the site the visit is at
        if part_of(request):
            opened = {"open": str(booking.pk)}
            template = "sessions/calendar/partials/visit.html"
            return drawer_reply(request, template, context, status=status, open=opened, toast=toast, changed=booking.pk if changed else 0)
        return render(request, "sessions/booking/detail.html", context, status=status)


def when_words(booking: Booking) -> str:
    """`Tue 24 Nov 2026, 10:00`."""
    local = booking.starts_at.astimezone(clinic_zone(booking.site))
    return f"{in_words(local.date(), weekday=True)}, {local:%H:%M}"


def stale(request, booking: Booking, **forms):
    """409: what stands now, by whom, with what was typed kept; its form carries the version that stands."""
    fresh = visit_or_404(request, booking.pk)
    last = AuditEvent.objects.filter(object_type=fresh._meta.label_lower, object_pk=str(fresh.pk)).exclude(action="booking.viewed").first()
    for form in forms.values():
        if form is not None:
            form.data = form.data.copy()
            form.data["version"] = fresh.version
    return show_visit(request, fresh, status=409, stale=last or True, changed=True, **forms)


def answered(request, booking: Booking, toast: Toast, back: str = ""):
    """Said where it was pressed: on the visit's page or the list it came from, in the drawer, or beside the columns."""
    part = part_of(request)
    if part == DRAWER:
        return show_visit(request, visit_or_404(request, booking.pk), toast=toast, changed=True)
    if part:
        return toast_reply(request, toast, changed=booking.pk)
    link = toast.show if toast.show and not toast.show[1].startswith(reverse("sessions:day")) else None
    words = format_html('{} <a href="{}">{}</a>', toast.words, link[1], link[0]) if link else toast.words
    messages.success(request, with_undo(request, words, toast.undo, back))
    if back.partition("?")[0] == reverse("clinic:today"):
        back = f"{back.partition('#')[0]}#b{booking.pk}"  # the row it was pressed in
    return redirect(back or reverse("sessions:booking", args=[booking.pk]))


def with_undo(request, words: str, undo: Undo | None, back: str = "") -> str:
    """*words* of what was pressed on a page, and the way back beside them. back: the list it was pressed on."""
    if undo is None:
        return words
    sent = {"csrfmiddlewaretoken": get_token(request), **undo.fields, **({"next": back} if back else {})}
    fields = format_html_join("", '<input type="hidden" name="{}" value="{}">', sent.items())
    form = '<form method="post" action="{}" data-until="{}">{}<button class="btn sm">{}</button></form>'
    return format_html("<span>{}</span> {}", words, format_html(form, undo.url, UNDO_SECONDS, fields, gettext("Undo")))


def place_of(booking: Booking) -> dict[str, str]:
    """Where a visit is, as the form of a move sends it."""
    local = booking.starts_at.astimezone(clinic_zone(booking.site))
    roles = {role: str(getattr(booking, f"{role}_id") or "") for role in SLOT_ROLES}
    which = "second" if local.fold else "first"
    return {"day": local.date().isoformat(), "time": f"{local:%H:%M}", "which": which, "minutes": str(clinician_minutes(booking)), **roles}


def take_slot(data, slot: str) -> None:
    """A pressed time, `2026-11-24T10:00/12/5/8`: day, time, clinician, room and device as if they had been typed."""
    when, *named = slot.split("/")
    try:
        moment = dt.datetime.fromisoformat(when)
    except ValueError as error:
        raise Http404 from error
    data["day"], data["time"] = moment.date().isoformat(), f"{moment:%H:%M}"
    for role, pk in zip(SLOT_ROLES, named, strict=False):
        data[role] = pk


@require_POST
@requires("bookings.edit")
def cancel(request, pk: int):
    """POST `undone` takes back a booking that was just made: no reason is asked, and only as long as nothing hangs on it."""
    booking = visit_or_404(request, pk)
    if request.POST.get("undone"):
        return _not_booked(request, booking)
    form = CancelForm(request.POST)
    if not form.is_valid():
        return show_visit(request, booking, status=422, cancel_form=form)
    try:
        gone = visit_status.cancel(booking, reason=form.cleaned_data["reason"], by=request.user, version=form.cleaned_data["version"])
    except StaleRow:
        return stale(request, booking, cancel_form=form)
    except BookingRefused as refused:
        form.add_error(None, refused.message)
        return show_visit(request, booking, status=409, cancel_form=form)
    undo = Undo(reverse("sessions:step", args=[pk, "bring-back"]), {"version": str(gone.version), "undone": "1"})
    return answered(request, gone, Toast(gettext("Cancelled. Its time is free again."), undo))


def undo_booking(booking: Booking, made_version: int = 1) -> Undo | None:
    """The way back of a booking that a press has just made; None where a second press found it changed already."""
    if booking.version != made_version:
        return None
    return Undo(reverse("sessions:cancel", args=[booking.pk]), {"version": str(booking.version), "undone": "1"})


def _not_booked(request, booking: Booking):
    version = request.POST.get("version", "")
    if not version.isdecimal() or len(version) > 9:
        raise Http404
    try:
        (gone,) = take_back([(booking, int(version))], by=request.user)
    except (StaleRow, BookingRefused) as refused:
        fresh = visit_or_404(request, booking.pk)
        return stale(request, fresh) if isinstance(refused, StaleRow) else show_visit(request, fresh, status=409, refused=refused)
    return answered(
        request,
        gone,
        Toast(gettext("Not booked: %(patient)s, %(gone)s. Its time is free again.") % {"patient": gone.patient, "gone": when_words(gone)}),
    )


STEPS = {
    "arrive": (visit_status.arrive, gettext_lazy("Marked as here."), "not-arrived"),
    "not-arrived": (visit_status.not_arrived, gettext_lazy("Arrival taken back."), ""),
    "numbing-on": (visit_steps.numbing_on, gettext_lazy("Numbing is on."), "numbing-off"),
    "numbing-off": (visit_steps.numbing_off, gettext_lazy("Numbing taken back."), ""),
    "in-room": (visit_status.in_room, gettext_lazy("In the room."), "not-in-room"),
    "not-in-room": (visit_status.not_in_room, gettext_lazy("Not in the room yet."), ""),
    "done": (visit_status.done, gettext_lazy("Done."), "not-done"),
    "not-done": (visit_status.not_done, gettext_lazy("Not done yet."), ""),
    "missed": (visit_status.missed, gettext_lazy("Marked as missed. Its time is free again."), "bring-back"),
    "bring-back": (door.reinstate, gettext_lazy("The visit is back at its time."), ""),
}


def _step(request, pk: int, name: str):
    booking = visit_or_404(request, pk)
    action, words, back_by = STEPS[name]
    version = request.POST.get("version", "")
    form = ReturnForm(request.POST) if name == "bring-back" else None
    if form is not None and not form.is_valid():
        return show_visit(request, booking, status=422, return_form=form)
    said = {**form.cleaned_data, "undone": "undone" in request.POST} if form is not None else {}
    try:
        changed = action(booking, by=request.user, version=int(version) if version.isdecimal() and len(version) < 10 else None, **said)
    except StaleRow:
        return stale(request, booking)
    except BookingRefused as refused:
        asks = getattr(refused, "may_be_overridden", False) and request.user.may(gap.OVERRIDE)
        taken = refused if isinstance(refused, SlotTaken) else None
        return show_visit(request, booking, status=409, refused=refused, taken=taken, return_form=form if asks else None)
    due = name == "arrive" and asks_left(booking, request.user)
    ask = (gettext("Safety checks due: ask now"), reverse("sessions:ask", args=[pk])) if due else None
    sent = {"version": str(changed.version), **({"undone": "1"} if back_by == "bring-back" else {})}
    undo = Undo(reverse("sessions:step", args=[pk, back_by]), sent) if back_by else None
    back = inside(request, request.POST.get("next", ""))
    # Only pages of ours that list visits, never an address from outside.
    ours = back.partition("?")[0] == reverse("clinic:today") or _A_DAY.fullmatch(back.partition("?")[0])
    if ours or part_of(request):  # among others: who is meant is said
        words = f"{booking.patient}: {words[0].lower()}{words[1:]}"
    return answered(request, changed, Toast(words, undo, ask), back if ours else "")


@require_POST
@requires("bookings.edit")
def arrive(request, pk: int):
    return _step(request, pk, "arrive")


@require_POST
@requires("bookings.edit")
def step(request, pk: int, name: str):
    return _step(request, pk, name)
