"""What touches the authority of a medical lead or a manager is seen by a second person, and never keeps a clinic out."""

import datetime as dt
import re
import time
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import ActRead, Invitation, Site, User, WatchedAct
from accounts.permissions import Role
from accounts.services import staff as service
from accounts.services.sign_in import reset_second_step
from accounts.signing_in.session import PASSWORD, PROVED
from accounts.watched import kinds
from accounts.watched import services as watched
from audit import guards
from audit.models import AuditEvent

pytestmark = pytest.mark.django_db
SECRET = "correct horse battery"
LINK = r"/accounts/welcome/\?key=[\w-]{43}"


@pytest.fixture
def auditor(make_user):
    return make_user("ada", Role.AUDITOR)


@pytest.fixture
def second_manager(make_user):
    return make_user("eve", Role.MANAGER, last_name="Marsh")


def signed_in(client, person):
    client.force_login(User.objects.get(pk=person.pk))
    session = client.session
    session[PROVED] = {PASSWORD: time.time()}
    session.save()
    return client


def today(client, person) -> str:
    return signed_in(client, person).get(reverse("clinic:today")).content.decode()


def ask_for_link(client, by, person):
    return signed_in(client, by).post(reverse("accounts:new_link", args=[person.pk]), follow=True)


def agree(client, by, act):
    return signed_in(client, by).post(reverse("accounts:watched_agree", args=[act.pk]), follow=True)


def access_of(client, by, person, **changes):
    fields = {name: getattr(person, name) for name in ("title", "first_name", "last_name", "role")}
    fields |= {"sites": list(person.sites.values_list("pk", flat=True)), "was": service.seen(person)}
    return signed_in(client, by).post(reverse("accounts:access", args=[person.pk]), {**fields, **changes}, follow=True)


def waited_out() -> None:
    with guards.suspended("watched_act_said"):
        WatchedAct.objects.update(waits_until=timezone.now() - dt.timedelta(seconds=1))


# Where there is a second person, it waits


def test_no_manager_becomes_the_medical_lead_alone(client, manager, medical_lead, second_manager):
    """New link, second step, a second lead, a role, somebody who had left: nothing of it is done on one person's word."""
    gone = User.objects.create_user("gone", "", SECRET, role=Role.MEDICAL_LEAD, is_active=False)
    gone.sites.set(medical_lead.sites.all())
    clerk = User.objects.create_user("june", "", SECRET, role=Role.FRONT_DESK, first_name="June", last_name="Park")
    clerk.sites.set(medical_lead.sites.all())
    Authenticator.objects.create(user=medical_lead, type=Authenticator.Type.TOTP, data={"secret": "x"})
    here = signed_in(client, manager)
    answers = [
        here.post(reverse("accounts:new_link", args=[medical_lead.pk]), follow=True),
        here.post(reverse("accounts:reset_second_step", args=[medical_lead.pk]), {"reason": "Seen at the desk"}, follow=True),
        here.post(reverse("accounts:take_back", args=[gone.pk]), follow=True),
        access_of(client, manager, clerk, role=Role.MEDICAL_LEAD),
        here.post(
            reverse("accounts:invite"),
            {"first_name": "Ann", "last_name": "New", "username": "ann", "role": Role.MANAGER, "sites": [medical_lead.sites.get().pk]},
            follow=True,
        ),
    ]
    for answer in answers:
        page = answer.content.decode()
        assert "Waits for another manager or medical lead" in page
        assert not re.search(LINK, page)
    assert {act.kind for act in WatchedAct.objects.all()} == {
        kinds.LINK, kinds.SECOND_STEP, kinds.TAKEN_BACK, kinds.ROLE, kinds.FIRST_LINK
    }  # fmt: skip
    assert not Invitation.objects.exists()
    assert Authenticator.objects.exists()
    clerk.refresh_from_db()
    gone.refresh_from_db()
    assert (clerk.role, gone.is_active, User.objects.get(username="ann").has_usable_password()) == (Role.FRONT_DESK, False, False)
    assert AuditEvent.objects.filter(action="watched.asked", actor=manager).count() == 5
    assert not AuditEvent.objects.filter(action__in=["user.link_made", "user.second_step_reset", "user.taken_back"]).exists()


