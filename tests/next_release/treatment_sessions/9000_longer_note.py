from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("treatment_sessions", "0001_squashed_0005_hours_at_other_sites")]
    operations = [migrations.AlterField("booking", "note", models.CharField(max_length=400, blank=True))]
