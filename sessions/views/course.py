"""All visits of one plan on one page, booked with one press."""

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods

from accounts.permissions import requires, who
from accounts.templatetags.clinic_format import in_words
from audit.services import about, note_read
from patients.models import Patient
from plans.models import TreatmentPlan

from ..forms.booking import within_reach
from ..forms.course import CourseForm
from ..models import Booking, Resource
from ..services import gap
from ..services.course import REVIEW, Slot, book_course, left_to_book
from ..services.course_dates import first_day_of, propose_course
from ..services.hours import clinic_zone, local_day
from ..services.party import why_unfit
from ..services.refusals import BookingRefused
from ..services.taking_back import take_back
from .calendar_drawer import TOASTS, Toast, Undo, before, drawer_reply, part_of, toast_reply
from .visit import with_undo

USUAL_TIME = dt.time(10)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("bookings.edit")
def book_plan(request, number: int, plan_number: int):
    """
    GET proposes; each choice of an alternative draws the later dates again (`pick-2=2026-12-22T10:30:00+00:00/12`). POST books exactly
    the times that were shown, all or none.
    """
    patient = get_object_or_404(Patient.objects.visible_to(request.user).select_related("site"), number=number)
    about(patient)
    plan = get_object_or_404(
        TreatmentPlan.objects.visible_to(request.user).select_related("accepted_by"), patient__pk=patient.pk, number=plan_number
    )
    plan.patient = patient
    page = _CoursePage(request, plan)
    if request.method == "POST" and "book" in request.POST:
        return page.book()
    if request.method == "POST" and "undone" in request.POST:
        return page.take_back()
    response = page.show()
    note_read("plan.course_viewed", request=request, patient=patient, obj=plan)
    return response


def _booked_words(sessions: int, *, with_review: bool) -> str:
    if not sessions:
        return gettext("Booked: the review.")
    if with_review:
        return ngettext("Booked: %(count)s session and the review.", "Booked: %(count)s sessions and the review.", sessions) % {
            "count": sessions
        }
    return ngettext("Booked: %(count)s session.", "Booked: %(count)s sessions.", sessions) % {"count": sessions}


def _title(number: int) -> str:
    return gettext("session %(number)s") % {"number": number} if number != REVIEW else gettext("the review")


