from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("treatment_sessions", "0015_who_treated_confirms")]
    operations = [migrations.AlterField("booking", "note", models.CharField(max_length=400, blank=True))]
