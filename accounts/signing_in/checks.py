"""Whether the settings of signing in make sense: a role nobody has stops the start, a weaker rule is said by `check --deploy`."""

from django.conf import settings
from django.core.checks import Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from ..permissions import Role

ALWAYS = frozenset({Role.CLINICIAN, Role.MEDICAL_LEAD, Role.MANAGER})


def refuse_unknown_roles() -> None:
    unknown = sorted(set(settings.SECOND_STEP_ROLES) - set(Role.values))
    if unknown:
        raise ImproperlyConfigured(f"SECOND_STEP_ROLES names {', '.join(unknown)}, which is no role. Roles: {', '.join(Role.values)}.")


@register(Tags.security, deploy=True)
def second_step_is_required(app_configs, **kwargs):
    found = []
    without = sorted(ALWAYS - set(settings.SECOND_STEP_ROLES))
    if without:
        words = f"SECOND_STEP_ROLES leaves out {', '.join(without)}: they open health records with a password alone."
        found.append(Warning(words, hint="Leave the setting out to use the default.", id="accounts.W001"))
    if settings.DEMO_WITHOUT_SECOND_STEP and not settings.EMBEDDED:
        words = "DEMO_WITHOUT_SECOND_STEP is on in production: people marked as invented sign in with a public password alone."
        found.append(Warning(words, hint="Leave it off.", id="accounts.W002"))
    return found
