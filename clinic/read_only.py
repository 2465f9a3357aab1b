"""What people see while the clinic is read-only (see `audit.read_only`): pages open, nothing is taken, and a banner says so."""

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext, gettext_noop

from accounts.views.calm import SAY
from audit.models import Outcome
from audit.read_only import ReadOnly, reason
from audit.services import record

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
AGAIN_IN_SECONDS = 300
WORDS = gettext_noop(
    "Nothing new is saved at the moment: the audit log does not hold. What you typed is still here; note what matters on paper."
)
# Beside every step of signing in and the lock: ending sign-ins, and what only reads: searching, and opening a record in an emergency.
OPEN = frozenset(
    {
        "accounts:confirm",
        "accounts:hand_over",
        "accounts:end_sign_in",
        "accounts:end_other_sign_ins",
        "intake:staff",
        "clinic:find",
        "patients:list",
        "patients:emergency",
        "patients:close_emergency",
    }
)


def _goes_on(view, name: str) -> bool:
    marks = ("open_while_locked", "open_while_signing_in")
    return name in OPEN or any(getattr(view, mark, False) for mark in marks) or getattr(view, "required_permission", "") is None


def refusal():
    response = HttpResponse(render_to_string("read_only.html"), status=503)
    response["Retry-After"] = str(AGAIN_IN_SECONDS)
    response[SAY] = gettext(WORDS)
    add_never_cache_headers(response)
    return response


class ReadOnlyMiddleware:
    """Refuses whatever would write, before the view is asked; what gets further is refused by the connection itself."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        if request.method in SAFE_METHODS or not reason() or _goes_on(view, request.resolver_match.view_name):
            return None
        if request.user.is_authenticated:
            record("write.refused", request=request, outcome=Outcome.REFUSED, detail={"why": "read-only"})
        return refusal()

    def process_exception(self, request, exception):
        return refusal() if isinstance(exception, ReadOnly) else None
