"""One's own password: changing it, and saying again who one is."""

from django.contrib import messages
from django.contrib.auth import authenticate
from django.shortcuts import redirect, render, resolve_url
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from audit.models import Outcome
from audit.services import record

from ..forms import NewPasswordForm, PasskeyForm, PasswordForm
from ..forms.sign_in import WRONG_PASSKEY
from ..permissions import requires
from ..services import sign_in as services
from ..signing_in import passkeys, session, throttle
from ..signing_in.fresh import asks_who_it_is
from ..signing_in.middleware import next_step, open_while_signing_in
from .pages import has_to_wait, wait

WRONG = gettext_lazy("That is not your password. Check it and enter it again.")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("new_password", "again")
@open_while_signing_in
@requires("sign_in.own")
@asks_who_it_is
def change_password(request):
    """Also the first step of somebody whose password was given by another person."""
    given = request.user.password_is_temporary
    form = NewPasswordForm(request.POST if request.method == "POST" else None, user=request.user)
    if request.method == "POST" and form.is_valid():
        services.change_password(request, form.cleaned_data["new_password"])
        messages.success(request, _("Your password was changed. Everywhere else you have been signed out."))
        step = next_step(request)
        response = redirect(step or request.session.pop(session.AFTERWARDS, None) or "accounts:my_sign_in")
        throttle.remember_browser(request, response, request.user.username)
        return response
    context = {"form": form, "given": given}
    return render(request, "accounts/sign_in/change_password.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("password", "credential")
@open_while_signing_in
@requires("sign_in.own")
def confirm(request):
    """Is it you? The password again or a passkey, throttled like signing in."""
    user, form = request.user, PasswordForm()
    if request.method == "POST" and "credential" in request.POST:
        answer = PasskeyForm(request.POST)
        waiting = has_to_wait(request, user.get_username())
        if waiting is not None:
            return waiting
        if answer.is_valid() and passkeys.accept(request, user, answer.cleaned_data["credential"]) is not None:
            return _confirmed(request, session.SECOND_STEP)
        throttle.failed(request, user.get_username())
        form = PasswordForm({})
        form.errors.clear()
        form.add_error(None, WRONG_PASSKEY)
    elif request.method == "POST":
        form = PasswordForm(request.POST)
        # authenticate() counts the tries; the name is the session's own, never one that was sent.
        if form.is_valid() and authenticate(request, username=user.get_username(), password=form.cleaned_data["password"]) == user:
            return _confirmed(request, session.PASSWORD)
        if getattr(request, "axes_locked_out", False):
            return wait(request)
        if form.is_valid():
            form.add_error("password", WRONG)
    if form.errors:
        record("user.confirm_failed", request=request, obj=user, outcome=Outcome.REFUSED)
    context = {"form": form, "passkey_options": passkeys.options_for(request, user)}
    return render(request, "accounts/sign_in/confirm.html", context, status=422 if form.errors else 200)


def _confirmed(request, proof: str):
    request.session.cycle_key()
    session.prove(request, proof)
    throttle.passed(request, request.user.username)
    record("user.confirmed", request=request, obj=request.user)
    return redirect(request.session.pop(session.AFTERWARDS, None) or resolve_url("accounts:my_sign_in"))
