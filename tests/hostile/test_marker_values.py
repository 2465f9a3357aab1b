"""A day of made-up words in every field: afterwards they stand in the records, and in no log, address, queue, file or error page."""

import contextlib
import itertools
import re
import secrets
import tempfile
import time
from pathlib import Path

from .crawler import SIGN_IN, Answer, Browser
from .forms import Form, forms_on

WORDS = 200
# What is typed as a word, by the end of its name; other fields keep what the page put there.
NO_WORD = ("csrfmiddlewaretoken", "request_key", "version", "next")
ECHOES = (409, 422)  # the person's own form, to the person who typed it
NTH_DAY = itertools.count(1)
TREATED = "/patients/10006/"  # somebody of the demo who was treated already
LARGEST = 50_000_000  # bytes; of a file looked through


class Day:
    """One test day. Every word is typed once, or a few times where a form comes back."""

    def __init__(self, clinic, people: tuple[str, ...]):
        self.clinic, self.began = clinic, time.time()
        self.run = secrets.token_hex(3)
        self.words: list[str] = []
        self.faults: list[str] = []
        self.people = {name: Browser(clinic.port).sign_in(name) for name in people}
        self.statuses: set[int] = set()

    def word(self) -> str:
        self.words.append(f"Zq{self.run}n{len(self.words)}z")
        return self.words[-1]

    def _words(self, text: str) -> list[str]:
        return re.findall(rf"{self.mark}\d+z", text.lower())

    @property
    def mark(self) -> str:
        """What every word of this day begins with."""
        return f"zq{self.run}n"

    def ask(self, who: str | Browser, method: str, path: str, fields: dict | None = None, headers: dict | None = None) -> Answer:
        browser = self.people[who] if isinstance(who, str) else who
        answer = browser.ask(method, path, fields, headers)
        self.statuses.add(answer.status)
        told = f"{method} {path.partition('?')[0]} as {who if isinstance(who, str) else 'nobody'}: {answer.status}"
        # An address somebody wrote by hand may come back to them as the page to go on with; nothing else may.
        asked = set(self._words(path))
        if any(set(self._words(value)) - asked for value in answer.headers.values()):
            self.faults.append(f"{told}: a word in a header of the answer")
        if answer.status >= 400 and answer.status not in ECHOES and self.mark in answer.body.lower():
            self.faults.append(f"{told}: a word on an error page")
        shown = re.findall(r'(?:href|src|action|hx-get|hx-post|hx-push-url|hx-replace-url)="([^"]*)"', answer.body)
        if any(set(self._words(address)) - asked for address in shown):
            self.faults.append(f"{told}: a word in an address on the page")
        return answer

    def fill_in(self, who: str, page: str) -> None:
        """Every form of *page*: once with a word in all its fields, once with words where the software takes any."""
        answer = self.ask(who, "GET", page)
        if "text/html" not in answer.headers.get("content-type", ""):
            return
        if re.search(r'<form[^>]*method="get"[^>]*>(?:(?!</form>).)*type="(?:search|text)"', answer.body, re.S | re.I):
            fields = re.findall(r'<form[^>]*method="get"[^>]*>(.*?)</form>', answer.body, re.S | re.I)
            self.faults += [f"{page}: a form writes {name} into the address" for one in fields for name in _free_fields(one)]
        for form in forms_on(who, page, answer.body):
            if form.action.startswith("/accounts/") and form.action != page:
                continue  # the ways out, which stand on every page
            for fields in (self._all(form), self._free(form)):
                self.ask(who, "POST", form.action, fields)

    def _all(self, form: Form) -> dict:
        return {name: value if name.endswith(NO_WORD) else self.word() for name, value in form.fields}

    def _free(self, form: Form) -> dict:
        return {name: self.word() if value == "Said in a test" or name.endswith(("surname", "q")) else value for name, value in form.fields}


def _free_fields(form: str) -> list[str]:
    """Fields of a form by GET in which somebody would type about a patient; numbers, days and network addresses are none."""
    names = re.findall(r'<input[^>]*type="(?:search|text)"[^>]*name="([^"]+)"|<input[^>]*name="([^"]+)"[^>]*type="(?:search|text)"', form)
    return [one or other for one, other in names if (one or other) not in ("patient", "address", "first_day", "last_day", "day", "date")]


