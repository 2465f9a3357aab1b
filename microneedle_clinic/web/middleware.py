"""The outermost and the innermost word on a request: what every answer carries, and what no view ever sees."""

import ipaddress
import re
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils import translation

from accounts.views import calm

from . import headers
from .entry import CHARSETS

MAINTENANCE_AGAIN_IN = 120  # seconds
LARGEST_ID = 2**63 - 1  # what a primary key can be in either database
_UNSOUND = re.compile("[\0\ud800-\udfff]")  # no text: PostgreSQL keeps no NUL, and nothing can write half a character
_FROM_PROXIES = ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT", "HTTP_X_REAL_IP")


def hsts() -> str:
    """The value of Strict-Transport-Security, or nothing where the clinic is not on https."""
    if not settings.SECURE_HSTS_SECONDS:
        return ""
    parts = [f"max-age={settings.SECURE_HSTS_SECONDS}"]
    parts += ["includeSubDomains"] if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else []
    return "; ".join([*parts, "preload"] if settings.SECURE_HSTS_PRELOAD else parts)


class EveryAnswerMiddleware:
    """
    First in the list, so that nothing is answered without it: files, redirects, refusals and faults carry the same headers.

    It refuses what need not be read at all (a body beyond the limit, text in an odd encoding) before anything is, and gives an
    error without words its calm page.
    """

    def __init__(self, get_response):
        self.get_response = get_response
        self.hsts = hsts()
        self.proxies = [ipaddress.ip_network(name.strip(), strict=False) for name in settings.PROXY_ADDRESSES if name.strip()]

    def __call__(self, request):
        self._see_through_proxies(request.META)
        with translation.override(translation.get_language_from_request(request)):  # before anybody looks who it is
            response = self._closed(request) or _refused(request) or _not_whole(request)
        if response is None:
            _leave_out_unsound(request)
            response = self.get_response(request)
        response = _with_words(response)
        headers.put_on(response, hsts=self.hsts if request.is_secure() else "")
        return response

    def _closed(self, request) -> HttpResponse | None:
        """The page of a clinic under maintenance; its style sheet, and what machines ask, go on."""
        if request.path_info.startswith((settings.STATIC_URL, "/health/")):
            return None
        try:
            why = settings.MAINTENANCE_NOTICE.read_text(errors="replace")
        except OSError:
            return None
        return calm.unavailable(request, why=why.strip(), again_in=MAINTENANCE_AGAIN_IN)

    def _trusts(self, address: str) -> bool:
        if not address:
            return bool(self.proxies)  # a unix socket: only the proxy on this machine can open it
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self.proxies)

    def _see_through_proxies(self, meta: dict) -> None:
        """Take the caller's address from the clinic's own proxy; from anybody else such headers are no more than a claim."""
        if not self._trusts(meta.get("REMOTE_ADDR", "")):
            for name in _FROM_PROXIES:
                meta.pop(name, None)
            return
        hops = [hop.strip() for hop in meta.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
        caller = next((hop for hop in reversed(hops) if not self._trusts(hop)), None)
        try:
            meta["REMOTE_ADDR"] = str(ipaddress.ip_address(caller)) if caller else meta.get("REMOTE_ADDR", "")
        except ValueError:
            return  # the proxy names no address: its own stands


def _refused(request: HttpRequest) -> HttpResponse | None:
    """The answer to what is not read at all, or None."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return calm.page(400)
    if length > settings.LARGEST_BODY_BYTES:
        return calm.page(413)
    charset = request.content_params.get("charset", "utf-8")
    if charset.lower() not in CHARSETS or "\0" in request.path_info:
        return calm.page(400)
    return None


def _not_whole(request: HttpRequest) -> HttpResponse | None:
    """
    The answer to a form that cannot be read, or did not come whole. Read here, before anything acts on it: Django takes what
    arrived before a connection broke for the whole form, and half a note would be saved as the note.
    """
    if request.method != "POST":
        return None
    if "HTTP_TRANSFER_ENCODING" in request.META:
        return calm.page(400)  # a body that does not say its length is one Django takes for empty
    stream = request._stream
    try:
        _ = request.POST
        while stream.read(65536):
            pass  # what stands behind the end of the form
    except (UnreadablePostError, MultiPartParserError, BadRequest, LookupError, ValueError):
        request._mark_post_parse_error()
        return calm.page(400)
    except calm.TOO_LARGE:
        request._mark_post_parse_error()
        return calm.page(413)
    except OSError:
        return calm.page(400)  # the same break, met behind the form
    if stream._pos < stream.limit:
        return calm.page(400)
    return None


def _leave_out_unsound(request: HttpRequest) -> None:
    """Cookies and headers that no browser of ours sends and that something further in would fall over."""
    for name in [name for name, value in request.COOKIES.items() if _UNSOUND.search(name + value)]:
        del request.COOKIES[name]
    try:
        urlsplit(request.META.get("HTTP_HX_CURRENT_URL", ""))
    except ValueError:
        del request.META["HTTP_HX_CURRENT_URL"]


def _with_words(response):
    """The *response*, or where it is an error without a word the calm page for it."""
    if response.status_code not in calm.WITH_A_PAGE or (not response.streaming and response.content):
        return response
    if response.streaming and response.status_code != 405:
        return response
    with translation.override(response.get("Content-Language") or translation.get_language()):
        told = calm.page(response.status_code)
    for name, value in response.items():
        if name not in ("Content-Type", "Content-Length"):
            told.headers[name] = value
    told.cookies = response.cookies
    return told


class SoundInputMiddleware:
    """
    What reaches a view is text and can be kept. NUL characters and half characters are taken out: nobody types one, and what
    stands beside it stays. An id beyond every id is a page that is not here.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        if any(_beyond_every_id(value) for value in (*args, *kwargs.values())):
            raise Http404
        request.GET = _sound(request.GET)
        if request.method == "POST":
            request.POST = _sound(request.POST)


def _beyond_every_id(value) -> bool:
    if isinstance(value, str):
        value = int(value) if value.isdecimal() and len(value) < 4000 else LARGEST_ID + 1 if value.isdecimal() else 0
    return isinstance(value, int) and value > LARGEST_ID


def _sound(sent: QueryDict) -> QueryDict:
    if not any(_UNSOUND.search(text) for name, values in sent.lists() for text in (name, *values)):
        return sent
    clean = QueryDict(mutable=True)
    for name, values in sent.lists():
        clean.setlist(_UNSOUND.sub("", name), [_UNSOUND.sub("", value) for value in values])
    clean._mutable = False
    return clean
