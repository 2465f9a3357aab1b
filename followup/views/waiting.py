"""The waiting list: put somebody on it, take somebody off, and book a time that came free with one press."""

import datetime as dt

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import requires
from accounts.templatetags.clinic_format import in_words
from accounts.versioning import StaleRow
from audit.services import about, note_read
from patients.access import patient_or_404
from plans.querysets import PLAN_DOCUMENTS
from sessions.models import Booking, Resource
from sessions.querysets import of
from sessions.services.hours import chosen, clinic_zone, local_day, sites_of
from sessions.services.refusals import BookingRefused
from sessions.views.calendar_drawer import Toast, Undo, part_of
from sessions.views.visit import answered, show_visit, stale, visit_or_404, when_words, with_undo
from sessions.views.visit_move import steps_back, was

from ..forms.waiting import WaitingForm, hours_words, weekdays_words
from ..models import WaitingEntry
from ..services import waiting as service

PER_PAGE = 50
ROLES = ("clinician", "room", "device")
AHEAD = dt.timedelta(days=42)


def _shown(entries) -> list[tuple]:
    """(entry, what for, weekdays, hours) of each."""
    return [(entry, what_for(entry), weekdays_words(entry), hours_words(entry)) for entry in entries]


def what_for(entry: WaitingEntry) -> str:
    if entry.plan:
        return _("Session, %(plan)s") % {"plan": str(entry.plan).lower()}
    return entry.get_kind_display()


