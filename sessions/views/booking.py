"""Making, showing, moving and cancelling one visit."""

import datetime as dt
import uuid
from urllib.parse import urlsplit

from django.contrib import messages
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import requires
from accounts.versioning import StaleRow
from audit.models import AuditEvent
from audit.services import record
from patients import services as patient_services
from patients.duplicates import likely_same
from patients.models import Patient
from patients.search import find as find_patients
from planner import wording

from ..forms.booking import BookingForm, CallerForm, CancelForm, MoveForm, read_clock, read_day, within_reach
from ..models import Booking, Resource
from ..services import booking as door
from ..services import gap
from ..services.away import away_words
from ..services.free_time import free_times as free_times_of
from ..services.hours import clinic_zone, local_day, site_of, visit_again, visit_of
from ..services.refusals import AlreadyBooked, BookingRefused, KeyUsed, SlotTaken

FREE_SHOWN = 24
FOUND_SHOWN = 8


# A new visit


@require_http_methods(["GET", "HEAD", "POST"])
@requires("bookings.edit")
def new(request):
    """
    A phone booking on one page. POST with `do` = find, choose or free only draws the page again with what was typed; a
    button named `slot` books that time; else the day and time typed are booked.
    """
    site = site_of(request.user)
    if site is None:
        return render(request, "sessions/booking/no_site.html", status=403)
    page = _NewPage(request, site)
    if request.method != "POST":
        return page.show()
    return page.find_or_book()


