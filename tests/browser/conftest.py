"""
Drives Debian's Chromium through a running demo clinic. Every page of every journey is held to the same rules: no request
to another host, no breach of the content security policy, no script error, no server error.
"""

import os
import re

import pytest

from scripts.environment import browser as find_browser
from scripts.environment import driver_runs

from .visitor import Visitor

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
MISSING = "NO CHROMIUM HERE: the browser journeys are skipped (Debian: apt-get install chromium libatomic1)"


def pytest_collection_modifyitems(items):
    here = os.path.dirname(__file__)
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def chromium():
    executable = find_browser()
    if executable is None or not driver_runs():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(MISSING)
    from playwright.sync_api import expect, sync_playwright

    # Playwright keeps a loop running in this thread; Django must be told that this is no asynchronous code.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    expect.set_options(timeout=30_000)  # a save that reads a whole pack takes its time on a busy machine
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def visitor(chromium, clinic, request):
    """Somebody in front of the screen. After the test their pages must have kept the rules above."""
    context = chromium.new_context(base_url=clinic.url, viewport={"width": 1280, "height": 900}, locale="en-GB", reduced_motion="reduce")
    context.set_default_timeout(30_000)
    someone = Visitor(context, clinic, re.sub(r"\W+", "-", request.node.name).strip("-"))
    yield someone
    context.close()
    assert not someone.broken_rules, "\n".join(someone.broken_rules)
