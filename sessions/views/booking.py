"""A new visit: by phone, from a free gap of the calendar, from a plan."""

import datetime as dt
import uuid
from dataclasses import dataclass, field
from functools import cached_property

from django.contrib import messages
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import requires
from accounts.templatetags.clinic_format import in_words
from audit.services import about, gathered, note_read
from patients import services as patient_services
from patients.duplicates import likely_same
from patients.models import Patient
from patients.search import find as find_patients

from ..forms.booking import BookingForm, CallerForm, read_clock, read_day, within_reach
from ..models import Booking, Resource
from ..services import booking as door
from ..services import gap
from ..services.free_time import free_times as free_times_of
from ..services.hours import chosen, clinic_zone, sites_of, visit_of
from ..services.refusals import AlreadyBooked, BookingRefused, KeyUsed, SlotTaken
from .calendar_drawer import Toast, drawer_reply, on_the_calendar, part_of
from .visit import show_visit, take_slot, undo_booking, visit_or_404, when_words, with_undo

FREE_SHOWN = 24
FOUND_SHOWN = 8
SEARCHED_DAYS = 28
SOONEST_SHOWN = 6
LATER_DAYS = 21


# A new visit


@require_http_methods(["GET", "HEAD", "POST"])
@requires("bookings.edit")
def new(request):
    """
    A phone booking on one page. POST with `do` = find, choose or free only draws the page again with what was typed; a
    button named `slot` books that time; else the day and time typed are booked.
    """
    sites = sites_of(request.user)
    if not sites:
        return render(request, "sessions/booking/no_site.html", status=403)
    page = NewPage(request, sites)
    if request.method != "POST":
        return page.show()
    return page.find_or_book()


