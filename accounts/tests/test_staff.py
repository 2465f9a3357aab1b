"""Who works here: invited by a link that works once, given role and sites, let go and taken back; nobody locks the clinic out."""

import contextlib
import datetime as dt
import re
import threading
import time
from urllib.parse import urlsplit

import pytest
from django.db import connection, connections
from django.urls import reverse
from django.utils import timezone

from accounts.models import Invitation, Site, User
from accounts.permissions import Role
from accounts.services import staff as service
from accounts.signing_in.session import PASSWORD as PASSWORD_PROOF
from accounts.signing_in.session import PROVED
from audit.models import AuditEvent

pytestmark = pytest.mark.django_db

PASSWORD = "seven grey herons by the lock"


@pytest.fixture
def second_site(db):
    return Site.objects.create(name="Birch Skin Clinic", slug="birch")


@pytest.fixture
def other_manager(make_user):
    return make_user("eve", Role.MANAGER, last_name="Marsh")


def signed_in(client, person, *, proved=True):
    client.force_login(person)
    if proved:
        session = client.session
        session[PROVED] = {PASSWORD_PROOF: time.time()}
        session.save()
    return client


@pytest.fixture
def here(client, manager):
    return signed_in(client, manager)


def typed(site, **changes) -> dict:
    fields = {"first_name": "Ada", "last_name": "Marsh", "title": "Dr", "username": "ada.marsh", "role": "clinician", "sites": [site.pk]}
    return {**fields, **changes}


def invite(here, site, **changes):
    return here.post(reverse("accounts:invite"), typed(site, **changes))


def link_on(answer) -> str:
    (link,) = re.findall(r"http://testserver(/accounts/welcome/\?key=[\w-]{43})", answer.content.decode())
    return link


def access_of(here, person, **changes):
    sites = list(person.sites.values_list("pk", flat=True))
    fields = {"title": person.title, "first_name": person.first_name, "last_name": person.last_name, "role": person.role, "sites": sites}
    return here.post(reverse("accounts:access", args=[person.pk]), {**fields, "was": service.seen(person), **changes})


def leave(here, person, **takers):
    return here.post(reverse("accounts:leaving", args=[person.pk]), takers)


# -- the invitation ----------------------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_an_invited_person_sets_a_password_with_the_link_and_gets_in_once(here, client, site):
    answer = invite(here, site)
    person = User.objects.get(username="ada.marsh")
    link = link_on(answer)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert (person.role, list(person.sites.all()), person.has_usable_password()) == ("clinician", [site], False)
    assert person.is_staff is person.is_superuser is False
    secret = link.partition("key=")[2]
    assert secret not in str(list(Invitation.objects.values())) + str(list(AuditEvent.objects.values()))
    client.logout()
    first = client.get(link)
    assert (first.status_code, first["Location"]) == (302, reverse("accounts:welcome"))
    page = client.get(first["Location"])
    assert "Dr Ada Marsh" in page.content.decode()
    done = client.post(reverse("accounts:welcome"), {"password": PASSWORD, "again": PASSWORD})
    assert done["Location"] == reverse("accounts:sign_in")
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
    again = client.get(link, follow=True)
    assert (again.status_code, "This link does not work" in again.content.decode()) == (404, True)
    assert AuditEvent.objects.filter(action="user.invitation_used", actor=person).count() == 1
    assert secret not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize(
    ("one", "two", "words"),
    [
        ("", "", "Enter a password"),
        (PASSWORD, "another one altogether", "The two passwords differ"),
        ("short", "short", "15 characters or more"),
        ("ada.marsh ada.marsh", "ada.marsh ada.marsh", "assword"),
    ],
)
def test_the_rules_for_passwords_hold_and_the_link_still_works(here, client, site, one, two, words):
    link = link_on(invite(here, site))
    client.logout()
    client.get(link)
    answer = client.post(reverse("accounts:welcome"), {"password": one, "again": two})
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert PASSWORD not in answer.content.decode()
    assert client.post(reverse("accounts:welcome"), {"password": PASSWORD, "again": PASSWORD}).status_code == 302


