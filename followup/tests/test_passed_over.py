"""A session that a later one went past: nobody is asked to book it any more, and the course ends all the same."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from followup.services import drift
from plans.models import TreatmentPlan
from sessions.models import Booking, TreatmentSession
from sessions.plan_section import visits
from sessions.services import signing
from sessions.views.calendar_to_place import to_place

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]


@pytest.fixture
def done(plan, diary, clinician):
    """done(number, weeks ago): a session of the plan of four that was treated."""

    def done(number, ago):
        at = timezone.now() - dt.timedelta(weeks=ago)
        return Booking.objects.create(
            site=plan.patient.site,
            patient=plan.patient,
            plan=plan,
            kind="session",
            session_number=number,
            status="done",
            starts_at=at,
            ends_at=at + dt.timedelta(minutes=60),
            clinician=diary.osei,
            created_by=clinician,
            request_key=diary.key(),
        )

    return done


def board(desk, site) -> list[str]:
    return [str(one.kind) for one in drift.board(desk, site)]


def test_where_the_last_is_done_nothing_is_to_book_and_the_review_is_asked_for(done, plan, desk, site, client):
    for number, ago in ((1, 20), (3, 12), (4, 6)):
        done(number, ago)
    assert list(to_place(desk, site)) == []
    assert board(desk, site) == ["review"]
    (line,) = drift.lines(desk, drift.board(desk, site), site)
    assert line.facts.startswith("3 of 4 sessions done, the others were passed over, the last on")
    assert not any("not booked yet" in words for words in visits(plan, desk).lines)
    client.force_login(desk)
    page = client.get(reverse("patients:detail", args=[plan.patient.number])).content.decode()
    assert "passed over" in page
    assert "Book the rest" not in page
    assert "to place" not in client.get(reverse("clinic:today")).content.decode()


def test_the_control_the_one_after_it_is_still_to_book(done, plan, desk, site):
    for number, ago in ((1, 11), (3, 5)):
        done(number, ago)
    (row,) = to_place(desk, site)
    assert row.sessions_count - row.placed == 1
    assert board(desk, site) == ["ideal"]
    assert "1 of 4 sessions is not booked yet." in visits(plan, desk).lines


def record_of(booking, status):
    by = {"signed_by": booking.clinician.user, "signed_at": timezone.now(), "signed_sha256": "0" * 64, "ended_at": booking.ends_at}
    return TreatmentSession(
        booking=booking,
        patient=booking.patient,
        plan=booking.plan,
        session_number=booking.session_number,
        status=status,
        clinician=booking.clinician.user,
        started_at=booking.starts_at,
        **(by if status == "signed" else {}),
    )


@pytest.mark.parametrize(("before", "ends"), [({1: "signed", 3: "signed"}, True), ({1: "signed", 3: "draft"}, False), ({}, True)])
def test_the_plan_is_completed_with_its_last_session_unless_one_before_it_is_not_signed(done, plan, before, ends):
    rows = {number: record_of(done(number, 20 - number), status) for number, status in (before | {4: "signed"}).items()}
    TreatmentSession.objects.bulk_create(rows.values())
    assert signing._complete_plan(rows[4]) is ends
    assert (TreatmentPlan.objects.get(pk=plan.pk).status == "completed") is ends
