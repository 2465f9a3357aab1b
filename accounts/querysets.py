"""Reads of what staff are signed off for."""

from django.db import models

from .permissions import Role

EXPIRES_SOON_DAYS = 30


class CompetenceQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Everybody's at one's own sites for those who answer for them; one's own for a clinician."""
        if not user.may("competence.view"):
            return self.none()
        if user.role == Role.CLINICIAN:
            return self.filter(user=user)
        return self.filter(user__in=user.colleagues())

    def standing(self):
        """Not ended by anybody; dates not looked at."""
        return self.filter(ended_at__isnull=True)
