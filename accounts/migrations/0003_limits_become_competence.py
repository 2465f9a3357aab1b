"""The one depth limit a person could have becomes a row of what they are signed off for, without an end."""

from django.db import migrations
from django.utils import timezone

CARRIED = "Depth limit on file"


def carry_over(apps, schema_editor):
    User, Competence = apps.get_model("accounts", "User"), apps.get_model("accounts", "Competence")
    for user in User.objects.filter(max_depth_mm__isnull=False):
        Competence.objects.create(
            user=user,
            max_depth_mm=user.max_depth_mm,
            certificate=CARRIED,
            valid_from=timezone.localdate(user.date_joined),
            request_key=f"carried-{user.pk}",
        )


def carry_back(apps, schema_editor):
    Competence = apps.get_model("accounts", "Competence")
    for row in Competence.objects.filter(ended_at__isnull=True, max_depth_mm__isnull=False).select_related("user"):
        lowest = row.user.max_depth_mm is None or row.max_depth_mm < row.user.max_depth_mm
        if lowest:
            row.user.max_depth_mm = row.max_depth_mm
            row.user.save(update_fields=["max_depth_mm"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_competence")]
    operations = [migrations.RunPython(carry_over, carry_back)]
