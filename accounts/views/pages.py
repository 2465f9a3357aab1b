"""Signing in and out: the password, then the second step where there is one."""

import math

from django.conf import settings
from django.contrib.auth import views as auth_views
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from audit.models import Outcome
from audit.services import record

from ..addresses import inside
from ..desk.middleware import while_locked
from ..forms import CodeForm, PasskeyForm, SignInForm
from ..forms.sign_in import NO_PASSKEY, WRONG_CODE, WRONG_PASSKEY
from ..middleware import ENDED
from ..permissions import public
from ..sign_in_notes import notes
from ..signing_in import passkeys, second_steps, session, throttle
from ..signing_in.middleware import open_while_signing_in


def wait(request, original_response=None, credentials=None) -> HttpResponse:
    """429: nothing was looked at; when to try again. The same for a name that nobody has."""
    if original_response is not None and original_response.status_code == 429:
        return original_response
    until = getattr(request, "sign_in_waits_until", None) or timezone.now()
    seconds = max(1, math.ceil((until - timezone.now()).total_seconds()))
    context = {"until": until, "minutes": math.ceil(seconds / 60), "today": timezone.localdate(until) == timezone.localdate()}
    response = render(request, "registration/wait.html", context, status=429)
    response["Retry-After"] = str(seconds)
    return response


def has_to_wait(request, username: str) -> HttpResponse | None:
    """The answer to somebody whose next code is not looked at yet."""
    request.sign_in_waits_until = throttle.waits_until(request, username)
    return wait(request) if request.sign_in_waits_until else None


def go(request, next_url: str) -> HttpResponseRedirect:
    """On to where the person was going, in a browser that is known from now on."""
    response = redirect(inside(request, next_url, resolve_url(settings.LOGIN_REDIRECT_URL)))
    throttle.remember_browser(request, response, request.user.username)
    return response


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class SignIn(auth_views.LoginView):
    """Django checks the password and sends nobody to another host; `signing_in.session` does the rest."""

    template_name = "registration/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs):
        return super().get_context_data(notes=notes(), ended=self.request.GET.get(ENDED), **kwargs)

    def form_valid(self, form):
        next_url = self.get_success_url()
        if session.begin(self.request, form.get_user(), next_url=next_url):
            return go(self.request, next_url)
        return redirect("accounts:second_step")

    def form_invalid(self, form):
        if getattr(self.request, "axes_locked_out", False):
            return wait(self.request)
        if form.non_field_errors():
            detail = throttle.who_was_meant(form.cleaned_data.get("username", ""))
            record("user.sign_in_failed", request=self.request, outcome=Outcome.REFUSED, detail=detail)
        return self.render_to_response(self.get_context_data(form=form), status=422)


class SignOut(auth_views.LogoutView):
    def post(self, request, *args, **kwargs):
        if request.user.is_authenticated:
            record("user.signed_out", request=request, obj=request.user)
        return super().post(request, *args, **kwargs)


sign_in = public(SignIn.as_view())
sign_out = while_locked(public(SignOut.as_view()))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("code", "credential")
@open_while_signing_in
@public
def second_step(request):
    """A code or a passkey, after the password; also for somebody signed in whose role has come to need one."""
    if request.user.is_authenticated:
        if session.has_proved(request, session.SECOND_STEP) or not second_steps.has_one(request.user):
            return redirect(settings.LOGIN_REDIRECT_URL)
        user, next_url = request.user, request.session.get(session.AFTERWARDS, "")
    else:
        found = session.pending(request)
        if found is None:
            return redirect("accounts:sign_in")
        user, next_url = found
    form = CodeForm()
    if request.method == "POST":
        waiting = has_to_wait(request, user.username)
        if waiting is not None:
            return waiting
        by_passkey = "credential" in request.POST
        form = PasskeyForm(request.POST) if by_passkey else CodeForm(request.POST)
        if form.is_valid():
            used = (
                passkeys.accept(request, user, form.cleaned_data["credential"])
                if by_passkey
                else second_steps.accept_code(user, form.cleaned_data["code"])
            )
            if used is not None:
                return _through(request, user, next_url, second_steps.HOW[used.type])
            throttle.failed(request, user.username)
            record("user.second_step_failed", actor=user, request=request, obj=user, outcome=Outcome.REFUSED)
            form.add_error(None if by_passkey else "code", WRONG_PASSKEY if by_passkey else WRONG_CODE)
    context = {
        "form": form,
        "code_form": form if isinstance(form, CodeForm) else CodeForm(),
        "passkey_options": passkeys.options_for(request, user),
        "has_app": second_steps.app_of(user) is not None,
        "person": user,
    }
    return render(request, "accounts/sign_in/second_step.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_post_parameters("credential")
@public
def passkey_sign_in(request):
    """
    Signing in with a passkey alone: it is something one has, opened by something one is or knows. The challenge is made when
    the button is pressed (JSON), so that looking at the sign-in page leaves no session behind.
    """
    if request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    if request.method == "GET":
        if request.headers.get("Accept") != "application/json":
            return redirect("accounts:sign_in")
        return HttpResponse(passkeys.options_for_anybody(request), content_type="application/json")
    waiting = has_to_wait(request, throttle.PASSKEY)
    if waiting is not None:
        return waiting
    form = PasskeyForm(request.POST)
    user = None
    if form.is_valid():
        user = passkeys.whose(form.cleaned_data["credential"])
        used = passkeys.accept(request, user, form.cleaned_data["credential"]) if user is not None else None
        user = user if used is not None else None
    next_url = request.POST.get("next", "")
    if user is not None:
        session.complete(request, user, session.SECOND_STEP, how="passkey alone")
        return go(request, next_url)
    throttle.failed(request, throttle.PASSKEY)
    record("user.sign_in_failed", request=request, outcome=Outcome.REFUSED, detail={"with": "passkey"})
    page = SignInForm(request)
    context = {"form": page, "next": next_url, "notes": notes(), "passkey_problem": NO_PASSKEY}
    return render(request, "registration/sign_in.html", context, status=422)


def _through(request, user, next_url: str, how: str):
    if request.user.is_authenticated:
        request.session.cycle_key()
        session.prove(request, session.SECOND_STEP)
        record("user.second_step_passed", request=request, obj=user, detail={"second_step": how})
    else:
        session.complete(request, user, session.PASSWORD, session.SECOND_STEP, how=how)
    return go(request, next_url)
