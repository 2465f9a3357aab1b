"""The one writer of the audit log."""

from django.utils import timezone

from .models import AuditEvent, Outcome


def record(action, *, actor=None, patient=None, obj=None, request=None, detail=None, outcome=Outcome.DONE):
    """
    Append one row and return it. Called inside the transaction of the change it speaks of, so both stand or neither.

    action: "noun.verb" in the past tense, for example "plan.accepted".
    actor: the user; taken from *request* where it is not given; None means the system.
    patient: a Patient or its primary key. obj: the model instance that was read or changed.
    detail: field names, ids and counts. Never clinical text: the log is read by people who may not read records.
    """
    if actor is None and request is not None and request.user.is_authenticated:
        actor = request.user
    return AuditEvent.objects.create(
        at=timezone.now(),
        actor=actor,
        actor_name=str(actor) if actor else "system",
        action=action,
        outcome=outcome,
        patient_pk=getattr(patient, "pk", patient),
        object_type=obj._meta.label_lower if obj is not None else "",
        object_pk=str(obj.pk) if obj is not None else "",
        detail=detail or {},
        address=request.META.get("REMOTE_ADDR") or None if request is not None else None,
        path=request.path[:300] if request is not None else "",
    )
