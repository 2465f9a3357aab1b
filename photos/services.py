"""Keeping a photo, taking one out that was entered in error, and saying why there are none."""

import datetime as dt
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.templatetags.clinic_format import in_words
from audit.services import record
from consent.lock import hold
from patients.models import Patient
from planner.errors import KnowledgeFaults
from protocols.knowledge import DocumentChanged, knowledge_of
from protocols.models import ProtocolVersion
from sessions.models import TreatmentSession

from . import decoding, permission, storage
from .models import Photo, PhotoSkip
from .standard_views import Area, View, areas_of


class KeptAlready(Exception):
    """The very same file is there already; the text says where."""


@dataclass(frozen=True)
class Taken:
    """How a picture was taken, as the form says it. session: empty = baseline or review. zone: (id, label) of a close-up."""

    occasion: str
    session: TreatmentSession | None
    area: Area
    view: str
    zone: tuple[str, str]
    taken_at: dt.datetime | None  # None: as the camera says
    way: str
    light: str
    distance_cm: int
    make_up: bool


class NoDay(Exception):
    """Nobody said when it was taken, and the file does not say it either."""


class WrongDay(Exception):
    """It was not taken on the day of the session, or in the future, or before the patient was born; the text says which."""


def keep(patient: Patient, file, taken: Taken, *, by, request_key: str) -> Photo:
    """
    Keep what *file* shows, in three sizes made from its pixels. The same *request_key* keeps one picture.

    Raises:
        permission.NotAllowed; decoding.NotAPhoto; NoDay, WrongDay; KeptAlready; OSError: the storage did not take it. Nothing is kept.
    """
    key = f"{patient.pk}-{request_key}"
    if done := Photo.objects.filter(request_key=key).first():
        return done
    permission.ask(patient, permission.Use.RECORD)
    made = decoding.decode(file, name=file.name or "")
    taken_at = taken.taken_at or _as_camera_says(made.taken, patient.site)
    judge_day(taken_at, taken.session, patient)
    return keep_made(patient, made, taken, taken_at, by=by, key=key)


def keep_made(patient: Patient, made: decoding.Decoded, taken: Taken, taken_at: dt.datetime, *, by, key: str) -> Photo:
    """As `keep`, of what was decoded already. The files are whole before a row names them; without the row none stays."""
    names: list[str] = []
    try:
        for data in (made.full, made.screen, made.thumb):
            names.append(storage.write(data))
        return _add(patient, taken, taken_at, made, names, by=by, key=key)
    except IntegrityError:
        storage.remove(names)
        done = Photo.objects.filter(request_key=key).first()  # pressed twice at once
        if done is None:
            raise
        return done
    except BaseException:
        storage.remove(names)
        raise


def _add(patient: Patient, taken: Taken, taken_at, made: decoding.Decoded, names: list[str], *, by, key: str) -> Photo:
    full, screen, thumb = names
    with transaction.atomic():
        hold(patient)
        permission.ask(patient, permission.Use.RECORD)  # taken back while the picture was read
        _judge_same(patient, made.sha256)
        photo = Photo.objects.create(
            patient=taken.session.patient if taken.session else patient,
            site=patient.site,
            occasion=taken.occasion,
            session=taken.session,
            area=taken.area.code,
            area_label=taken.area.label,
            view=taken.view,
            zone=taken.zone[0],
            zone_label=taken.zone[1],
            taken_at=taken_at,
            way=taken.way,
            light=taken.light,
            distance_cm=taken.distance_cm,
            make_up=taken.make_up,
            lens_mm=made.lens_mm,
            camera=made.camera,
            width=made.width,
            height=made.height,
            original_kind=made.kind,
            original_bytes=made.size,
            original_sha256=made.sha256,
            full_file=full,
            full_sha256=storage.sha256(made.full),
            screen_file=screen,
            screen_sha256=storage.sha256(made.screen),
            thumb_file=thumb,
            thumb_sha256=storage.sha256(made.thumb),
            added_by=by,
            added_at=timezone.now(),
            request_key=key,
        )
        detail = {"area": photo.area, "view": photo.view, "session": photo.session_id, "sha256": photo.original_sha256}
        record("photo.added", actor=by, patient=photo.patient_id, obj=photo, detail=detail)
    return photo


