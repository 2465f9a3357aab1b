"""Reads of patient data. Each starts at `visible_to(user)`."""

from django.db import models
from django.utils import timezone

from accounts.desk.store import CLOCKS_DIFFER
from accounts.permissions import may
from accounts.reach import reached

from .person import person_of, records_of

AFTER_ALL = "\U0010ffff"


def starting(column: str, prefix: str) -> models.Q:
    """Rows whose key *column* starts with *prefix*, as a range that the plain index answers on both engines."""
    return models.Q(**{f"{column}__gte": prefix, f"{column}__lt": prefix + AFTER_ALL})


class PatientQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Patients whom *user* reaches (see `accounts.reach`)."""
        return reached(self, user)

    def of_person(self, pk: int):
        """All records of the person who has the record *pk*."""
        kept = models.Subquery(self.model._base_manager.filter(pk=pk).order_by().values_list(person_of()))
        return self.filter(models.Q(pk=kept) | models.Q(merged_into=kept))

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
    """Rows that hang on a patient are visible where the patient is. path: the look-up from a row to its patient."""

    path = "patient"

    def visible_to(self, user):
        return reached(self, user, self.path)

    def of_people(self, people):
        """Rows of all records of *people* (`Patient.person_pk`), each with its `person`."""
        return self.filter(**{f"{self.path}__in": records_of(people)}).annotate(person=person_of(self.path))


class MergeQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Where both records are."""
        return reached(reached(self, user, "kept"), user, "other")

    def of(self, patient):
        """Those of this record, undone ones as well, and those that stand of what was merged into it with others behind it."""
        behind = patient.merged_records.order_by().values("pk")  # asked for by itself: joined, SQLite would walk all patients
        return self.filter(models.Q(kept=patient) | models.Q(other=patient) | models.Q(kept__in=behind, undone_at__isnull=True))


class EmergencyQuerySet(models.QuerySet):
    site = "patient__site"

    def visible_to(self, user):
        """One's own; those of patients of the own sites for who answers for them; all for the auditor, who sees no name."""
        if not may(user, "emergency.view"):
            return self.filter(user=user) if may(user, "emergency.open") else self.none()
        if not may(user, "patients.view"):
            return self
        return self.filter(models.Q(**{f"{self.site}__in": user.site_ids()}) | models.Q(user=user))

    def open_now(self):
        """Not those opened in the future either: the clock was put back since, and they would stand open for longer than allowed."""
        now = timezone.now()
        return self.filter(closed_at__isnull=True, ends_at__gt=now, opened_at__lte=now + CLOCKS_DIFFER)

    def to_review(self, user):
        """Not looked at by anybody yet, and not one's own to look at."""
        return self.visible_to(user).filter(reviewed_at__isnull=True).exclude(user=user)


class ErasedOpeningQuerySet(EmergencyQuerySet):
    """Whoever was told of an opening is told of what is left of it."""

    site = "site"


class StandingManager(models.Manager.from_queryset(OfPatientQuerySet)):
    """Rows that were not taken back as entered in error."""

    def get_queryset(self):
        return super().get_queryset().filter(removed_at__isnull=True)
