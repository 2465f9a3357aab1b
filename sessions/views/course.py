"""All visits of one plan on one page, booked with one press."""

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.permissions import requires
from audit.services import record
from patients.models import Patient
from planner import wording
from plans.models import TreatmentPlan

from ..forms.booking import CourseForm, within_reach
from ..models import Resource
from ..services.course import Slot, book_course, first_day_of, propose_course
from ..services.free_time import why_unfit
from ..services.hours import clinic_zone, local_day
from ..services.refusals import BookingRefused, SlotTaken

USUAL_TIME = dt.time(10)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("bookings.edit")
def book_plan(request, number: int, plan_number: int):
    """
    GET proposes; each choice of an alternative draws the later dates again (`pick-2=2026-12-22T10:30/12`). POST books exactly
    the times that were shown, all or none.
    """
    patient = get_object_or_404(Patient.objects.visible_to(request.user).select_related("site"), number=number)
    plan = get_object_or_404(
        TreatmentPlan.objects.visible_to(request.user).select_related("accepted_by"), patient=patient, number=plan_number
    )
    plan.patient = patient
    page = _CoursePage(request, plan)
    if request.method == "POST" and "book" in request.POST:
        return page.book()
    response = page.show()
    record("plan.course_viewed", request=request, patient=patient, obj=plan)
    return response


class _CoursePage:
    def __init__(self, request, plan):
        self.request, self.plan, self.site = request, plan, plan.patient.site
        self.zone: ZoneInfo = clinic_zone(self.site)
        self.today = local_day(timezone.now(), self.zone)
        sent = request.POST if request.method == "POST" else request.GET
        self.picks = self._read(sent, "pick-")
        common = {"site": self.site, "today": self.today}
        if "first_day" in sent:
            self.form = CourseForm(sent, **common)
        else:
            usual = Resource.objects.filter(site=self.site, is_active=True, user=plan.accepted_by).first()
            if usual is not None and why_unfit(usual, "session", plan):
                usual = None
            first = first_day_of(plan, today=self.today)
            start = {"first_day": first, "time": f"{USUAL_TIME:%H:%M}", "clinician": str(usual.pk) if usual else ""}
            self.form = CourseForm(data={**start, "first_day": first.isoformat()}, **common)

    def _read(self, sent, prefix: str) -> dict[int, Slot]:
        """The times chosen (`pick-`) or shown (`shown-`), by session (0 for the review). What cannot be read counts as not sent."""
        people = {str(r.pk): r for r in Resource.objects.filter(site=self.site, kind=Resource.Kind.CLINICIAN).select_related("user")}
        picks = {}
        for name in sent:
            key = name.removeprefix(prefix)
            if not name.startswith(prefix) or len(key) > 3 or not key.isdecimal() or int(key) > self.plan.sessions_count:
                continue
            when, _, clinician = sent[name].partition("/")
            try:
                local = dt.datetime.fromisoformat(when).replace(tzinfo=self.zone)
            except ValueError:
                continue
            if not within_reach(local.date(), self.today):
                continue
            picks[int(key)] = Slot(int(key), local.astimezone(dt.UTC), people.get(clinician))
        return picks

    def show(self, *, status: int = 200, **context):
        course, refused = None, context.pop("refused", None)
        plan = self.plan
        if plan.status != TreatmentPlan.Status.ACCEPTED:
            refused = refused or BookingRefused(f"This plan is {plan.get_status_display().lower()}. Book from the plan that is in force.")
        elif self.form.is_valid():
            data = self.form.cleaned_data
            if data["first_day"] < self.today:
                self.form.add_error("first_day", "The first day must be today or later")
            else:
                try:
                    course = propose_course(
                        plan, first_day=data["first_day"], time=data["time"], clinician=self.form.with_whom, picks=self.picks
                    )
                except BookingRefused as error:
                    refused = refused or error
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
            "accepted": wording.day(local_day(plan.accepted_at, self.zone), weekday=True),
            **context,
        }
        template = (
            "sessions/booking/partials/course.html"
            if self.request.htmx and self.request.method == "GET"
            else "sessions/booking/course.html"
        )
        return render(self.request, template, context, status=status)

    def book(self):
        key = self.request.POST.get("request_key", "")[:40] or uuid.uuid4().hex
        try:
            slots = {**self._read(self.request.POST, "shown-"), **self.picks}
            made = book_course(self.plan, slots=list(slots.values()), by=self.request.user, request_key=key)
        except SlotTaken as taken:
            return self.show(status=409, refused=taken)
        except BookingRefused as refused:
            return self.show(status=409, refused=refused)
        sessions = sum(b.kind == "session" for b in made)
        review = " and the review" if len(made) > sessions else ""
        messages.success(self.request, f"Booked: {sessions} session{'' if sessions == 1 else 's'}{review}.")
        return redirect("patients:detail", self.plan.patient.number)