def _play(day: Day, careless: int) -> None:
    """Sign-ins that fail, a patient from registration to treatment, other forms, odd headers and every kind of error page."""
    stranger = Browser(day.clinic.port)
    day.ask(stranger, "GET", SIGN_IN)
    for _ in range(2):
        day.ask(stranger, "POST", SIGN_IN, {"username": day.word(), "password": day.word(), "next": "/" + day.word()})
    # Nobody who could be taken for somebody of an earlier day, nor for anybody of the demo, whose telephones are others.
    nth = next(NTH_DAY)
    born = {"birth_day": "3", "birth_month": "5", "birth_year": str(1940 + nth), "sex": "F", "phone": f"028 9649 6{nth:03d}"}
    new = {name: day.word() for name in ("surname", "given", "preferred_name", "address")} | born
    new["email"] = f"{day.word()}@clinic.example"
    page = day.ask("june", "GET", "/patients/new/")
    own = dict(next(form for form in forms_on("june", "/patients/new/", page.body) if "surname" in form.names).fields)
    made = day.ask("june", "POST", "/patients/new/", {**own, **new})
    assert made.status == 302, re.sub(r"<[^>]*>|\s+", " ", made.body)[:4000]
    number = re.search(r"/patients/(\d+)/", made.location)[1]
    record = f"/patients/{number}/"
    for who, pages in {
        "june": [record, f"{record}edit/", "/patients/new/", "/find/", "/patients/", "/calendar/new/",
                 f"{record}consent/sign/", f"{record}consent/photos/", f"{TREATED}consent/withdraw/", f"{TREATED}call/",
                 f"{record}waiting/", f"{record}reminders/", f"{record}merge/"],
        "amara": [f"{record}details/", record, "/patients/emergency/", "/protocols/import/",
                  f"{record}events/new/", f"{TREATED}events/new/", f"{TREATED}outcomes/record/", f"{TREATED}skin/",
                  f"{record}photos/take/", "/settings/consent/new/"],
        "omar": ["/accounts/pin/", "/accounts/me/sign-in/confirm/", f"/settings/retention/patients/{number}/", f"{record}export/"],
    }.items():  # fmt: skip
        for path in pages:
            day.fill_in(who, path)
    for path in re.findall(r'"(/events/\d+/)"', day.ask("amara", "GET", "/events/").body)[:2]:
        day.fill_in("amara", path)
    _on_the_tablet(day, record)
    day.ask("amara", "POST", f"{record}consultations/", {})
    for path in re.findall(rf"{record}consultations/\d+/", day.ask("amara", "GET", record).body)[:1]:
        day.fill_in("amara", path)
    _errors(day, record, careless)
    while len(day.words) < WORDS:
        day.ask("june", "POST", "/find/", {"q": day.word()})
        day.ask("amara", "POST", f"{record}allergies/", {"allergy-substance": day.word(), "allergy-reaction": day.word()})


def _on_the_tablet(day: Day, record: str) -> None:
    """What a patient types, page after page, on a browser that opens nothing else from then on."""
    page = day.ask("ravi", "GET", f"{record}intake/")
    handed = next(form for form in forms_on("ravi", f"{record}intake/", page.body) if form.action.endswith("hand-over/"))
    assert day.ask("ravi", "POST", handed.action, dict(handed.fields)).location == "/tablet/"
    begin = next(form for form in forms_on("ravi", "/tablet/", day.ask("ravi", "GET", "/tablet/").body) if "me" in form.names)
    day.ask("ravi", "POST", begin.action, {**dict(begin.fields), "me": "yes"})
    filled = 0
    for step in range(1, 40):
        address = f"/tablet/{step}/"
        if day.ask("ravi", "GET", address).status != 200:
            break
        day.fill_in("ravi", address)
        filled += 1
    assert filled > 5
    day.ask("ravi", "POST", "/tablet/medicines/", {"typed": day.word()})
    day.fill_in("ravi", "/tablet/check/")
    day.fill_in("ravi", "/tablet/staff/")
    day.ask("ravi", "GET", record)  # 403 or back to the questions: it is with a patient


