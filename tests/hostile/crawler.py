"""
Somebody who signs in and tries every address with everybody's numbers, over plain HTTP against the running clinic.

What should happen is asked of the table of addresses (tests/test_access.py) and of the rows of the database, read past the
software: never of the view that answers.
"""

import contextlib
import http.client
import random
import re
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from urllib.parse import quote, unquote, urlencode, urlsplit

from django.urls import NoReverseMatch, Resolver404, resolve, reverse

from clinic.demo.sign_ins import PASSWORD
from tests.test_access import OF_OWN_SITE, TABLE

SIGN_IN = "/accounts/sign-in/"
# Where a person is led before anything is looked up, whatever lies at the address.
DOORS = (SIGN_IN, "/accounts/me/sign-in/")
# They end, cover or change the crawler's own way in; each has its own tests.
OWN_WAY_IN = {
    "accounts:sign_out", "accounts:lock", "accounts:unlock", "accounts:hand_over", "accounts:end_sign_in", "accounts:end_other_sign_ins",
    "accounts:pin", "accounts:remove_pin", "accounts:sign_in", "accounts:passkey_sign_in", "accounts:second_step", "accounts:welcome",
    "accounts:language",  # all after it would be in other words
}  # fmt: skip
# There only at their moment, for example on the day of the session; a page that links to them is held to it.
AT_THEIR_TIME = {"sessions:ask", "clinic:recall_person"}
BOOKING = {"booking", "move", "cancel", "arrive", "step", "ask", "late", "begin_late", "again", "record_start", "enter_record"}
OF_TWO = {"patients:merge_with", "patients:unmerge"}  # two records of one person: both must be reached
SHORT = 7  # letters of a surname that cannot stand on a page for another reason


@dataclass
class Answer:
    status: int
    headers: dict
    body: str

    @property
    def location(self) -> str:
        found = urlsplit(self.headers.get("location", ""))
        return f"{found.path}?{found.query}" if found.query else found.path


class Browser:
    """One person's connection and cookies. Sends an address exactly as it is written; follows nothing."""

    def __init__(self, port: int, cookies: dict | None = None):
        self.port, self.cookies = port, dict(cookies or {})
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, method: str, path: str, fields: dict | None = None, headers: dict | None = None) -> Answer:
        sent = {"Host": f"localhost:{self.port}", **(headers or {})}
        if self.cookies:
            sent.setdefault("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        body = None
        if fields is not None:
            body = urlencode({"csrfmiddlewaretoken": self.cookies.get("csrftoken", ""), **fields}, doseq=True)
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        for attempt in (1, 2):
            try:
                with contextlib.suppress(BrokenPipeError):  # what is too large is answered before it is read
                    self.connection.request(method, path, body, sent)
                answer = self.connection.getresponse()
                words = answer.read().decode(errors="replace")
                break
            except (http.client.HTTPException, ConnectionError):
                self.connection.close()  # a server closes a connection that was idle, or whose request it did not like
                if attempt == 2:
                    raise
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, words)

    def sign_in(self, username: str) -> "Browser":
        self.ask("GET", SIGN_IN)
        answer = self.ask("POST", SIGN_IN, {"username": username, "password": PASSWORD, "next": "/today/"})
        assert (answer.status, answer.location) == (302, "/today/"), (username, answer.status, answer.body[:1500])
        return self


