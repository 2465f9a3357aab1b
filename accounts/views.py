"""Signing in and out, and the pages for what went wrong."""

from django.contrib.auth import views as auth_views
from django.db import transaction
from django.http import HttpResponseServerError
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string

from audit.models import Outcome
from audit.services import record

from .forms import SignInForm
from .models import User
from .permissions import PERMISSIONS, public, who
from .sign_in_notes import notes

FITS_NOW = "X-Fresh-Token"


class SignIn(auth_views.LoginView):
    """Django checks the password, gives the web session a new key and sends nobody to another host."""

    template_name = "registration/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs):
        return super().get_context_data(notes=notes(), **kwargs)

    def form_valid(self, form):
        with transaction.atomic():
            response = super().form_valid(form)
            record("user.signed_in", request=self.request, obj=self.request.user)
        return response

    def form_invalid(self, form):
        if form.non_field_errors():
            typed = form.cleaned_data.get("username", "")
            record("user.sign_in_failed", request=self.request, outcome=Outcome.REFUSED, detail={"user_name": typed[:60]})
        return self.render_to_response(self.get_context_data(form=form), status=422)


class SignOut(auth_views.LogoutView):
    def post(self, request, *args, **kwargs):
        if request.user.is_authenticated:
            record("user.signed_out", request=request, obj=request.user)
        return super().post(request, *args, **kwargs)


sign_in = public(SignIn.as_view())
sign_out = public(SignOut.as_view())


def _colleagues(user, permission: str) -> str:
    """Up to three people at the same sites who may do it, so that the page says whom to ask."""
    people = User.objects.filter(is_active=True, role__in=PERMISSIONS[permission], sites__in=user.site_ids()).distinct()
    return " or ".join(person.display_name for person in people.order_by("last_name", "first_name")[:3])


def denied(request, exception=None):
    """The page says who can do it. *exception* carries the permission, or a sentence of ours."""
    said = str(exception or "")
    context = {"said": said}
    if said in PERMISSIONS:
        context = {"who": who(said)}
        if request.user.is_authenticated:
            context["people"] = _colleagues(request.user, said)
    return render(request, "403.html", context, status=403)


def stale_page(request, reason=""):
    """
    The form's secret did not fit: the page is older than the last sign-in, or was sent from somewhere else.

    A live part gets the secret that fits now, so that what is typed can be sent again after signing in in another tab. Only
    a page of our own can read it: the header HX-Request cannot be sent, nor this reply read, from another host.
    """
    response = render(request, "stale_page.html", status=403)
    if request.htmx and request.user.is_authenticated:
        response[FITS_NOW] = get_token(request)
    return response


def not_found(request, exception=None):
    return render(request, "404.html", status=404)


def bad_request(request, exception=None):
    return render(request, "400.html", status=400)


def server_error(request):
    """Asks the database nothing: that may be what is broken."""
    return HttpResponseServerError(render_to_string("500.html"))
