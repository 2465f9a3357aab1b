"""Sheets of before there was the mark: a record that was added to since has a newer version."""

from django.db import migrations
from django.db.models import Count, F, Max


def mark(apps, schema_editor):
    sheet = apps.get_model("aftercare", "Sheet")
    rows = sheet.objects.annotate(newest=1 + Count("session__corrections"), added_at=Max("session__corrections__made_at"))
    for row in rows.filter(record_version__lt=F("newest")).iterator():
        sheet.objects.filter(pk=row.pk).update(superseded_at=row.added_at)


class Migration(migrations.Migration):
    dependencies = [("aftercare", "0002_what_the_queue_keeps")]
    operations = [migrations.RunPython(mark, migrations.RunPython.noop)]
