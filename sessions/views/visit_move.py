"""
The one way to another place: from the form, from a free time that was pressed, from dragging, and from the arrow keys. Where later
sessions of a course hang on the visit, what happens to them is shown first and then pressed.
"""

import datetime as dt
from dataclasses import replace

from django.db import transaction
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST

from accounts.permissions import requires
from accounts.versioning import StaleRow
from audit.services import gathered, note_read

from ..forms.booking import MoveForm
from ..models import Booking, Resource
from ..services import booking as door
from ..services.course_move import (
    NEAREST,
    WHICH,
    PreviewStale,
    Step,
    Way,
    later_visits,
    move_with,
    preview_move,
    put_back,
    visits_of_course,
)
from ..services.hours import clinic_zone, clinician_minutes, local_day
from ..services.party import FreeTime
from ..services.refusals import BookingRefused, GapRefused, SlotTaken
from .calendar_drawer import Toast, Undo, on_the_calendar
from .visit import answered, place_of, show_visit, stale, take_slot, visit_or_404, when_words

MOST_PUT_BACK = 40  # visits of one course


@require_POST
@requires("bookings.edit")
def move(request, pk: int):
    """
    POST `way` = keep, shift or nearest, with the token of what was shown, does that; without it a move to another day shows what each
    way would do to the later visits of the course.
    """
    booking = visit_or_404(request, pk)
    if request.POST.get("back"):
        return _put_back(request, booking)
    today = local_day(timezone.now(), clinic_zone(booking.site))
    data = request.POST.copy()
    if data.get("slot"):
        take_slot(data, data["slot"])
    old = place_of(booking)
    any_room = not {"room", "device", "undone"} & set(data) or data.get("any_room") == "1"
    typed_when = {"day", "time"} & set(data)
    for name, value in old.items():
        if name == "which" and typed_when:
            continue  # of a time that comes twice it is asked which is meant
        # Dragged, a visit says only what changes; the form says all.
        if name not in data:
            data[name] = value
    form = MoveForm(data, booking=booking, today=today)
    if not form.is_valid():
        return show_visit(request, booking, status=422, move_form=form)
    asked = _Asked(request, booking, form, any_room=any_room)
    if "way" not in data and "undone" not in data and asked.of_later_visits():
        try:
            door.check_start(form.starts_at)
        except BookingRefused as refused:
            form.refused(refused, request.user)
            return show_visit(request, booking, status=422, move_form=form)
        return asked.show()
    way, _, token = data.get("way", "").partition(":")
    before = {row.pk: row for row in visits_of_course(booking)} if way else {}
    try:
        moved = _put(booking, form, by=request.user, any_room=any_room, way=way, token=token, which=asked.which, undone="undone" in data)
    except StaleRow:
        return stale(request, booking, move_form=form)
    except PreviewStale as refused:
        return asked.show(status=409, refused=refused)
    except SlotTaken as taken:
        return show_visit(request, booking, status=409, move_form=form, taken=taken)
    except BookingRefused as refused:
        if way and asked.of_later_visits():
            return asked.show(status=409, refused=refused)
        form.refused(refused, request.user)
        return show_visit(request, booking, status=422, move_form=form, ways=asked.nearest(refused), any_room=any_room)
    toast = _toast(request, booking, moved, old, any_room=any_room, undone="undone" in data)
    if len(moved) > 1:
        back = " ".join(was(before[row.pk], row.version) for row in moved)
        toast = replace(toast, undo=Undo(reverse("sessions:move", args=[pk]), {"back": back}))
    return answered(request, next(row for row in moved if row.pk == pk), toast)


class _Asked:
    """What is asked before a session of a course moves to another day."""

    def __init__(self, request, booking: Booking, form: MoveForm, *, any_room: bool):
        self.request, self.booking, self.form, self.any_room = request, booking, form, any_room
        self.zone = clinic_zone(booking.site)
        self.which = _which(request.POST)

    def of_later_visits(self) -> bool:
        starts_at = self.form.starts_at
        other_day = local_day(starts_at, self.zone) != local_day(self.booking.starts_at, self.zone)
        waiting = self.booking.status in (Booking.Status.BOOKED, Booking.Status.ARRIVED)
        return other_day and waiting and bool(later_visits(self.booking))

    def ways(self) -> list[Way]:
        typed = _wanted(self.booking, self.form, any_room=self.any_room)
        return preview_move(self.booking, by=self.request.user, any_room=self.any_room, which=self.which, **typed)

    def nearest(self, refused: BookingRefused) -> list[Way]:
        """Where the session may be instead, if only the healing gap stands against the day."""
        if not isinstance(refused, GapRefused):
            return []
        return [way for way in self.ways() if way.name == NEAREST and not way.problem]

    def show(self, *, status: int = 200, refused: BookingRefused | None = None):
        if self.form.cleaned_data["version"] != self.booking.version:
            return stale(self.request, self.booking, move_form=self.form)
        ways = self.ways()
        if self.request.user.may("bookings.sooner"):
            self.form.asks_sooner = any(way.may_be_overridden for way in ways) or bool(self.form.cleaned_data["gap_reason"])
        context = {
            "move_form": self.form,
            "ways": ways,
            "ways_refused": refused,
            "any_room": self.any_room,
            "asks_ways": True,
            "which": self.which,
        }
        response = show_visit(self.request, self.booking, status=status, **context)
        note_read("booking.viewed", request=self.request, patient=self.booking.patient, obj=self.booking)
        return response


def _which(sent) -> dict[int, str]:
    """`which-12=second`: of two times of one day, the one meant for visit 12."""
    named = ((name.removeprefix("which-"), value) for name, value in sent.items() if name.startswith("which-"))
    return {int(pk): value for pk, value in named if pk.isdecimal() and len(pk) < 10 and value in WHICH}