def _errors(day: Day, record: str, careless: int) -> None:
    headers = {"User-Agent": day.word(), "Referer": f"http://localhost:{day.clinic.port}/{day.word()}?q={day.word()}",
               "Accept-Language": day.word(), "X-Forwarded-For": day.word(), "HX-Request": "true",
               "HX-Current-URL": f"/{day.word()}?q={day.word()}", "X-Request-ID": day.word()}  # fmt: skip
    day.ask("amara", "GET", record, None, headers)
    day.ask("amara", "GET", f"/{day.word()}/", None, headers)  # 404
    day.ask("amara", "GET", f"/patients/{day.word()}/?q={day.word()}")  # 404
    day.ask("amara", "GET", f"/find/?q={day.word()}")
    day.ask("amara", "GET", f"/patients/?q={day.word()}&surname={day.word()}")
    day.ask("june", "POST", f"{record}allergies/", {"allergy-substance": day.word()})  # 403
    day.ask("june", "GET", f"{record}details/?{day.word()}={day.word()}")  # 403
    day.ask("amara", "GET", f"{record}allergies/?q={day.word()}")  # 405
    day.ask("amara", "PUT", record, {"note": day.word()})  # no form: 403
    day.ask("june", "POST", f"{record}edit/", {"surname": day.word(), "version": "0", "given": day.word()})  # 409 or 422
    day.ask(Browser(day.clinic.port), "POST", f"{record}edit/", {"surname": day.word()})  # stale form
    day.ask(Browser(day.clinic.port), "GET", f"{record}?q={day.word()}")  # to the sign-in
    day.ask("june", "GET", "/today/", None, {"Host": f"{day.word().lower()}.example"})  # 400
    day.ask("june", "POST", "/find/", {"q": day.word() * 250_000})  # 413
    fallen = Browser(careless, day.people["amara"].cookies)
    answer = day.ask(
        fallen, "POST", "/careless/fault/", {"q": day.word(), "note": day.word()}, {"Referer": f"http://localhost/{day.word()}"}
    )
    assert answer.status == 500
    assert {400, 403, 404, 405, 413, 422, 500} <= day.statuses, day.statuses


def _found_in_files(day: Day) -> list[str]:
    """Files of the clinic besides its database and its patients' files, and new temporary ones, that hold a word of the day."""
    data, mark = day.clinic.data, day.mark.encode()
    places = [path for path in data.rglob("*") if path.is_file() and not path.name.startswith("clinic.sqlite3")]
    places = [path for path in places if path.relative_to(data).parts[0] != "files"]
    for folder in {Path(tempfile.gettempdir()), Path("/dev/shm"), Path("/var/tmp")}:  # noqa: S108 - read, not written
        places += [path for path in [*folder.glob("*"), *folder.glob("*/*")] if data not in (path, *path.parents)]
    found = []
    for path in places:
        with contextlib.suppress(OSError):
            about = path.lstat()
            new = data in path.parents or about.st_mtime >= day.began
            if path.is_symlink() or not path.is_file() or about.st_size > LARGEST or not new:
                continue
            if mark in path.read_bytes().lower():
                found.append(str(path.relative_to(data) if data in path.parents else path))
    return found


def _found_in_queue(day: Day) -> list[str]:
    """What waits in the broker; what went through it stands in its own log of commands, which is among the files."""
    import redis

    socket = day.clinic.state["broker_url"].removeprefix("redis+socket://").partition("?")[0]
    broker = redis.Redis(unix_socket_path=socket)
    read = {b"string": broker.get, b"list": lambda key: broker.lrange(key, 0, -1), b"hash": broker.hgetall, b"set": broker.smembers,
            b"zset": lambda key: broker.zrange(key, 0, -1)}  # fmt: skip
    return [str(key) for key in broker.scan_iter() if day.mark in str((key, read[broker.type(key)](key))).lower()]


def test_what_is_typed_stays_in_the_record(two_sites, careless):
    day = Day(two_sites, ("june", "amara", "omar", "ravi"))
    _play(day, careless)
    assert len(day.words) >= WORDS
    assert day.faults == []
    assert _found_in_files(day) == []
    assert _found_in_queue(day) == []
    # They were kept where they belong: the database has them.
    files = [path.read_bytes().lower() for path in two_sites.data.glob("clinic.sqlite3*")]
    assert sum(any(word.lower().encode() in held for held in files) for word in day.words) > 10
    assert (two_sites.data / "log" / "web.log").stat().st_size
    assert list((two_sites.data / "run" / "broker").rglob("*.aof"))


def test_a_word_in_a_log_is_found(two_sites, careless):
    """The control: a view that logs what was typed."""
    day = Day(two_sites, ("amara",))
    Browser(careless, day.people["amara"].cookies).ask("POST", "/careless/log/", {"q": day.word()})
    assert _found_in_files(day) == ["log/careless.log"]


def test_a_word_in_the_queue_is_found(two_sites):
    """The control: a message that carries what was typed."""
    import redis

    day = Day(two_sites, ())
    socket = two_sites.state["broker_url"].removeprefix("redis+socket://").partition("?")[0]
    broker = redis.Redis(unix_socket_path=socket)
    broker.rpush("careless", f"a name: {day.word()}")
    try:
        assert _found_in_queue(day) == ["b'careless'"]
    finally:
        broker.delete("careless")
