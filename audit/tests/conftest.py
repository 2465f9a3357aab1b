"""Fixtures of the tests of the audit chain."""

import pytest
from django.db import connection

from audit import guards

from .chain_rows import GUARDS


@pytest.fixture
def without_guards():
    """For whoever owns the database; taken back with the test's own transaction."""

    def away():
        connection.check_constraints()
        guards.remove(*GUARDS)

    return away
