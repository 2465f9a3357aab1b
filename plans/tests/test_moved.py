"""A protocol is retired while people plan with it: open plans keep it, open consultations say so and can go on."""

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEvent
from plans import services
from plans.models import Consultation, TreatmentPlan
from plans.moved import moved
from plans.services import AcceptanceRefused, accept, go_on, save
from protocols.models import ProtocolVersion, VersionStatus

pytestmark = pytest.mark.django_db


@pytest.fixture
def retire(protocol, medical_lead):
    """Retire the protocol; with a name, another version with the same content is approved in its place."""

    def _retire(name=""):
        changed = {"status": VersionStatus.RETIRED, "retired_at": timezone.now(), "retired_by": medical_lead}
        ProtocolVersion.objects.filter(pk=protocol.pk).update(**changed)
        if not name:
            return None
        document = protocol.document.replace(f'"pack_version":"{protocol.version}"', f'"pack_version":"{name}"')
        from protocols.documents import sha256

        return ProtocolVersion.objects.create(
            version=name,
            document=document,
            sha256=sha256(document),
            status=VersionStatus.APPROVED,
            approved_by=medical_lead,
            approved_at=timezone.now(),
        )

    return _retire


@pytest.fixture
def url(patient, consultation):
    return reverse("plans:consultation", args=[patient.number, consultation.pk])


def _again(consultation):
    return Consultation.objects.select_related("protocol_version", "patient").get(pk=consultation.pk)


def _left(consultation, by):
    with pytest.raises(AcceptanceRefused) as refused:
        accept(consultation, by=by, version=consultation.version)
    return [item.words for item in refused.value.left]


def test_saving_never_changes_the_protocol_unseen(consultation, typed, keep, protocol, retire):
    keep(typed)
    retire("2030.1")
    again = _again(consultation)
    save(again, inputs=typed, chosen={}, by=again.clinician, version=again.version, saved_from="page-1")
    assert _again(consultation).protocol_version == protocol


def test_a_retired_protocol_is_said_and_no_plan_is_accepted_from_it(consultation, typed, keep, clinician, retire, protocol):
    keep(typed)
    retire("2030.1")
    words = f"Protocol {protocol.version} was retired. Go on with protocol 2030.1; what was typed stays."
    assert _left(_again(consultation), clinician) == [words]


def test_with_none_approved_it_says_who_has_to_act(consultation, typed, keep, clinician, retire, protocol):
    keep(typed)
    retire()
    (words,) = _left(_again(consultation), clinician)
    assert words == f"Protocol {protocol.version} was retired, and no other version is approved. A medical lead must approve one."
    assert moved(_again(consultation)).to is None


def test_it_goes_on_with_what_was_typed_and_a_plan_can_be_accepted(consultation, typed, keep, clinician, retire):
    keep(typed)
    newer = retire("2030.1")
    again = _again(consultation)
    assert go_on(again, to=newer.pk)
    save(again, inputs=typed, chosen={}, by=clinician, version=again.version, saved_from="page-1")
    again = _again(consultation)
    assert (again.protocol_version, again.inputs) == (newer, typed)
    assert moved(again) is None
    plan = accept(again, by=clinician, version=again.version)
    assert plan.protocol_version == newer


def test_it_goes_on_with_nothing_but_the_approved_version(consultation, retire, protocol):
    assert not go_on(consultation, to=protocol.pk)
    newer = retire("2030.1")
    again = _again(consultation)
    assert not go_on(again, to=newer.pk + 1)
    assert again.protocol_version == protocol


def test_the_screen_offers_it_and_one_press_goes_on(client, consultation, typed, keep, clinician, retire, url):
    client.force_login(clinician)
    assert "go_on" not in client.get(url).content.decode()
    keep(typed)
    newer = retire("2030.1")
    page = client.get(url).content.decode()
    assert "was retired. Go on with protocol 2030.1" in page
    assert f'name="go_on" value="{newer.pk}"' in page
    version = _again(consultation).version
    answer = client.post(url, {**typed, "version": version, "saved_from": "page-1", "go_on": newer.pk})
    assert answer.status_code == 302
    assert _again(consultation).protocol_version == newer
    assert AuditEvent.objects.filter(action="consultation.saved").order_by("pk").last().detail["protocol"] == "2030.1"
    assert 'id="moved" tabindex="-1"></div>' in client.get(url).content.decode()


def test_every_live_reply_says_it_too(client, consultation, typed, keep, clinician, retire, url):
    client.force_login(clinician)
    keep(typed)
    retire("2030.1")
    data = {**typed, "version": _again(consultation).version, "saved_from": "page-1"}
    answer = client.post(url, data, headers={"HX-Request": "true"})
    assert "was retired. Go on with protocol 2030.1" in answer.content.decode()


# Plans


@pytest.fixture
def plan(consultation, typed, keep, clinician):
    keep(typed)
    return accept(_again(consultation), by=clinician, version=_again(consultation).version)


def test_an_open_plan_keeps_its_protocol(plan, retire, protocol):
    retire("2030.1")
    plan = TreatmentPlan.objects.get(pk=plan.pk)
    assert plan.protocol_version == protocol
    from plans.catalogue import catalogue_of

    assert catalogue_of(plan.protocol_version).knowledge.version == protocol.version


def test_the_list_names_patients_on_a_retired_protocol(client, plan, clinician, retire, protocol):
    client.force_login(clinician)
    address = reverse("plans:on_retired")
    assert "No open plan stands on a retired protocol" in client.get(address).content.decode()
    retire("2030.1")
    page = client.get(address).content.decode()
    assert "RAHMAN" in page
    assert reverse("plans:plan", args=[plan.patient.number, plan.number]) in page
    assert "RAHMAN" in client.get(address, {"version": protocol.version}).content.decode()
    assert "RAHMAN" not in client.get(address, {"version": "1999.1"}).content.decode()


def test_plans_that_ended_are_not_on_it(client, plan, clinician, retire):
    services.stop(plan, by=clinician)
    retire("2030.1")
    client.force_login(clinician)
    assert "RAHMAN" not in client.get(reverse("plans:on_retired")).content.decode()


def test_nobody_of_another_site_is_on_it(client, plan, make_user, retire):
    from accounts.models import Site

    stranger = make_user("ada", "clinician")
    stranger.sites.set([Site.objects.create(name="Birch", slug="birch")])
    retire("2030.1")
    client.force_login(stranger)
    assert "RAHMAN" not in client.get(reverse("plans:on_retired")).content.decode()


def test_the_protocol_pages_count_them_for_those_who_see_plans(client, plan, clinician, desk, retire, protocol):
    retire("2030.1")
    for person, seen in ((clinician, True), (desk, False)):
        client.force_login(person)
        for name, args in (("protocols:list", ()), ("protocols:version", (protocol.version,))):
            assert ("1 open plan" in client.get(reverse(name, args=args)).content.decode()) is seen


def test_a_long_list_has_pages(client, plan, clinician, retire, monkeypatch):
    from plans.views import on_retired

    monkeypatch.setattr(on_retired, "PER_PAGE", 1)
    retire("2030.1")
    client.force_login(clinician)
    page = client.get(reverse("plans:on_retired"), {"page": "nonsense"})
    assert page.status_code == 200
    assert "RAHMAN" in page.content.decode()
