"""What every answer carries, and what is answered to what cannot be taken. The running server is asked in test_web_server.py."""

import io
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from accounts.views import calm
from microneedle_clinic.web import headers
from microneedle_clinic.web.middleware import LARGEST_ID, EveryAnswerMiddleware

from .test_access import TABLE

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"
UNSAFE = re.compile(r"unsafe-|\*|https?:|data:.*script|\bblob:")


def wrong_headers(response, *, kept: bool = False) -> list[str]:
    """What an answer lacks or should not have; *kept*: it may be kept by browsers, as a file whose name is its content."""
    wrong = [f"{name}: {response.get(name)}" for name, value in headers.ALWAYS.items() if response.get(name) != value]
    policy = dict(part.strip().partition(" ")[::2] for part in response.get("Content-Security-Policy", "").split(";"))
    for name in ("default-src", "base-uri", "frame-ancestors"):
        if policy.get(name) != "'none'":
            wrong.append(f"policy {name}: {policy.get(name)}")
    if UNSAFE.search(policy.get("script-src", "") + policy.get("style-src", "") + policy.get("connect-src", "")):
        wrong.append(f"policy: {policy}")
    if not kept and response.get("Cache-Control") != "no-store":
        wrong.append(f"Cache-Control: {response.get('Cache-Control')}")
    wrong += [name for name in (*headers.NEVER, "Server", "X-Powered-By") if name in response]
    return wrong


def _fails(fault):
    def view(request):
        raise fault

    view.required_permission = None
    return view


@pytest.fixture
def client(client):
    client.raise_request_exception = False
    return client


@pytest.fixture
def failing(monkeypatch):
    """A page of the clinic that fails with a fault of the test's choice."""
    from clinic import urls

    def choose(fault):
        pattern = next(one for one in urls.urlpatterns if one.name == "intended_purpose")
        monkeypatch.setattr(pattern, "callback", _fails(fault))
        return reverse("clinic:intended_purpose")

    return choose


def _closed_to_leads() -> str:
    rows = TABLE.items()
    return next(name for name, row in rows if "medical_lead" not in row.roles and row.method == "get" and not row.args)


def _answers(client, failing, patient, settings):
    """One of each kind of answer: (name, status, answer)."""
    gone = {"HTTP_IF_NONE_MATCH": '"x"'}
    yield "a page", 200, client.get(reverse("patients:detail", args=[patient.number]))
    yield "its head", 200, client.head(reverse("patients:detail", args=[patient.number]))
    yield "a page nobody changed", 200, client.get(reverse("patients:list"), **gone)
    yield "a redirect", 302, client.get("/")
    yield "a missing slash", 301, client.get("/today")
    yield "a form sent back", 422, client.post(reverse("patients:register"))
    yield "no such page", 404, client.get("/nothing/here/")
    yield "no such file", 404, client.get("/static/nothing.css")
    yield "no such patient", 404, client.get(reverse("patients:detail", args=[99]))
    yield "an id beyond every id", 404, client.get(f"/patients/{LARGEST_ID + 1}/")
    yield "not for this role", 403, client.get(reverse(_closed_to_leads()))
    yield "another way in", 405, client.delete(reverse("clinic:find"))
    yield "what can be done with it", 405, client.options(reverse("clinic:home"))
    yield "another host", 400, client.get("/", HTTP_HOST="evil.example")
    yield "a broken address", 400, client.get("/patients/%00/")
    yield "too long", 413, client.generic("POST", "/find/", b"q=x", content_type=FORM, CONTENT_LENGTH="99999999999")
    yield "too much text", 413, client.post("/find/", {"q": "x" * 3_000_000})
    yield "too many fields", 413, client.generic("POST", "/find/", b"&".join(b"a=1" for _ in range(4000)), content_type=FORM)
    yield "our fault", 500, client.get(failing(RuntimeError("Rahman, Nadia")))
    yield "the database is away", 503, client.get(failing(OperationalError("Rahman, Nadia")))
    yield "no room", 503, client.get(failing(OSError(28, "No space left on device")))
    yield "health", client.get("/health/").status_code, client.get("/health/")
    stranger = Client(enforce_csrf_checks=True)
    yield "to sign in", 302, stranger.get("/today/")
    yield "signing in", 200, stranger.get(reverse("accounts:sign_in"))
    yield "a form of nobody", 403, stranger.post(reverse("accounts:sign_in"), {})
    settings.MAINTENANCE_NOTICE.write_text("We are back at 14:30.")
    yield "closed for a while", 503, client.get("/today/")


@pytest.fixture
def notice(settings, tmp_path):
    settings.MAINTENANCE_NOTICE = tmp_path / "maintenance"
    return settings


