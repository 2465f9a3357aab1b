"""What the patient header says about consent."""

from django.urls import reverse

from patients.storyboard import Fact
from planner import wording

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
        return Fact("To sign", tone="todo", url=page)
    if state == WITHDRAWN:
        newest = max((row for row in rows if state_of(row) == WITHDRAWN), key=lambda row: row.withdrawal.at)
        return Fact(f"Withdrawn {wording.day(newest.consent.site.day_of(newest.withdrawal.at))}", tone="todo", url=page)
    newest = max(rows, key=lambda row: (row.signed_at, row.pk))
    signed = wording.day(newest.consent.site.day_of(newest.signed_at))
    return Fact(f"Older text, signed {signed}", tone="todo", url=page) if state == OLDER else Fact(f"Signed {signed}", url=page)
