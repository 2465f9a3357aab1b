"""What a patient sent stays as it was sent, and what a clinician decided on a line stays decided: the database refuses the rest."""

from audit.guards import Guard, no_change, refuse

WAY = (("in-progress", "completed"), ("in-progress", "stopped"), ("completed", "reviewed"))
OF_PATIENT = ("patient_id", "site_id", "protocol_version_id", "language", "inputs", "asked", "sent_at", "handed_by_id", "handed_at")
OF_LINE = ("response_id", "position", "kind", "code", "inputs", "asked", "said")
OF_ITEM = "(SELECT r.patient_id FROM intake_questionnaireresponse AS r WHERE r.id = OLD.response_id)"


def guards() -> list[Guard]:
    from .models import QuestionnaireResponse, ResponseItem

    response, item = QuestionnaireResponse._meta.db_table, ResponseItem._meta.db_table
    ways = " OR ".join(f"(OLD.status = '{start}' AND NEW.status = '{end}')" for start, end in WAY)
    sent = "What a patient sent is never changed"
    # Only names of our own are put together here, nothing that anybody types.
    not_open = f"NOT EXISTS (SELECT 1 FROM {response} AS r WHERE r.id = NEW.response_id AND r.status = 'in-progress')"  # noqa: S608
    return [
        no_change(
            response,
            when="OLD.status <> 'in-progress'",
            columns=OF_PATIENT,
            reason=sent,
            name="questionnaire_sent",
            patient="OLD.patient_id",
        ),
        refuse(
            response,
            event="UPDATE",
            columns=("status",),
            when=f"OLD.status <> NEW.status AND NOT ({ways})",
            reason="Questions go from being answered to sent to gone through",
            name="questionnaire_way",
        ),
        refuse(item, event="INSERT", when=not_open, reason="Lines are written when they are sent", name="questionnaire_line_added"),
        no_change(item, columns=OF_LINE, reason=sent, name="questionnaire_line_sent", patient=OF_ITEM),
        no_change(
            item,
            when="OLD.decision <> ''",
            columns=("decision", "decided_by_id", "decided_at", "before"),
            reason="A line is decided once",
            name="questionnaire_line_decided",
            patient=OF_ITEM,
        ),
    ]
