"""
Photos in the demo clinic: drawings, plainly of nobody, made here. They go past the decoder, which reads what strangers send, and into the
record as any photo does.
"""

import datetime as dt
import hashlib
import random

from django.utils import timezone
from PIL import Image, ImageDraw, ImageFont

from accounts.models import User
from patients.models import Patient
from photos import decoder, decoding, permission, services
from photos.models import Photo
from photos.standard_views import Area, View
from plans.models import TreatmentPlan
from sessions.models import TreatmentSession

from .world import World

SIZE = (720, 960)
SKIN = {1: "#f3dccb", 2: "#ecc9ae", 3: "#d9ab86", 4: "#b98258", 5: "#8d5a3a", 6: "#5f3d2a"}
HAIR, GROUND, LINE, MARK = "#3a3f45", "#c9d3d6", "#2a2f33", "#a2483c"
SECONDS_EACH = 25
# How far the head is turned to the viewer's side: 1 = the nose at the edge.
TURN = {View.FRONT: 0.0, View.OBLIQUE_RIGHT: -0.5, View.OBLIQUE_LEFT: 0.5, View.SIDE_RIGHT: -1.0, View.SIDE_LEFT: 1.0}


def baseline(world: World, plan: TreatmentPlan, *, by: User) -> None:
    """The whole set before the first session."""
    areas = services.areas_in(plan.protocol_version, [zone.zone for zone in plan.zones.all()])
    _sitting(plan.patient, areas, None, by=by, done=0)


def of_session(world: World, session: TreatmentSession, *, by: User) -> None:
    """The whole set at the session, before the needle; where the patient does not allow it, why there is none."""
    if not permission.in_record(session.patient):
        services.skip(session, reason="not_allowed", note="", by=by, request_key="demo")
        return
    _sitting(session.patient, services.areas_of_session(session), session, by=by, done=session.session_number)


def _sitting(patient: Patient, areas: list[Area], session: TreatmentSession | None, *, by: User, done: int) -> None:
    if not permission.in_record(patient):
        return
    for area in areas:
        for place, view in enumerate(area.views):
            taken = services.Taken(
                occasion=Photo.Occasion.SESSION if session else Photo.Occasion.BASELINE,
                session=session,
                area=area,
                view=view.value,
                zone=("", ""),
                taken_at=timezone.now() + dt.timedelta(seconds=SECONDS_EACH * place),
                way=Photo.Way.CAMERA,
                light=Photo.Light.LAMP,
                distance_cm=90 if done != 1 else 85,  # the second time the mark on the floor was missed a little
                make_up=False,
            )
            made = _decoded(_drawn(patient, area, view, done))
            services.keep_made(patient, made, taken, taken.taken_at, by=by, key=f"demo-{patient.pk}-{area.code}-{view}-{done}")


def _decoded(picture: Image.Image) -> decoding.Decoded:
    full, screen, thumb = decoder.sizes_of(picture)
    return decoding.Decoded(
        sha256=hashlib.sha256(full).hexdigest(),
        size=len(full),
        kind="jpeg",
        full=full,
        screen=screen,
        thumb=thumb,
        width=picture.width,
        height=picture.height,
        camera="Drawn for the demo",
        lens_mm=52,
        flash=False,
        taken="",
    )


def _drawn(patient: Patient, area: Area, view: View, done: int) -> Image.Image:
    picture = Image.new("RGB", SIZE, GROUND)
    pen = ImageDraw.Draw(picture)
    skin = SKIN.get(patient.phototype or 3, SKIN[3])
    chance = random.Random(f"{patient.pk} {area.code} {view}")  # noqa: S311 - the same marks each time, fewer of them
    box = _face(pen, skin, TURN[view]) if area.code == "face" else _limb(pen, skin, view)
    x0, y0, x1, y1 = box
    for number in range(26):
        x, y = x0 + (x1 - x0) * chance.random(), y0 + (y1 - y0) * chance.random()
        size = 3 + 7 * chance.random()
        if number < 26 - 5 * done and ((x - (x0 + x1) / 2) / (x1 - x0)) ** 2 + ((y - (y0 + y1) / 2) / (y1 - y0)) ** 2 < 0.2:
            pen.ellipse((x - size, y - size * 0.7, x + size, y + size * 0.7), outline=MARK, width=2)
    pen.text((SIZE[0] / 2, SIZE[1] - 46), "A drawing of nobody", fill=LINE, anchor="mm", font=ImageFont.load_default(30))
    return picture


def _face(pen: ImageDraw.ImageDraw, skin: str, turn: float) -> tuple[int, int, int, int]:
    """Returns the field of the cheeks, where marks are drawn."""
    shift = round(60 * turn)
    pen.rectangle((290, 640, 430, 900), fill=skin)
    pen.ellipse((150, 90, 570, 600), fill=HAIR)
    pen.ellipse((180 + shift // 2, 150, 540 + shift // 2, 740), fill=skin, outline=LINE, width=3)
    pen.chord((170, 80, 550, 460), 180, 360, fill=HAIR)
    if abs(turn) < 1:
        for side in (-1, 1):
            x = 360 + side * (85 - round(20 * abs(turn))) + shift
            pen.arc((x - 36, 380, x + 36, 430), 200, 340, fill=LINE, width=4)
            pen.ellipse((x - 9, 400, x + 9, 418), fill=LINE)
        pen.line((360 + shift, 420, 348 + shift + round(30 * turn), 520, 372 + shift, 524), fill=LINE, width=4, joint="curve")
        pen.arc((300 + shift, 560, 420 + shift, 640), 20, 160, fill=LINE, width=5)
        return 230 + shift, 430, 490 + shift, 620
    side = 1 if turn > 0 else -1
    edge = 360 + shift // 2 + side * 178
    pen.polygon([(edge - side * 12, 420), (edge + side * 46, 520), (edge - side * 8, 540)], fill=skin, outline=LINE, width=3)
    eye = 360 + shift // 2 + side * 110
    pen.arc((eye - 32, 385, eye + 32, 430), 200, 340, fill=LINE, width=4)
    pen.line((edge - side * 14, 612, edge - side * 74, 618), fill=LINE, width=5)
    pen.arc((360 - side * 60 - 34, 400, 360 - side * 60 + 34, 500), 0, 360, fill=LINE, width=4)
    return 270 + shift, 430, 470 + shift, 620


def _limb(pen: ImageDraw.ImageDraw, skin: str, view: View) -> tuple[int, int, int, int]:
    if view in (View.SIDE_RIGHT, View.SIDE_LEFT):
        pen.polygon([(250, 60), (500, 60), (450, 880), (300, 880)], fill=skin, outline=LINE, width=3)
        return 290, 200, 450, 640
    for left in (150, 380):
        pen.polygon([(left, 60), (left + 200, 60), (left + 170, 880), (left + 30, 880)], fill=skin, outline=LINE, width=3)
    return 180, 200, 560, 640