class Books:
    """What the rows say about who may reach whom, read from the file of the database."""

    def __init__(self, file: Path):
        self.file = file
        self.read()

    def read(self) -> None:
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)) as rows:
            self.all = lambda query: rows.execute(query).fetchall()
            self.people = {name: (pk, role) for pk, name, role in self.all("SELECT id, username, role FROM accounts_user WHERE is_active")}
            self.sites = defaultdict(set)
            for person, site in self.all("SELECT user_id, site_id FROM accounts_user_sites"):
                self.sites[person].add(site)
            self.patients, self.site_of, self.names = {}, {}, {}
            for pk, number, site, surname in self.all("SELECT id, number, site_id, surname FROM patients_patient"):
                self.patients[number], self.site_of[pk], self.names[pk] = pk, site, surname
            opened = "SELECT user_id, patient_id FROM patients_emergencyopening WHERE closed_at IS NULL AND ends_at > datetime('now')"
            self.opened = set(self.all(opened))
            self.owner = {
                "booking": self._owners("treatment_sessions_booking"),
                "record": self._owners("treatment_sessions_treatmentsession"),
                "consultation": self._owners("plans_consultation"),
                "medicine": self._owners("patients_medication"),
                "allergy": self._owners("patients_allergy"),
                "procedure": self._owners("patients_procedure"),
                "opening": self._owners("patients_emergencyopening"),
                "waiting": self._owners("followup_waitingentry"),
                "call": self._owners("events_followupcall"),
                "event": self._owners("events_adverseevent"),
                "consent": self._owners("consent_consent"),
                "quote": self._owners("papers_quote"),
                "paper": self._owners("papers_paper"),
                "photo": self._owners("photos_photo"),
                "intake": self._owners("intake_questionnaireresponse"),
                "outcome": self._owners("outcomes_outcomeanswer"),
                "plan": {(patient, number): patient for patient, number in self.all("SELECT patient_id, number FROM plans_treatmentplan")},
            }
            sheets = "SELECT s.id, t.patient_id FROM aftercare_sheet s JOIN treatment_sessions_treatmentsession t ON t.id = s.session_id"
            self.owner["sheet"] = dict(self.all(sheets))
            texts = (
                "SELECT t.id, b.patient_id FROM followup_outboxtext t JOIN followup_reminder r ON r.id = t.reminder_id "
                "JOIN treatment_sessions_booking b ON b.id = r.booking_id"
            )
            self.owner["text"] = dict(self.all(texts))
            self.merged = {pk: {kept, other} for pk, kept, other in self.all("SELECT id, kept_id, other_id FROM patients_patientmerge")}
            del self.all
        every = " ".join(self.names.values())
        # Surnames that stand for one patient only; a name shared by two, or part of another, would prove nothing.
        self.telling = {pk: name for pk, name in self.names.items() if len(name) >= SHORT and every.count(name) == 1 and name.isascii()}

    def _owners(self, table: str) -> dict:
        return dict(self.all(f"SELECT id, patient_id FROM {table}"))  # noqa: S608 - our own names

    def reaches(self, name: str, patient: int) -> bool:
        pk, _ = self.people[name]
        return self.site_of[patient] in self.sites[pk] or (pk, patient) in self.opened

    def strangers(self, name: str) -> list[str]:
        """Surnames this person has no business to read; "" is nobody."""
        return [surname for pk, surname in self.telling.items() if not name or not self.reaches(name, pk)]

    def owners_of(self, address: str, arguments: dict) -> set:
        """The patients an address is about; None among them where it names something that is not there."""
        app, _, view = address.partition(":")
        given = {key: int(value) for key, value in arguments.items() if key in ("number", "other", "pk", "plan_number")}
        found = set()
        if "number" in given:
            found.add(self.patients.get(given["number"]))
        if "other" in given:
            found.add(self.patients.get(given["other"]))
        if "plan_number" in given:
            found.add(self.owner["plan"].get((self.patients.get(given["number"]), given["plan_number"])))
        if "pk" in given:
            kind = {"sessions": "booking" if view in BOOKING else "record", "plans": "consultation"}.get(app)
            if app in ("consent", "intake"):
                kind = app
            if app == "papers":
                kind = "paper" if view == "pdf" else "quote"
            if app == "photos":
                kind = "record" if view == "skip" else "photo"
            if app == "outcomes":
                kind = "outcome"
            if app == "aftercare":
                kind = "record" if view == "request" else "sheet"
            if app == "patients" and view == "unmerge":
                return self.merged.get(given["pk"], {None})
            if app == "patients":
                kind = arguments.get("what") or ("opening" if view == "review_opening" else "medicine")
            if app == "followup":
                kind = "text" if view == "text_done" else "waiting"
            if app == "events":
                kind = "call" if view in ("made", "acknowledge") else "event"
            found.add(self.owner[kind].get(given["pk"]))
        return found


@dataclass
class Attempt:
    """One request, and whether it may succeed: True, False, or None where the table leaves it open."""

    who: str
    method: str
    path: str
    headers: dict
    plain: bool
    name: str = ""
    allowed: bool | None = False
    elsewhere: bool = False  # somebody of this role may, at the site where it belongs

    def __str__(self) -> str:
        return f"{self.who or 'nobody'} {self.method} {self.path} {self.headers or ''} ({self.name or 'no address'})"