class _NewPage:
    """One request for the page: its forms, and what to show beside them."""

    def __init__(self, request, site):
        self.request, self.site, self.zone = request, site, clinic_zone(site)
        self.today = timezone.now().astimezone(self.zone).date()
        self.data = request.POST.copy() if request.method == "POST" else None
        if self.data is not None and self.data.get("slot"):
            self._take_slot(self.data["slot"])
        if self.data is not None and self.data.get("use_day"):
            self.data["day"] = self.data["use_day"]
        sent = request.POST if request.method == "POST" else request.GET
        number = sent.get("choose") or ("" if sent.get("do") == "other" else sent.get("patient", ""))
        self.patient = self._patient(number)
        if self.data is not None:
            self.data["patient"] = str(self.patient.number) if self.patient else ""
        common = {"site": site, "today": self.today, "who": self.patient}
        if self.data is not None:
            self.form = BookingForm(self.data, **common)
            self.caller = CallerForm(self.data)
        else:
            self.form = BookingForm(initial=self._start(request.GET), **common)
            self.caller = CallerForm(initial={"surname": request.GET.get("surname", "")[:100]})
        self.q = sent.get("q", "")[:100]

    def _patient(self, number: str) -> Patient | None:
        if not number.isdecimal() or len(number) > 9:
            return None
        return get_object_or_404(Patient.objects.visible_to(self.request.user), number=int(number))

    def _start(self, sent) -> dict:
        """What a link into the page fills in: a free gap of the calendar, a patient, a plan."""
        day = read_day(sent.get("day") or sent.get("on", ""), self.today)
        day = day if day and within_reach(day, self.today) else self.today
        clock = read_clock(sent.get("time", ""))
        plan = sent.get("plan", "")
        return {
            "patient": self.patient.number if self.patient else "",
            "kind": sent.get("kind") or ("session" if plan else ""),
            "plan": plan,
            "clinician": sent.get("clinician", ""),
            "day": day,
            "time": f"{clock:%H:%M}" if clock else "",
        }

    def _take_slot(self, slot: str) -> None:
        """A pressed time, `2026-11-24T10:00/12`: day, time and clinician as if they had been typed."""
        when, _, clinician = slot.partition("/")
        try:
            moment = dt.datetime.fromisoformat(when)
        except ValueError as error:
            raise Http404 from error
        self.data["day"], self.data["time"] = moment.date().isoformat(), f"{moment:%H:%M}"
        self.data["clinician"] = clinician
        # What was chosen for another time need not be free at this one.
        self.data["room"] = self.data["device"] = ""

    def show(self, *, status: int = 200, problems: bool = False, **context):
        found = find_patients(self.request.user, self.q) if self.q and self.patient is None else []
        if found or self.q:
            record("patients.searched", request=self.request, detail={"found": len(found), "before": "booking"})
        # The next thing to type or press has the focus; where something went wrong, the words about it have.
        fine = status == 200 and not problems
        if fine and self.patient is not None:
            self.form.fields["kind"].widget.attrs["autofocus"] = True
        context = {
            "form": self.form,
            "caller": self.caller,
            "focus_on": ("found" if found else "find") if fine and self.patient is None else "",
            "patient": self.patient,
            "q": self.q,
            "found": found[:FOUND_SHOWN],
            "site": self.site,
            "errors_on_page": problems,
            "problems": self._problems() if problems else [],
            # Beside the nearest free times the list of the day would only be in the way.
            "free": None if context.get("taken") else self._free(),
            **context,
        }
        return render(self.request, "sessions/booking/new.html", context, status=status)

    def _problems(self) -> list[tuple[str, str]]:
        """(message, id of the field) over both forms, in the order of the page."""
        forms = [self.form] if self.patient else [self.caller, self.form]
        return [(e, "") for form in forms for e in form.non_field_errors()] + [
            (e, field.id_for_label if field.name != "kind" else "id_kind_0") for form in forms for field in form for e in field.errors
        ]

    def _free(self) -> "FreeList":
        return FreeList.of(self.site, self.zone, self.today, self.data or self.form.initial, self.patient, self.form)

    def find_or_book(self):
        sent = self.request.POST
        # Enter in a field presses the first button of the page, which is "Find": with nothing to find it means "Book".
        only_looks = sent.get("choose") or sent.get("use_day") or (sent.get("do") and not (sent.get("do") == "find" and not self.q.strip()))
        if only_looks:
            # Only looked for: nothing is judged yet, and nothing typed is lost.
            self.form = BookingForm(initial=self._typed(), site=self.site, today=self.today, who=self.patient)
            self.caller = CallerForm(initial={name: self.data.get(f"new-{name}", "") for name in CallerForm.base_fields})
            return self.show()
        fine = self.form.is_valid()
        if self.patient is None:
            if self.caller.is_empty:
                self.form.add_error(None, "Find the patient, or enter a new one")
                fine = False
            else:
                fine = self.caller.is_valid() and fine
        if not fine:
            return self.show(status=422, problems=True)
        return self._book()

    def _typed(self) -> dict:
        return {name: self.data.get(name, "") for name in BookingForm.base_fields}

    def _book(self):
        visit = self.form.visit()
        try:
            with transaction.atomic():
                patient = self.patient or self._register()
                if patient is None:
                    return self._ask_whether_same()
                booking = door.book(patient=patient, by=self.request.user, **visit)
        except SlotTaken as taken:
            return self.show(status=409, taken=taken)
        except (KeyUsed, AlreadyBooked) as refused:
            self.data["request_key"] = str(uuid.uuid4())
            self.form = BookingForm(self.data, site=self.site, today=self.today, who=self.patient)
            return self.show(status=409, refused=refused)
        except BookingRefused as refused:
            self.form.add_error(refused.field if refused.field in self.form.fields else None, refused.message)
            first_day = getattr(refused, "first_day", None)
            return self.show(status=422, problems=True, first_day=first_day)
        messages.success(self.request, f"Booked: {patient}, {when_words(booking)}.")
        return redirect("sessions:booking", booking.pk)

    def _register(self) -> Patient | None:
        """The new patient; None where somebody alike is registered and was not shown yet."""
        key = self.form.cleaned_data["request_key"]
        known = Patient.objects.visible_to(self.request.user).filter(request_key=key).first()
        if known is not None:
            return known
        fields = self.caller.patient_fields()
        wanted = {name: fields[name] for name in ("surname", "given", "birth_date", "phone")}
        self.same = likely_same(self.request.user, **wanted)
        if {likeness.patient.pk for likeness in self.same} - self.caller.seen_pks:
            return None
        return patient_services.register(site=self.site, by=self.request.user, request=self.request, request_key=key, **fields)

    def _ask_whether_same(self):
        record("patients.searched", request=self.request, detail={"found": len(self.same), "before": "registering"})
        seen = ",".join(str(likeness.patient.pk) for likeness in self.same)
        return self.show(status=422, same=self.same, seen=seen)


