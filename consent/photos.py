"""For what a patient's photos may be used. `may_use` is the one home of the rule: whoever shows or takes out a photo asks it, each time."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from audit.services import gathered, record

from .lock import hold
from .models import PhotoPermission
from .wording import photo_question

Use = PhotoPermission.Use


@dataclass(frozen=True)
class Answer:
    """How it stands with one use. row: the newest answer; None: nobody was asked."""

    use: str
    row: PhotoPermission | None

    @property
    def label(self) -> str:
        return Use(self.use).label

    @property
    def may(self) -> bool:
        return self.row is not None and self.row.allowed


def answers_of(patient) -> list[Answer]:
    """One for each use, in the order they are asked; one query."""
    rows = PhotoPermission.objects.filter(patient=patient).select_related("recorded_by").order_by("at", "pk")
    newest = {row.use: row for row in rows}
    return [Answer(use, newest.get(use)) for use in Use.values]


def may_use(patient, use: str) -> bool:
    """Whether photos of this person may be used so, now. Not asked, refused and taken back are all no."""
    newest = PhotoPermission.objects.filter(patient=patient, use=Use(use)).order_by("-at", "-pk").values_list("allowed", flat=True).first()
    return newest is True


def answer(patient, said: dict[str, bool], *, language: str, said_by: str, by, request_key: str, reason: str = "") -> list[PhotoPermission]:
    """
    Keep what was answered, {use: yes or no}; a use nobody spoke of stays as it was. The same *request_key* answers once.

    What says the same as what stands already leaves no row.
    """
    made = []
    with transaction.atomic(), gathered():
        hold(patient)
        standing = {one.use: one.row for one in answers_of(patient)}
        for use, allowed in said.items():
            key = f"{patient.pk}-{use}-{request_key}"
            if PhotoPermission.objects.filter(request_key=key).exists() or (standing[use] and standing[use].allowed == allowed):
                continue
            made.append(
                PhotoPermission.objects.create(
                    patient=patient,
                    use=use,
                    allowed=allowed,
                    language=language,
                    question=photo_question(use, language),
                    said_by=said_by,
                    reason="" if allowed else reason,
                    recorded_by=by,
                    at=timezone.now(),
                    request_key=key,
                )
            )
        for row in made:
            record("consent.photos_answered", actor=by, patient=patient, obj=row, detail={"use": row.use, "allowed": row.allowed})
    return made
