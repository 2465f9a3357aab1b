"""The phone at the ear: a new patient and the visit out of one form beside the calendar, counted in presses."""

import datetime as dt
import re

import pytest
from playwright.sync_api import expect

from .visitor import PHONE

SURNAME = "Ringwell-Example"
ANSWERS = (("Surname", SURNAME), ("Given name", "Orla"), ("Phone", "07700 900417"), ("Day", "9"), ("Month", "7"), ("Year", "1988"))


class Presses:
    """Clicks and keys that do something; typing, and Tab from one field to the next of the same person, is typing."""

    def __init__(self, page):
        self.page, self.count = page, 0

    def on(self, what) -> None:
        what.click()
        self.count += 1

    def key(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.count += 1

    def typed(self, words) -> None:
        """Into the field that has the focus, then on to the next."""
        for word in words:
            self.page.keyboard.type(word)
            self.page.keyboard.press("Tab")


@pytest.fixture
def monday(visitor):
    """The calendar of a Monday with room."""
    visitor.sign_in("june")
    today = dt.datetime.now(tz=dt.UTC).date()
    day = today + dt.timedelta(days=21 - today.weekday())
    visitor.page.goto(f"/calendar/{day.isoformat()}/?by=people&view=day")
    return visitor.page


def test_a_new_patient_by_phone_takes_six_presses_from_the_calendar(visitor, monday):
    page, press = monday, Presses(monday)
    press.on(page.locator("#board [data-free] a").first)
    press.on(page.locator("#drawer").get_by_label("Surname"))
    press.typed(answer for _, answer in ANSWERS)
    visitor.settle()
    press.on(page.locator("#drawer").get_by_text("Consultation", exact=True))
    visitor.settle()
    press.on(page.get_by_role("button", name="Book the visit"))
    expect(page.locator("#toasts")).to_contain_text("Booked: ")
    expect(page.locator("#drawer .visit-drawer")).to_contain_text(SURNAME.upper())
    expect(page.locator("#board .ev").filter(has_text=re.compile(SURNAME, re.IGNORECASE))).to_have_count(1)
    assert press.count <= 6
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Not booked: ")
    expect(page.locator("#board .ev").filter(has_text=re.compile(SURNAME, re.IGNORECASE))).to_have_count(0)
    expect(page.locator("#drawer .visit-drawer")).to_contain_text("Cancelled")

    # Rings again and is entered again: nothing is saved before the desk has said whether it is the same person.
    press.on(page.locator("#board [data-free] a").last)
    expect(page.locator("#drawer").get_by_label("Surname")).to_be_visible()
    press.on(page.locator("#drawer").get_by_label("Surname"))
    press.typed(["Ringwel", "O", *(answer for _, answer in ANSWERS[2:])])
    visitor.settle()
    page.locator("#drawer").get_by_text("Consultation", exact=True).click()
    visitor.settle()
    page.get_by_role("button", name="Book the visit").click()
    expect(page.locator("#drawer .clash")).to_contain_text("may be registered already")
    visitor.look("may-be-the-same", scanned=(1280, PHONE))
    page.get_by_role("button", name="It is this person").first.click()
    expect(page.locator("#drawer .who.compact")).to_contain_text(SURNAME.upper())
    expect(page.locator("#drawer input[name='kind'][value='consultation']")).to_be_checked()


def test_who_stands_at_the_desk_is_booked_and_here_or_told_the_next_times(visitor, monday):
    page = monday
    page.goto("/calendar/?by=people&view=day")
    page.get_by_role("link", name=re.compile("New booking")).click()
    page.get_by_role("link", name="Walk-in, from now").click()
    expect(page.locator("#drawer h2").first).to_have_text("Walk-in")
    visitor.look("walk-in", scanned=(1280, PHONE))
    page.locator("#drawer").get_by_label("Surname").click()
    Presses(page).typed(["Stepin-Example", "Ada", "07700 900418", "1", "2", "1990"])
    page.locator("#drawer").get_by_text("Review", exact=True).click()
    page.get_by_role("button", name="Here now").last.click()
    # By night or with everybody busy nobody is free: then that is said, and nothing is lost.
    expect(page.locator("#drawer .visit-drawer, #drawer .problem")).to_be_visible()
    if page.locator("#drawer .problem").count():
        expect(page.locator("#drawer").get_by_label("Surname")).to_have_value("Stepin-Example")
    else:
        expect(page.locator("#drawer .visit-drawer")).to_contain_text("Here")
