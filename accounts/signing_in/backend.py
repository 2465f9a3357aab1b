"""The one way to check a password: throttled, and as much work for a name nobody has as for one that somebody has."""

from axes.backends import AxesStandaloneBackend
from django.contrib.auth.backends import ModelBackend


class PasswordBackend(AxesStandaloneBackend, ModelBackend):
    """
    Django hashes once for a known name, an unknown one and a leaver's alike; while somebody has to wait, never.

    Asked again after a right password: of many guesses that are under way at once, one that is right after the others used
    up the tries tells its sender nothing.
    """

    def authenticate(self, request, username=None, password=None, **kwargs):
        if request is None:  # code on the machine itself; a stranger always comes with a request
            return ModelBackend.authenticate(self, request, username=username, password=password, **kwargs)
        AxesStandaloneBackend.authenticate(self, request, username=username, password=password, **kwargs)
        user = ModelBackend.authenticate(self, request, username=username, password=password, **kwargs)
        if user is not None:
            AxesStandaloneBackend.authenticate(self, request, username=username, password=password, **kwargs)
        return user
