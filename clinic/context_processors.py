"""What is said above every page about the clinic's software."""

from accounts.permissions import Role, may
from audit import read_only

from . import standing as standing_of


def standing(request):
    """No query: a look at files. Managers are told what they have to put right."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    warned = standing_of.warnings() if user.role == Role.MANAGER else []
    return {"standing": {"read_only": read_only.reason(), "warnings": warned, "may_look": may(user, "health.view")}}
