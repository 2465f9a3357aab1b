"""Taking photos: what is asked, what is refused with what was typed still there, and what is kept."""

import datetime as dt
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from audit.models import AuditEvent
from photos import decoding, services, storage
from photos.models import Photo, PhotoSkip
from photos.tests.pictures import allow, jpeg, photo_of, sent
from protocols.knowledge import DocumentChanged
from sessions.models import Resource
from sessions.tests.record_case import RecordCase, signed
from tests import made

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def place(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    return settings.MEDIA_ROOT


@pytest.fixture
def case(site, clinician, patient):
    return RecordCase(site, clinician, patient)


@pytest.fixture
def page(client, clinician, patient, case):
    allow(patient, by=clinician)
    client.force_login(clinician)
    return reverse("photos:take", args=[patient.number])


def send(client, page, data=None, *, name="photo.jpg", key="a", **changes):
    fields = {
        "request_key": key, "way": "", "area": "face", "view": "front", "occasion": "baseline", "light": "lamp", "distance_cm": "90",
        "make_up": "no", "taken_on": timezone.localdate().isoformat(), "picture": sent(jpeg() if data is None else data, name),
    }  # fmt: skip
    return client.post(page, {name: value for name, value in {**fields, **changes}.items() if value is not None})


def stored() -> list[Path]:
    return [path for path in Path(django_settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def words_of(answer) -> str:
    return " ".join(answer.content.decode().split())


@pytest.mark.both_engines
def test_a_picture_is_kept_in_three_sizes_with_its_facts(client, page, patient, clinician):
    data = jpeg((1200, 1600))
    answer = send(client, page, data)
    assert answer.status_code == 302
    photo = Photo.objects.get()
    assert (photo.patient, photo.view, photo.light, photo.distance_cm, photo.make_up) == (patient, "front", "lamp", 90, False)
    assert (photo.original_sha256, photo.original_bytes) == (storage.sha256(data), len(data))
    sizes = {}
    for size in ("full", "screen", "thumb"):
        held = storage.read(getattr(photo, f"{size}_file"), getattr(photo, f"{size}_sha256"))
        assert decoding.carried_by(held) == []
        with Image.open(default_storage.open(getattr(photo, f"{size}_file"))) as picture:
            sizes[size] = picture.size
    assert sizes == {"full": (1200, 1600), "screen": (1200, 1600), "thumb": (270, 360)}
    row = AuditEvent.objects.get(action="photo.added")
    assert (row.patient_pk, row.actor, row.outcome) == (patient.pk, clinician, "done")
    assert len(stored()) == 3, "nothing of the file that was sent is left"
    assert all(data not in path.read_bytes() for path in stored())


def test_the_next_view_of_the_set_follows_and_the_setting_goes_on(client, page):
    first = client.get(page).content.decode()
    assert " checked" not in first.partition("ghost-on")[0], "nothing is preset on the first picture"
    assert 'name="distance_cm" value' not in first
    answer = client.get(send(client, page)["Location"])
    words = answer.content.decode()
    assert "Face, 45° right" in words
    assert 'value="90"' in words
    assert 'value="lamp"' in words.partition("checked")[0][-200:]
    assert "1 of 5 of the set" in words


@pytest.mark.both_engines
def test_a_double_press_keeps_one_picture(client, page):
    assert [send(client, page).status_code for _ in range(2)] == [302, 302]
    assert Photo.objects.count() == 1
    assert len(stored()) == 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"picture": None}, "Take a photo or choose a file."),
        ({"occasion": ""}, "Choose what the photo belongs to."),
        ({"occasion": "999999"}, "Choose what the photo belongs to."),
        ({"occasion": "session"}, "Choose what the photo belongs to."),
        ({"light": ""}, "Choose the light."),
        ({"distance_cm": ""}, "Enter the distance from the camera to the skin."),
        ({"distance_cm": "nine"}, "in whole centimetres"),
        ({"distance_cm": "4000"}, "400 cm or less"),
        ({"make_up": ""}, "Say whether make-up is worn."),
        ({"view": "from_above"}, "Choose again what the photo shows"),
        ({"area": "moon"}, "Choose again what the photo shows"),
        ({"view": "close_up"}, "Choose which zone the close-up shows."),
        ({"view": "close_up", "zone": "abdomen"}, "Choose which zone the close-up shows."),
        ({"taken_on": "yesterday"}, "Enter the day as 17 Nov 2026."),
        ({"taken_on": ""}, "The file does not say when it was taken."),
        ({"taken_on": "2099-01-01"}, "still to come"),
        ({"taken_on": "1980-01-01"}, "before the patient was born"),
    ],
)
def test_what_is_missing_or_wrong_is_said_and_what_was_typed_stays(client, page, changes, words):
    answer = send(client, page, **{"distance_cm": "87", **changes})
    assert answer.status_code == 422
    assert words in words_of(answer)
    if "distance_cm" not in changes:
        assert 'value="87"' in answer.content.decode()
    assert not Photo.objects.exists()
    assert stored() == []


def test_a_file_without_a_day_takes_the_one_the_camera_wrote(client, page, patient):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2026:03:05 14:30:00"
    assert send(client, page, jpeg(exif=exif), taken_on="").status_code == 302
    assert patient.site.local(Photo.objects.get().taken_at).isoformat()[:16] == "2026-03-05T14:30"


def test_without_permission_nothing_is_read_and_nothing_is_kept(client, clinician, patient, case):
    client.force_login(clinician)
    page = reverse("photos:take", args=[patient.number])
    assert "not allowed in the record" in words_of(client.get(page))
    answer = send(client, page)
    assert (answer.status_code, Photo.objects.count(), stored()) == (409, 0, [])
    assert AuditEvent.objects.get(action="photo.added").outcome == "refused"


