"""Devices of a site: the list with what is due, one device with its log, its sessions and lots, and its label."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.addresses import inside
from accounts.permissions import requires
from audit.services import note_read
from planner.wording import mm
from protocols.knowledge import knowledge_of
from protocols.services import current_version

from ..models import DeviceFile, DeviceLog, Resource, SessionZone, TreatmentSession
from ..services.hours import chosen, sites_of
from . import setup
from .forms import FileForm, LogForm, start_of
from .standing import standing

What = DeviceLog.What
MOST_LINES, MOST_SESSIONS = 20, 20
LARGEST = 2**63 - 1


def _device(request, pk: int) -> Resource:
    """A device of one of the reader's own sites."""
    if pk > LARGEST:
        raise Http404
    rows = Resource.objects.filter(kind=Resource.Kind.DEVICE, site__in=sites_of(request.user)).select_related("site", "file")
    device = get_object_or_404(rows, pk=pk)
    device.site.set_clock()
    return device


def _file(device: Resource) -> DeviceFile:
    return getattr(device, "file", None) or DeviceFile(device=device)


@require_safe
@requires("devices.view")
def devices(request):
    sites = sites_of(request.user)
    site = chosen(sites, request.GET.get("site", ""))
    if site is None:
        raise Http404
    site.set_clock()
    note_read("devices.viewed", request=request, obj=site)
    lines = setup.lines_of(site, site.day_of(timezone.now()))
    context = {"site": site, "sites": sites, "lines": lines, "due": sum(bool(line.due) for line in lines)}
    return render(request, "sessions/devices/list.html", context)


@require_safe
@requires("devices.view")
def device(request, device: int):
    one = _device(request, device)
    note_read("devices.viewed", request=request, obj=one)
    return _page(request, one)


def _page(request, one: Resource, *, form: LogForm | None = None, status: int = 200):
    file, found = _file(one), standing(one)
    sessions = _sessions(request.user, one)
    context = {
        "device": one,
        "file": file,
        "line": setup.line_of(one, one.site.day_of(timezone.now()), found),
        "limits": _limits(file),
        "log": one.log.select_related("by")[:MOST_LINES],
        "sessions": sessions,
        "forms": _forms(request, one, file, form),
        "agents": setup.agents_of(one.site),
        "form": form,
        "next": request.POST.get("next") or request.GET.get("next", ""),
        "errors_on_page": status != 200,
    }
    return render(request, "sessions/devices/device.html", context, status=status)


def _forms(request, one: Resource, file: DeviceFile, sent: LogForm | None) -> list[tuple[str, str, LogForm]]:
    """(title, button, form) of each thing that can be written down now; the one that was sent comes back as it was typed."""
    offered = [(What.CLEANED, gettext("Cleaned"), gettext("Keep the cleaning"))] if not file.single_use else []
    offered.append((What.SERVICED, gettext("Serviced"), gettext("Keep the service")))
    if one.is_active:
        offered.append((What.OUT, gettext("Take it out of service"), gettext("Take it out of service")))
    elif request.user.may("devices.edit"):
        offered.append((What.BACK, gettext("Back in service"), gettext("Put it back in service")))
    if not request.user.may("devices.log"):
        return []
    start = {"done_by": request.user.display_name}
    return [
        (
            title,
            button,
            sent
            if sent is not None and sent.what == what
            else LogForm(what=what, site=one.site, months=file.service_months, initial=start),
        )
        for what, title, button in offered
    ]


def _limits(file: DeviceFile) -> list[tuple[str, str]]:
    """What the label says, in words."""
    version = current_version()
    knowledge = knowledge_of(version) if version else None

    def zone(name: str) -> str:
        known = knowledge.zones.get(name) if knowledge else None
        return known.short_label if known else name.replace("_", " ").capitalize()

    def indication(name: str) -> str:
        known = knowledge.indications.get(name) if knowledge else None
        return known.label if known else name.replace("_", " ").capitalize()

    return [
        (gettext("Deepest setting"), mm(file.max_depth_mm) if file.max_depth_mm is not None else gettext("Not limited")),
        (gettext("Indications"), ", ".join(map(indication, file.label_indications)) or gettext("Not limited")),
        (gettext("Zones"), ", ".join(map(zone, file.label_zones)) or gettext("Not limited")),
        (
            gettext("Age"),
            gettext("%(label_min_age)s years or older") % {"label_min_age": file.label_min_age}
            if file.label_min_age is not None
            else gettext("Not limited"),
        ),
        (gettext("Where it says so"), file.label_source or gettext("Not entered")),
        (
            gettext("Single use"),
            gettext("Yes: thrown away after one session") if file.single_use else gettext("No: cleaned after each session"),
        ),
        (
            gettext("Serviced every"),
            gettext("%(service_months)s months") % {"service_months": file.service_months}
            if file.service_months
            else gettext("Not entered"),
        ),
    ]


def _sessions(user, one: Resource) -> list[TreatmentSession]:
    """The last sessions with the device of patients *user* reaches, with the cartridges used; who it was, is for those who see records."""
    done = Prefetch("zones", SessionZone.objects.filter(state=SessionZone.State.DONE), to_attr="done")
    rows = TreatmentSession.objects.visible_to(user).without_documents().filter(device=one)
    rows = rows.exclude(status=TreatmentSession.Status.CLOSED).select_related("patient", "clinician", "booking__site")
    return list(rows.prefetch_related(done, "used_lots").order_by("-started_at")[:MOST_SESSIONS])


@require_POST
@requires("devices.log")
def log(request, device: int):
    """One line more of the log."""
    one = _device(request, device)
    what = request.POST.get("what", "")
    if what not in What.values:
        raise Http404
    if what == What.BACK and not request.user.may("devices.edit"):
        raise PermissionDenied
    form = LogForm(request.POST, what=what, site=one.site, months=_file(one).service_months)
    if form.is_valid():
        try:
            setup.add(
                one, by=request.user, request=request, done_by=form.cleaned_data.get("done_by") or request.user.display_name, **_line(form)
            )
        except setup.Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, refused.message)
        else:
            messages.success(request, f"{one}: {What(what).label.lower()}.")
            return redirect(inside(request, request.POST.get("next", ""), reverse("sessions:device", args=[one.pk])))
    return _page(request, one, form=form, status=422)


def _line(form: LogForm) -> dict:
    return {name: value for name, value in form.line().items() if name != "done_by"}


@require_http_methods(["GET", "HEAD", "POST"])
@requires("devices.edit")
def label(request, device: int):
    """Serial number, label and how often it is serviced."""
    one = _device(request, device)
    file, version = _file(one), current_version()
    knowledge = knowledge_of(version) if version else None
    start = start_of(file) | {"was": setup.seen_of(file)}
    form, status, stale = FileForm(request.POST or None, file=file, knowledge=knowledge, initial=start), 200, False
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                setup.change(one, was=form.cleaned_data["was"], by=request.user, request=request, **form.values())
            except setup.Refused as refused:
                form.add_error(refused.field, refused.message)
            except setup.Changed:
                form.data = form.data.copy()
                form.data["was"] = setup.seen_of(_file(_device(request, device)))
                status, stale = 409, True
            else:
                messages.success(request, gettext("Saved."))
                return redirect("sessions:device", one.pk)
    else:
        note_read("devices.viewed", request=request, obj=one)
    context = {"device": one, "form": form, "stale": stale, "errors_on_page": status != 200}
    return render(request, "sessions/devices/label.html", context, status=status)
