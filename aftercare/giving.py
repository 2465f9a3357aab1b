"""A sheet given away: on paper, and as the page that its printed code leads to."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.addresses import inside
from accounts.desk.middleware import while_locked
from accounts.permissions import public, requires
from accounts.views.calm import too_many
from audit.services import about

from .models import SheetLink
from .render import PRINTED
from .services import links
from .services.handing_over import NotToBeGiven
from .services.handing_over import hand_over as note
from .views import sheets_of, state_page


@requires("sheets.make")
@require_POST
def hand_over(request, pk):
    """Note who was given the sheet."""
    row = get_object_or_404(sheets_of(request.user), pk=pk)
    about(row.session.patient_id)
    typed = {"to": request.POST.get("to", ""), "name": request.POST.get("name", "")}
    key = request.POST.get("request_key", "")[:40]
    if not key:
        return state_page(request, row, fault=gettext("The form was not whole. Send it again."), typed=typed, status=422)
    try:
        given = note(row, by=request.user, **typed, request_key=key, request=request)
    except NotToBeGiven as error:
        return state_page(request, row, fault=str(error), typed=typed, status=422)
    values = {"number": row.number, "version": row.record_version, "whom": given.whom}
    messages.success(request, gettext("Noted: %(number)s, version %(version)s, was given to %(whom)s.") % values)
    return redirect(inside(request, request.POST.get("next", ""), reverse("aftercare:sheet", args=[row.pk])))


@requires("sheets.make")
@require_POST
def end_link(request, pk):
    """Take back the link that is printed on the sheet."""
    row = get_object_or_404(sheets_of(request.user), pk=pk)
    about(row.session.patient_id)
    link = SheetLink.objects.visible_to(request.user).filter(sheet=row).select_related("sheet__session").first()
    if link is not None and links.end(link, by=request.user, request=request):
        messages.success(request, gettext("Taken back. Whoever has the link or scans the code reads nothing from now on."))
    return redirect("aftercare:sheet", pk=row.pk)


@never_cache
@require_safe
@while_locked
@public
def read(request):
    """The sheet on the patient's phone. The secret is a parameter, not a part of the path: no log of ours writes parameters down."""
    reading = links.read(request.GET.get("key", "")[:200], request)
    if reading.wait:
        return too_many(request, again_in=reading.wait)
    if reading.link is None:
        with translation.override(PRINTED):
            response = render(request, "aftercare/link_gone.html", {"words": links.words("en")["gone"]}, status=404)
    else:
        response = render(request, "aftercare/link.html", _shown(reading.link))
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _shown(link: SheetLink) -> dict:
    """What the page shows round what was printed."""
    site, said = link.sheet.session.booking.site, links.words(link.sheet.language)["page"]
    return {
        "link": link,
        "language": link.sheet.language,
        "title": said["for"].format(sheet=link.sheet.number),
        "kept": said["kept"].format(until=links.until(link)),
        "is_old": link.sheet.superseded_at is not None,
        "changed_title": said["changed_title"],
        "changed": said["changed"].format(phone=site.phone),
    }
