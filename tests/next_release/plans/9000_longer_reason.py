from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("plans", "0001_squashed_0003_kept_cases")]
    operations = [migrations.AlterField("treatmentplan", "countersign_reason", models.CharField(max_length=400, blank=True))]
