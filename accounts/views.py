"""Signing in and out, and the pages for what went wrong."""

from django.contrib.auth import views as auth_views
from django.shortcuts import render

from .permissions import WHO, public

sign_in = public(auth_views.LoginView.as_view(template_name="registration/sign_in.html", redirect_authenticated_user=True))
sign_out = public(auth_views.LogoutView.as_view())


def denied(request, exception=None):
    return render(request, "403.html", {"who": WHO.get(str(exception), "")}, status=403)


def not_found(request, exception=None):
    return render(request, "404.html", status=404)


def bad_request(request, exception=None):
    return render(request, "400.html", status=400)


def server_error(request):
    return render(request, "500.html", status=500)
