"""Whether a list of the file, medicines or allergies, must be gone through: not asked for, asked long ago, or said to have changed."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.templatetags.clinic_format import in_words
from planner.knowledge.entries import ListQuestion

from .models import Asked, Patient

LIST_PREFIX = "list."  # an answer about a whole list stands among the screening answers under this name

Said = tuple[dt.datetime, bool]  # when a question was last answered, and yes or no


@dataclass(frozen=True)
class DueList:
    """A list of the file to go through. `changed`: it was said to have changed and nobody has gone through it since."""

    question: ListQuestion
    gone_through: dt.date | None
    changed: dt.date | None

    @property
    def id(self) -> str:
        return self.question.id

    @property
    def why(self) -> str:
        if self.changed:
            return _("Said to have changed on %(day)s") % {"day": in_words(self.changed)}
        if self.gone_through:
            return _("Last gone through on %(day)s") % {"day": in_words(self.gone_through)}
        return _("Not asked so far")


def due_list(patient: Patient, question: ListQuestion, said: Said | None, on: dt.date) -> DueList | None:
    """*said*: the newest answer to "has this list changed?"; None = nobody asked."""
    column, day_of = f"{question.id}_asked", patient.site.day_of
    at = getattr(patient, f"{column}_at")
    through = day_of(at) if at is not None and getattr(patient, column) != Asked.NOT_ASKED else None
    changed = None
    if said is not None and not said[1] and through is not None:
        through = max(through, day_of(said[0]))
    elif said is not None and said[1] and (at is None or said[0] >= at):
        changed = day_of(said[0])
    if changed is None and through is not None and (on - through).days <= question.valid_days:
        return None
    return DueList(question, through, changed)


def due_lists(patient: Patient, questions: Mapping[str, ListQuestion], on: dt.date) -> dict[str, DueList]:
    """{id of the list: why it is due} of the lists that must be gone through before a visit on *on*."""
    if not questions:
        return {}
    # Only here: the answers read which of them are about lists.
    from .answers import last_said, standing, with_merge

    answers = patient.screening_answers.filter(question__in=[LIST_PREFIX + name for name in questions])
    newest = last_said(standing(with_merge(answers)))
    rows = (due_list(patient, question, newest.get(LIST_PREFIX + name), on) for name, question in questions.items())
    return {row.id: row for row in rows if row is not None}
