"""Reads of patient data. Each starts at `visible_to(user)`."""

from django.db import models


class PatientQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Patients of the sites *user* works at; nobody for people who are not signed in or no longer active."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(site__in=user.site_ids())


class OfPatientQuerySet(models.QuerySet):
    """Rows that hang on a patient are visible where the patient is."""

    def visible_to(self, user):
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(patient__site__in=user.site_ids())
