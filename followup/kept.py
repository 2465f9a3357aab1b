"""What this app keeps of patients, for the registry of patient models."""

from audit.patient_models import OtherModel, PatientModel, register


def declare() -> None:
    register(
        PatientModel(
            "followup.ContactChoice",
            path="patient",
            section="contact_choices",
            pages=("followup:contact",),
            logged=("contact.changed", "contact.stopped"),
        ),
        PatientModel(
            "followup.Reminder",
            path="booking__patient",
            section="reminders",
            pages=("followup:contact",),
            logged=("reminder.sent", "reminder.failed"),
            leaves_out=("stop_digest",),
        ),
        PatientModel(
            "followup.OutboxText",
            path="reminder__booking__patient",
            section="texts",
            pages=("followup:text_done",),
            logged=("text.done",),
        ),
        PatientModel(
            "followup.WaitingEntry",
            path="patient",
            section="waiting",
            pages=("followup:wait",),
            logged=("waiting.added", "waiting.ended", "waiting.again"),
            contact="created_at",
        ),
        OtherModel("followup.CalendarLink", "the hash of the address a clinician's calendar program reads", in_backup=False),
        OtherModel("followup.ReminderSettings", "when and how a site reminds its patients", exported=True),
    )
