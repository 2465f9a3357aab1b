"""A serving process takes what it has loaded out of what Python's collector looks through."""

import gc

import pytest

from clinic.memory import settle
from protocols.models import ProtocolVersion

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_before():
    threshold = gc.get_threshold()
    yield
    gc.set_threshold(*threshold)


def test_what_was_loaded_is_looked_through_no_more(draft_protocol, as_before):
    kept = [[] for _ in range(1000)]
    before = gc.get_freeze_count()
    settle()
    assert gc.get_freeze_count() >= before + len(kept)
    assert gc.isenabled()  # what a page leaves behind in a circle is still found
    circle: list = []
    circle.append(circle)
    del circle
    assert gc.collect() >= 1


def test_a_broken_protocol_keeps_no_process_from_serving(draft_protocol, as_before):
    ProtocolVersion.objects.update(sha256="0" * 64)
    settle()
