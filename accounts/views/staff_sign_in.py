"""How a colleague signs in: a manager takes away a lost second step, or ends the wait after wrong tries."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audit.models import Outcome
from audit.services import note_read, record

from ..forms.sign_in import ResetForm
from ..models import User
from ..permissions import requires
from ..services import sign_in as services
from ..services import staff
from ..signing_in import second_steps, throttle
from ..signing_in.fresh import asks_who_it_is
from ..watched.services import SecondPersonNeeded, open_about


def _person(request, pk: int) -> User:
    found = staff.managed_by(request.user).filter(pk=pk, is_active=True).first()
    if found is None:
        raise Http404
    return found


def _page(request, person: User, *, form=None, status: int = 200):
    context = {
        "person": person,
        "form": form,
        "refused": staff.why_not(person, request.user),
        "app": second_steps.app_of(person),
        "passkeys": second_steps.passkeys(person).count(),
        "codes_left": second_steps.recovery_codes_left(person),
        "is_required": second_steps.is_required(person),
        "excepted": person.is_demo and person.role in settings.SECOND_STEP_ROLES,
        "asked": open_about(person),
        "wrong_tries": throttle.wrong_tries(person.username),
        "errors_on_page": status == 422,
    }
    return render(request, "accounts/sign_in/of_staff.html", context, status=status)


@require_safe
@requires("staff.edit")
def staff_sign_in(request, pk: int):
    person = _person(request, pk)
    if "lost" in request.GET:
        return _ask_how(request, person)
    note_read("staff.viewed", request=request, obj=person)
    return _page(request, person)


@asks_who_it_is
def _ask_how(request, person: User):
    """The form. Who it is, is asked before: asked for only with the press, what was typed would be lost on the way."""
    note_read("staff.viewed", request=request, obj=person)
    return _page(request, person, form=ResetForm())


@require_POST
@requires("staff.edit")
@asks_who_it_is
def reset_second_step(request, pk: int):
    """Asks how the manager made sure who it is: an open telephone line is how accounts are taken over."""
    person = _person(request, pk)
    if staff.why_not(person, request.user):
        record("user.second_step_reset", request=request, obj=person, outcome=Outcome.REFUSED)
        return _page(request, person, status=409)
    form = ResetForm(request.POST)
    if not form.is_valid():
        return _page(request, person, form=form, status=422)
    try:
        services.reset_second_step(person, by=request.user, reason=form.cleaned_data["reason"], request=request)
    except SecondPersonNeeded as waits:
        messages.info(request, waits.message)
        return redirect("accounts:staff_sign_in", pk=pk)
    said = _("%(name)s is signed out everywhere and is told of this at the next sign-in.")
    messages.success(request, said % {"name": person.display_name})
    return redirect("accounts:staff_sign_in", pk=pk)


@require_POST
@requires("staff.edit")
def let_in_again(request, pk: int):
    person = _person(request, pk)
    services.let_in_again(person, by=request.user, request=request)
    messages.success(request, _("%(name)s may try again at once.") % {"name": person.display_name})
    return redirect("accounts:staff_sign_in", pk=pk)
