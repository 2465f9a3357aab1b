"""Settings of the diary: who and what can be booked, when, and how long visits take. A new clinic is set up here."""

import datetime as dt

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import requires
from audit.services import note_read

from ..forms.diary_settings import AbsenceForm, HolidayForm, HoursForm, LengthsForm, ResourceForm, spans_words
from ..models import Resource, ServiceTime
from ..services import equipment
from ..services.hours import chosen, clinic_zone, local_day, sites_of

Kind = Resource.Kind


class _Place:
    """The site that is being set up, one of the reader's own."""

    def __init__(self, request, slug: str | None = None):
        self.sites = sites_of(request.user)
        self.site = chosen(self.sites, slug if slug is not None else (request.POST.get("site") or request.GET.get("site", "")))
        if self.site is None:
            raise Http404
        self.zone = clinic_zone(self.site)
        self.today = local_day(timezone.now(), self.zone)

    @property
    def url(self) -> str:
        return f"{reverse('sessions:diary_settings')}?site={self.site.slug}"


def _touched(count: int) -> str:
    """How many visits stand where none should be now."""
    if not count:
        return ""
    words = ngettext(
        "%(count)s visit stands in that time: the calendar marks it.",
        "%(count)s visits stand in that time: the calendar marks them.",
        count,
    )
    return f" {words % {'count': count}}"


@require_safe
@requires("diary.settings")
def overview(request):
    place = _Place(request)
    note_read("diary.settings_viewed", request=request, obj=place.site)
    return _overview(request, place)


def _overview(request, place: _Place, *, status: int = 200, holiday=None, lengths=None, stale: bool = False):
    everything = equipment.of_site(place.site)
    for one in everything:
        one.hours_words = _hours_words(one, place.today)
    kinds = (
        (Kind.CLINICIAN, gettext("Clinicians")),
        (Kind.ROOM, gettext("Rooms")),
        (Kind.BAY, gettext("Numbing bays")),
        (Kind.DEVICE, gettext("Devices")),
    )
    context = {
        "place": place,
        "kinds": [(kind, label, Kind(kind).label.lower(), [one for one in everything if one.kind == kind]) for kind, label in kinds],
        "people": equipment.not_bookable_yet(place.site),
        "holidays": place.site.holidays.filter(day__gte=place.today),
        "holiday_form": holiday or HolidayForm(today=place.today),
        "lengths_form": lengths or LengthsForm(initial=_lengths(place.site)),
        "stale": stale,
        "errors_on_page": status != 200,
    }
    return render(request, "sessions/settings/diary.html", context, status=status)


def _hours_words(one: Resource, today: dt.date) -> str:
    rows = [row for row in one.hours_here if row.valid_until is None or row.valid_until >= today]
    days = len({row.weekday for row in rows})
    return ngettext("%(count)s day a week", "%(count)s days a week", days) % {"count": days} if days else gettext("No hours yet")


def _lengths(site) -> dict:
    rows = equipment.lengths_of(site)
    start = {f"{kind}-{name}": getattr(row, name) for kind, row in rows.items() for name in LengthsForm.MOST}
    session = rows[ServiceTime.Kind.SESSION]
    return {
        **start,
        "zones_included": session.zones_included,
        "minutes_per_zone": session.minutes_per_zone,
        "products": "\n".join(f"{row.product} {row.minutes}" for row in site.numbing_times.all()),
        "was": equipment.seen_lengths(site),
    }


@require_POST
@requires("diary.settings")
def lengths(request):
    place = _Place(request)
    form = LengthsForm(request.POST)
    if not form.is_valid():
        return _overview(request, place, status=422, lengths=form)
    data = form.cleaned_data
    try:
        equipment.set_lengths(
            place.site, lengths=form.lengths(), numbing=data["products"], by=request.user, was=data["was"], request=request
        )
    except equipment.Changed:
        form.data = form.data.copy()
        form.data["was"] = equipment.seen_lengths(place.site)
        return _overview(request, place, status=409, lengths=form, stale=True)
    messages.success(request, gettext("Saved. Visits that stand keep their length."))
    return redirect(place.url)


