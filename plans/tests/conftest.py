"""A consultation as it is typed, on the protocol that comes with the project."""

import datetime as dt
from functools import lru_cache

import pytest
from django.utils import timezone

from tests import made


@lru_cache(maxsize=1)
def _packaged() -> tuple[str, str, str]:
    """(name, document, hash) of the packaged protocol, read once for all tests."""
    from protocols.documents import canonical, sha256

    pack = made.pack()
    document = canonical(pack)
    return pack["pack_version"], document, sha256(document)


@pytest.fixture
def protocol(medical_lead):
    """The packaged protocol, approved."""
    from protocols.models import ProtocolVersion

    name, document, digest = _packaged()
    now = timezone.now()
    due = timezone.localdate() + dt.timedelta(days=180)
    approved = {"status": "approved", "approved_by": medical_lead, "approved_at": now, "next_review_on": due}
    return ProtocolVersion.objects.create(version=name, document=document, sha256=digest, **approved)


@pytest.fixture
def consultation(patient, clinician, protocol):
    from plans.services import start

    return start(patient, by=clinician)


@pytest.fixture
def typed(consultation):
    return plain(consultation.protocol_version)


def plain(protocol) -> dict:
    """What is typed for a plan without any caution: moderate acne scars of cheeks and chin, all questions answered no."""
    from plans.catalogue import catalogue_of

    fields = {
        "concern": ["acne_scars"],
        "level.acne_scars": "grade_3",
        "morphology.acne_scars": "rolling",
        "zones.acne_scars": ["cheeks", "chin"],
        "phototype": "2",
        "device": ["SkinPen Precision"],
        "medicines_asked": "none",
        "allergies_asked": "none",
        "downtime_days": "3",
    }
    for question in catalogue_of(protocol).questions:
        fields[f"q.{question.id}"] = "no"
    return fields


@pytest.fixture
def keep(consultation, clinician):
    """Save fields and choices as the screen would, and return what the planner makes of them."""
    from plans.services import save

    def _keep(fields, chosen=None, by=clinician):
        return save(consultation, inputs=fields, chosen=chosen or {}, by=by, version=consultation.version, saved_from="page-1")

    return _keep


@pytest.fixture
def cold_sores():
    """A yes to cold sores in the past: a caution that a prescriber must decide on."""
    return {"q.infections": "yes", "rule.infections": ["herpes_history"]}


def depth(zone, value, *, was="", reason="less_downtime", told=False, meant="", text=""):
    return {f"depth.{zone}": {"value": value, "was": was, "reason": reason, "reason_text": text, "told": told, "meant": meant}}
