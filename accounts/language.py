"""
The language of the screens: what a person has chosen; before that what this browser was set to, or asks for. Papers, sheets and what
is stored have their own: nothing that is kept or printed follows the language of whoever happens to look.
"""

from django.conf import settings
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST

from .addresses import inside
from .desk.middleware import while_locked
from .models import User
from .permissions import public

CODES = frozenset(code for code, _ in settings.LANGUAGES)


def language_of(request) -> str:
    """One of settings.LANGUAGES."""
    if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated and request.user.language in CODES:
        return request.user.language
    return translation.get_language_from_request(request)


class LanguageMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        language = language_of(request)
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language",))
        return response


@require_POST
@while_locked
@public
def choose(request):
    """The language of this browser, and of the person signed in; then back to the page it was chosen on."""
    back = redirect(inside(request, request.POST.get("next", ""), reverse("clinic:home")))
    language = request.POST.get("language", "")
    if language in CODES:
        age = 365 * 24 * 3600
        secure = settings.SESSION_COOKIE_SECURE
        back.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, max_age=age, httponly=True, samesite="Lax", secure=secure)
        if request.user.is_authenticated:
            User.objects.filter(pk=request.user.pk).update(language=language)
    return back
