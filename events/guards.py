"""Calls, who took them in hand, and the files of events stay as they were written: the database refuses to change or delete them."""

from audit.guards import Guard, no_change

OF_ACKNOWLEDGEMENT = "(SELECT c.patient_id FROM events_followupcall AS c WHERE c.id = OLD.call_id)"
OF_ADDITION = "(SELECT e.patient_id FROM events_adverseevent AS e WHERE e.id = OLD.event_id)"


def guards() -> list[Guard]:
    from .models import AdverseEvent, CallAcknowledgement, EventAddition, FollowUpCall

    def kept(model, reason: str, name: str, patient: str) -> Guard:
        return no_change(model._meta.db_table, reason=reason, name=name, patient=patient)

    return [
        kept(FollowUpCall, "A call is never changed: the next one is a row of its own", "call_kept", "OLD.patient_id"),
        kept(CallAcknowledgement, "What was decided about a call is never changed", "call_acknowledged", OF_ACKNOWLEDGEMENT),
        kept(AdverseEvent, "The file of an event is only added to", "event_kept", "OLD.patient_id"),
        kept(EventAddition, "What was added to an event is never changed", "event_addition_kept", OF_ADDITION),
    ]