def test_without_the_rule_one_press_makes_the_link(client, manager, medical_lead, second_manager, monkeypatch):
    """The control."""
    monkeypatch.setattr(kinds, "AUTHORITY", ())
    assert re.search(LINK, ask_for_link(client, manager, medical_lead).content.decode())
    assert not WatchedAct.objects.exists()


@pytest.mark.both_engines
def test_a_second_person_agrees_and_whoever_asked_goes_on_once(client, manager, medical_lead, second_manager):
    ask_for_link(client, manager, medical_lead)
    act = WatchedAct.objects.get()
    ask_for_link(client, manager, medical_lead)
    assert WatchedAct.objects.count() == 1, "asked twice, it waits once"
    assert "1 change waits for you to agree" in today(client, second_manager)
    agree(client, second_manager, act)
    assert "1 change you asked for can go on" in today(client, manager)
    assert re.search(LINK, ask_for_link(client, manager, medical_lead).content.decode())
    act.refresh_from_db()
    assert (act.agreed_by, act.done_at is not None) == (second_manager, True)
    done = AuditEvent.objects.get(action="watched.done")
    assert done.detail == {"kind": "link", "person": medical_lead.pk, "asked_by": manager.pk, "agreed_by": second_manager.pk}
    assert not re.search(LINK, ask_for_link(client, manager, medical_lead).content.decode()), "the next one is asked for anew"


@pytest.mark.both_engines
@pytest.mark.parametrize("who", ["manager", "medical_lead", "clinician", "desk", "auditor"])
def test_nobody_agrees_to_the_own_nor_without_the_authority(client, request, manager, medical_lead, second_manager, who):
    person = request.getfixturevalue(who)
    ask_for_link(client, manager, medical_lead)
    act = WatchedAct.objects.get()
    assert agree(client, person, act).status_code in (403, 404)
    assert WatchedAct.objects.get().waits
    if who in ("manager", "medical_lead"):  # nor past the service
        with pytest.raises(DatabaseError), transaction.atomic():
            WatchedAct.objects.update(agreed_by=person, agreed_at=timezone.now())


def test_an_agreement_is_for_this_time_and_not_for_some_day(client, manager, medical_lead, second_manager, settings):
    ask_for_link(client, manager, medical_lead)
    agree(client, second_manager, WatchedAct.objects.get())
    settings.INVITATION_HOURS = 0
    assert not re.search(LINK, ask_for_link(client, manager, medical_lead).content.decode())


def test_it_is_agreed_to_for_one_thing_and_one_person(client, manager, medical_lead, second_manager, make_user):
    other = make_user("lou", Role.MEDICAL_LEAD)
    ask_for_link(client, manager, medical_lead)
    agree(client, second_manager, WatchedAct.objects.get())
    assert not re.search(LINK, ask_for_link(client, manager, other).content.decode())
    with pytest.raises(watched.SecondPersonNeeded):
        reset_second_step(medical_lead, by=manager, reason="x")


@pytest.mark.both_engines
def test_who_it_is_about_refuses_it_and_who_asked_takes_it_back(client, manager, medical_lead, second_manager):
    for person, word in ((medical_lead, "Refused by Dr Iris Vance"), (second_manager, "Refused by Eve Marsh"), (manager, "Taken back by")):
        ask_for_link(client, manager, medical_lead)
        act = WatchedAct.objects.open().get()
        page = signed_in(client, person).post(reverse("accounts:watched_refuse", args=[act.pk]), follow=True).content.decode()
        assert word in page
        waited_out()
        assert not WatchedAct.objects.open().exists()
    assert not Invitation.objects.exists()
    assert not re.search(LINK, ask_for_link(client, manager, medical_lead).content.decode())


def test_taking_the_role_away_first_is_no_way_round(client, manager, medical_lead, second_manager, make_user):
    make_user("lou", Role.MEDICAL_LEAD)
    access_of(client, manager, medical_lead, role=Role.CLINICIAN)
    medical_lead.refresh_from_db()
    assert medical_lead.role == Role.CLINICIAN, "what takes authority away never waits"
    assert not re.search(LINK, ask_for_link(client, manager, medical_lead).content.decode())
    assert "changed the role of Dr Iris Vance, medical lead" in today(client, second_manager)