@require_POST
@requires("diary.settings")
def holidays(request):
    place = _Place(request)
    remove = request.POST.get("remove", "")
    if remove:
        if not remove.isdecimal() or len(remove) > 18:
            raise Http404
        equipment.remove_holiday(place.site, int(remove), by=request.user, request=request)
        messages.success(request, gettext("The clinic is open on that day again."))
        return redirect(place.url)
    form = HolidayForm(request.POST, today=place.today)
    if form.is_valid():
        try:
            count = equipment.add_holiday(place.site, by=request.user, request=request, **form.cleaned_data)
        except equipment.Refused as refused:
            form.add_error(refused.field, refused.message)
        else:
            messages.success(request, gettext("Closed on that day.") + _touched(count))
            return redirect(place.url)
    return _overview(request, place, status=422, holiday=form)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("diary.settings")
def add(request):
    place = _Place(request)
    kind = request.POST.get("kind") or request.GET.get("kind", "")
    if kind not in Kind.values:
        raise Http404
    if kind == Kind.CLINICIAN:
        return _make_bookable(request, place)
    form = ResourceForm(request.POST or None, kind=kind, today=place.today, is_new=True)
    if request.method == "POST" and form.is_valid():
        try:
            made = equipment.add_resource(site=place.site, kind=kind, by=request.user, request=request, **form.values())
        except equipment.Refused as refused:
            form.add_error(refused.field, refused.message)
        else:
            messages.success(request, gettext("%(made)s is added. Enter its hours: without hours it takes no visit.") % {"made": made.name})
            return redirect("sessions:resource", made.pk)
    context = {"place": place, "form": form, "kind": kind, "label": Kind(kind).label.lower(), "errors_on_page": bool(form.errors)}
    return render(request, "sessions/settings/add.html", context, status=422 if form.errors else 200)


def _make_bookable(request, place: _Place):
    """One press beside a name. A link to here has nothing to show: it leads to the list of names."""
    if request.method != "POST":
        return redirect(place.url)
    chosen_pk = request.POST.get("user", "")
    person = next((one for one in equipment.not_bookable_yet(place.site) if str(one.pk) == chosen_pk), None)
    try:
        made = equipment.add_resource(site=place.site, kind=Kind.CLINICIAN, user=person, by=request.user, request=request)
    except equipment.Refused as refused:
        messages.error(request, refused.message)
        return redirect(place.url)
    where = gettext(" at %(site)s") % {"site": place.site.name} if made.site_id != place.site.pk else ""
    messages.success(
        request,
        gettext("%(made)s has a column in the calendar. Enter the hours%(where)s: without hours there is nothing to book.")
        % {"made": made.name, "where": where},
    )
    return redirect(_address(made, place))


# One resource


def _found(request, pk: int) -> tuple[Resource, _Place]:
    """What is set up, and at which of the reader's sites: the one in the address where a clinician works there too, else its own."""
    one = get_object_or_404(Resource.objects.select_related("site", "user"), pk=pk)
    works_at = {one.site.slug}
    if one.kind == Kind.CLINICIAN and one.user is not None:
        works_at |= set(one.user.sites.values_list("slug", flat=True))
    own = [site.slug for site in sites_of(request.user) if site.slug in works_at]
    asked = request.POST.get("site") or request.GET.get("site", "")
    slug = next((slug for slug in (asked, one.site.slug, *own) if slug in own), None)
    if slug is None:
        raise Http404
    return one, _Place(request, slug)


def _is_guest(one: Resource, place: _Place) -> bool:
    """Whether it belongs to another site: what it is is said there, only hours and leave are entered here."""
    return one.site_id != place.site.pk


def _address(one: Resource, place: _Place) -> str:
    url = reverse("sessions:resource", args=[one.pk])
    return f"{url}?site={place.site.slug}" if _is_guest(one, place) else url