def test_every_kind_of_answer_carries_every_header(client, medical_lead, patient, failing, notice):
    client.force_login(medical_lead)
    found = {}
    for name, status, answer in _answers(client, failing, patient, notice):
        wrong = wrong_headers(answer)
        if answer.status_code != status:
            wrong.append(f"status {answer.status_code}, not {status}")
        if status >= 400 and name not in ("its head", "health") and b"<h1>" not in answer.content:
            wrong.append("no words")
        if re.search(rb"Traceback|Rahman, Nadia|site-packages|Django", answer.content):
            wrong.append("tells too much")
        if wrong:
            found[name] = wrong
    assert found == {}


def test_without_the_outermost_middleware_they_are_not_there(client, settings):
    """The control: the same look at an answer finds them missing."""
    settings.MIDDLEWARE = settings.MIDDLEWARE[1:]
    assert wrong_headers(client.get("/static/nothing.css"))


def test_it_is_the_first(settings):
    assert settings.MIDDLEWARE[0] == f"{EveryAnswerMiddleware.__module__}.{EveryAnswerMiddleware.__qualname__}"


def test_a_file_and_its_304_carry_them_too(client, settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "a.css").write_text("b {}")
    page = client.get("/static/a.css")
    again = client.get("/static/a.css", HTTP_IF_NONE_MATCH=page["ETag"])
    wrong = client.post("/static/a.css")
    part = client.get("/static/a.css", HTTP_RANGE="bytes=0-1")
    assert [one.status_code for one in (page, again, wrong, part)] == [200, 304, 405, 206]
    assert [wrong_headers(one, kept=True) for one in (page, again, wrong, part)] == [[], [], [], []]
    assert b"<h1>" in wrong.content