def test_sending_the_others_away_first_is_no_way_round(client, manager, medical_lead, second_manager):
    """There is nobody left to agree: it waits for its day all the same, and the lead it is about can refuse it."""
    service.leave(second_manager, by=manager, takers={})
    assert not re.search(LINK, ask_for_link(client, manager, medical_lead).content.decode())
    act = WatchedAct.objects.open().get()
    assert "Omar Reed asks to make a link that sets a new password for Dr Iris Vance" in today(client, medical_lead)
    signed_in(client, medical_lead).post(reverse("accounts:watched_refuse", args=[act.pk]))
    ask_for_link(client, manager, medical_lead)
    waited_out()
    assert re.search(LINK, ask_for_link(client, manager, medical_lead).content.decode()), "and nobody is locked out"


# It never keeps a clinic out


def test_one_manager_and_one_lead_go_on_alone_and_loudly(client, manager, medical_lead, auditor):
    assert re.search(LINK, ask_for_link(client, manager, medical_lead).content.decode())
    act = WatchedAct.objects.get()
    assert (act.done_at is not None, act.waits_until) == (True, None)
    for person in (medical_lead, auditor):
        assert "Omar Reed made a link that sets a new password for Dr Iris Vance, medical lead." in today(client, person)
        assert "1 change to read" in today(client, person), "until it was read, at every look"
        page = signed_in(client, person).get(reverse("accounts:watched")).content.decode()
        assert "There was nobody else to ask." in page
        signed_in(client, person).post(reverse("accounts:watched_read", args=[act.pk]))
        assert "change to read" not in today(client, person)
    assert AuditEvent.objects.get(action="watched.done").detail["agreed_by"] is None
    assert set(ActRead.objects.values_list("user__username", flat=True)) == {"iris", "ada"}


def test_a_second_person_who_does_not_answer_holds_it_up_for_a_day(client, manager, medical_lead, second_manager, settings):
    ask_for_link(client, manager, medical_lead)
    act = WatchedAct.objects.get()
    assert act.waits_until - act.at == dt.timedelta(hours=settings.SECOND_PERSON_HOURS)
    waited_out()
    assert re.search(LINK, ask_for_link(client, manager, medical_lead).content.decode())
    assert "Nobody else had agreed by" in WatchedAct.objects.get().stands
    assert "1 change to read" in today(client, second_manager)


@pytest.mark.both_engines
def test_the_first_lead_of_a_new_clinic_is_invited_at_once(client, manager, site):
    typed = {"first_name": "Ann", "last_name": "New", "username": "ann", "role": Role.MEDICAL_LEAD, "sites": [site.pk]}
    page = signed_in(client, manager).post(reverse("accounts:invite"), typed).content.decode()
    assert re.search(LINK, page)
    ann = User.objects.get(username="ann")
    assert "change to read" not in today(client, ann), "of their own invitation they know"


@pytest.mark.both_engines
def test_access_is_ended_at_once(client, manager, medical_lead, second_manager, make_user):
    make_user("lou", Role.MEDICAL_LEAD)
    service.leave(medical_lead, by=manager, takers={})
    assert "Omar Reed ended the access of Dr Iris Vance, medical lead." in today(client, second_manager)


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.FRONT_DESK, Role.AUDITOR])
def test_who_holds_no_such_authority_is_helped_at_once(client, manager, medical_lead, make_user, role):
    person = make_user("kim", role)
    assert re.search(LINK, ask_for_link(client, manager, person).content.decode())
    assert not WatchedAct.objects.exists()


def test_the_server_itself_is_told_of_as_well(client, manager, medical_lead, site):
    call_command("let_in", "iris", stdout=StringIO())
    call_command("make_staff", "kim", role="medical_lead", first_name="Kim", last_name="Low", stdout=StringIO())
    said = today(client, manager)
    assert "Somebody at the server took away the second step of Dr Iris Vance, medical lead." in said
    assert "Somebody at the server set a new first password for Dr Iris Vance, medical lead." in said
    assert "Somebody at the server made an account for Kim Low as medical lead." in said


