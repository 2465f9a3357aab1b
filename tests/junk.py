"""Requests nobody's browser sends: junk in address, query, form, body, cookies and headers. Seeded, so that a find can be sent again."""

import json
import random
import re
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import quote, quote_from_bytes

BROKEN = [b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"\xf0\x9f", b"\x80", b"a\xffb", b"\xef\xbf\xbf", b"\xc0\xaf"]
NUMBERS = ["0", "-1", "1e999", "NaN", "-Infinity", "9" * 19, "9" * 20, "9" * 400, "9" * 4400, "9223372036854775807",
           "9223372036854775808",
           "1.7976931348623157e309", "0x1F", "1_000", "٣٤", "²", "½", "1,5", "-0", "00", "+5", "1e-400",
           "1" + "0" * 40 + ".5"]  # fmt: skip
DATES = ["0000-00-00", "2026-13-45", "99999-01-01", "0001-01-01", "9999-12-31", "2026-02-30T25:61", "1970-01-01T00:00:00+99:00", "24:00"]
TEXTS = ["", " ", "\0", "a\0b", "\u202e\u2066x", "\ufffe", "\U0010ffff", "😀" * 300, "x" * 70_000, "é" * 5000, "\r\nSet-Cookie: a=b",
         "<script>alert(1)</script>", "{{7*7}}{% debug %}", "'; DROP TABLE patients_patient; --",
         "../../../../etc/passwd", "=HYPERLINK(1)",
         "%s%n%d", "%", "_", "\\", "None", "null", "true", "[]", "{}",
         "[" * 900, "[" * 50_000, '{"a":' * 900, "__proto__", "on", "\t\v\f",
         "a" * 300, "A\u0301" * 200, "\x1b[31m", "\x7f", "-", ".", "/", "?", "#", "&a=b", "1:2:3", "all", "none"]  # fmt: skip
METHODS = ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "X", "GET", "POST"]
TYPES = [
    *["application/x-www-form-urlencoded"] * 60,
    "", "text/plain", "application/json", "application/xml", "multipart/form-data", "multipart/form-data; boundary=", "x", "/", ";;;=",
    "multipart/form-data; boundary=" + "b" * 300, "multipart/form-data; boundary=b\u00e9",
    "application/x-www-form-urlencoded; charset=utf-7",
    "application/x-www-form-urlencoded; charset=utf-16", "multipart/form-data; boundary=b; charset=zlib", "text/plain; charset=hex",
    "application/x-www-form-urlencoded; charset=nonsense",
]  # fmt: skip
QUERY_NAMES = ["q", "page", "day", "by", "who", "poll", "version", "open", "since", "from", "to", "section", "against", "show", "before",
               "all", "again", "missing", "first_day", "next", "patient", "surname", "phone", "plan", "at", "start",
               "action", "csv", "after"]  # fmt: skip
HEADERS = ["HTTP_HX_REQUEST", "HTTP_HX_CURRENT_URL", "HTTP_HX_TARGET", "HTTP_HX_TRIGGER", "HTTP_ACCEPT", "HTTP_ACCEPT_LANGUAGE",
           "HTTP_REFERER", "HTTP_ORIGIN", "HTTP_RANGE", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_NONE_MATCH",
           "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO",
           "HTTP_X_CSRFTOKEN", "HTTP_X_REQUESTED_WITH", "HTTP_USER_AGENT", "HTTP_ACCEPT_ENCODING"]  # fmt: skip
HEADER_VALUES = ["", "true", "http://[", "http://[::1", "//", "\xff\xfe", "x" * 3000, "bytes=0-" + "9" * 500, "bytes=5-1",
                 "Thu, 99 Foo 9999", "*/*;q=x", "text/html;q=", "999.999.999.999", "::::", "null", "javascript:1",
                 "%00", "a,b,,;=", "\x01"]  # fmt: skip