class _CoursePage:
    def __init__(self, request, plan):
        self.request, self.plan, self.site = request, plan, plan.patient.site
        self.zone: ZoneInfo = clinic_zone(self.site)
        self.today = local_day(timezone.now(), self.zone)
        sent = request.POST if request.method == "POST" else request.GET
        self.unread: list[str] = []
        self.picks = self._read(sent, "pick-")
        common = {"site": self.site, "today": self.today, "plan": plan, "user": request.user}
        if "first_day" in sent:
            self.form = CourseForm(sent, **common)
        else:
            usual = Resource.objects.at(self.site).filter(is_active=True, user=plan.accepted_by).first()
            if usual is not None and why_unfit(usual, "session", plan):
                usual = None
            first = first_day_of(plan, today=self.today)
            start = {"first_day": first, "time": f"{USUAL_TIME:%H:%M}", "clinician": str(usual.pk) if usual else ""}
            self.form = CourseForm(data={**start, "first_day": first.isoformat()}, **common)

    def _read(self, sent, prefix: str) -> dict[int, Slot]:
        """
        The times chosen (`pick-`) or shown (`shown-`), by session (0 for the review). What cannot be read is not among them: it is kept in
        `unread`, with why.
        """
        people = {str(r.pk): r for r in Resource.objects.at(self.site).filter(kind=Resource.Kind.CLINICIAN).select_related("user")}
        picks = {}
        for name in sent:
            key = name.removeprefix(prefix)
            if not name.startswith(prefix):
                continue
            if len(key) > 3 or not key.isdecimal() or int(key) > self.plan.sessions_count:
                self.unread.append(gettext("A time was sent for a visit that this plan does not have."))
                continue
            title = _title(int(key))
            when, _, clinician = sent[name].partition("/")
            try:
                local = dt.datetime.fromisoformat(when)
                local = local.astimezone(self.zone) if local.tzinfo else local.replace(tzinfo=self.zone)
            except (ValueError, OverflowError):
                local = None
            if local is None or not within_reach(local.date(), self.today):
                self.unread.append(gettext("The time sent for %(title)s cannot be read.") % {"title": title})
            elif clinician and clinician not in people:
                self.unread.append(
                    gettext("The clinician sent for %(title)s takes no bookings at %(site)s.") % {"title": title, "site": self.site}
                )
            else:
                picks[int(key)] = Slot(int(key), local.astimezone(dt.UTC), people.get(clinician))
        return picks

    def _is_named(self, number: int) -> bool:
        """Whether something was sent for it, readable or not."""
        return any(name in self.request.POST for name in (f"shown-{number}", f"pick-{number}"))

    def show(self, *, status: int = 200, toast: Toast | None = None, changed: int = 0, **context):
        course, refused = None, context.pop("refused", None)
        plan = self.plan
        if plan.status != TreatmentPlan.Status.ACCEPTED:
            refused = refused or BookingRefused(
                gettext("This plan is %(status)s. Book from the plan that is in force.") % {"status": plan.get_status_display().lower()}
            )
        elif not set(self.form.errors) - {"gap_reason"}:
            data = self.form.cleaned_data
            if data["first_day"] < self.today:
                self.form.add_error("first_day", gettext("The first day must be today or later"))
            else:
                try:
                    asked = {"first_day": data["first_day"], "time": data["time"], "clinician": self.form.with_whom}
                    course = propose_course(plan, **asked, picks=self.picks, wishes=self.form.wishes)
                except BookingRefused as error:
                    refused = refused or error
        if course is not None and course.sooner and not self.form.may_say_sooner:
            course.sooner += gettext(" Only %(who)s may book it sooner.") % {"who": who(gap.OVERRIDE)}
        if self.form.errors and status == 200 and self.request.GET.get("first_day") is not None:
            status = 422
        context = {
            "plan": plan,
            "patient": plan.patient,
            "form": self.form,
            "course": course,
            "refused": refused,
            "request_key": uuid.uuid4().hex,
            "errors_on_page": status == 422,
            "zones": ", ".join(zone.zone_label for zone in plan.zones.all()),
            "accepted": in_words(local_day(plan.accepted_at, self.zone), weekday=True),
            **context,
        }
        if part_of(self.request):
            opened = {"open": self._opened_as()}
            template = "sessions/calendar/partials/course.html"
            return drawer_reply(self.request, template, context, status=status, open=opened, toast=toast, changed=changed)
        # The dates drawn again after a choice are taken out of the page: in the drawer they stay the drawer's.
        context["drawer"] = bool(part_of(self.request, target="course"))
        return render(self.request, "sessions/booking/course.html", context, status=status)

    def book(self):
        key = self.request.POST.get("request_key", "")[:40] or uuid.uuid4().hex
        try:
            slots = {**self._read(self.request.POST, "shown-"), **self.picks}
            # A course is booked whole: a time that a form left out would leave a hole that nobody has seen.
            in_force = self.plan.status == TreatmentPlan.Status.ACCEPTED
            left_out = [number for number in left_to_book(self.plan) if number not in slots] if in_force else []
            self.unread += [
                gettext("No time was sent for %(title)s.") % {"title": _title(number)} for number in left_out if not self._is_named(number)
            ]
            if self.unread:
                self.picks = slots  # what could be read stays chosen
                raise BookingRefused(" ".join(dict.fromkeys(self.unread)) + gettext(" Look at the dates and press again."))
            reason = self.request.POST.get("gap_reason", "")[:300]
            made = book_course(self.plan, slots=list(slots.values()), by=self.request.user, request_key=key, gap_reason=reason)
        except BookingRefused as refused:
            if getattr(refused, "may_be_overridden", False) and self.form.may_say_sooner and self.form.is_valid():
                self.form.add_error("gap_reason", gettext("Say why it may be sooner. %(message)s") % {"message": refused.message})
                return self.show(status=422)
            return self.show(status=409, refused=refused)
        sessions = sum(b.kind == "session" for b in made)
        words = _booked_words(sessions, with_review=len(made) > sessions)
        undo = None
        if all(row.version == 1 for row in made):  # a second press may find them changed already
            undo = Undo(self.request.path, {"undone": " ".join(f"{row.pk}/{row.version}" for row in made)})
        if part_of(self.request):
            self.picks = {}
            return self.show(toast=Toast(f"{self.plan.patient}: {words}", undo), changed=made[0].pk if made else 0)
        messages.success(self.request, with_undo(self.request, words, undo))
        return redirect("patients:detail", self.plan.patient.number)

    def take_back(self):
        """The way back of the press that booked the course: all of it or nothing."""
        made = self._undone()
        try:
            gone = take_back(made, by=self.request.user)
        except BookingRefused as refused:
            return self.show(status=409, refused=refused, not_undone=True)
        words = ngettext(
            "%(patient)s: not booked. %(count)s visit is taken back.",
            "%(patient)s: not booked. %(count)s visits are taken back.",
            len(gone),
        ) % {"patient": self.plan.patient, "count": len(gone)}
        if part := part_of(self.request):
            toast = Toast(words)
            if part == TOASTS and not self._is_in_the_drawer():
                return toast_reply(self.request, toast, changed=gone[0].pk)
            return self.show(toast=toast, changed=gone[0].pk)
        messages.success(self.request, words)
        return redirect("sessions:book_course", self.plan.patient.number, self.plan.number)

    def _undone(self) -> list[tuple[Booking, int]]:
        """What the form of an undo names: visits of this plan only. Anything else was not sent by a page of ours."""
        rows = {str(row.pk): row for row in Booking.objects.visible_to(self.request.user).filter(plan=self.plan).select_related("patient")}
        made = {}
        for sent in self.request.POST["undone"].split(" ")[: self.plan.sessions_count + 1]:
            pk, _, version = sent.partition("/")
            if pk not in rows or not version.isdecimal() or len(version) > 9:
                raise Http404
            made[pk] = (rows[pk], int(version))
        return list(made.values())

    def _is_in_the_drawer(self) -> bool:
        return before(self.request).opened.get("open") == self._opened_as()

    def _opened_as(self) -> str:
        return f"course-{self.plan.patient.number}-{self.plan.number}"
