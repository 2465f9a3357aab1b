"""What accounts says follows the language of the page; what it keeps does not."""

import pytest
from django.urls import reverse
from django.utils import translation

from accounts.models import SignInNotice
from accounts.permissions import Role, who
from accounts.services import staff
from accounts.signing_in.session import said_of
from accounts.watched.models import WatchedAct

SPANISH = {"accept-language": "es"}


@pytest.mark.django_db
def test_a_wrong_password_is_said_in_the_language_of_the_browser(client):
    answer = client.post(reverse("accounts:sign_in"), {"username": "nobody", "password": "wrong"}, headers=SPANISH)
    assert "El nombre de usuario y la contraseña no coinciden." in answer.content.decode()


@pytest.mark.django_db
def test_each_language_is_named_in_itself(client):
    page = client.get(reverse("accounts:sign_in"), headers=SPANISH).content.decode()
    assert ('lang="en-gb">English</button>' in page, 'lang="es" aria-current="true">Español</button>' in page) == (True, True)


@pytest.mark.django_db
def test_what_is_refused_before_anybody_is_known_is_said_in_the_language_of_the_browser(client):
    too_much = client.generic("POST", "/", b"", "text/plain", CONTENT_LENGTH=str(10**9), headers=SPANISH)
    assert (too_much.status_code, "Es demasiado de una vez" in too_much.content.decode()) == (413, True)
    wrong_way = client.get(reverse("accounts:language"), headers=SPANISH)
    assert (wrong_way.status_code, "Esta dirección no funciona así" in wrong_way.content.decode()) == (405, True)
    assert "That is too much at once" in client.generic("POST", "/", b"", "text/plain", CONTENT_LENGTH=str(10**9)).content.decode()


def test_the_roles_of_a_permission_are_one_list_in_each_language():
    assert who("patients.unmerge") == "clinicians, medical leads and managers"
    with translation.override("es"):
        assert who("patients.unmerge") == "profesionales, dirección médica y gerentes"


@pytest.mark.django_db
def test_what_was_changed_is_kept_in_english_and_told_in_the_language_of_the_page(make_user, site):
    omar, lead = make_user("omar", Role.MANAGER), make_user("lea", Role.MEDICAL_LEAD)
    with translation.override("es"):
        staff.change_access(
            lead, role=lead.role, sites=[site], by=omar, was=staff.seen(lead), title="Dr", first_name="Lea", last_name="Young"
        )
        act, notice = WatchedAct.objects.get(), SignInNotice.objects.get()
        told, said = act.words, said_of(notice)
    assert act.detail["changed"] == ["the name"]
    assert told == f"{omar} cambió el nombre de Dr Lea Young, dirección médica."
    assert said.startswith(f"{omar} cambió su rol, sus centros o su nombre el ")
    act = WatchedAct.objects.get()
    assert act.words == f"{omar} changed the name of Dr Lea Young, medical lead."
