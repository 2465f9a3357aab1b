"""The packaged protocol, read once; cases as people write them. No database anywhere."""

import copy
import json
from functools import cache
from importlib import resources

import pytest
import yaml

from planner.knowledge import Knowledge

PACK = resources.files("protocols").joinpath("packs/2026.2.yaml")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_document = yaml.load(PACK.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader
_knowledge = Knowledge.parse(_document)


def packaged() -> Knowledge:
    return _knowledge


def document() -> dict:
    """A copy of the pack to break."""
    return copy.deepcopy(_document)


@cache
def _library() -> str:
    folder = resources.files("protocols").joinpath("cases")
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".yaml")), key=lambda entry: entry.name)
    read = [yaml.load(entry.read_text(encoding="utf-8"), Loader=_Loader) for entry in files]  # noqa: S506
    entries = [entry for content in read for entry in (content if isinstance(content, list) else [content])]
    return json.dumps(entries, default=str)


def library() -> list[tuple[str, dict]]:
    """Every case that comes with the project, with its name; dates as text as in JSON."""
    return [(entry["name"], entry) for entry in json.loads(_library())]


def a_case(**changes) -> dict:
    """A case with nothing against treatment, changed key by key."""
    case = {
        "visit_date": "2026-03-02",
        "patient": {"age": 30, "sex": "F", "phototype": "III"},
        "pregnancy_or_breastfeeding": "none",
        "screening_default": False,
        "requests": [{"indication": "acne_scars", "level": "grade_3", "zones": ["cheeks"], "morphology": "rolling"}],
        "devices": ["pen"],
    }
    return {**case, **changes}


def words_of(proposal: dict) -> str:
    return json.dumps(proposal, ensure_ascii=False).casefold()


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return packaged()
