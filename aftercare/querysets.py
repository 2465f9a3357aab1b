from django.db import models

from accounts.reach import reached


class SheetQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Sheets of patients whom *user* reaches."""
        return reached(self, user, "session__patient")


class HandOverQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Of sheets of patients whom *user* reaches."""
        return reached(self, user, "sheet__session__patient")


class LinkQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Of sheets of patients whom *user* reaches."""
        return reached(self, user, "sheet__session__patient")
