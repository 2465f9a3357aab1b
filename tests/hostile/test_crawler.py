"""Everybody tries everything: no answer that the table does not grant, no fault, and nothing refused that one must have."""

import os

import pytest

from .conftest import PEOPLE
from .crawler import Books, Crawler

SEED = int(os.environ.get("CRAWL_SEED", "411"))
FEW, MANY = 350, 6000


def _crawl(clinic, *, port: int, people=PEOPLE, seed: int, pages: int, each: int, count: int):
    crawler = Crawler(port, Books(clinic.data / "clinic.sqlite3"), people, seed)
    for name in people:
        if name:
            crawler.follow(name, pages, each)
    crawler.attack(count)
    return crawler


@pytest.mark.parametrize(("pages", "each", "count"), [(14, 1, FEW), pytest.param(150, 4, MANY, marks=pytest.mark.prove)])
def test_nobody_gets_what_the_table_does_not_grant(two_sites, pages, each, count):
    crawler = _crawl(two_sites, port=two_sites.port, seed=SEED, pages=pages, each=each, count=count)
    found = crawler.found
    print(f"\nSeed {SEED}: {found}")
    assert (found.holes, found.faults, found.refused, found.hints) == ([], [], [], []), found
    # It got in and was shut out, and knew numbers of both sites and of several kinds.
    assert found.statuses[200] > count / 20
    assert found.statuses[404] > count / 20
    assert found.statuses[403] > count / 20
    assert len(crawler.ids) > 30
    if count == MANY:
        assert found.requests >= 5000
        assert len({name for who in crawler.seen.values() for name in who}) > 60


def test_a_careless_view_is_found(two_sites, careless):
    """The control: a patient by number, without asking who may."""
    crawler = _crawl(two_sites, port=careless, people=["petra", "iris"], seed=SEED, pages=8, each=2, count=0)
    for _ in range(12):
        if not crawler.found.holes:
            crawler.attack(40, within="patients:")
    assert any("patients:detail" in hole for hole in crawler.found.holes), crawler.found
