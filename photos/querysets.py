"""Reads of photos. Rows start at `visible_to(user)`."""

from patients.querysets import OfPatientQuerySet


class PhotoQuerySet(OfPatientQuerySet):
    def standing(self):
        """Without those that were taken out as entered in error."""
        return self.filter(removed_at__isnull=True)
