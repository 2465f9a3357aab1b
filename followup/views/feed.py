"""The own calendar link, on a page of the settings; and what a calendar program reads through it."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.desk.middleware import while_locked
from accounts.permissions import public, requires
from accounts.views.calm import too_many

from ..services import feed as service


@require_safe
@requires(service.FEED)
def my_feed(request):
    return render(request, "followup/feed.html", {"link": service.link_of(request.user)})


@require_POST
@requires(service.FEED)
def make_feed(request):
    """The one time the address is shown."""
    secret = service.make_link(request.user, request=request)
    address = request.build_absolute_uri(f"{reverse('followup:feed')}?key={secret}")
    context = {"link": service.link_of(request.user), "address": address, "now": timezone.now()}
    return render(request, "followup/feed.html", context)


@require_POST
@requires(service.FEED)
def end_feed(request):
    if service.end_link(request.user, by=request.user, request=request):
        messages.success(request, _("Taken back. Whoever has the address reads nothing from now on."))
    return redirect("followup:my_feed")


@never_cache
@require_safe
@while_locked
@public
def feed(request):
    """The secret is a parameter, not a part of the path: no log of ours writes parameters down."""
    with translation.override("en-gb"):  # a calendar program asks for no language of ours
        reading = service.read(request.GET.get("key", "")[:200], request)
    if reading.wait:
        return too_many(request, again_in=reading.wait)
    if reading.calendar is None:
        raise Http404
    response = HttpResponse(reading.calendar, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="visits.ics"'
    return response
