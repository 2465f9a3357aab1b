"""What the journeys share: one running demo clinic for all of them."""

import shutil

import pytest

from . import running_clinic


@pytest.fixture(scope="session")
def clinic():
    """A demo clinic as `make run` makes it, open for the whole run of the tests. Tests add to it and never count on being first."""
    running = running_clinic.start_demo()
    yield running
    running_clinic.stop(running)
    shutil.rmtree(running.data, ignore_errors=True)
