"""A shorter retention period is an override by name: told, with a reason, and without effect until a lead agrees or the time is over."""

import datetime as dt
import time

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Site, WatchedAct
from accounts.services.sites import change_site, seen_of
from accounts.services.staff import StaffRefused
from audit.models import AuditEvent, ErasureOrder
from clinic.models import RetentionRule
from clinic.rights import erasing, retention, rules
from clinic.rights.erasing import CannotErase, Wish
from patients.models import Patient

pytestmark = pytest.mark.django_db
LONG = {"years": 8, "minor_age": 18, "minor_years": 7, "basis": "A law"}
SHORT = {**LONG, "years": 2, "minor_years": 0}
WHY = "The law was changed in May"


@pytest.fixture(autouse=True)
def places(settings, tmp_path):
    settings.MEDIA_ROOT, settings.AUDIT_DIR = tmp_path / "files", tmp_path / "audit"


@pytest.fixture
def auditor(make_user):
    return make_user("ada", "auditor")


@pytest.fixture
def rule(site, manager):
    return RetentionRule.objects.create(country="GB", **LONG, set_by=manager)


@pytest.fixture
def seen_five_years_ago(site):
    patient = Patient.objects.create(number=20001, site=site, surname="Marsh", birth_date=dt.date(1970, 1, 1))
    Patient.objects.filter(pk=patient.pk).update(created_at=timezone.now() - dt.timedelta(days=5 * 365))
    return Patient.objects.get(pk=patient.pk)


def shorten(manager, **more) -> WatchedAct:
    return rules.set_rule("GB", by=manager, reason=WHY, **{**SHORT, **more})


def later(act: WatchedAct, **by) -> None:
    """As if it had been set so long ago."""
    from audit import guards

    with guards.suspended("watched_act_said"):
        WatchedAct.objects.filter(pk=act.pk).update(waits_until=act.waits_until - dt.timedelta(**by))


def said_of_what_waits() -> str:
    return rules.to_come()["GB"][0].words


def sign_in(client, person) -> None:
    """Signed in, and the password typed just now."""
    client.force_login(person)
    session = client.session
    session["proved"] = {"password": time.time()}
    session.save()


def due(manager) -> list[Patient]:
    return [one.patient for one in retention.due(manager, timezone.localdate())[0]]


def by_the_period(patient, manager):
    return erasing.erase(patient, Wish(patient.number, patient.birth_date), by=manager)


@pytest.mark.both_engines
def test_a_manager_alone_shortens_nothing_at_once(rule, manager, medical_lead, seen_five_years_ago):
    act = shorten(manager)
    assert due(manager) == []
    with pytest.raises(CannotErase) as refused:
        by_the_period(seen_five_years_ago, manager)
    assert "by a rule that does not hold yet" in str(refused.value)
    assert "shortened from 8 years" in str(refused.value)
    assert "by Omar Reed" in str(refused.value)
    assert "To erase earlier, choose why" in str(refused.value)
    later(act, days=13)
    assert due(manager) == []
    later(WatchedAct.objects.get(), days=1, seconds=1)
    assert due(manager) == [seen_five_years_ago]
    by_the_period(seen_five_years_ago, manager)
    assert ErasureOrder.objects.get().reason == "period_over"


def test_without_the_wait_the_same_erasure_goes_through(rule, manager, medical_lead, seen_five_years_ago, monkeypatch):
    """The control: what the wait keeps from happening."""
    monkeypatch.setattr(rules, "is_shorter", lambda before, after: False)
    assert rules.set_rule("GB", by=manager, **SHORT) is None
    by_the_period(seen_five_years_ago, manager)


@pytest.mark.both_engines
def test_a_medical_lead_who_did_not_set_it_lets_it_hold_at_once(rule, manager, medical_lead, seen_five_years_ago, client, auditor):
    act = shorten(manager)
    for person, answer in ((manager, 404), (auditor, 403)):
        sign_in(client, person)
        assert client.post(reverse("accounts:watched_agree", args=[act.pk])).status_code == answer
    assert due(manager) == []
    sign_in(client, medical_lead)
    assert "1 change waits for you to agree" in client.get(reverse("clinic:today")).content.decode()
    page = client.get(reverse("accounts:watched")).content.decode()
    assert WHY in page
    client.post(reverse("accounts:watched_agree", args=[act.pk]))
    act.refresh_from_db()
    assert act.agreed_by == medical_lead
    assert due(manager) == [seen_five_years_ago]
    assert AuditEvent.objects.filter(action="watched.agreed", actor=medical_lead).count() == 1


