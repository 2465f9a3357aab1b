"""What a serving process loads stays until it ends: Python's collector need not look through it again and again."""

import contextlib
import gc

from django.db import DatabaseError
from django.urls import get_resolver

from patients.medicine_names import current_knowledge
from planner.errors import KnowledgeFaults
from protocols.knowledge import DocumentChanged

# A page of 250 visits makes some ten thousand objects that go with it. At Python's own 700 the collector would look for cycles
# among them fifteen times a page, and now and then through everything the process ever loaded: a tenth of a second each time.
YOUNG, MIDDLE, OLD = 50_000, 20, 20


def settle() -> None:
    """Load what every page needs, the protocol in force with it, and take it out of what the collector looks through."""
    _ = get_resolver().url_patterns
    with contextlib.suppress(DatabaseError, DocumentChanged, KnowledgeFaults):  # said where somebody needs it
        current_knowledge()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