def ran_out(person):
    Invitation.objects.update(made_at=timezone.now() - dt.timedelta(days=9), ends_at=timezone.now() - dt.timedelta(seconds=1))


def withdrawn(person):
    service.new_link(person, by=User.objects.get(username="omar"))


def left(person):
    User.objects.filter(pk=person.pk).update(is_active=False)


@pytest.mark.parametrize("happened", [ran_out, withdrawn, left])
def test_a_link_that_no_longer_holds_says_nothing_about_why(here, client, site, happened):
    link = link_on(invite(here, site))
    happened(User.objects.get(username="ada.marsh"))
    client.logout()
    for address in (link, "/accounts/welcome/?key=made-up"):
        page = client.get(address, follow=True)
        assert page.status_code == 404
        assert "Marsh" not in page.content.decode()


@pytest.mark.both_engines
def test_a_new_link_ends_the_sessions_of_the_old_password_when_it_is_used(here, client, desk):
    link = link_on(here.post(reverse("accounts:new_link", args=[desk.pk])))
    client.force_login(desk)
    assert client.get("/today/").status_code == 200  # the old password stands until the link is used
    client.get(link)
    client.post(reverse("accounts:welcome"), {"password": PASSWORD, "again": PASSWORD})
    assert client.get("/today/").status_code == 302


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"username": ""}, "Enter a user name"),
        ({"username": "ada marsh"}, "User name must be letters"),
        ({"username": "OMAR"}, "The user name omar is taken"),
        ({"role": ""}, "Choose the role"),
        ({"role": "superuser"}, "Choose the role from the list"),
        ({"sites": []}, "Choose one or more of your own sites"),
        ({"sites": ["x"]}, "Choose one or more of your own sites"),
        ({"first_name": ""}, "Enter the given name"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(here, site, changes, words):
    answer = invite(here, site, **changes)
    page = answer.content.decode()
    assert (answer.status_code, words in page, 'value="Marsh"' in page) == (422, True, True)
    assert not User.objects.filter(username="ada.marsh").exists()


def test_a_manager_gives_only_the_own_sites(here, site, second_site):
    assert invite(here, site, sites=[second_site.pk]).status_code == 422
    assert not User.objects.filter(username="ada.marsh").exists()


def test_fields_nobody_offered_change_nothing(here, site, desk):
    invite(here, site, is_superuser="on", is_staff="on", is_demo="on", password="x", is_prescriber="on")
    access_of(here, desk, is_superuser="on", is_prescriber="on", is_active="", username="root")
    for person in (User.objects.get(username="ada.marsh"), User.objects.get(pk=desk.pk)):
        assert {person.is_superuser, person.is_staff, person.is_prescriber, person.is_demo} == {False}
        assert person.is_active


@pytest.mark.parametrize("address", ["access", "leaving", "new_link", "take_back"])
def test_a_screen_that_was_left_open_is_asked_who_it_is_first(client, manager, desk, address):
    signed_in(client, manager, proved=False)
    answer = client.post(reverse(f"accounts:{address}", args=[desk.pk]))
    assert answer["Location"] == reverse("accounts:confirm")
    assert not Invitation.objects.exists()
    desk.refresh_from_db()
    assert desk.is_active


# -- role and sites ----------------------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_another_role_holds_from_the_next_click_on(here, client, desk, manager):
    answer = access_of(here, desk, role="auditor")
    assert answer.status_code == 302
    client.force_login(User.objects.get(pk=desk.pk))
    assert client.get(reverse("patients:list")).status_code == 403
    event = AuditEvent.objects.get(action="user.access_changed")
    assert (event.actor, event.detail["changed"]) == (manager, {"role": ["front_desk", "auditor"]})


def test_nobody_changes_their_own_access(here, manager, other_manager, second_site):
    for address in ("access", "leaving"):
        page = here.get(reverse(f"accounts:{address}", args=[manager.pk])).content.decode()
        assert "Your own access is changed by another manager." in page
    assert access_of(here, manager, role="medical_lead").status_code == 409
    assert leave(here, manager).status_code == 409
    manager.refresh_from_db()
    assert (manager.role, manager.is_active) == ("manager", True)


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.FRONT_DESK, Role.MEDICAL_LEAD, Role.AUDITOR])
def test_nobody_else_gives_roles(client, make_user, desk, role):
    client.force_login(make_user("x", role))
    assert access_of(client, desk, role="manager").status_code == 403
    assert leave(client, desk).status_code == 403
    assert client.post(reverse("accounts:new_link", args=[desk.pk])).status_code == 403