def _judge_same(patient: Patient, sha256: str) -> None:
    """A file that is there already was chosen by mistake; of somebody else, it may be the wrong patient."""
    same = Photo.objects.standing().filter(original_sha256=sha256).select_related("site", "patient").order_by("pk").first()
    if same is None:
        return
    if same.patient.person_pk != patient.person_pk:
        raise KeptAlready(_("The very same file is kept for another patient. Look who is in the picture before anything else."))
    raise KeptAlready(
        _("The very same file is kept already: %(same)s, %(taken_at)s.")
        % {"same": same, "taken_at": in_words(same.site.day_of(same.taken_at))}
    )


def _as_camera_says(text: str, site) -> dt.datetime:
    try:
        return dt.datetime.strptime(text, "%Y:%m:%d %H:%M:%S").replace(tzinfo=site.zone)
    except ValueError:
        raise NoDay from None


def judge_day(taken_at: dt.datetime, session: TreatmentSession | None, patient: Patient) -> None:
    day, today = patient.site.day_of(taken_at), patient.site.day_of(timezone.now())
    if day > today:
        raise WrongDay(_("The picture says it is of %(day)s, which is still to come. Enter the day it was taken.") % {"day": in_words(day)})
    if day < patient.birth_date:
        raise WrongDay(
            _("The picture says it is of %(day)s, before the patient was born. Enter the day it was taken.") % {"day": in_words(day)}
        )
    if session is not None and session.site.day_of(session.started_at) != session.site.day_of(taken_at):
        held = session.site.day_of(session.started_at)
        raise WrongDay(
            _("The session was on %(held)s and the picture is of %(day)s. Choose baseline or review, or the right day.")
            % {"held": in_words(held), "day": in_words(day)}
        )


def remove(photo: Photo, reason: str, *, by) -> bool:
    """Take *photo* out as entered in error. It is shown to nobody from now on; the row and who did it stay. False: it was out already."""
    with transaction.atomic():
        rows = Photo.objects.standing().filter(pk=photo.pk)
        if not rows.update(removed_at=timezone.now(), removed_by=by, removed_reason=reason):
            return False
        record("photo.removed", actor=by, patient=photo.patient_id, obj=photo, detail={"area": photo.area, "view": photo.view})
    return True


def skip(session: TreatmentSession, *, reason: str, note: str, by, request_key: str) -> PhotoSkip:
    """Keep why no photos, or not all, are taken at *session*. The same *request_key* says it once."""
    key = f"{session.pk}-{request_key}"
    with transaction.atomic():
        hold(session.patient)
        if done := PhotoSkip.objects.filter(request_key=key).first():
            return done
        row = PhotoSkip.objects.create(
            patient=session.patient, session=session, reason=reason, note=note, said_by=by, at=timezone.now(), request_key=key
        )
        record("photos.skipped", actor=by, patient=session.patient_id, obj=row, detail={"session": session.pk, "reason": reason})
    return row


# What a session wants


@dataclass(frozen=True)
class Progress:
    """How far the set of a session is. skip: the reason that was given, where one was."""

    taken: int
    wanted: int
    skip: PhotoSkip | None

    @property
    def is_whole(self) -> bool:
        return self.taken >= self.wanted


def areas_in(version: ProtocolVersion, zone_ids: list[str] | None = None) -> list[Area]:
    """
    The areas of *zone_ids*, or of every zone of *version*. Names alone: one that was tampered with is refused where values are taken
    from it, and a face can still be photographed.
    """
    try:
        return areas_of(knowledge_of(version), zone_ids)
    except (DocumentChanged, KnowledgeFaults):
        return [Area("face", "Face")]


def areas_of_session(session: TreatmentSession) -> list[Area]:
    return areas_in(session.plan.protocol_version, [zone.zone for zone in session.zones.all()])


def progress_of(session: TreatmentSession) -> Progress:
    wanted = {(area.code, view.value) for area in areas_of_session(session) for view in area.views}
    have = set(Photo.objects.standing().filter(session=session).values_list("area", "view"))
    return Progress(len(wanted & have), len(wanted), PhotoSkip.objects.filter(session=session).select_related("said_by").first())


def missing_views(area: Area, photos) -> list[View]:
    have = {photo.view for photo in photos if photo.area == area.code}
    return [view for view in area.views if view not in have]
