from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_squashed_0011_reads_of_the_end'),
    ]

    operations = [
        migrations.AddField(
            model_name='websession',
            name='confined_at',
            field=models.DateTimeField(help_text='When it was handed over for that', null=True),
        ),
        migrations.AddField(
            model_name='websession',
            name='confined_to',
            field=models.CharField(blank=True, default='', help_text='The one thing this browser opens; empty = everything', max_length=60),
        ),
    ]
