"""
Who works here: invite, role and sites, leaving with the hand-over, taking back. A manager's screens; each asks who it is where
that was proved a while ago, because what is done here outlives the screen that was left open.
"""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from audit.services import note_read

from ..forms.staff import AccessForm, InviteForm, LeavingForm, WelcomeForm
from ..handover import kinds
from ..models import Site, User
from ..permissions import PERMISSIONS, public, requires
from ..services import staff as service
from ..signing_in.fresh import asks_who_it_is
from ..watched.services import SecondPersonNeeded

KEY = "invitation"
MOST_LINES = 20


def _own_sites(request):
    return Site.objects.filter(pk__in=request.user.site_ids()).order_by("name")


def _person(request, pk: int) -> User:
    found = service.managed_by(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _show_link(request, person: User, secret: str):
    """The one page that shows the link; it is not kept anywhere and no cache keeps this page."""
    link = request.build_absolute_uri(f"{reverse('accounts:welcome')}?key={secret}")
    until = person.invitations.first().ends_at
    return render(request, "accounts/staff/link.html", {"person": person, "link": link, "until": until})


@require_http_methods(["GET", "HEAD", "POST"])
@requires("staff.edit")
@asks_who_it_is
def invite(request):
    form = InviteForm(request.POST if request.method == "POST" else None, sites=_own_sites(request), initial=_first_site(request))
    if request.method != "POST":
        return render(request, "accounts/staff/invite.html", {"form": form})
    if form.is_valid():
        try:
            person, secret = service.invite(by=request.user, request=request, **form.cleaned_data)
        except service.StaffRefused as refused:
            form.add_error(refused.field or None, refused.message)
        else:
            if secret:
                return _show_link(request, person, secret)
            said = _("%(name)s is on the list, without a sign-in link yet: a second person is asked first.")
            messages.info(request, said % {"name": person.display_name})
            return redirect("accounts:person", pk=person.pk)
    return render(request, "accounts/staff/invite.html", {"form": form, "errors_on_page": True}, status=422)


def _first_site(request) -> dict:
    """Where there is one site, nobody has to choose it."""
    own = request.user.site_ids()
    return {"sites": own} if len(own) == 1 else {}


@require_http_methods(["GET", "HEAD", "POST"])
@requires("staff.edit")
@asks_who_it_is
def access(request, pk: int):
    person = _person(request, pk)
    refused = service.why_not(person, request.user)
    if request.method != "POST":
        note_read("staff.viewed", request=request, obj=person)
        return _access(request, person, refused=refused)
    form = AccessForm(request.POST, sites=_own_sites(request))
    before = set(person.sites.values_list("pk", flat=True))
    if refused:
        return _access(request, person, refused=refused, status=409)
    if form.is_valid():
        try:
            service.change_access(person, by=request.user, request=request, **form.cleaned_data)
        except service.StaffRefused as why:
            form.add_error(why.field if why.field in form.fields else None, why.message)
        except service.ChangedMeanwhile:
            # Saving again is "keep mine": the form now carries what stands.
            form.data = form.data.copy()
            form.data["was"] = service.seen(person)
            return _access(request, person, form=form, stale=True, status=409)
        except SecondPersonNeeded as waits:
            messages.info(request, waits.message)
            return redirect("accounts:person", pk=pk)
        else:
            messages.success(request, _("Saved. It holds from %(name)s's next click on.") % {"name": person.display_name})
            if words := _stays_behind(person, form.cleaned_data, before):
                messages.warning(request, words)
            return redirect("accounts:person", pk=pk)
    return _access(request, person, form=form, status=422)


def _stays_behind(person: User, now: dict, before: set[int]) -> str:
    """What keeps the name of somebody who no longer treats, or no longer at that site: only leaving hands it over."""
    treats = PERMISSIONS["records.sign"]
    if now["role"] in treats and before <= {site.pk for site in now["sites"]}:
        return ""
    piles = [(kind.title.lower(), len(kind.pending(person))) for kind in kinds()]
    said = ", ".join(f"{title} ({count})" for title, count in piles if count)
    words = _("Still in the name of %(name)s: %(what)s. Look who takes over what they can no longer do.")
    return words % {"name": person.display_name, "what": said} if said else ""


def _access(request, person: User, *, form=None, refused: str = "", stale: bool = False, status: int = 200):
    if form is None and not refused:
        start = {name: getattr(person, name) for name in ("title", "first_name", "last_name", "role")}
        start |= {"sites": list(person.sites.values_list("pk", flat=True)), "was": service.seen(person)}
        form = AccessForm(initial=start, sites=_own_sites(request))
    context = {"person": person, "form": form, "refused": refused, "stale": stale, "errors_on_page": status in (409, 422)}
    return render(request, "accounts/staff/access.html", context, status=status)


@require_POST
@requires("staff.edit")
@asks_who_it_is
def new_link(request, pk: int):
    return _with_link(request, pk, service.new_link)


def _with_link(request, pk: int, give):
    """What *give* does for the person ends in a link to hand over; a refusal is said on the person's page."""
    person = _person(request, pk)
    try:
        secret = give(person, by=request.user, request=request)
    except service.StaffRefused as refused:
        messages.error(request, refused.message)
        return redirect("accounts:person", pk=pk)
    except SecondPersonNeeded as waits:
        messages.info(request, waits.message)
        return redirect("accounts:person", pk=pk)
    return _show_link(request, person, secret)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("staff.edit")
@asks_who_it_is
def leaving(request, pk: int):
    person = _person(request, pk)
    refused = service.why_not(person, request.user)
    if not refused and not person.is_active:
        refused = _("%(name)s has left already.") % {"name": person.display_name}
    under_way = [] if refused else _under_way(person)
    chosen = [(kind, takers) for kind, takers, _ in under_way]
    if request.method != "POST" or refused:
        note_read("staff.viewed", request=request, obj=person)
        return _leaving(
            request, person, LeavingForm(kinds=chosen), under_way, refused, 409 if refused and request.method == "POST" else 200
        )
    form = LeavingForm(request.POST, kinds=chosen)
    if form.is_valid():
        try:
            given = service.leave(person, by=request.user, takers=form.takers(), request=request)
        except service.StaffRefused as why:
            form.add_error(why.field if why.field in form.fields else None, why.message)
        else:
            titles = {kind.id: kind.title for kind in kinds()}
            done = [(titles[ident], outcome) for ident, outcome in given.items() if outcome.handed or outcome.left]
            return render(request, "accounts/staff/left.html", {"person": person, "done": done})
    return _leaving(request, person, form, under_way, "", 422)


def _under_way(person: User) -> list[tuple]:
    """(kind, who can take it, its lines) of each kind of which there is something."""
    found = [(kind, kind.pending(person)) for kind in kinds()]
    return [(kind, kind.takers(person), lines) for kind, lines in found if lines]


def _leaving(request, person: User, form: LeavingForm, under_way: list, refused: str, status: int):
    piles = [
        {"kind": kind, "lines": lines[:MOST_LINES], "count": len(lines), "more": len(lines) - MOST_LINES, "field": form[kind.id]}
        for kind, _, lines in under_way
    ]
    context = {"person": person, "form": form, "piles": piles, "refused": refused, "errors_on_page": status == 422}
    return render(request, "accounts/staff/leaving.html", context, status=status)


@require_POST
@requires("staff.edit")
@asks_who_it_is
def take_back(request, pk: int):
    return _with_link(request, pk, service.take_back)


# The other end of the link


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
@public
def welcome(request):
    """
    The link leads here with its secret as ?key=, which goes into the session and off the address at once. What is wrong with a
    link is not said: an unknown one, a used one and one that ran out look the same.
    """
    if "key" in request.GET:
        request.session[KEY] = request.GET["key"][:100]
        return redirect("accounts:welcome")
    secret = request.session.get(KEY, "")
    found = service.invitation_of(secret) if secret else None
    if found is None:
        return render(request, "accounts/staff/no_link.html", status=404)
    form = WelcomeForm(request.POST if request.method == "POST" else None, person=found.user)
    if request.method == "POST" and form.is_valid():
        person = service.use_invitation(secret, form.cleaned_data["password"], request=request)
        request.session.pop(KEY, None)
        if person is None:
            return render(request, "accounts/staff/no_link.html", status=404)
        messages.success(request, _("Your password is set. Sign in as %(name)s.") % {"name": person.username})
        return redirect("accounts:sign_in")
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "person": found.user, "today": timezone.localdate()}
    return render(request, "accounts/staff/welcome.html", context, status=status)
