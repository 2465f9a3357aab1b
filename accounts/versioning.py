"""Rows that two people may have open at once carry a version; a save from an old one is refused, never merged silently."""

from django.db import models
from django.db.models import F


class StaleRow(Exception):
    """Somebody saved this row after it was opened. `row` is the row as it stands now."""

    def __init__(self, row: models.Model):
        super().__init__(f"{row._meta.verbose_name} {row.pk} was changed meanwhile")
        self.row = row


class VersionedModel(models.Model):
    """Adds `version`, counted up at every save through `claim`."""

    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True

    def claim(self, expected: int) -> None:
        """
        Take the row for writing, inside a transaction: counts `version` up where it still is *expected*.

        Raises:
            StaleRow: it is not.
        """
        taken = type(self)._base_manager.filter(pk=self.pk, version=expected).update(version=F("version") + 1)
        if not taken:
            raise StaleRow(type(self)._base_manager.get(pk=self.pk))
        self.version = expected + 1