class FreeList:
    """Free times of one day for what is typed so far; days without any say when the next are."""

    def __init__(self, day: dt.date, times: list, *, next_days: list | None = None, words: str = ""):
        self.day, self.times, self.next_days, self.words = day, times, next_days or [], words

    @classmethod
    def of(cls, site, zone, today, typed, patient, form) -> "FreeList | None":
        kind = str(typed.get("kind") or "")
        wanted = typed.get("day")
        day = wanted if isinstance(wanted, dt.date) else read_day(str(wanted or ""), today)
        if kind not in Booking.Kind.values or day is None or not within_reach(day, today):
            return None
        words = f"{Booking.Kind(kind).label}, {visit_of(site, kind).words()}"
        if day < today:
            return cls(day, [], words=words)
        plan = None
        if kind == Booking.Kind.SESSION:
            number = str(typed.get("plan") or "")
            plan = next((p for p in form.plans if str(p.number) == number), form.plans[0] if len(form.plans) == 1 else None)
        clinician = next(
            (r for r in form.resources if r.kind == Resource.Kind.CLINICIAN and str(r.pk) == str(typed.get("clinician"))), None
        )
        asked = {"site": site, "kind": kind, "patient": patient, "clinician": clinician, "plan": plan}
        try:
            times = free_times_of(first_day=day, **asked)
            if not times:
                later = free_times_of(first_day=day + dt.timedelta(days=1), days=21, limit=1, **asked)
                return cls(day, [], next_days=later, words=words)
        except BookingRefused as refused:
            return cls(day, [], words=refused.message)
        return cls(day, times[:FREE_SHOWN], words=words)


@require_POST
@requires("bookings.edit")
def free_times(request):
    """The free times beside the form, drawn again when kind, person or day change."""
    site = site_of(request.user)
    if site is None:
        raise Http404
    page = _NewPage(request, site)
    record("calendar.searched", request=request, patient=page.patient, detail={"kind": str(page.data.get("kind", ""))[:20]})
    return render(request, "sessions/booking/partials/free.html", {"free": page._free(), "patient": page.patient, "first_paint": False})


# A visit that stands


def _visit(request, pk: int) -> Booking:
    rows = Booking.objects.visible_to(request.user).with_names().select_related("site", "created_by")
    return get_object_or_404(rows, pk=pk)


@require_safe
@requires("bookings.view")
def detail(request, pk: int):
    booking = _visit(request, pk)
    response = _show(request, booking)
    record("booking.viewed", request=request, patient=booking.patient, obj=booking)
    return response


def _show(request, booking: Booking, *, status: int = 200, move_form=None, cancel_form=None, **context):
    zone = clinic_zone(booking.site)
    today = local_day(timezone.now(), zone)
    day = local_day(booking.starts_at, zone)
    waiting = booking.status in (Booking.Status.BOOKED, Booking.Status.ARRIVED)
    context = {
        "booking": booking,
        "patient": booking.patient,
        "day": day,
        "is_today": day == today,
        "is_waiting": waiting,
        "has_begun": booking.starts_at <= timezone.now(),
        "is_gone": not booking.is_live,
        "can_return": not booking.is_live and booking.ends_at > timezone.now(),
        "visit_words": _lengths(booking),
        "late": gap.late_words(booking),
        "away": away_words([booking]).get(booking.pk, ""),
        "can_start": booking.kind == Booking.Kind.SESSION and booking.plan_id is not None and waiting and not door.not_its_day(booking),
        "record": getattr(booking, "record", None) if request.user.may("records.view") else None,
        "move_form": move_form or (MoveForm(booking=booking, today=today) if waiting else None),
        "cancel_form": cancel_form or (CancelForm(initial={"version": booking.version}) if waiting else None),
        "history": _history(booking),
        "errors_on_page": status == 422,
        **context,
    }
    return render(request, "sessions/booking/detail.html", context, status=status)


def _lengths(booking: Booking) -> str:
    return visit_again(booking).words()


_STEP_WORDS = {
    "booking.made": "Booked",
    "booking.moved": "Moved",
    "booking.arrived": "Marked as here",
    "booking.booked": "Arrival taken back",
    "booking.in_room": "In room",
    "booking.done": "Done",
    "booking.missed": "Marked as missed",
    "booking.cancelled": "Cancelled",
    "booking.reinstated": "Brought back",
    "record.started": "Record started",
}


