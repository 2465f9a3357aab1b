"""What a person has to do before anything else opens: an own password, a second step, keeping the recovery codes."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from . import second_steps
from .session import AFTERWARDS, PROVED, SECOND_STEP, has_proved

KEEP_CODES = "keep_recovery_codes"


def open_while_signing_in(view):
    """Mark a view that opens before the steps of signing in are done: those steps themselves."""
    view.open_while_signing_in = True
    return view


def next_step(request) -> str | None:
    """The view of the next thing to do, None where all is done. Asks the database only where something may be missing."""
    user = request.user
    if user.password_is_temporary:
        return "accounts:change_password"
    if second_steps.is_required(user) and not has_proved(request, SECOND_STEP):
        return "accounts:second_step" if second_steps.has_one(user) else "accounts:set_up_second_step"
    if request.session.get(KEEP_CODES):
        return "accounts:recovery_codes"
    return None


class SignInStepsMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        if not request.user.is_authenticated or getattr(view, "open_while_signing_in", False):
            return None
        if getattr(view, "required_permission", "") is None:  # public: says nothing that needs more
            return None
        step = next_step(request)
        if step is None:
            return None
        if request.htmx:
            return HttpResponse(status=401, headers={"HX-Redirect": reverse(step)})
        if request.method == "GET" and PROVED in request.session:
            request.session[AFTERWARDS] = request.get_full_path()
        return redirect(step)
