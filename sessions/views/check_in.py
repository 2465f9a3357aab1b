"""At check-in: what is due is asked right there. The desk sees the questions, never an earlier answer and never a reason."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from accounts.permissions import requires
from audit.services import about, note_read
from consent.standing import Stands, stands_for

from ..models import Booking
from ..services import screening
from ..services.due import due_of, may_need_explaining
from ..services.hours import clinic_zone, local_day
from .questions import list_rows, question_rows

ASKABLE = (Booking.Status.BOOKED, Booking.Status.ARRIVED, Booking.Status.IN_ROOM)


def is_asked_today(booking: Booking) -> bool:
    """A session of a plan, today, that has not begun to be recorded to its end."""
    today = local_day(timezone.now(), clinic_zone(booking.site))
    day = local_day(booking.starts_at, clinic_zone(booking.site))
    return booking.kind == Booking.Kind.SESSION and booking.plan_id is not None and booking.status in ASKABLE and day == today


def asks_left(booking: Booking, user) -> bool:
    """Whether *user* has something to ask this patient now, before the session."""
    if not is_asked_today(booking) or not user.may("screening.ask"):
        return False
    on = local_day(timezone.now(), clinic_zone(booking.site))
    return bool(screening.may_ask(due_of(booking.patient, booking.plan.protocol_version, on), by=user, patient=booking.patient))


def check_in_of(booking: Booking, user) -> screening.CheckIn | None:
    """What the booking's page says about starting; None where there is nothing to ask or nobody to ask it."""
    if not is_asked_today(booking) or not user.may("screening.ask"):
        return None
    return screening.check_in(booking, by=user, on=local_day(timezone.now(), clinic_zone(booking.site)))


def consent_of(booking: Booking, user) -> Stands | None:
    """What the booking's page says about consent before a session; None where there is nothing to say or nobody to see it."""
    if booking.kind != Booking.Kind.SESSION or booking.plan_id is None or booking.status not in ASKABLE or not user.may("consent.view"):
        return None
    return stands_for(booking.plan, booking.patient)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("screening.ask")
def ask(request, pk: int):
    rows = Booking.objects.visible_to(request.user).with_names().select_related("site", "plan__protocol_version")
    booking = get_object_or_404(rows.defer("plan__protocol_version__document"), pk=pk)
    about(booking.patient_id)
    if booking.plan_id is None:
        raise Http404
    if not is_asked_today(booking):
        messages.info(request, gettext("The questions are asked on the day of a session, before it."))
        return redirect("sessions:booking", pk)
    if request.method == "POST":
        return _answered(request, booking)
    note_read("screening.opened", request=request, patient=booking.patient, obj=booking)
    return _page(request, booking)


def _answered(request, booking: Booking):
    on = local_day(timezone.now(), clinic_zone(booking.site))
    faults = screening.answer_at_check_in(booking, request.POST, by=request.user, on=on)
    if faults:
        return _page(request, booking, faults=faults, status=422)
    messages.success(request, gettext("Answers saved."))
    return redirect("sessions:booking", booking.pk)


def _page(request, booking: Booking, *, faults=None, status: int = 200):
    check = check_in_of(booking, request.user)
    if check is None or not check.left:
        return redirect("sessions:booking", booking.pk)
    answers = request.POST if request.method == "POST" else None
    zones = [(zone.zone, zone.zone_label) for zone in booking.plan.zones.all()]
    medicines = ()
    if request.user.may("patients.clinical"):
        today = local_day(timezone.now(), clinic_zone(booking.site))
        medicines = may_need_explaining(booking.patient, booking.plan.protocol_version, today)
    context = {
        "booking": booking,
        "patient": booking.patient,
        "consent": consent_of(booking, request.user),
        "due": question_rows(check.left.questions, answers=answers, faults=faults, zones=zones, medicines=medicines),
        "due_lists": list_rows(check.left.lists, answers=answers, faults=faults),
        "answer_faults": faults or {},
        "errors_on_page": bool(faults),
    }
    return render(request, "sessions/booking/ask.html", context, status=status)
