"""What a clinician says a medicine is that the protocol does not know: kept with the consultation, and with the line on file."""

from django.contrib.auth import get_user_model
from django.utils import timezone

from patients import services as on_file
from patients.models import Medication
from planner.knowledge import Knowledge
from planner.medicines import key_of

from ..models import Consultation


def said_on_file(patient, knowledge: Knowledge) -> dict[str, dict]:
    """{name without dose: answer} of the patient's medicines that a clinician answered for before."""
    said = {}
    for row in patient.medications.exclude(said_classes=None).select_related("said_by"):
        said[key_of(knowledge, row.name)] = _answer(row.said_classes, row.said_ingredient, row.said_by, row.said_at)
    return said


def _answer(classes, ingredient, by, at) -> dict:
    return {
        "classes": list(classes),
        "ingredient": ingredient,
        "by": by.pk if by else None,
        "by_name": by.display_name if by else "a clinician",
        "on": timezone.localdate(at).isoformat(),
    }


def say(consultation: Consultation, chosen: dict, name: str, *, classes, ingredient: str, knowledge: Knowledge, by, request=None) -> dict:
    """
    Return *chosen* with the answer of *by* for the medicine *name*. Where the line is on the patient's file already it is kept
    there at once; a new line takes it along at acceptance.
    """
    key = key_of(knowledge, name)
    for row in consultation.patient.medications.select_related("patient"):
        if key_of(knowledge, row.name) == key:
            on_file.say_what_it_is(row, classes=list(classes), ingredient=ingredient, key=key, by=by, request=request)
    return {**chosen, "said": {**chosen.get("said", {}), key: _answer(classes, ingredient, by, timezone.now())}}


def take_back(chosen: dict, name: str, knowledge: Knowledge) -> dict:
    """Return *chosen* without the answer for *name*: it is asked again."""
    key = key_of(knowledge, name)
    return {**chosen, "said": {other: answer for other, answer in chosen.get("said", {}).items() if other != key}}


def keep_with(row: Medication, chosen: dict, *, knowledge: Knowledge, request=None) -> None:
    """Give a line of the file the answer of the consultation, as whoever said it."""
    key = key_of(knowledge, row.name)
    answer = chosen.get("said", {}).get(key)
    if answer is None or (row.said_classes == answer["classes"] and row.said_ingredient == answer["ingredient"]):
        return
    by = get_user_model().objects.filter(pk=answer["by"]).first()
    on_file.say_what_it_is(row, classes=answer["classes"], ingredient=answer["ingredient"], key=key, by=by, request=request)