@require_http_methods(["GET", "HEAD", "POST"])
@requires("diary.settings")
def resource(request, pk: int):
    one, place = _found(request, pk)
    if request.method != "POST":
        note_read("diary.resource_viewed", request=request, obj=one)
        return _resource(request, one, place)
    if _is_guest(one, place):
        raise Http404
    form = _details(one, place, request.POST)
    if form.is_valid():
        try:
            count = equipment.change_resource(
                one, by=request.user, was=form.cleaned_data["was"], trained=form.chosen_people(), request=request, **form.values()
            )
        except equipment.Refused as refused:
            form.add_error(refused.field, refused.message)
        except equipment.Changed:
            form.data = form.data.copy()
            form.data["was"] = equipment.seen_of(Resource.objects.get(pk=pk))
            return _resource(request, one, place, status=409, form=form, stale=True)
        else:
            messages.success(request, gettext("Saved.") + _touched(count))
            return redirect("sessions:resource", pk)
    return _resource(request, one, place, status=422, form=form)


def _details(one: Resource, place: _Place, sent=None) -> ResourceForm:
    people = [row for row in equipment.of_site(place.site) if row.kind == Kind.CLINICIAN] if one.kind == Kind.DEVICE else []
    start = {name: getattr(one, name) for name in equipment.FIELDS} | {"was": equipment.seen_of(one)}
    if people:
        start["trained"] = [str(pk) for pk in one.users.values_list("clinician_id", flat=True)]
    return ResourceForm(sent, initial=start, kind=one.kind, today=place.today, people=people)


def _resource(request, one: Resource, place: _Place, *, status: int = 200, form=None, hours=None, absence=None, stale: bool = False):
    now = timezone.now()
    week = equipment.week_of(one, place.today, place.site)
    start = {f"day_{number}": spans_words(week.get(number, [])) for number in range(7)}
    later = equipment.hours_at(one, place.site).filter(valid_from__gt=place.today).order_by("valid_from", "weekday", "opens")
    context = {
        "place": place,
        "resource": one,
        "is_guest": _is_guest(one, place),
        "form": form or _details(one, place),
        "hours_form": hours or HoursForm(initial=start | {"was": equipment.seen_hours(one, place.site)}, today=place.today),
        "later_hours": later,
        "absences": one.absences.filter(ends_at__gt=now),
        "absence_form": absence or AbsenceForm(today=place.today, zone=place.zone),
        "stale": stale,
        "errors_on_page": status != 200,
    }
    with timezone.override(place.zone):  # leave is shown on that site's clock
        return render(request, "sessions/settings/resource.html", context, status=status)


@require_POST
@requires("diary.settings")
def hours(request, pk: int):
    one, place = _found(request, pk)
    form = HoursForm(request.POST, today=place.today)
    if not form.is_valid():
        return _resource(request, one, place, status=422, hours=form)
    data = form.cleaned_data
    try:
        asked = {"week": form.week(), "from_day": data["from_day"], "was": data["was"]}
        equipment.set_hours(one, site=place.site, by=request.user, request=request, **asked)
    except equipment.Changed:
        form.data = form.data.copy()
        form.data["was"] = equipment.seen_hours(one, place.site)
        return _resource(request, one, place, status=409, hours=form, stale=True)
    messages.success(request, gettext("Hours saved. Visits that stand are not moved."))
    return redirect(_address(one, place))


@require_POST
@requires("diary.settings")
def absences(request, pk: int):
    one, place = _found(request, pk)
    remove = request.POST.get("remove", "")
    if remove:
        if not remove.isdecimal() or len(remove) > 18:
            raise Http404
        equipment.remove_absence(one, int(remove), by=request.user, request=request)
        messages.success(request, gettext("%(one)s is there again.") % {"one": one.name})
        return redirect(_address(one, place))
    form = AbsenceForm(request.POST, today=place.today, zone=place.zone)
    if form.is_valid():
        data = form.cleaned_data
        asked = {name: data[name] for name in ("starts_at", "ends_at", "reason")}
        try:
            _, count = equipment.add_absence(one, by=request.user, request=request, **asked)
        except equipment.Refused as refused:
            form.add_error(refused.field, refused.message)
        else:
            messages.success(request, gettext("Entered.") + _touched(count))
            return redirect(_address(one, place))
    return _resource(request, one, place, status=422, absence=form)
