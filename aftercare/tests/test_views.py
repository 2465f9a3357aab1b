"""Who may ask, open and print, and what the queue says."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Site
from aftercare.models import Sheet
from aftercare.services import request_sheet
from aftercare.services.making import make
from audit.models import AuditEvent
from microneedle_clinic.web import headers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("queue_away", "storage")]
HTMX = {"HTTP_HX_REQUEST": "true"}


def as_user(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def sheet(signed, clinician):
    return request_sheet(signed(), by=clinician)


@pytest.fixture
def ready(sheet):
    make(sheet.pk)
    sheet.refresh_from_db()
    return sheet


def state(sheet, **fields):
    Sheet.objects.filter(pk=sheet.pk).update(**fields)


def test_asking_answers_at_once_and_twice_makes_one(signed, desk):
    session = signed()
    url = reverse("aftercare:request", args=[session.pk])
    first, second = as_user(desk).post(url, **HTMX), as_user(desk).post(url)
    assert "Ready in about 3 seconds" in first.content.decode()
    assert second.status_code == 302
    assert Sheet.objects.count() == 1


def test_a_draft_has_no_sheet_and_the_page_says_what_to_do(signed, clinician, monkeypatch):
    session = signed()
    monkeypatch.setattr(type(session), "is_signed", property(lambda self: False))
    response = as_user(clinician).post(reverse("aftercare:request", args=[session.pk]))
    assert response.status_code == 422
    assert "Sign the record first" in response.content.decode()


def test_an_unknown_paper_is_refused(signed, clinician):
    response = as_user(clinician).post(reverse("aftercare:request", args=[signed().pk]), {"variant": "A5"})
    assert response.status_code == 422
    assert not Sheet.objects.exists()


def test_the_state_is_asked_for_until_there_is_nothing_to_wait_for(sheet, clinician):
    client, url = as_user(clinician), reverse("aftercare:sheet", args=[sheet.pk])
    waiting = client.get(url, **HTMX)
    assert (waiting.status_code, "every 1s" in waiting.content.decode()) == (200, True)
    state(sheet, requested_at=timezone.now() - dt.timedelta(seconds=11))
    assert "Taking longer than usual, you can leave this page." in client.get(url, **HTMX).content.decode()
    make(sheet.pk)
    done = client.get(url, **HTMX)
    assert (done.status_code, "every 1s" in done.content.decode()) == (286, False)
    assert reverse("aftercare:pdf", args=[sheet.pk]) in done.content.decode()


def test_a_failure_is_told_in_plain_words_with_one_action(sheet, clinician):
    state(sheet, state="failed", problem="The sheet could not be stored. Check that the disk has room.")
    page = as_user(clinician).get(reverse("aftercare:sheet", args=[sheet.pk])).content.decode()
    assert "Check that the disk has room." in page
    assert page.count("Make again") == 1
    again = as_user(clinician).post(reverse("aftercare:request", args=[sheet.session_id]), {"variant": "A4"}, **HTMX)
    assert "Ready in about 3 seconds" in again.content.decode()


def test_the_pdf_is_handed_out_byte_for_byte_and_each_opening_is_noted(ready, desk, storage):
    client, url = as_user(desk), reverse("aftercare:pdf", args=[ready.pk])
    first, second = client.get(url), client.get(url)
    assert first.content == second.content == (storage / ready.file).read_bytes()
    assert first["Content-Type"] == "application/pdf"
    assert first["Content-Disposition"] == f'inline; filename="{ready.number}.pdf"'
    assert (first["X-Content-Type-Options"], first["X-Frame-Options"], first["Cache-Control"]) == ("nosniff", "DENY", "no-store")
    assert first["Content-Security-Policy"] == headers.NOTHING
    assert client.head(url).status_code == 200, "asking whether it is there is looking too"
    assert AuditEvent.objects.filter(action="sheet.opened", patient_pk=ready.session.patient_id, actor=desk).count() == 3


def test_a_file_that_is_not_the_one_that_was_made_is_not_shown(ready, clinician, storage):
    (storage / ready.file).write_bytes(b"%PDF-1.7 something else")
    response = as_user(clinician).get(reverse("aftercare:pdf", args=[ready.pk]))
    assert (response.status_code, response["Content-Type"]) == (409, "text/html; charset=utf-8")
    assert "unsafe" not in response["Content-Security-Policy"]
    assert AuditEvent.objects.filter(action="sheet.opened", outcome="refused").count() == 1


def test_a_sheet_that_is_not_ready_leads_to_its_state(sheet, clinician):
    response = as_user(clinician).get(reverse("aftercare:pdf", args=[sheet.pk]))
    assert response["Location"] == reverse("aftercare:sheet", args=[sheet.pk])


def test_another_sites_sheet_is_not_there(ready, clinician):
    clinician.sites.set([Site.objects.create(name="Elsewhere", slug="elsewhere")])
    client = as_user(type(clinician).objects.get(pk=clinician.pk))
    for name in ("aftercare:sheet", "aftercare:pdf"):
        assert client.get(reverse(name, args=[ready.pk])).status_code == 404
    assert client.post(reverse("aftercare:request", args=[ready.session_id])).status_code == 404
    assert "Rahman" not in client.get(reverse("aftercare:queue")).content.decode()


def test_a_manager_and_a_stranger_get_none(ready, manager):
    for name, args in (("aftercare:queue", []), ("aftercare:sheet", [ready.pk]), ("aftercare:pdf", [ready.pk])):
        assert as_user(manager).get(reverse(name, args=args)).status_code == 403
        assert Client().get(reverse(name, args=args)).status_code == 302
    assert as_user(manager).post(reverse("aftercare:request", args=[ready.session_id])).status_code == 403


def test_the_queue_lists_each_state_in_words_with_its_action(signed, clinician):
    sheets = [request_sheet(signed(surname=f"Example{n}"), by=clinician) for n in range(4)]
    make(sheets[0].pk)
    state(sheets[1], state="failed", problem="Enter both numbers.")
    state(sheets[2], state="rendering", started_at=timezone.now())
    page = as_user(clinician).get(reverse("aftercare:queue")).content.decode()
    rows = dict(re.findall(r'<tr id="sheet-(\d+)".*?>(.*?)</tr>', page, re.S))
    assert [len(rows), "EXAMPLE0" in rows[str(sheets[0].pk)]] == [4, True]
    for sheet, word, action in zip(sheets, ("Ready", "Failed", "Making", "Waiting"), ("Open sheet", "Make again", "", ""), strict=True):
        assert word in rows[str(sheet.pk)]
        assert action in rows[str(sheet.pk)]
    assert "0 of 2 ready" in page


def test_the_queue_asks_only_for_what_was_open_and_stops_at_the_end(signed, clinician):
    sheets = [request_sheet(signed(surname=f"Example{n}"), by=clinician) for n in range(3)]
    client = as_user(clinician)
    page = client.get(reverse("aftercare:queue")).content.decode()
    url = re.search(r'hx-get="([^"]+)"', page)[1].replace("&amp;", "&")
    make(sheets[0].pk)
    news = client.get(url, **HTMX)
    text = news.content.decode()
    assert (news.status_code, "1 of 3 ready" in text, text.count("hx-swap-oob")) == (200, True, 3)
    make(sheets[1].pk)
    make(sheets[2].pk)
    last = client.get(url, **HTMX)
    assert (last.status_code, "3 of 3 ready" in last.content.decode(), "every 1s" in last.content.decode()) == (286, True, False)
    assert client.get(reverse("aftercare:queue") + "?open=x,,9999999&since=yesterday", **HTMX).status_code == 286


def test_sheets_that_were_not_on_the_screen_are_not_looked_at_unseen(signed, clinician, desk):
    """Numbers made up, or copied from a colleague's page, show rows all the same, and leave the row of a look."""
    sheets = [request_sheet(signed(surname=f"Example{n}"), by=clinician) for n in range(2)]
    client = as_user(clinician)
    own = re.search(r'hx-get="([^"]+)"', client.get(reverse("aftercare:queue")).content.decode())[1].replace("&amp;", "&")
    looks = AuditEvent.objects.filter(action="sheets.listed")
    assert looks.count() == 1
    client.get(own, **HTMX)
    assert looks.count() == 1, "the control: nothing new on the own screen"
    made_up = f"{reverse('aftercare:queue')}?open={sheets[0].pk},{sheets[1].pk}"
    more = own.replace("open=", f"open={sheets[0].pk},")
    for person, url in ((clinician, made_up), (clinician, more), (desk, own)):
        before = looks.count()
        page = as_user(person).get(url, **HTMX).content.decode()
        assert "EXAMPLE0" in page
        assert looks.count() == before + 1
        assert looks.latest("pk").actor == person


def test_an_open_row_holds_nothing_that_can_have_focus(sheet, clinician):
    page = as_user(clinician).get(reverse("aftercare:queue")).content.decode()
    row = re.search(r'<tr id="sheet-\d+".*?</tr>', page, re.S)[0]
    assert not re.search(r"<(a|button|input|form)\b", row)


def test_an_empty_queue_says_what_belongs_there(desk):
    assert "Aftercare sheets wait here until they are printed." in as_user(desk).get(reverse("aftercare:queue")).content.decode()


@pytest.mark.parametrize("number", [1, 12])
def test_the_queue_costs_the_same_queries_for_one_row_and_many(signed, clinician, number, django_assert_max_num_queries):
    for n in range(number):
        request_sheet(signed(surname=f"Example{n}"), by=clinician)
    client = as_user(clinician)
    with django_assert_max_num_queries(9):
        client.get(reverse("aftercare:queue"))
