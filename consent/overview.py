"""The patient page: each signed consent and each answer about photos on the timeline, and consent to sign among what is next."""

from django.urls import reverse
from django.utils.translation import gettext as _

from patients.overview import Action, Entry, Section
from patients.timeline import Source

from .models import Consent, ConsentItem, ConsentWithdrawal, PhotoPermission
from .needs import needs_in_force
from .standing import judged, newest_items, with_state


def _signed(patient, user, until) -> list[Entry]:
    rows = Consent.objects.visible_to(user).filter(patient=patient).without_documents().select_related("site")
    consents = list(until.newest(rows, "signed_at"))
    items: dict[int, list[ConsentItem]] = {}
    for item in with_state(ConsentItem.objects.filter(consent__in=consents)).order_by("pk"):
        items.setdefault(item.consent_id, []).append(item)
    found = []
    for consent in consents:
        mine = items.get(consent.pk, [])
        gone = [row for row in mine if getattr(row, "withdrawal", None)]
        found.append(
            Entry(
                consent.signed_at,
                _("Consent"),
                ", ".join(row.text.title for row in mine),
                reverse("consent:document", args=[consent.pk]),
                "i-pen",
                _("Withdrawn") if gone and len(gone) == len(mine) else _("Partly withdrawn") if gone else "",
                "defer",
                on=consent.site.day_of(consent.signed_at),
            )
        )
    return found


def _withdrawn(patient, user, until) -> list[Entry]:
    rows = ConsentWithdrawal.objects.visible_to(user).filter(item__consent__patient=patient)
    rows = rows.select_related("item__text", "item__consent__site").defer(
        "item__text__body", "item__consent__content", "item__consent__strokes", "item__consent__signature_svg"
    )
    return [
        Entry(
            row.at,
            _("Consent withdrawn"),
            _("%(title)s, said by %(name)s") % {"title": row.item.text.title, "name": row.said_by},
            reverse("consent:document", args=[row.item.consent_id]),
            "i-defer",
            on=row.item.consent.site.day_of(row.at),
        )
        for row in until.newest(rows, "at")
    ]


def _photos(patient, user, until) -> list[Entry]:
    url = reverse("consent:patient", args=[patient.number])
    rows = until.newest(PhotoPermission.objects.visible_to(user).filter(patient=patient), "at")
    return [Entry(row.at, _("Photo permission"), str(row), url, "i-info") for row in rows]


SOURCES = tuple(Source("consent", "consent.view", lines) for lines in (_signed, _withdrawn, _photos))


def documents(patient, user) -> Section | None:
    """Consent to sign, among what is next."""
    if not user.may("consent.take") or not judged(needs_in_force(patient), newest_items(patient)).open:
        return None
    return Section(actions=[Action(_("Have consent signed"), reverse("consent:sign", args=[patient.number]))])
