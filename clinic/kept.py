"""What the top of the clinic keeps, and the web sessions, for the registry of patient models."""

import json
from importlib import import_module

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from audit.patient_models import OtherModel, PatientModel, Trace, register

SIGN_IN = frozenset({SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY})
MESSAGES = "_messages"
SHORTEST = 3  # letters; fewer are found in any text


def declare() -> None:
    register(
        PatientModel(
            "clinic.RecallContact",
            path="patient",
            section="recall_contacts",
            pages=("clinic:recall_person",),
            logged=("recall.contacted",),
        ),
        OtherModel("clinic.Recall", "that a lot was blocked, and why", exported=True),
        OtherModel("clinic.RetentionRule", "how long records are kept", exported=True),
        Trace("web sessions", "a message not yet read may name a patient; the session that names one ends", erase=_web_sessions),
    )


def _web_sessions(patient) -> int:
    """
    Take every message nobody has read yet, and what was typed at a refused signature, out of every web session, as it may be of
    anybody, and end those
    that name this patient elsewhere: their owners sign in again.
    """
    from sessions.views.signature import REFUSED

    store = import_module(settings.SESSION_ENGINE).SessionStore()
    told = (patient.surname, patient.given, patient.preferred_name, patient.phone, patient.email, patient.address)
    words = {text.casefold() for text in told if len(text) >= SHORTEST}
    touched = 0
    for row in _rows(store):
        column = "data" if hasattr(row, "data") else "session_data"
        data = store.decode(getattr(row, column))
        said = [data.pop(name, None) for name in (MESSAGES, REFUSED)]
        rest = json.dumps({key: value for key, value in data.items() if key not in SIGN_IN}, default=str, ensure_ascii=False).casefold()
        if any(word in rest for word in words):
            row.delete()
            touched += 1
        elif any(one is not None for one in said):
            setattr(row, column, store.encode(data))
            row.save(update_fields=[column])
            touched += 1
    return touched


def _rows(store):
    rows = store.rows() if hasattr(store, "rows") else store.model.objects
    return rows.all().iterator(chunk_size=200)