@pytest.mark.parametrize("status", sorted(calm.WITH_A_PAGE))
def test_a_calm_page_says_what_happened_what_is_safe_and_what_to_do(status, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = calm.page(status) if status != 403 else None
    page = answer.content.decode() if answer else Path("templates/403.html").read_text()
    assert len(re.findall("<h1>", page)) == 1
    assert re.search(r"safe|lost|[Nn]othing|not saved", page)
    assert re.search(r"Go back|Wait|Check|try again|Ask", page)
    assert not re.search(r"\b(please|sorry|oops|invalid|forbidden|illegal|error occurred|exception)\b", page, re.I)
    assert "style=" not in page
    assert "<script" not in page


def test_the_page_for_our_fault_asks_the_database_nothing(client, failing, django_assert_num_queries):
    address = failing(RuntimeError("x"))
    with django_assert_num_queries(0):
        answer = client.get(address)
    assert answer.status_code == 500
    assert "Nothing that was saved is lost" in answer.content.decode()


def test_a_disk_without_room_is_not_taken_for_a_database_that_is_away(client, failing):
    """PostgreSQL's words follow the machine's language; its code does not."""
    full = OperationalError("could not extend file: Kein Platz mehr")
    full.__cause__ = type("DiskFull", (Exception,), {"pgcode": "53100"})()
    for fault in (full, OperationalError("database or disk is full"), OSError(28, "No space left on device")):
        assert "There is no room left" in client.get(failing(fault)).content.decode()
    assert "no room" not in client.get(failing(OperationalError("x"))).content.decode()


def test_when_to_try_again_is_said(client, failing):
    assert int(client.get(failing(OperationalError("x")))["Retry-After"]) > 0
    assert calm.too_many(None, again_in=90)["Retry-After"] == "90"
    assert "2 minutes" in calm.too_many(None, again_in=90).content.decode()


def test_under_maintenance_files_and_health_go_on(client, notice):
    notice.MAINTENANCE_NOTICE.write_text("We are back at <14:30>.")
    closed = client.get(reverse("accounts:sign_in"))
    assert (closed.status_code, "We are back at &lt;14:30&gt;." in closed.content.decode()) == (503, True)
    assert client.get("/health/").json()["status"]
    assert client.get("/static/nothing.css").status_code == 404
    notice.MAINTENANCE_NOTICE.unlink()
    assert client.get(reverse("accounts:sign_in")).status_code == 200


# What was sent


def _registration(client, surname: str) -> bytes:
    page = client.get(reverse("patients:register"))
    key = page.context["form"]["request_key"].value()
    born = {"birth_day": "4", "birth_month": "3", "birth_year": "1990"}
    return urlencode({"surname": surname, **born, "request_key": key, "phone": "020 7946 0999"}).encode()


def test_half_a_form_is_not_taken_for_the_form(client, desk, patient):
    from patients.models import Patient

    client.force_login(desk)
    whole = _registration(client, "Okafor")
    for kind in (FORM, "multipart/form-data; boundary=b"):
        half = {"CONTENT_LENGTH": str(len(whole) + 20), "wsgi.input": io.BytesIO(whole)}
        answer = client.generic("POST", reverse("patients:register"), whole, content_type=kind, **half)
        assert answer.status_code == 400
    assert not Patient.objects.exclude(pk=patient.pk).exists()
    # The control: the same bytes with their true length are taken.
    assert client.generic("POST", reverse("patients:register"), whole, content_type=FORM).status_code == 302


def test_a_body_that_does_not_say_its_length_is_not_taken_for_an_empty_form(client, desk):
    client.force_login(desk)
    assert client.post("/find/", {"q": "x"}, HTTP_TRANSFER_ENCODING="chunked").status_code == 400


@pytest.mark.parametrize("odd", ["Ok\0afor", "Ok%ED%A0%80afor"])
def test_what_is_no_text_is_taken_out_and_the_rest_stays(client, desk, patient, odd):
    from patients.models import Patient

    client.force_login(desk)
    sent = _registration(client, "SURNAME").replace(b"SURNAME", odd.replace("\0", "%00").encode())
    assert client.generic("POST", reverse("patients:register"), sent, content_type=FORM).status_code == 302
    assert re.fullmatch("Ok�*afor", Patient.objects.exclude(pk=patient.pk).get().surname)


@pytest.mark.parametrize("cookie", [r'sessionid="\000"', "sessionid=\xff\xfe", "csrftoken=" + "x" * 3000, "=;;=", r'messages="\000\001"'])
def test_odd_cookies_are_left_aside(client, cookie):
    assert client.get(reverse("accounts:sign_in"), HTTP_COOKIE=cookie).status_code == 200


@pytest.mark.parametrize("charset", ["utf-7", "utf-16", "hex", "zlib", "rot13", "idna", "nonsense"])
def test_only_utf_8_is_read(client, charset):
    from microneedle_clinic.web.entry import enter

    kind = enter({"CONTENT_TYPE": f"{FORM}; charset={charset}"})["CONTENT_TYPE"]
    assert client.generic("POST", reverse("accounts:sign_in"), b"a=1", content_type=kind).status_code == 400
    assert enter({"CONTENT_TYPE": f'{FORM}; charset="UTF-8"'}) == {"CONTENT_TYPE": f'{FORM}; charset="UTF-8"'}


def test_a_live_part_on_an_odd_page_leads_to_sign_in(client):
    assert client.get("/today/", headers={"HX-Request": "true", "HX-Current-URL": "http://["}).status_code == 401


@pytest.mark.parametrize(
    ("proxies", "peer", "passed_on", "address", "scheme"),
    [
        ([], "127.0.0.1", "203.0.113.9", "127.0.0.1", "http"),
        (["10.0.0.0/8"], "10.1.1.1", "203.0.113.9", "203.0.113.9", "https"),
        (["10.0.0.0/8"], "10.1.1.1", "6.6.6.6, 203.0.113.9, 10.2.2.2", "203.0.113.9", "https"),
        (["10.0.0.0/8"], "192.0.2.1", "203.0.113.9", "192.0.2.1", "http"),
        (["10.0.0.0/8"], "10.1.1.1", "nonsense", "10.1.1.1", "https"),
        (["::1"], "", "2001:db8::7", "2001:db8::7", "https"),
    ],
)
def test_who_calls_is_believed_from_our_own_proxy_alone(rf, settings, proxies, peer, passed_on, address, scheme):
    settings.PROXY_ADDRESSES, settings.SECURE_PROXY_SSL_HEADER = proxies, ("HTTP_X_FORWARDED_PROTO", "https")
    seen = {}

    def inside(request):
        seen.update(address=request.META["REMOTE_ADDR"], scheme="https" if request.is_secure() else "http")
        return calm.page(404)

    request = rf.get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=passed_on, HTTP_X_FORWARDED_PROTO="https")
    EveryAnswerMiddleware(inside)(request)
    assert seen == {"address": address, "scheme": scheme}


def test_whom_somebody_looks_for_stands_in_no_address(client, desk, patient):
    """Not in what the page asks for, not in what its links and forms lead to."""
    client.force_login(desk)
    for address in (reverse("clinic:find"), reverse("patients:list")):
        assert 'value="Qwxyz"' not in client.get(address, {"q": "Qwxyz"}).content.decode()
        page = client.post(address, {"q": "Qwxyz"}).content.decode()
        assert "Qwxyz" in page
        assert re.findall(r'(?:href|action|hx-get|hx-post|hx-push-url|hx-replace-url)="[^"]*Qwxyz', page) == []
        assert not re.search(r"<form[^>]*method=\"get\"[^>]*>[^<]*(?:<[^>]*>[^<]*)*?name=\"q\"", page)


def test_every_script_of_every_template_has_the_nonce():
    for path in Path("templates").rglob("*.html"):
        assert re.findall(r"<script(?! nonce=\"\{\{ CSP_NONCE \}\}\")[^>]*>", path.read_text()) == [], path