# Told in words


@pytest.mark.both_engines
def test_at_the_next_sign_in_and_for_good_on_the_own_page(client, manager, medical_lead):
    ask_for_link(client, manager, medical_lead)
    reset_second_step(medical_lead, by=manager, reason="Seen at the desk")
    client.logout()
    page = client.post(reverse("accounts:sign_in"), {"username": "iris", "password": SECRET}, follow=True).content.decode()
    for sentence in ("Omar Reed made a link that sets a new password for you on", "Omar Reed took away your second step on"):
        assert sentence in page
    assert "If you did not ask for that, tell another manager or medical lead, and the auditor, now." in page
    later = client.get(reverse("accounts:my_sign_in")).content.decode()
    assert "Omar Reed made a link that sets a new password for you on" in later


def test_who_read_that_it_was_asked_is_told_again_when_it_is_done(client, manager, medical_lead, second_manager, auditor):
    ask_for_link(client, manager, medical_lead)
    act = WatchedAct.objects.get()
    signed_in(client, auditor).post(reverse("accounts:watched_read", args=[act.pk]))
    assert "change to read" not in today(client, auditor)
    agree(client, second_manager, act)
    assert "change to read" not in today(client, auditor)
    ask_for_link(client, manager, medical_lead)
    for person in (auditor, second_manager, medical_lead):
        assert "1 change to read" in today(client, person)
    signed_in(client, auditor).post(reverse("accounts:watched_read", args=[act.pk]))
    assert "change to read" not in today(client, auditor)


def test_who_has_no_part_in_it_sees_nothing_of_it(client, manager, medical_lead, clinician, desk):
    ask_for_link(client, manager, medical_lead)
    act = WatchedAct.objects.get()
    for person in (clinician, desk):
        assert "Iris Vance" not in signed_in(client, person).get(reverse("accounts:watched")).content.decode()
        assert "change to read" not in today(client, person)
        assert client.post(reverse("accounts:watched_read", args=[act.pk])).status_code == 404


@pytest.mark.both_engines
def test_what_was_said_is_never_changed_nor_taken_away(manager, medical_lead, client):
    ask_for_link(client, manager, medical_lead)
    signed_in(client, medical_lead).post(reverse("accounts:watched_read", args=[WatchedAct.objects.get().pk]))
    changes = [
        lambda: WatchedAct.objects.update(reason="x"),
        lambda: WatchedAct.objects.update(done_at=None),
        lambda: WatchedAct.objects.all()._raw_delete("default"),
        lambda: ActRead.objects.all()._raw_delete("default"),
    ]
    for change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    with guards.suspended("watched_act_said", "watched_act_over"):
        WatchedAct.objects.update(reason="x")  # the control


@pytest.mark.both_engines
def test_today_asks_once_for_all_of_it(manager, medical_lead, second_manager, client, django_assert_num_queries):
    for _ in range(3):
        ask_for_link(client, manager, medical_lead)
        signed_in(client, manager).post(reverse("accounts:watched_refuse", args=[WatchedAct.objects.open().get().pk]))
    person = User.objects.get(pk=second_manager.pk)
    with django_assert_num_queries(2):
        found = watched.standing_for(person)
        assert len(found.read) == 3
        assert [act.words + act.stands for act in found.read]
    for act in found.read:
        watched.read(act, by=person)
    with django_assert_num_queries(1):
        assert watched.standing_for(person) == watched.Standing()


@pytest.mark.both_engines
def test_another_sites_manager_may_be_the_second_person(client, manager, medical_lead, second_manager):
    """It is about knowing, not about the place: one who works elsewhere is better than nobody."""
    second_manager.sites.set([Site.objects.create(name="Birch", slug="birch")])
    ask_for_link(client, manager, medical_lead)
    agree(client, second_manager, WatchedAct.objects.get())
    assert WatchedAct.objects.get().agreed_by == second_manager
