"""What this app keeps of patients, for the registry of patient models."""

from audit.patient_models import PatientModel, register


def declare() -> None:
    register(
        PatientModel(
            "events.FollowUpCall",
            path="patient",
            section="follow_up_calls",
            pages=("events:made",),
            logged=("call.made",),
            contact="at",
        ),
        PatientModel(
            "events.CallAcknowledgement",
            path="call__patient",
            section="call_acknowledgements",
            pages=("events:made",),
            logged=("call.acknowledged",),
        ),
        PatientModel(
            "events.AdverseEvent",
            path="patient",
            section="adverse_events",
            pages=("events:event",),
            logged=("event.opened",),
            contact="opened_at",
        ),
        PatientModel(
            "events.EventAddition",
            path="event__patient",
            section="adverse_event_additions",
            pages=("events:event",),
            logged=("event.added_to",),
            contact="at",
        ),
    )