@pytest.mark.both_engines
def test_a_permission_that_is_taken_back_while_the_picture_is_read_stops_it(client, page, patient, clinician, monkeypatch):
    read = decoding.decode

    def slowly(*args, **kwargs):
        made = read(*args, **kwargs)
        allow(patient, by=clinician, record=False)
        return made

    monkeypatch.setattr("photos.services.decoding.decode", slowly)
    assert send(client, page).status_code == 409
    assert not Photo.objects.exists()
    assert stored() == []


@pytest.mark.both_engines
def test_the_same_file_is_not_kept_twice_and_never_for_somebody_else(client, page, patient, clinician, site):
    data = jpeg()
    send(client, page, data)
    answer = send(client, page, data, key="b", view="side_left")
    assert answer.status_code == 422
    assert "kept already: Face, Front" in words_of(answer)
    other = patient.__class__.objects.create(number=10500, site=site, surname="Sand", birth_date=dt.date(1980, 1, 1))
    allow(other, by=clinician)
    answer = send(client, reverse("photos:take", args=[other.number]), data, key="c")
    assert answer.status_code == 422
    assert "kept for another patient" in words_of(answer)
    assert "Rahman" not in words_of(answer)
    assert Photo.objects.count() == 1
    assert len(stored()) == 3


@pytest.mark.both_engines
def test_a_storage_that_fails_leaves_nothing(client, page, monkeypatch):
    real, count = default_storage.save, iter(range(10))

    def full(name, content):
        if next(count) == 1:
            raise OSError(28, "No space left on device")
        return real(name, content)

    monkeypatch.setattr(default_storage, "save", full)
    answer = send(client, page)
    assert answer.status_code == 503
    assert "could not be stored" in words_of(answer)
    assert (Photo.objects.count(), stored()) == (0, [])


def test_only_where_photos_are_taken_the_camera_may_be_used(client, page, patient):
    assert "camera=(self)" in client.get(page)["Permissions-Policy"]
    assert "camera=()" in client.get(reverse("photos:patient", args=[patient.number]))["Permissions-Policy"]


# Of a session


@pytest.fixture
def session(case):
    return case.started()


def test_of_a_session_it_belongs_to_it_and_to_no_other_patients(client, page, session, site, clinician):
    assert send(client, f"{page}?session={session.pk}", occasion=str(session.pk)).status_code == 302
    photo = Photo.objects.get()
    assert (photo.session, photo.occasion, photo.patient) == (session, "session", session.patient)
    other = session.patient.__class__.objects.create(number=10501, site=site, surname="Sand", birth_date=dt.date(1980, 1, 1))
    Resource.objects.all().update(name="", user=None)
    strange = RecordCase(site, clinician, other).started(request_key="of another")
    answer = send(client, page, key="b", view="side_left", occasion=str(strange.pk))
    assert answer.status_code == 422
    assert Photo.objects.count() == 1


def test_it_is_of_the_day_of_its_session(client, page, session):
    day = timezone.localdate() - dt.timedelta(days=3)
    answer = send(client, page, occasion=str(session.pk), taken_on=day.isoformat())
    assert answer.status_code == 422
    assert "The session was on" in words_of(answer)


def test_the_record_says_how_many_there_are_and_why_not_all(client, page, session, clinician, patient):
    record = reverse("sessions:record", args=[session.pk])
    assert "0 of 5" in words_of(client.get(record))
    photo_of(patient, by=clinician, allowed=False, session=session)
    photo_of(patient, by=clinician, allowed=False, session=session, view="close_up", zone="chin", zone_label="Chin")
    assert "1 of 5" in words_of(client.get(record)), "a close-up is none of the set"
    skip = reverse("photos:skip", args=[session.pk])
    assert client.post(skip, {"request_key": "a"}).status_code == 422
    answer = client.post(skip, {"request_key": "a", "reason": "other", "note": " "})
    assert "Say why there are no photos." in words_of(answer)
    for _ in range(2):
        assert client.post(skip, {"request_key": "b", "reason": "other", "note": "The lamp is being mended"}).status_code == 302
    assert PhotoSkip.objects.count() == 1
    assert "Skipped: <bdi>Other, say what: The lamp is being mended</bdi>" in words_of(client.get(record))


def test_a_protocol_that_was_tampered_with_stops_no_photo_and_no_record_from_being_read(case, session, monkeypatch):
    def changed(version):
        raise DocumentChanged(version)

    monkeypatch.setattr("photos.services.knowledge_of", changed)
    assert [area.code for area in services.areas_of_session(session)] == ["face"]
    assert services.progress_of(session).wanted == 5


def test_a_record_is_signed_without_photos_and_says_so_after(client, page, case):
    """No protocol asks for them before a signature: they never stand in its way."""
    done = signed(case)
    assert "0 of 5" in words_of(client.get(reverse("sessions:record", args=[done.pk])))


@pytest.mark.both_engines
def test_what_no_row_names_is_swept_away_and_nothing_else(client, page, place):
    send(client, page)
    left = storage.write(b"of a request that was cut off")
    part = default_storage.save("photos/parts/x.part", ContentFile(b"half"))
    made.written(stored())
    assert storage.sweep() == 0, "it may still be going on"
    made.written(stored(), hours_ago=2)
    assert storage.sweep() == 2
    assert len(stored()) == 3
    assert not any(default_storage.exists(name) for name in (left, part))
