"""What the patient header says about consent."""

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.templatetags.clinic_format import in_words
from patients.storyboard import Fact

from .needs import needs_in_force
from .standing import MISSING, OLDER, WITHDRAWN, judged, newest_items, state_of


def consent(patient, user) -> Fact | None:
    """For the plans in force, else for what was signed last. None: nothing was asked yet."""
    if not user.may("consent.view"):
        return None
    items = newest_items(patient)
    stands = judged(needs_in_force(patient), items)
    rows = [row.item for row in stands.rows if row.item] or list(items.values())
    state = stands.state if stands.rows else (state_of(rows[-1]) if rows else "")
    if not state:
        return None
    page = reverse("consent:patient", args=[patient.person.number])
    if state == MISSING:
        return Fact(_("To sign"), tone="todo", url=page)
    if state == WITHDRAWN:
        newest = max((row for row in rows if state_of(row) == WITHDRAWN), key=lambda row: row.withdrawal.at)
        day = in_words(newest.consent.site.day_of(newest.withdrawal.at))
        return Fact(_("Withdrawn %(day)s") % {"day": day}, tone="todo", url=page)
    newest = max(rows, key=lambda row: (row.signed_at, row.pk))
    signed = {"day": in_words(newest.consent.site.day_of(newest.signed_at))}
    if state == OLDER:
        return Fact(_("Older text, signed %(day)s") % signed, tone="todo", url=page)
    return Fact(_("Signed %(day)s") % signed, url=page)