def _history(booking: Booking) -> list[tuple[str, AuditEvent]]:
    rows = AuditEvent.objects.filter(object_type=booking._meta.label_lower, object_pk=str(booking.pk), action__in=_STEP_WORDS)
    return [(_STEP_WORDS[row.action], row) for row in rows.order_by("pk")]


def when_words(booking: Booking) -> str:
    """`Tue 24 Nov 2026, 10:00`."""
    local = booking.starts_at.astimezone(clinic_zone(booking.site))
    return f"{wording.day(local.date(), weekday=True)}, {local:%H:%M}"


def _stale(request, booking: Booking, **forms):
    """409: what stands now, by whom, with what was typed kept; its form carries the version that stands."""
    fresh = _visit(request, booking.pk)
    last = AuditEvent.objects.filter(object_type=fresh._meta.label_lower, object_pk=str(fresh.pk)).exclude(action="booking.viewed").first()
    for form in forms.values():
        if form is not None:
            form.data = form.data.copy()
            form.data["version"] = fresh.version
    return _show(request, fresh, status=409, stale=last or True, **forms)


@require_POST
@requires("bookings.edit")
def move(request, pk: int):
    booking = _visit(request, pk)
    today = local_day(timezone.now(), clinic_zone(booking.site))
    data = request.POST.copy()
    if data.get("slot"):
        when, _, clinician = data["slot"].partition("/")
        try:
            moment = dt.datetime.fromisoformat(when)
        except ValueError as error:
            raise Http404 from error
        data["day"], data["time"], data["clinician"] = moment.date().isoformat(), f"{moment:%H:%M}", clinician
    form = MoveForm(data, booking=booking, today=today)
    if not form.is_valid():
        return _show(request, booking, status=422, move_form=form)
    wanted = form.slot_typed()
    try:
        moved = door.move(booking, by=request.user, version=form.cleaned_data["version"], **wanted)
    except StaleRow:
        return _stale(request, booking, move_form=form)
    except SlotTaken as taken:
        return _show(request, booking, status=409, move_form=form, taken=taken)
    except BookingRefused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.message)
        return _show(request, booking, status=422, move_form=form)
    messages.success(request, f"Moved to {when_words(moved)}, {moved.clinician}.")
    return redirect("sessions:booking", pk)


@require_POST
@requires("bookings.edit")
def cancel(request, pk: int):
    booking = _visit(request, pk)
    form = CancelForm(request.POST)
    if not form.is_valid():
        return _show(request, booking, status=422, cancel_form=form)
    try:
        door.cancel(booking, reason=form.cleaned_data["reason"], by=request.user, version=form.cleaned_data["version"])
    except StaleRow:
        return _stale(request, booking, cancel_form=form)
    except BookingRefused as refused:
        form.add_error(None, refused.message)
        return _show(request, booking, status=409, cancel_form=form)
    messages.success(request, "Cancelled. Its time is free again.")
    return redirect("sessions:booking", pk)


STEPS = {
    "arrive": (door.arrive, "Marked as here."),
    "not-arrived": (door.not_arrived, "Arrival taken back."),
    "in-room": (door.in_room, "In the room."),
    "done": (door.done, "Done."),
    "missed": (door.missed, "Marked as missed. Its time is free again."),
    "bring-back": (door.reinstate, "The visit is back at its time."),
}


def _step(request, pk: int, name: str):
    booking = _visit(request, pk)
    action, words = STEPS[name]
    version = request.POST.get("version", "")
    try:
        action(booking, by=request.user, version=int(version) if version.isdecimal() and len(version) < 10 else None)
    except StaleRow:
        return _stale(request, booking)
    except BookingRefused as refused:
        return _show(request, booking, status=409, refused=refused, taken=refused if isinstance(refused, SlotTaken) else None)
    messages.success(request, words)
    back = request.POST.get("next", "")
    where = urlsplit(back)
    # Only pages of ours that list visits, never an address from outside.
    ours = not where.scheme and not where.netloc and where.path in (reverse("clinic:today"), reverse("sessions:day"))
    return redirect(back if ours else reverse("sessions:booking", args=[pk]))


@require_POST
@requires("bookings.edit")
def arrive(request, pk: int):
    return _step(request, pk, "arrive")


@require_POST
@requires("bookings.edit")
def step(request, pk: int, name: str):
    return _step(request, pk, name)
