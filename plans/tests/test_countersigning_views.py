"""The pages of a plan that waits: who sees it where, what is asked, and what a late press is told."""

import datetime as dt
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEvent
from plans import services
from plans.models import Consultation, TreatmentPlan
from plans.settled import settle

from .conftest import depth

pytestmark = pytest.mark.django_db


@pytest.fixture
def nurse(make_user, signed_off):
    user = make_user("lena", "clinician", title="Nurse", last_name="Holm")
    signed_off(user, zones=["cheeks", "chin"], max_depth_mm=Decimal("1"))
    return user


@pytest.fixture
def consultation(patient, nurse, protocol):
    return services.start(patient, by=nurse)


@pytest.fixture
def posted(consultation, typed, cold_sores, nurse):
    """The form as the nurse sends it, all that is hers to decide decided."""
    chosen = {"values": depth("cheeks", "1.25", reason="thick_here", told=True)}
    fields = typed | cold_sores
    for _ in range(2):
        computed = services.save(consultation, inputs=fields, chosen=chosen, by=nurse, version=consultation.version, saved_from="page-1")
        for decision in settle(consultation, computed, by=nurse).undecided:
            if decision.may(nurse):
                chosen = services.decide(chosen, decision.key, decision.choices[0][0], by=nurse)
    own = {"yours.depth.cheeks": "1.25", "was.depth.cheeks": "1", "reason.depth.cheeks": "thick_here", "told.depth.cheeks": "on"}
    return {**fields, **own, "version": consultation.version, "saved_from": "page-1", "shown": computed.digest}


@pytest.fixture
def accept_url(consultation):
    return reverse("plans:accept", args=[consultation.patient.number, consultation.pk])


@pytest.fixture
def waiting(client, nurse, posted, accept_url):
    client.force_login(nurse)
    answer = client.post(accept_url, {**posted, "send": "1"})
    plan = TreatmentPlan.objects.get()
    assert answer["Location"] == reverse("plans:plan", args=[plan.patient.number, plan.number])
    return plan


def url(plan) -> str:
    return reverse("plans:countersign", args=[plan.patient.number, plan.number])


def page(plan) -> str:
    return reverse("plans:plan", args=[plan.patient.number, plan.number])


def test_accepting_asks_to_send_and_the_bar_offers_it(client, nurse, posted, accept_url):
    client.force_login(nurse)
    answer = client.post(accept_url, posted)
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "Or send the plan for countersignature" in shown
    assert 'id="send"' in shown
    assert 'id="accept"' not in shown
    assert not TreatmentPlan.objects.exists()


def test_a_double_press_sends_one(client, waiting, posted, accept_url):
    answer = client.post(accept_url, {**posted, "send": "1"})
    assert answer["Location"] == page(waiting)
    assert TreatmentPlan.objects.count() == 1
    assert AuditEvent.objects.filter(action="plan.sent").count() == 1


def test_the_one_who_sent_it_sees_it_wait_and_cannot_sign(client, nurse, waiting):
    shown = client.get(page(waiting)).content.decode()
    assert "Waiting for a prescriber and the medical lead" in shown
    assert "do-countersign" not in shown
    assert "Sent by you" in client.get(reverse("plans:waiting")).content.decode()
    answer = client.post(url(waiting), {"do": "countersign", "reason": "mine"}, follow=True)
    assert "does not wait for you" in answer.content.decode()
    assert TreatmentPlan.objects.get().status == "awaiting"


def test_the_lead_finds_it_reads_it_and_signs_it(client, medical_lead, waiting):
    client.force_login(medical_lead)
    assert page(waiting) in client.get(reverse("plans:waiting")).content.decode()
    today = client.get(reverse("clinic:today")).content.decode()
    assert "1 plan waiting for your countersignature" in today
    shown = client.get(page(waiting)).content.decode()
    assert "Cheeks 1.25\u00a0mm, above the 1\u00a0mm the clinician is signed off for" in shown
    assert "Most this operator may set: 1\u00a0mm" in shown
    answer = client.post(url(waiting), {"do": "countersign", "reason": " "})
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "Say why this may go ahead" in shown
    assert "Decide on antiviral cover" in shown
    answer = client.post(url(waiting), {"do": "countersign", "reason": "Seen together", "choice.antiviral": "given"}, follow=True)
    assert "It can be booked now" in answer.content.decode()
    waiting = TreatmentPlan.objects.get()
    assert (waiting.status, waiting.countersigned_by) == ("accepted", medical_lead)
    late = client.post(url(waiting), {"do": "return", "reason": "Too late"}, follow=True)
    assert "Nothing was changed: plan 1 is accepted" in late.content.decode()


def test_a_prescriber_signs_only_what_is_a_prescribers(client, clinician, waiting):
    client.force_login(clinician)
    assert "The medical lead must agree" in client.get(page(waiting)).content.decode()
    data = {"do": "countersign", "reason": "Cover given", "choice.antiviral": "given"}
    answer = client.post(url(waiting), data, follow=True)
    assert "It still waits for another countersignature" in answer.content.decode()
    assert TreatmentPlan.objects.get().status == "awaiting"
    assert "Antiviral cover prescribed, Dr Amara Osei" in client.get(page(waiting)).content.decode()


