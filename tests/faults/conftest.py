"""One standing clinic for each engine, shared by every test that only hurts what can be mended again."""

import shutil
from collections.abc import Callable, Iterator

import pytest

from . import clock
from .clinic import FaultyClinic, Made, faulty_clinic, make

AT_ONCE = 10  # the services take longer to load than to make a few
ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def made() -> Iterator[Callable[[str], Made]]:
    """The demo clinic on an engine, made when it is first asked for."""
    found: dict[str, Made] = {}

    def made_on(engine: str) -> Made:
        if engine not in found:
            found[engine] = make(engine)
        return found[engine]

    yield made_on
    for one in found.values():
        if not one.is_shared:
            shutil.rmtree(one.folder, ignore_errors=True)


@pytest.fixture(scope="session", params=ENGINES)
def standing(request, made) -> Iterator[FaultyClinic]:
    """Pytest runs all tests of one engine, then all of the other: only one clinic stands at a time."""
    with faulty_clinic(made(request.param), extra=clock.environment()) as clinic:
        yield clinic


@pytest.fixture(scope="session")
def drafts(standing) -> Callable[[int], list[dict]]:
    """Records of the standing clinic that wait for amara's signature: so many of them, each handed out once."""
    waiting: list[dict] = []

    def take(count: int) -> list[dict]:
        if len(waiting) < count:
            waiting.extend(standing.drafts(max(count, AT_ONCE)))
        taken, waiting[:] = waiting[:count], waiting[count:]
        return taken

    return take


@pytest.fixture
def clinic(standing) -> Iterator[FaultyClinic]:
    """The standing clinic, whole before the test and made whole again after it."""
    yield standing
    standing.mend()
