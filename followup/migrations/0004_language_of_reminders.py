"""The language is the patient's, no choice about reminders; each reminder says in which it was written."""

from django.db import migrations, models


def to_the_patient(apps, schema_editor):
    Patient = apps.get_model("patients", "Patient")
    for choice in apps.get_model("followup", "ContactChoice").objects.exclude(language="").iterator():
        Patient.objects.filter(pk=choice.patient_id, language="").update(language=choice.language)


def back_to_the_choice(apps, schema_editor):
    ContactChoice = apps.get_model("followup", "ContactChoice")
    for pk, language in apps.get_model("patients", "Patient").objects.exclude(language="").values_list("pk", "language").iterator():
        ContactChoice.objects.update_or_create(patient_id=pk, defaults={"language": language})


class Migration(migrations.Migration):

    dependencies = [
        ("followup", "0003_waiting_list"),
        ("patients", "0006_patient_language"),
    ]

    operations = [
        migrations.AddField(
            model_name="reminder",
            name="language",
            field=models.CharField(blank=True, help_text="In which it is written", max_length=10),
        ),
        migrations.RunPython(to_the_patient, back_to_the_choice),
        migrations.RemoveField(model_name="contactchoice", name="language"),
    ]
