"""The negative control: guards stay while tables change."""

from .settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.next_release.apps.Careless"]  # noqa: F405
