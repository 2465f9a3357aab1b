"""What the planner is for: one text for the repository and the app, open to everybody who signs in, linked where it is needed."""

import datetime as dt
import html
import re
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from clinic.purpose import FILE, intended_purpose, page_of
from planner.wording import day

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def plain_static(settings):
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


def letters(text: str) -> str:
    """Nothing but letters and figures, so that markup and line breaks make no difference."""
    return "".join(letter for letter in html.unescape(text) if letter.isalnum())


@pytest.mark.parametrize("who", ["clinician", "desk", "manager", "medical_lead"])
def test_everybody_who_signs_in_may_read_it(client, request, who):
    client.force_login(request.getfixturevalue(who))
    assert client.get(reverse("clinic:intended_purpose")).status_code == 200


def test_the_page_says_every_word_of_the_file(client, desk):
    client.force_login(desk)
    page = letters(strip_tags(client.get(reverse("clinic:intended_purpose")).content.decode()))
    text = (Path(settings.BASE_DIR) / FILE).read_text(encoding="utf-8")
    lines = re.split(r"^(?:- |\d+\. |#+ )|\n\s*\n", text, flags=re.MULTILINE)
    assert len(lines) > 30
    for line in lines:
        assert letters(line) in page


@pytest.mark.parametrize(
    "said",
    ["looks at no images", "makes no diagnosis", "calculates no dose", "tells a patient nothing that a clinician did not approve"],
)
def test_what_it_does_not_do_is_said(said):
    section = next(section for section in intended_purpose().sections if section.id == "what-it-does-not-do")
    assert said in section.body


def test_how_to_check_and_what_no_study_means_have_places_of_their_own():
    ids = [section.id for section in intended_purpose().sections]
    assert "how-to-check-a-proposal" in ids
    assert len(set(ids)) == len(ids)
    limits = next(section for section in intended_purpose().sections if "evidence" in section.id)
    assert "<strong>No study</strong>" in limits.body
    assert "<strong>Unverified</strong>" in limits.body


def test_nothing_in_the_file_becomes_markup():
    page = page_of(
        "# <b>T</b>\n<script>x</script> & **bold <i>**\n\n## H <u>\n- one <img src=x>\n- two\n  goes on\n\n1. first\n2. second\n"
    )
    html = page.opening + "".join(section.body for section in page.sections)
    assert set(re.findall(r"<(\w+)", html)) == {"p", "strong", "ul", "li", "ol"}
    assert "two goes on" in html


def test_the_version_in_force_stands_there_with_who_approved_it(client, desk, medical_lead, pack):
    from protocols.documents import canonical, sha256
    from protocols.models import ProtocolVersion

    client.force_login(desk)
    assert "No protocol version is approved" in client.get(reverse("clinic:intended_purpose")).content.decode()
    document = canonical(pack)
    ProtocolVersion.objects.create(
        version=pack["pack_version"],
        document=document,
        sha256=sha256(document),
        status="approved",
        approved_by=medical_lead,
        approved_at=timezone.now(),
        next_review_on=dt.date(2031, 5, 6),
    )
    page = client.get(reverse("clinic:intended_purpose")).content.decode()
    assert medical_lead.display_name in page
    assert "6\u00a0May\u00a02031" in page


@pytest.mark.parametrize("name", ["clinic:today", "patients:list", "protocols:list", "sessions:day"])
def test_every_page_leads_to_it(client, desk, name):
    client.force_login(desk)
    assert f'href="{reverse("clinic:intended_purpose")}"' in client.get(reverse(name), follow=True).content.decode()


def test_a_review_that_is_overdue_is_said(client, desk, protocol):
    due = protocol.next_review_on
    with time_machine.travel(dt.datetime.combine(due + dt.timedelta(days=1), dt.time(12), dt.UTC), tick=False):
        client.force_login(desk)
        assert f"overdue since {day(due)}" in client.get(reverse("clinic:intended_purpose")).content.decode()
