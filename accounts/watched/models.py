"""An act that a second person agrees to or is told of, and who has read it."""

import datetime as dt

from django.conf import settings
from django.db import models
from django.utils import timezone

from ..permissions import may
from . import kinds


class WatchedActQuerySet(models.QuerySet):
    def visible_to(self, user):
        """All for who answers for the clinic and for the auditor; what was done to themselves for everybody else."""
        return self if may(user, "watched.report") else self.filter(person=user)

    def open(self):
        return self.filter(done_at__isnull=True, refused_at__isnull=True)


class WatchedAct(models.Model):
    """
    Asked for, then agreed to, waited out or refused; done with `done_at`. What was said is never changed (see `.guards`).

    An act that needed nobody's agreement is done when it is written.
    """

    kind = models.CharField(max_length=30, help_text="As registered in accounts.watched.kinds")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="watched_acts", help_text="Whose access it is"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", help_text="Empty: from the command line"
    )
    at = models.DateTimeField(db_index=True)
    reason = models.CharField(max_length=300, blank=True)
    detail = models.JSONField(default=dict, blank=True, help_text="What words need: roles, countries, years. Nothing of patients")
    waits_until = models.DateTimeField(null=True, help_text="Then it goes without a second person; empty: nobody was to be asked")
    agreed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    agreed_at = models.DateTimeField(null=True)
    refused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", help_text="Who asked may take it back"
    )
    refused_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True, help_text="Carried out, or replaced by a later one")

    objects = WatchedActQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="watched_act_agreed_by_somebody_else",
                condition=models.Q(agreed_by__isnull=True, agreed_at__isnull=True)
                | models.Q(agreed_by__isnull=False, agreed_at__isnull=False)
                & (models.Q(by__isnull=True) | ~models.Q(agreed_by=models.F("by")))
                & (models.Q(person__isnull=True) | ~models.Q(agreed_by=models.F("person"))),
            ),
            models.CheckConstraint(
                name="watched_act_refused_by_somebody",
                condition=models.Q(refused_by__isnull=True, refused_at__isnull=True)
                | models.Q(refused_by__isnull=False, refused_at__isnull=False),
            ),
            models.CheckConstraint(
                name="watched_act_not_done_and_refused", condition=models.Q(done_at__isnull=True) | models.Q(refused_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}, {self.at:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        return self.done_at is None and self.refused_at is None

    @property
    def goes_from(self) -> dt.datetime:
        """From when on nobody's agreement is missing."""
        return min(moment for moment in (self.agreed_at, self.waits_until or self.at) if moment is not None)

    @property
    def goes(self) -> bool:
        """Nobody's agreement is missing any more, and what came of it has not run out."""
        return self.is_open and self.goes_from <= timezone.now() and not self.has_run_out

    @property
    def ends_at(self) -> dt.datetime | None:
        """An agreement is for this time, not for some day: how long whoever asked may carry it out."""
        return None if kinds.of(self).by_itself else self.goes_from + dt.timedelta(hours=settings.INVITATION_HOURS)

    @property
    def has_run_out(self) -> bool:
        return self.is_open and self.ends_at is not None and self.ends_at <= timezone.now()

    @property
    def waits(self) -> bool:
        return self.is_open and self.goes_from > timezone.now()

    @property
    def words(self) -> str:
        return kinds.told(self)

    @property
    def stands(self) -> str:
        return kinds.standing(self)


class ActRead(models.Model):
    """That somebody has read of an act: as it was asked for, and again when it was done or refused."""

    act = models.ForeignKey(WatchedAct, on_delete=models.PROTECT, related_name="reads")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    of_the_end = models.BooleanField(default=False, help_text="It had been done or refused by then")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(fields=["act", "user", "of_the_end"], name="act_read_once")]

    def __str__(self) -> str:
        return f"{self.user}, {self.at:%Y-%m-%d}"