class NewPage:
    """One request for the page: its forms, and what to show beside them."""

    form_class = BookingForm
    page, part, opens = "sessions/booking/new.html", "sessions/calendar/partials/new.html", "new"
    done_words = gettext_lazy("Booked")
    made_version = 1  # of a visit right after its press

    def __init__(self, request, sites):
        self.request, self.sites = request, sites
        self.data = request.POST.copy() if request.method == "POST" else None
        if self.data is not None and self.data.get("slot"):
            self._take_slot(self.data["slot"])
        if self.data is not None and self.data.get("with") == "anyone":
            self.data["clinician"] = self.data["room"] = self.data["device"] = ""
        if self.data is not None and self.data.get("use_day"):
            self.data["day"] = self.data["use_day"]
        sent = request.POST if request.method == "POST" else request.GET
        number = sent.get("choose") or ("" if sent.get("do") == "other" else sent.get("patient", ""))
        self.patient = self._patient(number)
        # A patient is seen at the own site: a visit elsewhere would be one that nobody there can open.
        site = self.site = self.patient.site if self.patient else chosen(sites, sent.get("at") or sent.get("site", ""))
        site.set_clock()  # the free times are shown, and come back, on the clock of the site they are at
        self.zone = clinic_zone(site)
        self.today = timezone.now().astimezone(self.zone).date()
        if self.data is not None:
            self.data["patient"] = str(self.patient.number) if self.patient else ""
        common = {"site": site, "today": self.today, "who": self.patient}
        if self.data is not None:
            self.form = self.form_class(self.data, **common)
            self.caller = CallerForm(self.data)
        else:
            self.form = self.form_class(initial=self._start(request.GET), **common)
            self.caller = CallerForm(initial={"surname": request.GET.get("surname", "")[:100]})
        self.q = sent.get("q", "")[:100]

    def _patient(self, number: str) -> Patient | None:
        if not number.isdecimal() or len(number) > 9:
            return None
        patient = get_object_or_404(Patient.objects.visible_to(self.request.user).select_related("site", "merged_into"), number=int(number))
        about(patient)
        if patient.merged_into_id is None:
            return patient
        if self.request.method != "POST":
            messages.info(
                self.request,
                gettext("No. %(patient)s was merged into no. %(merged_into)s. The visit is booked there.")
                % {"patient": patient.number, "merged_into": patient.merged_into.number},
            )
        return patient.merged_into

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
            "room": sent.get("room", ""),
            "day": day,
            "time": f"{clock:%H:%M}" if clock else "",
        }

    def _take_slot(self, slot: str) -> None:
        # What was chosen for another time need not be free at this one.
        self.data["room"] = self.data["device"] = ""
        take_slot(self.data, slot)

    def show(self, *, status: int = 200, problems: bool = False, **context):
        found = find_patients(self.request.user, self.q) if self.q and self.patient is None else []
        if found or self.q:
            note_read("patients.searched", request=self.request, detail={"found": len(found), "before": "booking"})
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
            "sites": self.sites if len(self.sites) > 1 and self.patient is None else [],
            "errors_on_page": problems,
            "problems": self._problems() if problems else [],
            # Beside the nearest free times the list of the day would only be in the way.
            "free": None if context.get("taken") else self._free(),
            **context,
        }
        if part_of(self.request):
            context["soonest"] = None if context.get("taken") else self._soonest()
            opened = {"open": self.opens, **{name: str(value) for name, value in self._opened().items() if value}}
            return drawer_reply(self.request, self.part, context, status=status, open=opened)
        return render(self.request, self.page, context, status=status)

    def _opened(self) -> dict:
        """What the address of the drawer says of it: enough to open it again, and nothing of a caller."""
        typed = self.data or self.form.initial
        shown = {"time": typed.get("time"), "clinician": typed.get("clinician"), "room": typed.get("room"), "plan": typed.get("plan")}
        return {**shown, "patient": self.patient.number if self.patient else "", "kind_of": typed.get("kind")}

    def _problems(self) -> list[tuple[str, str]]:
        """(message, id of the field) over both forms, in the order of the page."""
        forms = [self.form] if self.patient else [self.caller, self.form]
        return [(e, "") for form in forms for e in form.non_field_errors()] + [
            (e, field.id_for_label if field.name != "kind" else "id_kind_0") for form in forms for field in form for e in field.errors
        ]

    @cached_property
    def _asked(self) -> "Asked | None":
        return Asked.of(self.site, self.today, self.data or self.form.initial, self.patient, self.form)

    def _free(self) -> "FreeList | None":
        return FreeList.of(self._asked, self.today, self.request.user)

    def _soonest(self) -> list:
        """The next free times from the typed day on, over four weeks, with the typed clinician or anyone."""
        return FreeList.soonest(self._asked, self.today)

    def find_or_book(self):
        sent = self.request.POST
        # Enter in a field presses the first button of the page, which is "Find": with nothing to find it means "Book".
        only_looks = (
            sent.get("choose")
            or sent.get("at")
            or sent.get("use_day")
            or (sent.get("do") and not (sent.get("do") == "find" and not self.q.strip()))
        )
        if only_looks:
            # Only looked for: nothing is judged yet, and nothing typed is lost.
            self.form = self.form_class(initial=self._typed(), site=self.site, today=self.today, who=self.patient)
            self.caller = CallerForm(initial={name: self.data.get(f"new-{name}", "") for name in CallerForm.base_fields})
            return self.show()
        fine = self.form.is_valid()
        if self.patient is None:
            if self.caller.is_empty:
                self.form.add_error(None, gettext("Find the patient, or enter a new one"))
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
            with transaction.atomic(), gathered():
                patient = self.patient or self._register()
                if patient is None:
                    return self._ask_whether_same()
                booking = self._made(patient, visit)
        except SlotTaken as taken:
            return self.show(status=409, taken=taken)
        except (KeyUsed, AlreadyBooked) as refused:
            self.data["request_key"] = str(uuid.uuid4())
            self.form = self.form_class(self.data, site=self.site, today=self.today, who=self.patient)
            return self.show(status=409, refused=refused)
        except BookingRefused as refused:
            self.form.refused(refused, self.request.user)
            first_day = getattr(refused, "first_day", None)
            return self.show(status=422, problems=True, first_day=first_day)
        words = f"{self.done_words}: {patient}, {when_words(booking)}."
        undo = undo_booking(booking, self.made_version)
        if part_of(self.request):
            fresh = visit_or_404(self.request, booking.pk)
            toast = Toast(words, undo, on_the_calendar(self.request, fresh))
            return show_visit(self.request, fresh, toast=toast, changed=True)
        messages.success(self.request, with_undo(self.request, words, undo))
        return redirect("sessions:booking", booking.pk)

    def _made(self, patient: Patient, visit: dict) -> Booking:
        return door.book(patient=patient, by=self.request.user, **visit)

    def _register(self) -> Patient | None:
        """The new patient; None where somebody alike is registered and was not shown yet."""
        key = self.form.cleaned_data["request_key"]
        known = Patient.objects.visible_to(self.request.user).filter(request_key=key).first()
        fields = self.caller.patient_fields()
        if known is not None and all(getattr(known, name) == fields[name] for name in ("surname", "given", "birth_date", "phone")):
            return known
        if known is not None:
            # Sent before for somebody else: nobody typed here is taken for that person.
            if made := Booking.objects.with_names().select_related("site").filter(patient=known, request_key=str(key)).first():
                raise KeyUsed(made)
            key = uuid.uuid4()
        wanted = {name: fields[name] for name in ("surname", "given", "birth_date", "phone")}
        self.same = likely_same(self.request.user, **wanted)
        if {likeness.patient.pk for likeness in self.same} - self.caller.seen_pks:
            return None
        return patient_services.register(site=self.site, by=self.request.user, request=self.request, request_key=key, **fields)

    def _ask_whether_same(self):
        note_read("patients.searched", request=self.request, detail={"found": len(self.same), "before": "registering"})
        seen = ",".join(str(likeness.patient.pk) for likeness in self.same)
        return self.show(status=422, same=self.same, seen=seen)


