"""The clinic's settings with careless views on top: only for the negative controls."""

from microneedle_clinic.settings import *  # noqa: F403

ROOT_URLCONF = "tests.hostile.careless"
