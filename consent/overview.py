"""The patient page: each signed consent and each answer about photos on the timeline, and consent to sign among what is next."""

from django.urls import reverse

from patients.overview import Action, Entry, Section

from .models import ConsentItem, PhotoPermission
from .needs import needs_in_force
from .standing import judged, newest_items, with_state

MOST_LINES = 200


def documents(patient, user) -> Section | None:
    if not user.may("consent.view"):
        return None
    section = Section()
    rows = with_state(ConsentItem.objects.visible_to(user).filter(consent__patient=patient)).order_by("-signed_at", "pk")
    signed: dict[int, list[ConsentItem]] = {}
    for row in rows[:MOST_LINES]:
        signed.setdefault(row.consent_id, []).append(row)
    for items in signed.values():
        consent, gone = items[0].consent, [row for row in items if getattr(row, "withdrawal", None)]
        section.entries.append(
            Entry(
                consent.signed_at,
                "Consent",
                ", ".join(row.text.title for row in items),
                reverse("consent:document", args=[consent.pk]),
                "i-pen",
                "Withdrawn" if len(gone) == len(items) else "Partly withdrawn" if gone else "",
                "defer",
                on=consent.site.day_of(consent.signed_at),
            )
        )
    for row in PhotoPermission.objects.visible_to(user).filter(patient=patient)[:MOST_LINES]:
        facts = f"{row.get_use_display()}: {'yes' if row.allowed else 'no'}"
        section.entries.append(Entry(row.at, "Photos", facts, reverse("consent:patient", args=[patient.number]), "i-info"))
    if user.may("consent.take") and judged(needs_in_force(patient), newest_items(patient)).open:
        section.actions.append(Action("Have consent signed", reverse("consent:sign", args=[patient.number])))
    return section
