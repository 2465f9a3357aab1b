"""Setting up one's own second step: an app, passkeys, recovery codes; and the page of how one signs in."""

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render, resolve_url
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.models import Outcome
from audit.services import record

from ..forms import CodeForm, PasskeyForm
from ..forms.sign_in import WRONG_PASSKEY
from ..permissions import requires
from ..services import sign_in as services
from ..signing_in import passkeys, second_steps, session
from ..signing_in.fresh import asks_who_it_is
from ..signing_in.middleware import KEEP_CODES, next_step, open_while_signing_in

SECRET = "second_step_secret"  # noqa: S105 - the name under which the session keeps it
WRONG_NEW_CODE = gettext_lazy("That code does not fit. Wait for the next one and enter it.")


def _onwards(request):
    """To the next thing to do, or to where the person was going, or to the page of how one signs in."""
    step = next_step(request)
    if step is not None:
        return redirect(step)
    return redirect(request.session.pop(session.AFTERWARDS, None) or resolve_url("accounts:my_sign_in"))


@require_safe
@requires("sign_in.own")
def my_sign_in(request):
    """What I sign in with."""
    user = request.user
    context = {
        "app": second_steps.app_of(user),
        "passkeys": second_steps.passkeys(user),
        "codes_left": second_steps.recovery_codes_left(user),
        "is_required": second_steps.is_required(user),
        "crumb": _("How I sign in"),
        "others_did": [session.said_of(notice) for notice in user.sign_in_notices.select_related("by").order_by("-pk")[:20]],
    }
    return render(request, "accounts/sign_in/mine.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("code")
@open_while_signing_in
@requires("sign_in.own")
@asks_who_it_is
def set_up_second_step(request):
    """An authenticator app by QR code or by key, proved with its first code. The secret is in the session until then."""
    user = request.user
    if second_steps.is_required(user) and not session.has_proved(request, session.SECOND_STEP) and second_steps.has_one(user):
        return redirect("accounts:second_step")
    form = CodeForm()
    if request.method == "POST" and SECRET in request.session:
        form = CodeForm(request.POST)
        if form.is_valid():
            counter = second_steps.counter_of(request.session[SECRET], form.cleaned_data["code"])
            if counter is not None:
                request.session[KEEP_CODES] = services.add_app(request, request.session.pop(SECRET), counter)
                messages.success(request, _("Your authenticator app is set up."))
                return _onwards(request)
            form.add_error("code", WRONG_NEW_CODE)
    secret = request.session.setdefault(SECRET, second_steps.new_secret())
    context = {
        "form": form,
        "picture": second_steps.picture(user, secret),
        "key": second_steps.grouped(secret),
        "replaces": second_steps.app_of(user) is not None,
        "has_to": next_step(request) == "accounts:set_up_second_step",
    }
    return render(request, "accounts/sign_in/set_up.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("credential")
@open_while_signing_in
@requires("sign_in.own")
@asks_who_it_is
def add_passkey(request):
    user = request.user
    if second_steps.is_required(user) and not session.has_proved(request, session.SECOND_STEP) and second_steps.has_one(user):
        return redirect("accounts:second_step")
    form = PasskeyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        first = services.add_passkey(request, form.cleaned_data["name"], form.cleaned_data["credential"])
        if first is not None:
            request.session[KEEP_CODES] = first or bool(request.session.get(KEEP_CODES))
            messages.success(request, _("The passkey was added."))
            return _onwards(request)
        form.add_error(None, WRONG_PASSKEY)
    context = {
        "form": form,
        "passkey_options": passkeys.options_to_add(request, user),
        "number": second_steps.passkeys(user).count() + 1,
        "has_to": next_step(request) == "accounts:set_up_second_step",
    }
    return render(request, "accounts/sign_in/add_passkey.html", context, status=422 if form.errors else 200)


@require_POST
@requires("sign_in.own")
@asks_who_it_is
def remove_second_step(request, pk: int):
    try:
        removed = services.remove(request, pk)
    except Authenticator.DoesNotExist:
        raise Http404 from None
    if removed:
        messages.success(request, _("It no longer opens anything."))
    else:
        record("user.second_step_kept", request=request, obj=request.user, outcome=Outcome.REFUSED)
        messages.error(request, _("This is your only second step and your role needs one. Set up another first, then remove this one."))
    return redirect("accounts:my_sign_in")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@open_while_signing_in
@requires("sign_in.own")
def recovery_codes(request):
    """Shown until they are said to be kept, then never again."""
    codes = second_steps.recovery_codes_to_keep(request.user) if session.has_proved(request, session.SECOND_STEP) else []
    if request.method == "POST" or not codes:
        if request.method == "POST":
            second_steps.keep_recovery_codes(request.user)
        request.session.pop(KEEP_CODES, None)
        return _onwards(request)
    return render(request, "accounts/sign_in/recovery_codes.html", {"codes": [second_steps.grouped(code) for code in codes]})


@require_POST
@requires("sign_in.own")
@asks_who_it_is
def new_recovery_codes(request):
    if not second_steps.has_one(request.user):
        raise Http404
    services.new_recovery_codes(request)
    request.session[KEEP_CODES] = True
    return redirect("accounts:recovery_codes")