@dataclass(frozen=True)
class Asked:
    """The day, and the visit whose free times are wanted. days: on which it may be; refused: why it cannot be at all."""

    day: dt.date
    wanted: dict
    days: gap.Window = field(default_factory=gap.Window)
    title: str = ""
    refused: BookingRefused | None = None

    @classmethod
    def of(cls, site, today, typed, patient, form) -> "Asked | None":
        """None while kind or day is not said yet."""
        kind = str(typed.get("kind") or "")
        day = typed.get("day")
        day = day if isinstance(day, dt.date) else read_day(str(day or ""), today)
        if kind not in Booking.Kind.values or day is None or not within_reach(day, today):
            return None
        number = str(typed.get("plan") or "")
        plan = next((p for p in form.plans if str(p.number) == number), None) if kind != Booking.Kind.CONSULTATION else None
        if plan is None and kind == Booking.Kind.SESSION and len(form.plans) == 1:
            plan = form.plans[0]
        clinicians = (r for r in form.resources if r.kind == Resource.Kind.CLINICIAN)
        clinician = next((r for r in clinicians if str(r.pk) == str(typed.get("clinician"))), None)
        wanted = {"site": site, "kind": kind, "patient": patient, "clinician": clinician, "plan": plan}
        if plan is None:
            return cls(day, wanted)
        try:
            next_one = door.next_number(plan) if kind == Booking.Kind.SESSION else None
        except BookingRefused as refused:
            return cls(day, wanted, refused=refused)
        return cls(
            day,
            wanted,
            gap.bounds(plan, kind, next_one),
            gettext("Session %(next_one)s") % {"next_one": next_one} if next_one else gettext("The review"),
        )

    @property
    def is_too_soon(self) -> bool:
        return self.days.first_day is not None and self.day < self.days.first_day

    @property
    def is_outside(self) -> bool:
        """Whether the plan's other visits keep it from that day."""
        return self.is_too_soon or (self.days.last_allowed is not None and self.day > self.days.last_allowed)

    @property
    def words(self) -> str:
        """`Session, 90 min: numbing 30, needling 50, clean-down 10`, and from when on it may be."""
        length = visit_of(self.wanted["site"], self.wanted["kind"], plan=self.wanted["plan"]).words()
        said = f"{Booking.Kind(self.wanted['kind']).label}, {length}"
        if self.is_too_soon:
            first = in_words(self.days.first_day, weekday=True)
            return gettext("%(said)s. %(title)s may be from %(first)s on, because %(first_because)s.") % {
                "said": said,
                "title": self.title,
                "first": first,
                "first_because": self.days.first_because,
            }
        if self.is_outside:
            last = in_words(self.days.last_allowed, weekday=True)
            return gettext(
                "%(said)s. %(title)s may be until %(last)s, because of what is booked after it. For a later day, move that first."
            ) % {"said": said, "title": self.title, "last": last}
        return said

    def free(self, first_day: dt.date, days: int, limit: int | None = None) -> list:
        """Free times from *first_day* on, none before the first day on which it may be, nor after the last."""
        first = max(first_day, self.days.first_day or first_day)
        if self.days.last_allowed is not None:
            days = min(days, (self.days.last_allowed - first).days + 1)
        return free_times_of(first_day=first, days=days, limit=limit, **self.wanted) if days > 0 else []


class FreeList:
    """
    Free times of one day for what is typed so far; days without any say when the next are. says_why: the words are why there are none.
    """

    def __init__(self, day: dt.date, times: list, *, next_days: list | None = None, words: str = "", says_why: bool = False):
        self.day, self.times, self.next_days, self.words, self.says_why = day, times, next_days or [], words, says_why

    @classmethod
    def of(cls, asked: Asked | None, today: dt.date, user) -> "FreeList | None":
        """Whoever may say why a session is sooner than healing allows sees the times of such a day as well."""
        if asked is None:
            return None
        day = asked.day
        if asked.refused is not None:
            return cls(day, [], words=asked.refused.message, says_why=True)
        if day < today:
            return cls(day, [], words=asked.words)
        sooner = asked.is_too_soon and asked.wanted["kind"] == Booking.Kind.SESSION and user.may(gap.OVERRIDE)
        try:
            times = free_times_of(first_day=day, **asked.wanted) if sooner else [] if asked.is_too_soon else asked.free(day, 1)
            if not times:
                later = asked.free(day + dt.timedelta(days=1), LATER_DAYS, 1)
                return cls(day, [], next_days=later, words=asked.words, says_why=asked.is_outside)
        except BookingRefused as refused:
            return cls(day, [], words=refused.message, says_why=True)
        return cls(day, times[:FREE_SHOWN], words=asked.words)

    @staticmethod
    def soonest(asked: Asked | None, today: dt.date) -> list:
        if asked is None or asked.refused is not None:
            return []
        try:
            return asked.free(max(asked.day, today), SEARCHED_DAYS, SOONEST_SHOWN)
        except BookingRefused:
            return []


@require_POST
@requires("bookings.edit")
def free_times(request):
    """The free times beside the form, drawn again when kind, person or day change."""
    sites = sites_of(request.user)
    if not sites:
        raise Http404
    page = NewPage(request, sites)
    note_read("calendar.searched", request=request, patient=page.patient, detail={"kind": str(page.data.get("kind", ""))[:20]})
    context = {"free": page._free(), "patient": page.patient, "first_paint": False}
    if part_of(request, target="free"):
        context["soonest"] = page._soonest()
    return render(request, "sessions/booking/partials/free.html", context)