@require_safe
@requires("bookings.edit")
def waiting_list(request):
    sites = sites_of(request.user)
    site = chosen(sites, request.GET.get("site", ""))
    if site is None:
        return render(request, "sessions/booking/no_site.html", status=403)
    site.set_clock()
    rows = WaitingEntry.objects.visible_to(request.user).waiting(local_day(timezone.now(), clinic_zone(site))).filter(site=site)
    rows = rows.select_related("patient", "plan", "clinician").defer(*of("plan", PLAN_DOCUMENTS)).order_by("created_at", "pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page", ""))
    note_read("waiting.listed", request=request, detail={"found": len(page)})
    context = {"site": site, "sites": sites, "page": page, "lines": _shown(page), "tab": "waiting"}
    return render(request, "followup/waiting.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("bookings.edit")
def wait(request, number: int):
    patient = patient_or_404(request, number)
    today = local_day(timezone.now(), clinic_zone(patient.site))
    if request.method != "POST":
        wanted = request.GET.get("for", "")
        start = {"weekdays": [str(n) for n in range(5)], "until": today + AHEAD, **({"kind": wanted} if wanted else {})}
        return _wait(request, patient, WaitingForm(initial=start, patient=patient, today=today))
    form = WaitingForm(request.POST, patient=patient, today=today)
    if not form.is_valid():
        return _wait(request, patient, form, status=422)
    try:
        service.add(patient=patient, by=request.user, request=request, **form.values())
    except service.WaitsAlready as already:
        words = _("The patient waits for that already, until %(day)s. Take that off first")
        form.add_error("kind", words % {"day": in_words(already.entry.until).replace("\u00a0", " ")})
        return _wait(request, patient, form, status=422)
    messages.success(request, _("On the waiting list. When a time comes free that fits, the calendar names the patient."))
    return redirect("followup:wait", number)


def _wait(request, patient, form, *, status: int = 200):
    today = local_day(timezone.now(), clinic_zone(patient.site))
    rows = WaitingEntry.objects.visible_to(request.user).waiting(today).filter(patient=patient).select_related("plan", "clinician")
    context = {
        "patient": patient,
        "form": form,
        "lines": _shown(rows.defer(*of("plan", PLAN_DOCUMENTS))),
        "errors_on_page": status == 422,
    }
    response = render(request, "followup/wait.html", context, status=status)
    note_read("patient.viewed", request=request, patient=patient, obj=patient, detail={"part": "waiting"})
    return response


def _entry(request, pk: int) -> WaitingEntry:
    entry = get_object_or_404(WaitingEntry.objects.visible_to(request.user).select_related("patient__site", "site", "plan"), pk=pk)
    about(entry.patient_id)
    return entry


@require_POST
@requires("bookings.edit")
def end_waiting(request, pk: int):
    entry = _entry(request, pk)
    if service.take_off(entry, by=request.user, request=request):
        messages.success(request, _("%(patient)s is off the waiting list.") % {"patient": entry.patient})
    if request.POST.get("back") == "patient":
        return redirect("followup:wait", entry.patient.number)
    return redirect(f"{reverse('followup:waiting')}?site={entry.site.slug}")


@require_POST
@requires("bookings.edit")
def book_waiting(request, pk: int):
    """
    The press beside a name. *slot*: what the diary offered; *freed*: the visit whose time came free, to go back to; *undone*: the visit
    that such a press made or moved, and its version, to take that back.
    """
    entry = _entry(request, pk)
    if request.POST.get("undone"):
        return _taken_back(request, entry)
    freed, time = _freed(request), _slot(request.POST.get("slot", ""))
    if time is None:
        messages.error(request, _("Nothing was booked: no time was chosen. Choose one for the patient."))
        return redirect(_book_url(entry))
    starts_at, named = time
    standing = service.to_bring_forward(entry)
    try:
        visit = service.book(entry, starts_at=starts_at, by=request.user, **named)
    except BookingRefused as refused:
        if freed is not None:
            return show_visit(request, freed, status=409, refused=refused)
        messages.error(request, refused.message)
        return redirect(_book_url(entry))
    said = {"patient": entry.patient, "when": when_words(visit), "clinician": visit.clinician}
    words = _("%(patient)s: booked for %(when)s, with %(clinician)s. Off the waiting list.") % said
    undo = _undo(entry, visit, standing)
    if part_of(request):
        return show_visit(request, visit_or_404(request, visit.pk), toast=Toast(words, undo), changed=True)
    messages.success(request, with_undo(request, words, undo))
    return redirect("sessions:booking", visit.pk)


def _undo(entry: WaitingEntry, visit: Booking, standing: Booking | None) -> Undo | None:
    """The way back of the press; none where it was a second one, which changed nothing. standing: the visit that was there before it."""
    sent = {"undone": f"{visit.pk}/{visit.version}"}
    if standing is not None and (standing.pk, standing.version + 1) == (visit.pk, visit.version):
        sent["back"] = was(standing, visit.version)
    elif standing is not None or visit.version != 1:
        return None
    return Undo(reverse("followup:book_waiting", args=[entry.pk]), sent)


def _taken_back(request, entry: WaitingEntry):
    visit_pk, _slash, version = request.POST["undone"].partition("/")
    if not (visit_pk.isdecimal() and version.isdecimal() and len(visit_pk) < 10 and len(version) < 10):
        raise Http404
    visit = visit_or_404(request, int(visit_pk))
    if visit.patient.person_pk != entry.patient.person_pk or visit.kind != entry.kind:
        raise Http404
    steps = steps_back(request, visit) if request.POST.get("back") else []
    try:
        visit = service.take_back(entry, visit, int(version), steps, by=request.user)
    except StaleRow:
        return stale(request, visit)
    except BookingRefused as refused:
        return show_visit(request, visit_or_404(request, visit.pk), status=409, refused=refused)
    words = _("%(patient)s: back on %(when)s, and waits again.") if steps else _("%(patient)s: not booked, and waits again.")
    return answered(request, visit, Toast(words % {"patient": entry.patient, "when": when_words(visit)}))


def _book_url(entry: WaitingEntry) -> str:
    """Where a time is looked for by hand."""
    plan = f"&plan={entry.plan.number}" if entry.plan else ""
    return f"{reverse('sessions:book')}?patient={entry.patient.number}&kind={entry.kind}{plan}"


def _freed(request) -> Booking | None:
    """The visit whose time it is, where the reader may see it."""
    number = request.POST.get("freed", "")
    return visit_or_404(request, int(number)) if number.isdecimal() and len(number) < 10 else None


def _slot(text: str) -> tuple[dt.datetime, dict] | None:
    """
    `2026-11-24T10:00:00+00:00/12/5/8`: the moment, clinician, room and device. Whether they are the site's the door says. None where
    it is not what a button of ours sends.
    """
    when, *named = text.split("/")
    wanted = [one for one in named if one]
    try:
        starts_at = dt.datetime.fromisoformat(when)
    except ValueError:
        return None
    if (
        starts_at.tzinfo is None
        or len(named) != len(ROLES)
        or not all(one.isascii() and one.isdecimal() and len(one) < 10 for one in wanted)
    ):
        return None
    found = {str(one.pk): one for one in Resource.objects.filter(pk__in=wanted).select_related("site")}
    if set(wanted) - set(found):
        return None
    return starts_at, {role: found.get(pk) for role, pk in zip(ROLES, named, strict=True)}
