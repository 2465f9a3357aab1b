"""Loading a version and reading it back."""

import datetime as dt
import json
from decimal import Decimal

import pytest

from audit.models import AuditEvent
from planner.errors import KnowledgeFaults
from protocols.documents import canonical, sha256
from protocols.knowledge import DocumentChanged, knowledge_of, packaged
from protocols.models import ProtocolVersion, VersionStatus
from protocols.services import ProtocolRefused, VersionTaken, current_version, load_pack

pytestmark = pytest.mark.django_db


def test_a_pack_is_stored_as_one_canonical_document_with_its_hash(pack):
    version, is_new = load_pack(pack)
    assert is_new
    assert (version.version, version.status) == (pack["pack_version"], VersionStatus.DRAFT)
    assert version.document == json.dumps(json.loads(version.document), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert version.sha256 == sha256(version.document)
    assert AuditEvent.objects.filter(action="protocol.loaded", object_pk=str(version.pk)).count() == 1


def test_the_same_content_again_changes_nothing_whatever_its_order(pack):
    first, _ = load_pack(pack)
    again, is_new = load_pack(dict(reversed(list(pack.items()))))
    assert (again.pk, is_new) == (first.pk, False)
    assert ProtocolVersion.objects.count() == 1
    assert AuditEvent.objects.filter(action="protocol.loaded").count() == 1


def test_other_content_under_the_same_name_is_refused(pack):
    first, _ = load_pack(pack)
    pack["zones"][0]["note"] = "Changed"
    with pytest.raises(VersionTaken, match="new pack_version"):
        load_pack(pack)
    first.refresh_from_db()
    assert "Changed" not in first.document


def test_a_broken_pack_is_refused_whole_with_every_fault(pack):
    pack["zones"][0]["max_depth_mm"] = "deep"
    pack["depth_ranges"][0]["refs"] = ["nobody2020"]
    pack["depth_ranges"][1]["min"] = 9
    with pytest.raises(KnowledgeFaults) as caught:
        load_pack(pack)
    paths = " ".join(fault.path for fault in caught.value.faults)
    assert "zones[0]" in paths
    assert "depth_ranges[0]" in paths
    assert "depth_ranges[1]" in paths
    assert not ProtocolVersion.objects.exists()


@pytest.mark.parametrize("name", [None, "", "2026/1", "x" * 41, 2026])
def test_a_version_needs_a_name_that_fits_an_address(pack, name):
    pack["pack_version"] = name
    with pytest.raises(KnowledgeFaults) as caught:
        load_pack(pack)
    assert "pack_version" in {fault.path for fault in caught.value.faults}


@pytest.mark.parametrize("thing", [["a list"], "text", None, {"pack_version": float("nan")}, {"pack_version": {1, 2}}, {("a", "b"): 1}])
def test_what_is_no_pack_is_refused_with_words(thing):
    with pytest.raises(KnowledgeFaults) as caught:
        load_pack(thing)
    assert all(fault.message for fault in caught.value.faults)


def test_a_pack_cannot_be_loaded_as_approved(pack):
    with pytest.raises(ProtocolRefused, match="step of its own"):
        load_pack(pack, status=VersionStatus.APPROVED)


def test_numbers_are_written_in_one_way():
    same = [{"a": 1.0, "b": Decimal("0.50")}, {"b": 0.5, "a": 1}]
    assert len({canonical(mapping) for mapping in same}) == 1
    assert canonical({"on": dt.date(2026, 3, 2), "é": None}) == '{"on":"2026-03-02","é":null}'


def test_the_hash_is_the_planners_own(pack, draft_protocol):
    assert packaged().sha256 == knowledge_of(draft_protocol).sha256 == draft_protocol.sha256


def test_without_an_approved_version_the_newest_is_current(draft_protocol, pack):
    pack["pack_version"] = "2027.1"
    assert current_version() == draft_protocol
    assert current_version() == draft_protocol
    newer, _ = load_pack(pack)
    assert current_version() == newer


def test_an_empty_clinic_has_no_current_version():
    assert current_version() is None


# Reading back


def test_knowledge_is_parsed_once_and_needs_no_second_look_at_the_document(draft_protocol, django_assert_num_queries):
    knowledge_of(draft_protocol)
    lean = ProtocolVersion.objects.defer("document").get(pk=draft_protocol.pk)
    with django_assert_num_queries(0):
        assert knowledge_of(lean).zones


def test_a_document_that_lost_its_hash_is_not_read(draft_protocol):
    """A draft can be written to; what then no longer fits its hash is not proposed from."""
    changed = draft_protocol.document.replace('"max_depth_mm":2.5', '"max_depth_mm":3', 1)
    assert changed != draft_protocol.document
    ProtocolVersion.objects.filter(pk=draft_protocol.pk).update(document=changed, sha256="0" * 64)
    with pytest.raises(DocumentChanged, match="no longer matches"):
        knowledge_of(ProtocolVersion.objects.get(pk=draft_protocol.pk))