def test_somebody_of_another_site_is_not_there(here, make_user, second_site):
    far = make_user("far", Role.CLINICIAN, last_name="Away")
    far.sites.set([second_site])
    for answer in (here.get(reverse("accounts:person", args=[far.pk])), access_of(here, far), leave(here, far)):
        assert answer.status_code == 404


@pytest.mark.both_engines
def test_who_works_at_more_sites_than_the_manager_is_changed_by_a_manager_of_all(here, manager, make_user, second_site):
    both = make_user("both", Role.CLINICIAN)
    both.sites.add(second_site)
    answer = access_of(here, both, role="medical_lead")
    assert (answer.status_code, "also works at Birch Skin Clinic" in answer.content.decode()) == (409, True)
    manager.sites.add(second_site)
    assert access_of(here, both, role="medical_lead").status_code == 302


@pytest.mark.both_engines
def test_a_change_by_somebody_else_meanwhile_is_shown_first(here, desk):
    was = service.seen(desk)
    User.objects.filter(pk=desk.pk).update(role="clinician")
    answer = access_of(here, desk, role="auditor", was=was)
    page = answer.content.decode()
    assert (answer.status_code, "Changed by somebody else meanwhile" in page) == (409, True)
    assert User.objects.get(pk=desk.pk).role == "clinician"
    (now,) = re.findall(r'name="was" value="(\w+)"', page)
    assert access_of(here, desk, role="auditor", was=now).status_code == 302


# -- the last one ------------------------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_no_site_loses_its_last_lead(here, medical_lead, make_user, site):
    for answer in (access_of(here, medical_lead, role="clinician"), leave(here, medical_lead)):
        assert answer.status_code == 422
        assert "would have no medical lead" in answer.content.decode()
    invite(here, site, role="medical_lead")  # invited, never in: does not count
    assert leave(here, medical_lead).status_code == 422
    make_user("second", Role.MEDICAL_LEAD)
    assert leave(here, medical_lead).status_code == 200


def test_a_site_that_is_given_up_keeps_its_lead_too(here, manager, medical_lead, site, second_site, make_user):
    for person in (manager, medical_lead):
        person.sites.add(second_site)
    make_user("second", Role.MEDICAL_LEAD)  # at the first site
    answer = access_of(here, medical_lead, sites=[site.pk])
    assert (answer.status_code, "Birch Skin Clinic would have no medical lead" in answer.content.decode()) == (422, True)
    assert access_of(here, medical_lead, sites=[second_site.pk]).status_code == 302