def _wanted(booking: Booking, form: MoveForm, *, any_room: bool) -> dict:
    """Arguments for the door. any_room: what was filled in for a drag names nobody's room or device."""
    typed = {**form.slot_typed(), "gap_reason": form.cleaned_data["gap_reason"]}
    if any_room:
        typed |= {role: None for role in ("room", "device") if typed[role] is None or typed[role].pk == getattr(booking, f"{role}_id")}
    return typed


def _put(booking: Booking, form: MoveForm, *, by, any_room: bool, way: str, token: str, which: dict, undone: bool) -> list[Booking]:
    """
    Another place, another length, or both, and the later visits of the course as pressed: all of it or nothing. any_room: nobody
    named a room or a device, so where only these are taken the visit takes others that are free.
    """
    version, minutes = form.cleaned_data["version"], form.cleaned_data["minutes"]
    wanted = {**form.slot_typed(), "gap_reason": form.cleaned_data["gap_reason"], "undone": undone}
    longer = minutes not in (None, clinician_minutes(booking))
    if not way and not longer:
        return [_move_one(booking, wanted, by=by, version=version, any_room=any_room)]
    with transaction.atomic(), gathered():
        moved = [booking]
        if way:
            typed = _wanted(booking, form, any_room=any_room)
            moved = move_with(booking, way=way, token=token, by=by, version=version, any_room=any_room, which=which, **typed)
        elif form.changes_place(booking):
            moved = [door.move(booking, by=by, version=version, **wanted)]
        if longer:
            this = next(row for row in moved if row.pk == booking.pk)
            this = door.resize(this, minutes=minutes, by=by, version=version if this is booking else this.version)
            moved = [this if row.pk == this.pk else row for row in moved]
        return moved


def _move_one(booking: Booking, wanted: dict, *, by, version: int, any_room: bool) -> Booking:
    try:
        return door.move(booking, by=by, version=version, **wanted)
    except SlotTaken as taken:
        person = wanted["clinician"] or booking.clinician
        here = (slot for slot in taken.nearest if slot.starts_at == wanted["starts_at"] and slot.clinician == person)
        other = next(here, None) if any_room else None
        if other is None:
            raise
        return door.move(booking, by=by, version=version, **{**wanted, "room": other.room, "device": other.device})


def _toast(request, booking: Booking, moved: list[Booking], old: dict, *, any_room: bool, undone: bool) -> Toast:
    """What was done, and the way back of one that moved alone."""
    this = next(row for row in moved if row.pk == booking.pk)
    now = place_of(this)
    undo = None
    if not undone and now != old:
        undo = Undo(reverse("sessions:move", args=[booking.pk]), {**old, "version": str(this.version), "undone": "1"})
    words = gettext("Back to %(when)s, %(clinician)s.") if undone else gettext("Moved to %(when)s, %(clinician)s.")
    words %= {"when": when_words(this), "clinician": this.clinician}
    if any_room and now["room"] != old["room"]:
        words += gettext(" In %(room)s, because %(room_2)s is taken then.") % {"room": this.room, "room_2": booking.room}
    if now["minutes"] != old["minutes"]:
        words += gettext(" Now %(now)s\u00a0min with the clinician.") % {"now": now["minutes"]}
    if along := len(moved) - 1:
        words += ngettext(" %(count)s later visit moved along.", " %(count)s later visits moved along.", along) % {"count": along}
    return Toast(words, undo, on_the_calendar(request, this))


# The way back of a whole course


def was(row: Booking, version: int) -> str:
    """`12/3/2026-11-24T10:00:00+00:00/5/8/9`: visit, its version now, and where it was."""
    roles = "/".join(str(getattr(row, f"{role}_id") or "") for role in ("clinician", "room", "device"))
    return f"{row.pk}/{version}/{row.starts_at.isoformat()}/{roles}"


def _put_back(request, booking: Booking):
    steps = steps_back(request, booking)
    try:
        moved = put_back(steps, by=request.user)
    except StaleRow:
        return stale(request, booking)
    except BookingRefused as refused:
        return show_visit(request, visit_or_404(request, booking.pk), status=409, refused=refused)
    this = next((row for row in moved if row.pk == booking.pk), booking)
    words = gettext("Back to %(this)s, %(clinician)s, and %(moved)s later with it.") % {
        "this": when_words(this),
        "clinician": this.clinician,
        "moved": len(moved) - 1,
    }
    return answered(request, this, Toast(words, None, on_the_calendar(request, this)))


def steps_back(request, booking: Booking) -> list[Step]:
    """What the form of an undo names: this visit and those of its course. Anything else was not sent by a page of ours."""
    rows = {str(row.pk): row for row in visits_of_course(booking) or [booking]}
    named = {str(one.pk): one for one in Resource.objects.at(booking.site)}
    steps = []
    for sent in request.POST["back"].split(" ")[:MOST_PUT_BACK]:
        try:
            pk, version, when, *roles = sent.split("/")
            row, starts_at = rows[pk], dt.datetime.fromisoformat(when).astimezone(dt.UTC)
            clinician, room, device = (named[one] if one else None for one in roles)
            if clinician is None or not version.isdecimal():
                raise Http404
            to = FreeTime(starts_at, starts_at + (row.ends_at - row.starts_at), clinician, room, device)
            steps.append(Step(row, to, version=int(version[:9])))
        except (KeyError, ValueError, OverflowError) as error:
            raise Http404 from error
    steps.sort(key=lambda step: step.to.starts_at)
    return steps
