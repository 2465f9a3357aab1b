"""Lots that older records name in their own columns become rows, so that a recall finds them. Signed texts stay as they were signed."""

import unicodedata

from django.db import migrations

AT_ONCE = 1000


def key_of(number):
    """As `sessions.lots.codes.key_of` was when this was written."""
    folded = unicodedata.normalize("NFKC", number).upper()
    return "".join(letter for letter in folded if letter.isalnum())[:40] or folded.strip()[:40]


def rows_of(Used, record):
    found = [("needle", "needle", "", record.needle_lot, record.needle_expires_on)]
    for row in record.adjuvants if isinstance(record.adjuvants, list) else []:
        if isinstance(row, dict) and row.get("used", True) and row.get("id"):
            found.append(("adjuvant", f"adj-{row['id']}", row.get("product") or "", row.get("lot") or "", None))
    for kind, place, product, lot, expires in found:
        if lot.strip():
            yield Used(
                session_id=record.pk,
                kind=kind,
                place=place[:80],
                product_name=product[:120],
                number=lot[:40],
                key=key_of(lot),
                expires_on=expires,
                added_at=record.started_at,
            )


def bring(apps, schema_editor):
    Used, Record = (apps.get_model("treatment_sessions", name) for name in ("UsedLot", "TreatmentSession"))
    rows = []
    columns = ("pk", "needle_lot", "needle_expires_on", "adjuvants", "started_at")
    for record in Record.objects.only(*columns).order_by("pk").iterator(chunk_size=AT_ONCE):
        rows += rows_of(Used, record)
        if len(rows) >= AT_ONCE:
            Used.objects.bulk_create(rows)
            rows = []
    Used.objects.bulk_create(rows)


class Migration(migrations.Migration):
    dependencies = [("treatment_sessions", "0007_lots")]
    operations = [migrations.RunPython(bring, migrations.RunPython.noop)]
