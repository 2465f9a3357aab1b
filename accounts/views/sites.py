"""The places of the clinic: listed, added and changed by a manager of them."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from audit.services import note_read

from ..forms.sites import SiteForm
from ..models import Site, User
from ..permissions import requires
from ..services import sites as service
from ..services.staff import ChangedMeanwhile, StaffRefused


@require_safe
@requires("sites.edit")
def sites(request):
    own = list(Site.objects.filter(pk__in=request.user.site_ids()).order_by("name"))
    staff = User.sites.through.objects.filter(site__in=own, user__is_active=True).values_list("site_id", flat=True)
    counted = list(staff)
    for site in own:
        site.people = counted.count(site.pk)
    note_read("sites.viewed", request=request, detail={"sites": len(own)})
    return render(request, "accounts/staff/sites.html", {"sites": own})


@require_http_methods(["GET", "HEAD", "POST"])
@requires("sites.edit")
def add_site(request):
    if request.method != "POST":
        start = {"time_zone": settings.CLINIC_TIME_ZONE, "country": "GB", "paper": "A4"}
        return _page(request, SiteForm(initial=start))
    form = SiteForm(request.POST)
    if form.is_valid():
        try:
            made = service.add_site(by=request.user, request=request, **form.values())
        except StaffRefused as refused:
            form.add_error(refused.field, refused.message)
        else:
            messages.success(
                request, _("%(name)s is added. You belong to it; add others on the page of each person.") % {"name": made.name}
            )
            return redirect("accounts:sites")
    return _page(request, form, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("sites.edit")
def site(request, pk: int):
    found = Site.objects.filter(pk=pk, pk__in=request.user.site_ids()).first()
    if found is None:
        raise Http404
    if request.method != "POST":
        start = {name: getattr(found, name) for name in SiteForm.FIELDS}
        note_read("site.viewed", request=request, obj=found)
        return _page(request, SiteForm(initial={**start, "was": service.seen_of(found)}), found)
    form = SiteForm(request.POST)
    if form.is_valid():
        try:
            service.change_site(found, by=request.user, was=form.cleaned_data["was"], request=request, **form.values())
        except StaffRefused as refused:
            form.add_error(refused.field, refused.message)
        except ChangedMeanwhile:
            form.data = form.data.copy()
            form.data["was"] = service.seen_of(found)
            return _page(request, form, found, status=409)
        else:
            messages.success(request, _("Saved. Sheets made from now on carry it."))
            return redirect("accounts:sites")
    return _page(request, form, found, status=422)


def _page(request, form: SiteForm, found: Site | None = None, *, status: int = 200):
    context = {"form": form, "site": found, "stale": status == 409, "errors_on_page": status != 200}
    return render(request, "accounts/staff/site.html", context, status=status)
