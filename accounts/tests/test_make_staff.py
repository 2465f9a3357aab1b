"""Staff from the command line: how an empty clinic gets the medical lead who approves its protocol."""

import io
import re

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Site, User
from accounts.permissions import may
from audit.models import AuditEvent

pytestmark = pytest.mark.django_db
LEAD = {"role": "medical_lead", "title": "Dr", "first_name": "Ines", "last_name": "Alder"}


def make(username="ines", **given):
    out = io.StringIO()
    call_command("make_staff", username, stdout=out, **{**LEAD, **given})
    return out.getvalue()


def test_the_medical_lead_of_an_empty_clinic_can_sign_in_and_approve(client):
    call_command("make_manager", stdout=io.StringIO())
    said = make()
    lead = User.objects.get(username="ines")
    assert client.login(username="ines", password=re.search(r"Password +(\S+)", said)[1])
    assert may(lead, "protocols.approve")
    assert list(lead.sites.all()) == list(Site.objects.all())
    assert "Dr Ines Alder, medical lead" in said
    assert AuditEvent.objects.filter(action="user.created", detail__role="medical_lead").exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [({"username": "INES"}, "is taken"), ({"username": "new", "site": ["Elsewhere"]}, "There is no site Elsewhere. Sites: Main site")],
)
def test_what_does_not_fit_is_said_and_nobody_is_made(given, words):
    call_command("make_manager", stdout=io.StringIO())
    make()
    before = User.objects.count()
    with pytest.raises(CommandError, match=words):
        make(**given)
    assert User.objects.count() == before


def test_without_a_site_it_leads_to_the_first_step():
    with pytest.raises(CommandError, match="make_manager"):
        make()
