"""A plan goes no deeper than the labels of the clinic's own devices allow, and a stricter label is never deeper."""

from decimal import Decimal

import pytest

from plans import services
from plans.services import AcceptanceRefused
from plans.settled import settle
from plans.tests.conftest import consultation, depth, keep, protocol, typed  # noqa: F401 - fixtures
from sessions.models import DeviceFile, Resource

pytestmark = pytest.mark.django_db
NB = "\u00a0"


@pytest.fixture
def pens(site, keep, typed, consultation):  # noqa: F811
    """Two pens of the brand the plan takes, and a way to say what their labels allow."""
    computed = keep(typed)
    device = computed.proposal["device"]
    made = [
        Resource.objects.create(site=site, kind="device", name=name, device_kind=device["id"], device_brand=device.get("brand") or "")
        for name in ("Pen A", "Pen B")
    ]

    def say(*limits):
        for pen, limit in zip(made, limits, strict=True):
            DeviceFile.objects.update_or_create(device=pen, defaults={"max_depth_mm": limit, "label_source": "page 7"})

    return say


def cheeks(consultation, keep, typed, clinician, chosen=None):  # noqa: F811
    return settle(consultation, keep(typed, chosen), by=clinician).setting("depth.cheeks")


def test_a_proposal_deeper_than_every_label_is_not_accepted_as_it_is(pens, consultation, keep, typed, clinician):  # noqa: F811
    pens(Decimal("1"), Decimal("0.75"))
    setting = cheeks(consultation, keep, typed, clinician)
    assert setting.faults == {"yours": f"Cheeks depth must be 1{NB}mm or less. The deepest the label of Pen A allows (page 7)."}
    with pytest.raises(AcceptanceRefused):
        services.accept(consultation, by=clinician, version=consultation.version, saved_from="page-1")
    lower = {"values": depth("cheeks", "1", told=True) | depth("chin", "1", told=True)}
    assert cheeks(consultation, keep, typed, clinician, lower).faults == {}
    plan = services.accept(consultation, by=clinician, version=consultation.version, saved_from="page-1")
    assert {zone.depth_mm for zone in plan.zones.all()} == {Decimal("1")}


def test_one_device_without_a_limit_of_its_own_leaves_the_protocol_to_say(pens, consultation, keep, typed, clinician):  # noqa: F811
    pens(Decimal("1"), None)
    assert cheeks(consultation, keep, typed, clinician).faults == {}


def test_a_stricter_label_is_never_deeper(pens, consultation, keep, typed, clinician):  # noqa: F811
    """What may be chosen under each label lies within what may be chosen under every wider one."""
    before = set()
    for limit in ("0.5", "0.75", "1", "1.25", "1.5", "2", "9"):
        pens(Decimal(limit), Decimal(limit))
        taken = set()
        for value in ("0.5", "0.75", "1", "1.25", "1.5", "1.75", "2"):
            setting = cheeks(consultation, keep, typed, clinician, {"values": depth("cheeks", value, told=True)})
            if "yours" not in setting.faults:
                taken.add(Decimal(value))
        assert before <= taken
        assert max(taken) <= Decimal(limit)
        before = taken