@dataclass
class Found:
    """What went against the table, in words."""

    requests: int = 0
    statuses: Counter = field(default_factory=Counter)
    holes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    tried: set = field(default_factory=set)

    def __str__(self) -> str:
        told = [f"{self.requests} requests {dict(sorted(self.statuses.items()))}, {len(self.tried)} of (person, address)"]
        for kind in ("holes", "faults", "refused", "hints"):
            told += [f"{kind}: {len(getattr(self, kind))}", *(f"  {one}" for one in sorted(set(getattr(self, kind)))[:25])]
        return "\n".join(told)


class Crawler:
    """people: user names; "" is nobody."""

    def __init__(self, port: int, books: Books, people: list[str], seed: int):
        self.port, self.books, self.people = port, books, people
        self.random = random.Random(seed)  # noqa: S311 - to be had again, not to be secret
        self.browsers = {name: Browser(port).sign_in(name) if name else Browser(port) for name in people}
        self.seen: dict[str, dict[str, list[dict]]] = {name: defaultdict(list) for name in people}  # who -> address -> its arguments
        self.ids: set[str] = set()
        self.found = Found()
        if "" in self.browsers:
            self.browsers[""].ask("GET", SIGN_IN)  # for the form's secret

    # Following

    def follow(self, name: str, most: int, each: int) -> None:
        """Open what *name* is shown, breadth first: at most *most* pages, and *each* of one kind."""
        waiting, opened, kinds = ["/today/"], set(), Counter()
        while waiting and len(opened) < most:
            path = waiting.pop(0)
            address = _named(path)
            if path in opened or address is None or kinds[address[0]] >= each or address[0] in OWN_WAY_IN:
                continue
            if TABLE[address[0]].method != "get":
                continue
            opened.add(path)
            kinds[address[0]] += 1
            answer = self.send(Attempt(name, "GET", path, {}, plain=True), shown=True)
            if "text/html" in answer.headers.get("content-type", ""):
                waiting += self._links(name, answer.body, path)
        waiting.clear()

    def _links(self, name: str, page: str, here: str) -> list[str]:
        links = []
        for kind, written in re.findall(r'\b(href|action|hx-get|hx-post)="([^"]*)"', page):
            link = unescape(written).partition("#")[0] or here
            link = here.partition("?")[0] + link if link.startswith("?") else link
            address = _named(link)
            if address is None:
                continue
            where, arguments = address
            if arguments not in self.seen[name][where]:
                self.seen[name][where].append(arguments)
            self.ids |= {str(value) for value in arguments.values()}
            if kind in ("href", "hx-get"):
                links.append(link)
        self.ids |= set(re.findall(r'value="(\d+|[0-9a-f-]{36})"', page))
        self.random.shuffle(links)
        return links

    # Swapping

    def attack(self, count: int, within: str = "") -> None:
        """*count* requests: each person at each address *within* in turn, with numbers of their own, of others, of other kinds."""
        everywhere: dict[str, list[dict]] = defaultdict(list)
        for addresses in self.seen.values():
            for where, given in addresses.items():
                everywhere[where] += [one for one in given if one not in everywhere[where]]
        names = sorted(name for name in set(TABLE) - OWN_WAY_IN if name.startswith(within))
        ids = sorted(self.ids)
        pairs = [(who, name) for who in self.people for name in names]
        self.random.shuffle(pairs)
        for number in range(count):
            who, name = pairs[number % len(pairs)]
            self.send(self._attempt(who, name, everywhere, ids))

    def _attempt(self, who: str, name: str, everywhere: dict, ids: list[str]) -> Attempt:
        choose = self.random
        known = everywhere.get(name) or []
        given = dict(choose.choice(known)) if known else _made_up(name, everywhere, choose)
        for key in given:
            if key != "what" and choose.random() < 0.35:
                given[key] = choose.choice(ids) if choose.random() < 0.6 else _same_kind(key, everywhere, choose) or given[key]
        try:
            path = reverse(name, kwargs=given)
        except NoReverseMatch:  # an id of a kind this address does not take: tried as it would be written
            path = _written(name, given, everywhere, choose)
        method = "POST" if TABLE[name].method == "post" else "GET"
        headers, plain = {}, choose.random() < 0.5
        if not plain:
            method, path, headers = self._odd(method, path)
        return Attempt(who, method, path, headers, plain)

    def _odd(self, method: str, path: str) -> tuple[str, str, dict]:
        choose = self.random
        parts = path.split("/")
        middle = choose.randrange(1, len(parts))
        ways = [
            lambda: "/".join([*parts[:middle], "%2e", *parts[middle:]]),
            lambda: "/".join([*parts[:middle], "x", "%2e%2e", *parts[middle:]]),
            lambda: "/".join([*parts[:middle], ".", *parts[middle:]]),
            lambda: "/".join([*parts[:middle], "", *parts[middle:]]),
            lambda: "/" + path,
            lambda: path.upper(),
            lambda: path.title(),
            lambda: "".join(f"%{ord(sign):02x}" if sign.isalnum() and choose.random() < 0.3 else sign for sign in path),
            lambda: path.rstrip("/") or "/",
            lambda: path + ".",
            lambda: path.rstrip("/") + "./",
            lambda: path.rstrip("/") + ".json",
            lambda: path[:1] + path[1:].replace("/", "%2f", 1),
            lambda: path[:1] + path[1:].replace("/", "%252f", 1),
            lambda: path[:1] + path[1:].replace("/", "\\", 1),
            lambda: path + "%00",
            lambda: path + "%20",
            lambda: path.rstrip("/") + ";jsessionid=1/",
            lambda: re.sub(r"\d+", lambda number: "00" + number[0], path),
            lambda: re.sub(r"\d", lambda digit: quote(chr(0xFF10 + int(digit[0]))), path),
            lambda: path + "?format=json",
            lambda: path + "?format=pdf&download=1&_method=GET",
            lambda: path + "?all=1&site=1&site=2&user=1&role=medical_lead&as=1&patient=1",
        ]
        headers = choose.choice([
            {}, {}, {},
            {"Range": "bytes=0-99"},
            {"X-HTTP-Method-Override": choose.choice(["GET", "POST", "DELETE"])},
            {"X-Original-URL": "/health/", "X-Rewrite-URL": "/health/"},
            {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-User": "iris", "Remote-User": "iris"},
            {"HX-Request": "true", "HX-Current-URL": "/today/"},
            {"If-None-Match": "*", "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
            {"Accept": "application/json", "X-Requested-With": "XMLHttpRequest"},
        ])  # fmt: skip
        other = choose.choice(["HEAD", "HEAD", "GET", "POST", "PUT", "DELETE", "PATCH"])
        return (other if choose.random() < 0.3 else method), (choose.choice(ways)() if choose.random() < 0.8 else path), headers

    # Sending and judging

    def send(self, attempt: Attempt, *, shown: bool = False) -> Answer:
        self._expect(attempt)
        own = attempt.allowed is not False and attempt.method == "POST" and attempt.name in OWN_WAY_IN
        fields = {} if attempt.method not in ("GET", "HEAD") else None
        if own:
            attempt.method, fields = "GET", None
        answer = self.browsers[attempt.who].ask(attempt.method, attempt.path, fields, attempt.headers)
        self.found.requests += 1
        self.found.statuses[answer.status] += 1
        self.found.tried.add((attempt.who, attempt.name))
        if attempt.elsewhere and answer.status != 404:
            self.books.read()  # what it names may have been made meanwhile
            attempt.elsewhere = False
            self._expect(attempt)
        self._judge(attempt, answer, shown)
        return answer

    def _expect(self, attempt: Attempt) -> None:
        address = _named(attempt.path)
        if address is None:
            return
        attempt.name, arguments = address
        row = TABLE[attempt.name]
        if row.public:
            attempt.allowed = None
            return
        if not attempt.who:
            return
        pk, role = self.books.people[attempt.who]
        if role not in row.roles:
            return
        if not row.of_patient:
            attempt.allowed = self._staff(attempt, pk, role, arguments)
            return
        owners = self.books.owners_of(attempt.name, arguments)
        there = (len(owners) == 1 or attempt.name in OF_TWO) and None not in owners
        attempt.allowed = there and all(self.books.reaches(attempt.who, owner) for owner in owners)
        if attempt.allowed and attempt.name in OF_OWN_SITE:
            attempt.allowed = all(self.books.site_of[owner] in self.books.sites[pk] for owner in owners)
        attempt.elsewhere = not attempt.allowed

    def _staff(self, attempt: Attempt, pk: int, role: str, arguments: dict) -> bool | None:
        """Pages about people and places: those of the own sites, and for a manager also who belongs to none."""
        if not attempt.name.startswith("accounts:") or "pk" not in arguments or "me/" in attempt.path:
            return None
        if attempt.name.startswith("accounts:watched"):  # the number of an act, which all who answer for the clinic may see
            return None if role in ("medical_lead", "manager", "auditor") else False
        other = int(arguments["pk"])
        if attempt.name == "accounts:site":
            return None if other in self.books.sites[pk] else False
        if role == "clinician":
            return None if other == pk else False
        placed = self.books.sites.get(other)
        known = {number for number, _ in self.books.people.values()}
        reached = bool(placed & self.books.sites[pk]) if placed else role == "manager"
        return None if reached or (other not in known and other in range(1, 200)) else False

    def _judge(self, attempt: Attempt, answer: Answer, shown: bool) -> None:
        found, status = self.found, answer.status
        told = f"{status} {answer.location} {attempt}"
        if status >= 500 and attempt.name != "clinic:health":
            found.faults.append(told)
        named = [surname for surname in self.books.strangers(attempt.who) if surname in answer.body]
        if named:
            found.holes.append(f"{told}: names {len(named)} patients of another site")
        if attempt.allowed is False:
            led = any(answer.location.startswith(door) for door in DOORS) or (status == 301 and answer.location.endswith("/"))
            if status < 300 or (status < 400 and not led) or status in (409, 422):
                found.holes.append(told)
            elif attempt.elsewhere and attempt.plain and not led and status != 404:
                found.hints.append(told)
        elif attempt.plain and attempt.method == "GET" and attempt.name and attempt.who:
            # What a page links to opens, and what is one's own opens too.
            placed = self.books.sites[self.books.people[attempt.who][0]]  # without a site there is no diary
            known = (shown or (attempt.allowed and attempt.name not in AT_THEIR_TIME)) and placed
            led = answer.location.startswith(SIGN_IN) and status < 400
            if known and (status in (401, 403, 404, 410, 423) or led):
                found.refused.append(told)
        elif attempt.plain and attempt.allowed and status in (401, 403):
            found.refused.append(told)


def _named(path: str) -> tuple[str, dict] | None:
    """The address Django would take *path* for, and its arguments; None where there is none of ours."""
    if not path.startswith("/"):
        return None
    try:
        match = resolve(unquote(path.partition("?")[0]))
    except Resolver404:
        return None
    return (match.view_name, match.kwargs) if match.view_name in TABLE else None


def _same_kind(key: str, everywhere: dict, choose: random.Random) -> str | None:
    values = sorted({str(one[key]) for given in everywhere.values() for one in given if key in one})
    return choose.choice(values) if values else None


def _made_up(name: str, everywhere: dict, choose: random.Random) -> dict:
    """Arguments for an address nobody was shown, from those of other addresses."""
    words = {"number": "number", "plan_number": "plan_number", "day": "date", "version": "version", "draft": "version"}
    given = {}
    for wanted in TABLE[name].args:
        key = {**words, "bench_key": "key", "indication": "indication", "country": "country", "reference": "reference", "step": "name",
               "editor_section": "section", "editor_item": "item", "editor_list": "section", "editor_row": "item",
               "competence": "competence_pk",
               "other_number": "other", "allergy": "what", "allergies": "what"}.get(wanted, "pk")  # fmt: skip
        fixed = {"allergy": "allergy", "allergies": "allergies", "step": "missed", "country": "GB"}
        given[key] = fixed.get(wanted) or _same_kind("number" if key == "other" else key, everywhere, choose) or "1"
    return given


def _written(name: str, given: dict, everywhere: dict, choose: random.Random) -> str:
    """The address with an id of another kind in it, as somebody would write it by hand."""
    known = everywhere.get(name)
    if not known:
        return "/" + "/".join(quote(str(value), safe="") for value in given.values()) + "/"
    path = reverse(name, kwargs=choose.choice(known))
    for value in given.values():
        path = re.sub(r"/\d+/", f"/{quote(str(value), safe='')}/", path, count=1)
    return path
