from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("treatment_sessions", "0014_record_countersignatures")]
    operations = [migrations.AlterField("booking", "note", models.CharField(max_length=400, blank=True))]
