import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0012_confined_web_sessions'),
        ('patients', '0007_merged_by_index'),
        ('protocols', '0001_squashed_0003_one_approved_and_steps'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='QuestionnaireResponse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('language', models.CharField(choices=[('en', 'English'), ('es', 'Español')], max_length=2)),
                ('status', models.CharField(choices=[('in-progress', 'Being answered'), ('completed', 'Waiting for a clinician'), ('reviewed', 'Gone through'), ('stopped', 'Put away')], default='in-progress', max_length=12)),
                ('handed_at', models.DateTimeField(help_text='When the tablet was handed over last')),
                ('browser', models.BigIntegerField(blank=True, help_text='The web session that has it; empty = nobody holds the tablet', null=True)),
                ('confirmed_at', models.DateTimeField(blank=True, help_text='When who holds the tablet said: that is me', null=True)),
                ('inputs', models.JSONField(default=dict, help_text='As typed and chosen, named as on the consultation screen')),
                ('asked', models.JSONField(default=list, help_text='Ids of the questions, in the order asked')),
                ('saved_at', models.DateTimeField(blank=True, null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('closed_at', models.DateTimeField(blank=True, help_text='When the last line was decided, or it was put away', null=True)),
                ('request_key', models.CharField(help_text='Of the form that began it: a double press begins one', max_length=40, unique=True)),
                ('closed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('handed_by', models.ForeignKey(help_text='Who handed over last', on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='questionnaires', to='patients.patient')),
                ('protocol_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='protocols.protocolversion')),
                ('site', models.ForeignKey(help_text='Where the tablet was handed over', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.site')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='ResponseItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('kind', models.CharField(choices=[('question', 'Question'), ('medicine', 'Medicine'), ('allergy', 'Allergy'), ('none', 'None')], max_length=8)),
                ('code', models.CharField(blank=True, help_text='Id of the question, or the list that is empty', max_length=60)),
                ('inputs', models.JSONField(help_text='The fields of this line as typed, named as on the consultation screen')),
                ('asked', models.TextField(help_text='The question in the words it was asked in')),
                ('said', models.TextField(help_text="The answer in the clinic's words")),
                ('before', models.TextField(blank=True, help_text='What the record said when this was decided')),
                ('decision', models.CharField(blank=True, choices=[('accepted', 'Accepted'), ('declined', 'Declined')], max_length=8)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('response', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='intake.questionnaireresponse')),
            ],
            options={
                'ordering': ['response', 'position'],
            },
        ),
        migrations.AddIndex(
            model_name='questionnaireresponse',
            index=models.Index(fields=['patient', '-id'], name='questionnaire_by_patient'),
        ),
        migrations.AddIndex(
            model_name='questionnaireresponse',
            index=models.Index(condition=models.Q(('status', 'completed')), fields=['sent_at'], name='questionnaire_waiting'),
        ),
        migrations.AddConstraint(
            model_name='questionnaireresponse',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'in-progress')), fields=('patient',), name='one_open_questionnaire'),
        ),
        migrations.AddConstraint(
            model_name='questionnaireresponse',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('sent_at__isnull', True), ('status__in', ['in-progress', 'stopped'])), models.Q(('sent_at__isnull', False), ('status__in', ['completed', 'reviewed'])), _connector='OR'), name='questionnaire_sent_says_when'),
        ),
        migrations.AddConstraint(
            model_name='questionnaireresponse',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('closed_by__isnull', True), ('status__in', ['in-progress', 'completed'])), models.Q(('closed_at__isnull', False), ('closed_by__isnull', False), ('status__in', ['reviewed', 'stopped'])), _connector='OR'), name='questionnaire_closed_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='responseitem',
            constraint=models.UniqueConstraint(fields=('response', 'position'), name='questionnaire_line_once'),
        ),
        migrations.AddConstraint(
            model_name='responseitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True), ('decision', '')), models.Q(models.Q(('decision', ''), _negated=True), ('decided_at__isnull', False), ('decided_by__isnull', False)), _connector='OR'), name='questionnaire_line_decided_by_somebody'),
        ),
    ]
