"""A slip in the settings of signing in is noticed, not obeyed in silence."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from accounts.signing_in.checks import refuse_unknown_roles, second_step_is_required

DEFAULT = frozenset({"clinician", "medical_lead", "manager"})


def _ids() -> list[str]:
    return [found.id for found in second_step_is_required(None)]


def test_a_role_that_is_none_stops_the_start(settings):
    settings.SECOND_STEP_ROLES = frozenset({"clinican"})
    with pytest.raises(ImproperlyConfigured, match="clinican, which is no role"):
        refuse_unknown_roles()


def test_the_default_and_more_are_fine(settings):
    for roles in (DEFAULT, DEFAULT | {"front_desk", "auditor"}):
        settings.SECOND_STEP_ROLES = roles
        refuse_unknown_roles()
        assert _ids() == []


@pytest.mark.parametrize("role", sorted(DEFAULT))
def test_leaving_out_who_reads_records_is_said(settings, role):
    settings.SECOND_STEP_ROLES = DEFAULT - {role}
    assert _ids() == ["accounts.W001"]


def test_the_demo_exception_in_production_is_said(settings):
    settings.SECOND_STEP_ROLES = DEFAULT
    settings.DEMO_WITHOUT_SECOND_STEP = True
    settings.EMBEDDED = False
    assert _ids() == ["accounts.W002"]
    settings.EMBEDDED = True
    assert _ids() == []
