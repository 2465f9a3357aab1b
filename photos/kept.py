"""What this app keeps of patients, for the registry of patient models."""

from audit.patient_models import PatientModel, StoredFile, register
from consent.photos import Use, may_use

_COLUMNS = ("full_file", "full_sha256", "screen_file", "thumb_file")


def declare() -> None:
    register(
        PatientModel(
            "photos.Photo",
            path="patient",
            section="photos",
            pages=("photos:photo",),
            logged=("photo.added", "photo.opened", "photo.removed"),
            contact="taken_at",
            leaves_out=("request_key", "full_file", "screen_file", "thumb_file", "screen_sha256", "thumb_sha256"),
            files=_files,
        ),
        PatientModel(
            "photos.PhotoSkip",
            path="patient",
            section="photo_skips",
            pages=("photos:skip",),
            logged=("photos.skipped",),
            leaves_out=("request_key",),
        ),
    )


def _files(rows):
    """
    The largest size of each goes out, where the patient lets photos be used in the record. One that was taken out may show somebody
    else and stays in. All sizes go with an erasure.
    """
    may: dict[int, bool] = {}
    for photo in rows.select_related("patient").only("pk", "patient", "removed_at", *_COLUMNS):
        if photo.patient_id not in may:
            may[photo.patient_id] = may_use(photo.patient, Use.RECORD)
        yield StoredFile(
            photo.pk,
            photo.full_file,
            f"photo-{photo.pk}.jpg",
            photo.full_sha256,
            also=(photo.screen_file, photo.thumb_file),
            withheld=not may[photo.patient_id] or photo.removed_at is not None,
        )
