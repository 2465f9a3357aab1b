"""What somebody is signed off for has one home: the competence rows."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_limits_become_competence")]
    operations = [migrations.RemoveField(model_name="user", name="max_depth_mm")]