@dataclass
class Sent:
    """One request as it goes to the test client's `generic`."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    content_type: str = ""
    extra: dict = field(default_factory=dict)
    cookies: dict = field(default_factory=dict)
    role: str = ""
    name: str = ""

    def __str__(self):
        body = f" {self.content_type!r} {self.body[:300]!r}" if self.body else ""
        return f"{self.role} {self.method} {self.path[:200]}?{self.query[:200]}{body} {self.extra} {self.cookies}"


@dataclass(frozen=True)
class Form:
    """A form as a page shows it: where it goes and what stands in it."""

    action: str
    fields: tuple[tuple[str, str], ...]


def forms_of(page: str, address: str) -> list[Form]:
    """The forms of a page that are sent, and the buttons that send by themselves."""
    found = []
    for attributes, inside in re.findall(r"<form\b([^>]*)>(.*?)</form>", page, re.S):
        where = re.search(r'(?:hx-post|action)="([^"]*)"', attributes)
        fields = []
        for tag in re.findall(r"<(?:input|select|textarea|button)\b[^>]*>", inside):
            name, value = re.search(r'\bname="([^"]+)"', tag), re.search(r'\bvalue="([^"]*)"', tag)
            if name:
                fields.append((unescape(name[1]), unescape(value[1]) if value else ""))
        chosen = re.findall(r'<select\b[^>]*\bname="([^"]+)"[^>]*>.*?<option value="([^"]+)"', inside, re.S)
        found.append(Form(unescape(where[1]) if where and where[1] else address, (*fields, *chosen)))
    return found


class Junk:
    def __init__(self, seed: int):
        self.random = random.Random(seed)  # noqa: S311 - to be had again, not to be secret

    def text(self) -> str:
        return self.random.choice(self.random.choice([NUMBERS, DATES, TEXTS, NUMBERS, TEXTS]))

    def encoded(self, text: str | None = None) -> str:
        """Percent encoded, at times in a way that is no UTF-8."""
        if text is None and self.random.random() < 0.25:
            return quote_from_bytes(self.random.choice(BROKEN))
        return quote((self.text() if text is None else text).encode("utf-8", "surrogatepass"), safe="")

    def part(self, good: str) -> str:
        """One part of an address: mostly as it is, else junk of a length a server lets through."""
        if self.random.random() < 0.75:
            return quote(good)
        return self.encoded()[:3000] or "x"

    def query(self) -> str:
        names = [*self.random.choices(QUERY_NAMES, k=self.random.randint(0, 3))]
        return "&".join(f"{self.encoded(name)}={self.encoded()}" for name in names)[:3500]

    def fields(self, form: Form | None) -> list[tuple[str, str]]:
        """A form's own fields, some with junk, some missing, some twice, some of nobody."""
        fields = []
        for name, value in form.fields if form else ():
            dice = self.random.random()
            if dice < 0.08:
                continue
            fields.append((name, self.text() if dice < 0.3 else value))
            if dice > 0.93:
                fields.append((name, self.text()))
        for _ in range(self.random.randint(0, 2)):
            name = self.random.choice(
                ["pk", "id", "patient", "version", "request_key", "zones", "form-TOTAL_FORMS", self.text()[:200] or "x"]
            )
            fields.append((name, self.text()))
        return fields

    def body(self, form: Form | None) -> tuple[bytes, str]:
        fields, kind = self.fields(form), self.random.choice(TYPES)
        dice = self.random.random()
        if dice < 0.15:
            return self._multipart(fields)
        if dice < 0.2:
            return json.dumps(dict(fields)).encode(), "application/json"
        if dice < 0.25:
            return self.random.choice(BROKEN) * 50, kind
        return "&".join(f"{self.encoded(name)}={self.encoded(value)}" for name, value in fields).encode(), kind

    def _multipart(self, fields) -> tuple[bytes, str]:
        lines = []
        for name, value in fields:
            name = name.replace('"', "").replace("\r", "").replace("\n", "")
            file = f'; filename="{self.text()[:100]}"' if self.random.random() < 0.3 else ""
            odd = self.random.choice(["", "", "", "\r\nContent-Type: text/plain; charset=zlib", "\r\nContent-Transfer-Encoding: base64",
                                      "; name*=bogus''%00", "\r\nContent-Length: -5"])  # fmt: skip
            head = f'--b\r\nContent-Disposition: form-data; name="{name}"{file}{odd}\r\n\r\n'
            lines.append(head.encode("utf-8", "surrogatepass") + value.encode("utf-8", "surrogatepass") + b"\r\n")
        body = b"".join(lines) + b"--b--\r\n"
        if self.random.random() < 0.2:
            body = body[: self.random.randint(0, len(body))]
        return body, "multipart/form-data; boundary=b"

    def request(self, path: str, form: Form | None, method: str = "GET") -> Sent:
        """One to *path*, mostly by the *method* it answers to."""
        if self.random.random() < 0.06:
            method = self.random.choice(METHODS)
        sent = Sent(method, path, self.query())
        if method != "GET":
            sent.body, sent.content_type = self.body(form)
        if self.random.random() < 0.4:
            sent.extra["HTTP_HX_REQUEST"] = "true"
        for name in self.random.sample(HEADERS, k=self.random.choice([0, 0, 0, 0, 1, 2])):
            sent.extra[name] = self.random.choice(HEADER_VALUES)
        if self.random.random() < 0.1:
            name = self.random.choice(["sessionid", "csrftoken", "messages", "x"])
            sent.cookies[name] = self.random.choice(["", "\\000", '"\\000\\377"', "a" * 4000, "\xff\xfe", "{}", "é", "=;=", "0" * 32, "🦆"])
        return sent
