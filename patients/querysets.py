"""Reads of patient data. Each starts at `visible_to(user)`."""

from django.db import models

AFTER_ALL = "\U0010ffff"


def starting(column: str, prefix: str) -> models.Q:
    """Rows whose key *column* starts with *prefix*, as a range that the plain index answers on both engines."""
    return models.Q(**{f"{column}__gte": prefix, f"{column}__lt": prefix + AFTER_ALL})


class PatientQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Patients of the sites *user* works at; nobody for people who are not signed in or no longer active."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(site__in=user.site_ids())

    def bulk_create(self, objs, *args, **kwargs):
        """As Django's, with the search keys filled: bulk_create does not call save."""
        from .models import SurnameSlip

        objs = list(objs)
        for patient in objs:
            patient.fill_keys()
        created = super().bulk_create(objs, *args, **kwargs)
        SurnameSlip.keep({patient.surname_key for patient in objs})
        return created


class OfPatientQuerySet(models.QuerySet):
    """Rows that hang on a patient are visible where the patient is."""

    def visible_to(self, user):
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(patient__site__in=user.site_ids())


class StandingManager(models.Manager.from_queryset(OfPatientQuerySet)):
    """Rows that were not taken back as entered in error."""

    def get_queryset(self):
        return super().get_queryset().filter(removed_at__isnull=True)