def test_sent_back_the_nurse_goes_on_where_she_was(client, nurse, medical_lead, waiting):
    client.force_login(medical_lead)
    client.post(url(waiting), {"do": "return", "reason": "Stay at 1 mm"})
    client.force_login(nurse)
    shown = client.get(page(waiting)).content.decode()
    assert "Sent back by Dr Iris Vance" in shown
    assert "Stay at 1 mm" in shown
    reopened = Consultation.objects.get(status="open")
    address = reverse("plans:consultation", args=[waiting.patient.number, reopened.pk])
    assert address in shown
    assert 'value="1.25"' in client.get(address).content.decode()


def test_somebody_without_any_entitlement_has_an_empty_list(client, make_user, waiting):
    other = make_user("nils", "clinician")
    client.force_login(other)
    assert "No plan waits for you" in client.get(reverse("plans:waiting")).content.decode()


def test_what_can_only_be_sent_back_offers_nothing_else(client, medical_lead, waiting, monkeypatch):
    from plans import countersigning

    client.force_login(medical_lead)
    monkeypatch.setattr(countersigning, "why_not", lambda *args, **kwargs: "Too late. Send it back.")
    shown = client.get(page(waiting)).content.decode()
    assert "Too late. Send it back." in shown
    assert "do-countersign" not in shown
    assert "do-return" in shown


def test_past_its_last_day_the_lists_say_so_and_the_nurse_takes_it_back(client, nurse, medical_lead, waiting, monkeypatch):
    later = timezone.localdate() + dt.timedelta(days=5)
    monkeypatch.setattr(timezone, "localdate", lambda *args, **kwargs: later)
    client.force_login(medical_lead)
    listed = client.get(reverse("plans:waiting")).content.decode()
    assert "Too late by 2 days" in listed
    assert "only be sent back" in listed
    page = client.get(reverse("plans:plan", args=[waiting.patient.number, waiting.number])).content.decode()
    assert 'id="do-return"' in page
    assert 'id="do-countersign"' not in page
    assert 'id="do-take-back"' not in page
    client.force_login(nurse)
    assert 'id="do-take-back"' in client.get(reverse("plans:plan", args=[waiting.patient.number, waiting.number])).content.decode()
    take_back = reverse("plans:take_back", args=[waiting.patient.number, waiting.number])
    reopened = client.post(take_back)
    assert reopened["Location"] == reverse("plans:consultation", args=[waiting.patient.number, Consultation.objects.get(status="open").pk])
    assert client.post(take_back)["Location"] == reverse("plans:plan", args=[waiting.patient.number, waiting.number])
    page = client.get(reverse("plans:plan", args=[waiting.patient.number, waiting.number])).content.decode()
    assert f"Taken back by {nurse.display_name}" in page


def test_the_list_of_what_waits_belongs_to_today(client, medical_lead, waiting):
    client.force_login(medical_lead)
    page = client.get(reverse("plans:waiting")).content.decode()
    rail = page.split('aria-label="Main"')[1].split("</nav>")[0]
    assert f'href="{reverse("clinic:today")}" aria-current="page"' in rail
    assert rail.count("aria-current") == 1


def test_the_consultation_that_is_open_again_says_who_sent_the_plan_back_and_why(client, nurse, medical_lead, waiting):
    reopened = services.send_back(waiting, by=medical_lead, reason="Test area <first>")
    client.force_login(nurse)
    page = client.get(reverse("plans:consultation", args=[waiting.patient.number, reopened.pk])).content.decode()
    assert f"Plan {waiting.number} was sent back by {medical_lead.display_name}" in page
    assert "Test area &lt;first&gt;" in page
    assert url(waiting).removesuffix("countersign/") in page


def test_a_zone_without_any_sign_off_shows_no_limit_as_if_there_were_one(client, consultation, typed, nurse, medical_lead):
    """The nurse's 1 mm is for cheeks and chin: on the forehead it is what she may do elsewhere."""
    fields, chosen = typed | {"zones.acne_scars": ["cheeks", "forehead"]}, {}
    for _ in range(2):
        computed = services.save(consultation, inputs=fields, chosen=chosen, by=nurse, version=consultation.version, saved_from="page-1")
        for decision in settle(consultation, computed, by=nurse).undecided:
            if decision.may(nurse):
                chosen = services.decide(chosen, decision.key, decision.choices[0][0], by=nurse)
    plan = services.accept(consultation, by=nurse, version=consultation.version, saved_from="page-1", send=True)
    assert [need["keys"] for need in plan.needs] == [["zone.forehead"]]
    client.force_login(medical_lead)
    shown = client.get(page(plan)).content.decode()
    assert "<dt>Clinician signed off here</dt><dd>no</dd>" in shown
    assert "<dt>Clinician&#x27;s limit elsewhere</dt><dd>1\u00a0mm</dd>" in shown
    assert "<dt>Clinician&#x27;s limit</dt>" not in shown
