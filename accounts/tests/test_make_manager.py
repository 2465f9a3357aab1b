import re

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts.models import ClinicSettings, Site, User
from audit.models import AuditEvent

pytestmark = pytest.mark.django_db


def _printed_password(text: str) -> str:
    return re.search(r"Password +(\S+)", text).group(1)


def test_an_empty_clinic_gets_settings_a_site_and_a_manager_who_can_sign_in(client, capsys):
    call_command("make_manager", clinic="Alder Skin Clinic", site="Canal Street")
    password = _printed_password(capsys.readouterr().out)
    manager = User.objects.get()
    assert (manager.role, [site.name for site in manager.sites.all()]) == ("manager", ["Canal Street"])
    assert ClinicSettings.current().name == "Alder Skin Clinic"
    assert client.post(reverse("accounts:sign_in"), {"username": "manager", "password": password}).status_code == 302
    assert AuditEvent.objects.filter(action="user.created", object_pk=str(manager.pk)).count() == 1


def test_each_password_is_its_own_and_is_kept_nowhere(capsys):
    call_command("make_manager")
    first = _printed_password(capsys.readouterr().out)
    assert len(first) == 23
    User.objects.all().update(is_active=False)
    call_command("make_manager", username="second")
    assert _printed_password(capsys.readouterr().out) != first
    assert first not in str(list(AuditEvent.objects.values()))


def test_a_clinic_that_has_a_manager_stays_as_it_is(capsys, manager):
    call_command("make_manager")
    assert "Nothing was changed" in capsys.readouterr().out
    assert User.objects.count() == 1
    assert Site.objects.count() == 1


def test_a_taken_user_name_is_refused(clinician):
    with pytest.raises(CommandError, match="AMARA is taken"):
        call_command("make_manager", username="AMARA")
