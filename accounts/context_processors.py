"""What every page needs to know about the clinic."""

from .models import ClinicSettings
from .permissions import PERMISSIONS, may


class _May:
    """Lets a template ask `{% if may.plans_edit %}` for the permission plans.edit."""

    def __init__(self, user):
        self._user = user

    def __getitem__(self, name: str) -> bool:
        permission = name.replace("_", ".", 1)
        if permission not in PERMISSIONS:
            raise KeyError(name)
        return may(self._user, permission)


def clinic(request):
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"clinic_settings": ClinicSettings.current()}
    return {"clinic_settings": ClinicSettings.current(), "may": _May(user)}
