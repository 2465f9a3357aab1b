"""People at their screens over plain HTTP, each of whom keeps what the clinic said: acknowledged, refused, or nobody knows."""

import datetime as dt
import http.client
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar

from clinic.demo.sign_ins import PASSWORD

NO_ANSWER = (urllib.error.URLError, http.client.HTTPException, OSError)
SUBMITTED_TWICE = 3  # a person presses again where no answer came


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


@dataclass
class Answer:
    """`status` 0: none came."""

    status: int
    body: str
    seconds: float
    location: str = ""


class Person:
    """One browser of one person: cookies, the form's secret, no redirects followed."""

    def __init__(self, url: str, *, timeout: float = 30):
        self.url, self.timeout = url, timeout
        self.cookies = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies), _NoRedirect)

    def ask(self, path: str, fields: dict | None = None, *, headers: dict | None = None) -> Answer:
        """A GET, or with *fields* a POST that carries the secret. Never raises for an answer, nor where none comes."""
        sent = None
        headers = dict(headers or {})
        if fields is not None:
            sent = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": self.secret}, doseq=True).encode()
        request = urllib.request.Request(self.url + path, data=sent, headers=headers)  # noqa: S310 - our own address
        began = time.monotonic()
        try:
            with self.opener.open(request, timeout=self.timeout) as answer:
                return Answer(answer.status, answer.read().decode(errors="replace"), time.monotonic() - began)
        except urllib.error.HTTPError as answer:
            with answer:
                try:
                    body = answer.read().decode(errors="replace")
                except NO_ANSWER:
                    body = ""
                return Answer(answer.code, body, time.monotonic() - began, answer.headers.get("Location", ""))
        except NO_ANSWER:
            return Answer(0, "", time.monotonic() - began)

    @property
    def secret(self) -> str:
        return next((cookie.value or "" for cookie in self.cookies if "csrftoken" in cookie.name), "")

    def sign_in(self, username: str, tries: int = 1) -> "Person":
        """*tries*: how often somebody in a clinic that is careless on purpose does what its page says, and tries again."""
        for _ in range(tries):
            self.ask("/accounts/sign-in/")
            answer = self.ask("/accounts/sign-in/", {"username": username, "password": PASSWORD, "next": "/today/"})
            if answer.status != 503:
                break
        assert answer.status == 302, (answer.status, answer.body[:2000])
        return self

    def another_tab(self) -> "Person":
        """The same browser: its cookies, signed in as this one is."""
        tab = Person(self.url, timeout=self.timeout)
        for cookie in self.cookies:
            tab.cookies.set_cookie(cookie)
        return tab


@dataclass
class Said:
    """What the clinic said to each request, by the key that finds its row. *unknown*: nobody was told anything."""

    acknowledged: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def note(self, key: str, answer: Answer, *, done: Callable[[Answer], bool]) -> None:
        self.slowest = max(self.slowest, answer.seconds)
        if done(answer):
            self.acknowledged.add(key)
            self.unknown.discard(key)
        elif answer.status == 0 or answer.status in (500, 502, 503, 504):
            # No answer, or one that says that nobody knows: the database was away in the middle of it.
            self.unknown.add(key)
            if answer.status == 500:
                self.faults.append(f"500: {answer.body[:200]}")
        elif key not in self.acknowledged and key not in self.unknown:
            self.refused.add(key)


def redirected(answer: Answer) -> bool:
    """A form that was taken leads on, and not to sign in."""
    return answer.status == 302 and "sign-in" not in answer.location


class Desk:
    """Somebody who books. Of every four bookings one asks for a time that is taken, so that there are refusals too."""

    def __init__(self, person: Person, said: Said, *, patient: int, clinician: int, room: int, first_day: dt.date):
        self.person, self.said = person, said
        self.patient, self.clinician, self.room = patient, clinician, room
        self.first_day = first_day
        self.number = 0
        self.last: tuple[dt.date, int] | None = None

    def act(self) -> None:
        key = str(uuid.uuid4())
        if self.number % 4 == 3 and self.last is not None:
            day, hour = self.last
        else:
            day = self.first_day + dt.timedelta(days=self.number // 6)
            hour = 9 + self.number % 6
        self.number += 1
        fields = {"request_key": key, "patient": self.patient, "kind": "consultation", "clinician": self.clinician}
        fields |= {"room": self.room, "day": day.isoformat(), "time": f"{hour:02}:00"}
        for _ in range(SUBMITTED_TWICE):
            answer = self.person.ask("/calendar/new/", fields)
            self.said.note(key, answer, done=redirected)
            if answer.status:
                break
        if key in self.said.acknowledged:
            self.last = (day, hour)


class Clinician:
    """Somebody who writes a line into a record, each line with a mark of its own, and one in five that is refused."""

    def __init__(self, person: Person, said: Said, *, patient: int, name: str):
        self.person, self.said, self.patient, self.name = person, said, patient, name
        self.number = 0

    def act(self) -> None:
        self.number += 1
        key = f"{self.name} {self.number}"
        year = "1066" if self.number % 5 == 0 else ""
        fields = {"allergy-substance": key, "allergy-reaction": "as told", "allergy-year": year}
        answer = self.person.ask(f"/patients/{self.patient}/allergies/", fields)
        self.said.note(key, answer, done=redirected)


@contextmanager
def at_work(people: list, *, pause: float = 0.0) -> Iterator[threading.Event]:
    """Everybody acts again and again until the block ends; what one of them raises ends the test."""
    stop = threading.Event()
    raised: list[BaseException] = []

    def work(one) -> None:
        try:
            while not stop.is_set():
                one.act()
                stop.wait(pause)
        except BaseException as error:  # handed to the test below
            raised.append(error)
            stop.set()

    threads = [threading.Thread(target=work, args=[one], daemon=True) for one in people]
    for thread in threads:
        thread.start()
    try:
        yield stop
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    if raised:
        raise raised[0]