def test_a_lead_does_not_agree_to_the_own_and_a_refused_one_never_holds(
    rule, manager, medical_lead, seen_five_years_ago, client, make_user
):
    act = shorten(medical_lead)
    sign_in(client, medical_lead)
    assert client.post(reverse("accounts:watched_agree", args=[act.pk])).status_code == 404
    sign_in(client, make_user("eve", "medical_lead"))
    client.post(reverse("accounts:watched_refuse", args=[act.pk]))
    later(WatchedAct.objects.get(), days=30)
    assert due(manager) == []
    assert rules.in_force()["GB"].years == 8


@pytest.mark.both_engines
def test_lead_and_auditor_are_told_until_each_has_read_it(rule, manager, medical_lead, auditor, client):
    act = shorten(manager)
    later(act, days=20)
    for person in (medical_lead, auditor):
        sign_in(client, person)
        assert "1 change to read" in client.get(reverse("clinic:today")).content.decode()
        assert WHY in client.get(reverse("accounts:watched")).content.decode()
        client.post(reverse("accounts:watched_read", args=[act.pk]))
        assert "change to read" not in client.get(reverse("clinic:today")).content.decode()
    assert AuditEvent.objects.filter(action="watched.read").count() == 2
    assert AuditEvent.objects.get(action="retention.shortened").detail["years"] == [8, 2]


@pytest.mark.both_engines
def test_longer_holds_at_once_and_replaces_what_waits(rule, manager, medical_lead):
    act = shorten(manager)
    assert rules.set_rule("GB", by=manager, **{**LONG, "years": 10}) is None
    act.refresh_from_db()
    assert (act.is_open, act.refused_by) == (False, manager)
    later(act, days=30)
    assert rules.in_force()["GB"].years == 10


def test_a_shorter_one_that_holds_is_what_the_next_is_measured_by(rule, manager, medical_lead):
    later(shorten(manager), days=15)
    assert rules.in_force()["GB"].years == 2
    assert rules.set_rule("GB", by=manager, **{**SHORT, "years": 3}) is None
    assert (RetentionRule.objects.get().years, rules.in_force()["GB"].years) == (3, 3)
    assert shorten(manager).waits


@pytest.mark.parametrize(
    "change",
    [{"years": 7}, {"minor_age": 17}, {"minor_years": 6}, {"minor_age": 17, "minor_years": 8}],
)
def test_whatever_keeps_anybody_for_less_long_waits(rule, manager, change):
    assert rules.set_rule("GB", by=manager, reason=WHY, **{**LONG, **change}).waits
    assert rules.in_force()["GB"].years == 8


def test_the_first_rule_of_a_country_waits_too(site, manager, seen_five_years_ago):
    act = rules.set_rule("GB", by=manager, **SHORT)
    assert (rules.in_force(), due(manager)) == ({}, [])
    later(act, days=15)
    assert due(manager) == [seen_five_years_ago]


def test_a_reason_is_asked_for_beside_its_field_and_what_was_typed_stays(rule, manager, client):
    client.force_login(manager)
    sent = {"years": "2", "minor_age": "18", "minor_years": "0", "basis": "Another law"}
    page = client.post(reverse("clinic:retention_rule", args=["GB"]), sent)
    assert page.status_code == 422
    assert "Say why it gets shorter" in page.content.decode()
    assert 'value="Another law"' in page.content.decode()
    assert not WatchedAct.objects.exists()
    assert client.post(reverse("clinic:retention_rule", args=["GB"]), {**sent, "reason": WHY}).status_code == 302
    assert "shortened from 8 years (who was under 18: until 7 years after that birthday) to 2 years, by Omar Reed." in said_of_what_waits()
    client.post(reverse("clinic:retention_rule", args=["GB"]), {**sent, "years": "7", "minor_years": "7", "reason": WHY})
    assert "are kept: shortened from 8 years to 7 years, by Omar Reed. Basis: Another law." in said_of_what_waits()
    page = client.get(reverse("clinic:retention")).content.decode()
    assert "Kept for <b>8 years</b>" in page
    assert "Not yet:" in page


def test_a_site_does_not_move_to_where_its_patients_are_kept_for_less_long(rule, site, manager, seen_five_years_ago):
    RetentionRule.objects.create(country="DE", years=1, basis="x")
    with pytest.raises(StaffRefused, match="kept for 1 year, here for 8 years"):
        change_site(site, by=manager, was=seen_of(site), name=site.name, country="DE")
    assert Site.objects.get(pk=site.pk).country == "GB"
    change_site(site, by=manager, was=seen_of(site), name=site.name, country="FR")  # nobody is due there: the control
    assert due(manager) == []
