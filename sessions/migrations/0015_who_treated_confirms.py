from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('treatment_sessions', '0014_record_countersignatures'),
    ]

    operations = [
        migrations.AlterField(
            model_name='recordcountersignature',
            name='role',
            field=models.CharField(choices=[('medical_lead', 'Medical lead'), ('prescriber', 'Prescriber'), ('treated', 'Who treated')], max_length=20),
        ),
    ]
