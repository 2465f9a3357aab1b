"""The lock, and one's own sign-ins and PIN."""

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST, require_safe

from ..addresses import inside
from ..permissions import public, requires
from . import confined, kept, services
from .browsers import browser_words
from .confined import while_confined
from .forms import PinForm
from .middleware import lock_page, while_locked
from .services import Opening
from .standing import TOUCHED_HEADER, Standing, idle_limit, note_life, standing_of
from .who import who_is

ENDED = gettext_lazy("That was the fifth try that did not match. Sign in in full.")


def _by_script(request) -> bool:
    return "X-Requested-With" in request.headers


def _inside(request, address: str) -> str:
    """*address* where it is one of ours, the start page otherwise."""
    return inside(request, address, reverse("clinic:home"))


# The lock


@require_GET
@while_confined
@while_locked
@public
def presence(request):
    """
    How the session of this page stands; asked every few seconds, so that a screen is covered as soon as it should be. It shows
    nothing of a patient, is no sign of life by itself, and answers everybody alike.
    """
    if confined.place_of(request):
        return _answer({"state": "confined"})
    standing = standing_of(request)
    if standing is Standing.OUT:
        return _answer({"state": standing})
    if standing is Standing.LOCKED:
        services.lock(request, why="idle")
    elif TOUCHED_HEADER in request.headers:
        note_life(request)
    said = {"state": standing, "who": who_is(request.user)}
    if (row := request.session.row) is not None:
        now = timezone.now()
        said["ends"] = int((row.expires_at - now).total_seconds())
        said["idle"] = max(0, int((idle_limit() - (now - row.seen_at)).total_seconds()))
    if standing is Standing.LOCKED:
        said["name"] = request.user.display_name
        said["pin"] = services.has_pin(request.user)
    if standing is Standing.LOCKED or "fresh" in request.GET:
        said["secret"] = get_token(request)
    return _answer(said)


def _answer(said: dict, status: int = 200) -> JsonResponse:
    return JsonResponse(said, status=status, headers={"Cache-Control": "no-store"})


@require_POST
@while_locked
@requires("sign_in.own")
def lock(request):
    services.lock(request, why="asked")
    if _by_script(request):
        return HttpResponse(status=204)
    return redirect(_inside(request, request.POST.get("back", "")))


@sensitive_post_parameters()
@require_POST
@while_locked
@requires("sign_in.own")
def unlock(request):
    opening = Opening.OPENED
    if standing_of(request) is Standing.LOCKED:
        services.lock(request, why="idle")
        opening = services.open_again(request, request.POST.get("typed", "")[:200])
    if opening is Opening.OPENED:
        return _opened(request)
    if opening is Opening.ENDED:
        if _by_script(request):
            return _answer({"state": Standing.OUT, "said": str(ENDED)}, status=403)
        return ended(request)
    left = services.tries_left(request.session.row)
    said = ngettext(
        "That does not match. %(n)s try left, then you have to sign in in full.",
        "That does not match. %(n)s tries left, then you have to sign in in full.",
        left,
    ) % {"n": left}
    if _by_script(request):
        return _answer({"state": Standing.LOCKED, "said": said}, status=422)
    sealed = request.POST.get(kept.FIELD, "")
    lost = request.POST.get("lost") == "1"
    return lock_page(request, back=request.POST.get("back", ""), sealed=sealed, lost=lost, said=said, status=422)


def tries_in_words(left: int) -> str:
    return ngettext("%(n)s try", "%(n)s tries", left) % {"n": left}


def ended(request):
    """The page after the last try: nobody is signed in here any more."""
    return render(request, "accounts/desk/ended.html", {"said": ENDED}, status=403)


def _opened(request):
    if _by_script(request):
        return _answer({"state": Standing.OPEN, "who": who_is(request.user)})
    if sealed := request.POST.get(kept.FIELD):
        form = kept.unseal(sealed, request.user)
        if form is not None:
            return render(request, "accounts/desk/send_again.html", {"form": form})
    return redirect(_inside(request, request.POST.get("back", "")))


@require_POST
@while_locked
@public
def hand_over(request):
    """Somebody else sits down here: whoever was signed in is out, and nothing of them is shown on the way."""
    if request.user.is_authenticated:
        services.hand_over(request)
    return redirect("accounts:sign_in")


# One's own sign-ins


@require_safe
@requires("sign_in.own")
def sign_ins(request):
    here = request.session.row
    rows = services.sessions_of(request.user)
    now = timezone.now()
    for row in rows:
        row.words = browser_words(row.browser)
        row.is_here = here is not None and row.pk == here.pk
        row.is_locked = row.locked_at is not None or now - row.seen_at >= idle_limit()
    rows.sort(key=lambda row: not row.is_here)
    context = {"rows": rows, "others": len(rows) - 1, "has_pin": services.has_pin(request.user), "minutes": idle_limit().seconds // 60}
    return render(request, "accounts/desk/sign_ins.html", context)


@require_POST
@requires("sign_in.own")
def end_sign_in(request, pk: int):
    if pk == request.session.row.pk:
        messages.info(request, _("That is this browser. Use Sign out in the menu under your initials."))
    elif services.end_one(request.user, pk, request=request):
        messages.success(request, _("Signed out there. A page that is open on it closes within seconds."))
    else:
        messages.info(request, _("That one was signed out already."))
    return redirect("accounts:sign_ins")


@require_POST
@requires("sign_in.own")
def end_other_sign_ins(request):
    ended = services.end_others(request.user, request=request)
    said = ngettext("Signed out in %(n)s other browser.", "Signed out in %(n)s other browsers.", ended) % {"n": ended}
    said = said if ended else _("You are signed in nowhere else.")
    messages.success(request, said)
    return redirect("accounts:sign_ins")


@sensitive_post_parameters()
@requires("sign_in.own")
def pin(request):
    form = PinForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        opening = services.confirm_password(request, form.cleaned_data["password"])
        if opening is Opening.ENDED:
            return ended(request)
        if opening is Opening.OPENED:
            services.set_pin(request.user, form.cleaned_data["pin"], request=request)
            if request.user.may("records.sign"):
                said = _("Your PIN is set. It opens your locked screen, and signs your records where you signed in by password.")
            else:
                said = _("Your PIN is set. It opens your locked screen, nothing else.")
            messages.success(request, said)
            return redirect("accounts:sign_ins")
        left = services.tries_left(request.session.row)
        said = ngettext("Your password does not match. %(n)s try left.", "Your password does not match. %(n)s tries left.", left)
        form.add_error("password", said % {"n": left})
    context = {"form": form, "has_pin": services.has_pin(request.user), "errors_on_page": bool(form.errors)}
    return render(request, "accounts/desk/pin.html", context, status=422 if form.errors else 200)


@require_POST
@requires("sign_in.own")
def remove_pin(request):
    services.remove_pin(request.user, request=request)
    messages.success(request, _("Your PIN is gone. Your password opens your locked screen."))
    return redirect("accounts:sign_ins")
