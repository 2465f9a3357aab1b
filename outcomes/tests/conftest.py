"""A plan of one zone."""

from consent.tests.conftest import plan, plan_of, protocol  # noqa: F401 - fixtures