@pytest.mark.both_engines
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("locked", "remain"), [(True, 1), (False, 0)])
def test_two_managers_who_let_each_other_go_at_once_leave_one(manager, other_manager, monkeypatch, locked, remain):
    """Both look before either writes, where nothing stops them: the control shows that it is the lock that does."""
    if connection.vendor == "sqlite":
        pytest.skip("one writer at a time by nature")
    both_looked = threading.Barrier(2)
    looks = service._keeps_what_it_needs

    def look(*args, **kwargs):
        looks(*args, **kwargs)
        with contextlib.suppress(threading.BrokenBarrierError):  # with the lock the other is not here yet, and never comes
            both_looked.wait(1)

    monkeypatch.setattr(service, "_keeps_what_it_needs", look)
    if not locked:
        monkeypatch.setattr(service, "_claim", lambda person, by: User.objects.get(pk=person.pk))

    def go(person, by):
        with contextlib.suppress(service.StaffRefused):
            service.leave(User.objects.get(pk=person.pk), by=User.objects.get(pk=by.pk), takers={})
        connections.close_all()

    threads = [threading.Thread(target=go, args=pair) for pair in ((manager, other_manager), (other_manager, manager))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert User.objects.filter(role=Role.MANAGER, is_active=True).count() == remain


# -- leaving -----------------------------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_leaving_ends_the_access_at_once_everywhere(here, client, desk, manager):
    link = link_on(here.post(reverse("accounts:new_link", args=[desk.pk])))
    elsewhere = type(client)()
    elsewhere.force_login(desk)
    assert elsewhere.get("/today/").status_code == 200
    answer = leave(here, desk)
    assert (answer.status_code, "has left" in answer.content.decode()) == (200, True)
    assert elsewhere.get("/today/")["Location"].startswith(reverse("accounts:sign_in"))
    assert elsewhere.get(link, follow=True).status_code == 404
    desk.refresh_from_db()
    assert not desk.is_active
    assert desk.left_at
    assert AuditEvent.objects.get(action="user.left").actor == manager
    assert leave(here, desk).status_code == 409


@pytest.mark.both_engines
def test_who_left_can_be_taken_back_with_a_new_password_only(here, client, desk):
    leave(here, desk)
    link = link_on(here.post(reverse("accounts:take_back", args=[desk.pk])))
    desk.refresh_from_db()
    assert (desk.is_active, desk.has_usable_password()) == (True, False)
    client.logout()
    client.get(link)
    client.post(urlsplit(link).path, {"password": PASSWORD, "again": PASSWORD})
    assert User.objects.get(pk=desk.pk).check_password(PASSWORD)


# -- sites -------------------------------------------------------------------------------------------------------------


def place(**changes) -> dict:
    fields = {"name": "Cedar Skin Clinic", "phone": "020 7946 0300", "emergency_number": "999", "country": "gb"}
    return {**fields, "time_zone": "Europe/London", "paper": "A4", **changes}


@pytest.mark.both_engines
def test_a_site_is_added_and_its_maker_belongs_to_it(here, manager):
    assert here.post(reverse("accounts:add_site"), place()).status_code == 302
    made = Site.objects.get(name="Cedar Skin Clinic")
    assert made.country == "GB"
    assert made in manager.sites.all()
    assert here.post(reverse("accounts:add_site"), place(name="cedar skin clinic")).status_code == 422


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "Enter the name of the site"),
        ({"country": "UKX"}, "Country must be 2 letters or fewer"),
        ({"country": "1!"}, "Country must be two letters"),
        ({"time_zone": "Mars/Olympus"}, "Time zone must be one such as"),
        ({"paper": "A3"}, "Choose one from the list"),
        ({"phone": ""}, "Enter the phone number patients ring"),
    ],
)
def test_what_is_wrong_with_a_site_is_said(here, changes, words):
    answer = here.post(reverse("accounts:add_site"), place(**changes))
    assert (answer.status_code, words in answer.content.decode()) == (422, True)


@pytest.mark.both_engines
def test_a_site_is_changed_by_its_own_managers_and_never_over_somebody_else(here, site, second_site):
    from accounts.services.sites import seen_of

    address = reverse("accounts:site", args=[site.pk])
    was = seen_of(site)
    assert here.post(address, place(was=was)).status_code == 302
    assert here.post(address, place(was=was, phone="1234567")).status_code == 409
    site.refresh_from_db()
    assert (site.name, site.phone) == ("Cedar Skin Clinic", "020 7946 0300")
    assert here.get(reverse("accounts:site", args=[second_site.pk])).status_code == 404
