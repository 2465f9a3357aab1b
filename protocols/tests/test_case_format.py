"""docs/case-format.md names every key the parser accepts and every key a proposal carries, and its example is a case."""

import datetime as dt
import re

import pytest
from django.conf import settings

from planner.case import Case
from planner.propose import propose
from planner.reading import Reader
from protocols.documents import read_text
from protocols.knowledge import packaged
from protocols.library import project_cases

# Keys below these are names of the protocol or the clinic, not of the format.
NAMED = {"screening", "max_depth_by_zone", "label_by_zone", "policies", "measures"}


@pytest.fixture(scope="module")
def page() -> str:
    return (settings.BASE_DIR / "docs" / "case-format.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def named(page) -> set[str]:
    return set(re.findall(r"`([a-z0-9_]+)`", page))


def example(page: str) -> dict:
    return read_text(page.split("```yaml\n")[1].split("```")[0])


def unnamed(keys: set[str], named: set[str]) -> list[str]:
    return sorted(keys - named)


def accepted(case: dict, monkeypatch) -> set[str]:
    """Every key the parser looks for while it reads *case*, whether it is there or not."""
    keys: set[str] = set()
    done = Reader.done

    def noting(reader: Reader) -> None:
        if not any(reader.path.rpartition(".")[2] == name for name in NAMED):
            keys.update(reader.seen)
        done(reader)

    monkeypatch.setattr(Reader, "done", noting)
    Case.parse(case)
    return keys


def test_a_key_that_yaml_takes_for_a_yes_stays_a_key():
    """`on` and `no` are words of YAML for true and false; as a key they are what somebody wrote."""
    assert read_text("{on: 2026-02-01, no: [yes], answer: no}") == {"on": dt.date(2026, 2, 1), "no": [True], "answer": False}


def test_every_key_the_parser_accepts_is_named(page, named, monkeypatch):
    keys = accepted(example(page), monkeypatch)
    assert {"medicines", "covers", "said", "override"} <= keys
    assert unnamed(keys, named) == []


def test_the_example_has_every_key_once(page, monkeypatch):
    written: set[str] = set()

    def walk(value) -> None:
        if isinstance(value, dict):
            for name, below in value.items():
                written.add(name)
                walk(below)
        elif isinstance(value, list):
            for below in value:
                walk(below)

    walk(example(page))
    assert accepted(example(page), monkeypatch) - written == set()


def test_a_key_nobody_wrote_about_is_found(page, named, monkeypatch):
    keys = accepted(example(page), monkeypatch)
    assert unnamed(keys, named - {"covers"}) == ["covers"]


def said(proposal) -> set[str]:
    keys: set[str] = set()

    def walk(value, key: str) -> None:
        if isinstance(value, dict):
            if key not in NAMED:
                keys.update(value)
            for name, below in value.items():
                walk(below, name)
        elif isinstance(value, list):
            for below in value:
                walk(below, key)

    walk(proposal, "")
    return keys


def test_every_key_a_proposal_carries_is_named(named):
    keys: set[str] = set()
    for entry in project_cases():
        keys |= said(propose(Case.parse(entry.case), packaged()).as_mapping())
    assert "instead" in keys
    assert unnamed(keys, named) == []


def test_the_page_is_linked_from_the_readme():
    assert "docs/case-format.md" in (settings.BASE_DIR / "README.md").read_text(encoding="utf-8")
