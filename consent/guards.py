"""
An approved text and everything that was signed stay as they were: the database refuses to change or delete them, whoever asks.

A draft text may be changed and thrown away; after that only its way goes on: approved, retired. An item may only be added to a consent
whose signed content names the hash of its text, so that nobody can be made to have consented to more than was signed.
"""

from audit import approved_words
from audit.guards import Guard, no_change, refuse

OF_ITEM = "(SELECT c.patient_id FROM consent_consent AS c WHERE c.id = OLD.consent_id)"
OF_WITHDRAWAL = (
    "(SELECT c.patient_id FROM consent_consentitem AS i JOIN consent_consent AS c ON c.id = i.consent_id WHERE i.id = OLD.item_id)"
)


def guards() -> list[Guard]:
    from .models import Consent, ConsentItem, ConsentText, ConsentWithdrawal, PhotoPermission

    text, consent = ConsentText._meta.db_table, Consent._meta.db_table
    item = ConsentItem._meta.db_table
    signed = "What was signed is never changed"
    # Only names of our own are put together here, nothing that anybody types.
    not_signed = (
        f"NOT EXISTS (SELECT 1 FROM {consent} AS c JOIN {text} AS t ON t.id = NEW.text_id WHERE c.id = NEW.consent_id "  # noqa: S608
        "AND t.kind = NEW.kind AND t.code = NEW.code AND t.sha256 <> '' AND c.signed_at = NEW.signed_at "
        "AND c.content LIKE '%' || t.sha256 || '%')"
    )
    return [
        *approved_words.guards_of(
            ConsentText,
            prefix="consent_text",
            approved="An approved consent text is never changed: a new version takes its place",
            way="A consent text goes from draft to approved to retired",
            begins="A consent text begins as a draft",
        ),
        no_change(consent, reason=signed, name="consent_signed", patient="OLD.patient_id"),
        no_change(item, reason=signed, name="consent_item_signed", patient=OF_ITEM),
        refuse(item, event="INSERT", when=not_signed, reason="Only what was signed is consented to", name="consent_item_of_signed"),
        no_change(
            ConsentWithdrawal._meta.db_table, reason="A withdrawal is never changed", name="consent_withdrawn", patient=OF_WITHDRAWAL
        ),
        no_change(
            PhotoPermission._meta.db_table,
            reason="An answer is never changed: the next one takes its place",
            name="photo_permission_said",
            patient="OLD.patient_id",
        ),
    ]
