"""Photos as a file: for one use, only while the patient allows it, with nothing but the pictures; and how they go with a whole record."""

import hashlib
import io
import json
import time
import zipfile

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from accounts.signing_in.session import PASSWORD, PROVED
from audit.models import AuditEvent
from clinic.durability import files as durable
from clinic.rights import erasing, exporting
from photos.models import Photo
from photos.tests.pictures import allow, photo_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def places(settings, tmp_path):
    settings.MEDIA_ROOT, settings.AUDIT_DIR = tmp_path / "files", tmp_path / "audit"


@pytest.fixture
def proved(client, medical_lead):
    """A medical lead at the screen who said a moment ago who they are."""
    client.force_login(medical_lead)
    session = client.session
    session[PROVED] = {PASSWORD: time.time()}
    session.save()
    return client


@pytest.fixture
def photos(patient, clinician):
    return [photo_of(patient, by=clinician, view=view) for view in ("front", "side_left")]


def page(patient) -> str:
    return reverse("clinic:photos_out", args=[patient.number])


def opened(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def files_of(patient) -> list[tuple[str, str]]:
    said = json.loads(opened(b"".join(exporting.of_patient(patient, by="x")))["record.json"])
    return [(file["section"], file["state"]) for file in said["files"]]


@pytest.mark.both_engines
def test_the_archive_holds_what_was_ticked_and_sums_that_are_right(proved, patient, photos):
    answer = proved.post(page(patient), {"use": "record", "photos": [photos[1].pk]})
    assert answer["Content-Type"] == "application/zip"
    found = opened(answer.content)
    sums = dict(reversed(line.split("  ")) for line in found.pop("SHA256SUMS").decode().splitlines())
    assert {name: hashlib.sha256(data).hexdigest() for name, data in found.items()} == sums
    assert set(found) == {"README.txt", "photos.json", "photos/001-face-side-left.jpg"}
    assert json.loads(found["photos.json"])["photos"][0]["photo"] == photos[1].pk
    row = AuditEvent.objects.get(action="photos.taken_out")
    assert (row.patient_pk, row.detail) == (patient.pk, {"use": "record", "photos": [photos[1].pk]})


def test_for_teaching_nothing_says_whose_they_are(proved, patient, photos, clinician):
    allow(patient, by=clinician, teaching=True)
    answer = proved.post(page(patient), {"use": "teaching", "photos": [photo.pk for photo in photos]})
    text = (
        b"".join(data for name, data in opened(answer.content).items() if not name.endswith(".jpg")).decode()
        + answer["Content-Disposition"]
    )
    for secret in (patient.surname, patient.given, str(patient.number), photos[0].original_sha256, f'"{photos[0].pk}"'):
        assert secret not in text


@pytest.mark.parametrize("use", ["teaching", "marketing"])
def test_a_use_the_patient_does_not_allow_gives_nothing(proved, patient, photos, use, clinician):
    answer = proved.post(page(patient), {"use": use, "photos": [photos[0].pk]})
    assert answer.status_code == 422
    assert "does not allow this use, or took it back" in answer.content.decode()
    allow(patient, by=clinician, **{use: True})
    assert proved.post(page(patient), {"use": use, "photos": [photos[0].pk]}).status_code == 200, "the control"
    allow(patient, by=clinician, **{use: False})
    assert proved.post(page(patient), {"use": use, "photos": [photos[0].pk]}).status_code == 422


@pytest.mark.both_engines
def test_taken_back_while_the_archive_is_made_no_part_of_it_goes_out(proved, patient, photos, clinician, monkeypatch):
    from photos import storage

    read = storage.read

    def and_taken_back(*args):
        allow(patient, by=clinician, record=False)
        return read(*args)

    monkeypatch.setattr(storage, "read", and_taken_back)
    answer = proved.post(page(patient), {"use": "record", "photos": [photo.pk for photo in photos]})
    assert answer.status_code == 422
    assert b"PK" not in answer.content[:4]
    assert not AuditEvent.objects.filter(action="photos.taken_out", outcome="done").exists()


@pytest.mark.parametrize("sent", [{}, {"use": "record"}, {"use": "record", "photos": ["999999"]}, {"use": "television", "photos": []}])
def test_what_is_missing_is_said(proved, patient, photos, sent):
    assert proved.post(page(patient), sent).status_code == 422


def test_a_photo_of_another_patient_or_one_that_was_taken_out_is_no_choice(proved, patient, photos, clinician, site):
    other = patient.__class__.objects.create(number=10500, site=site, surname="Sand", birth_date=patient.birth_date)
    theirs = photo_of(other, by=clinician)
    for pk in (theirs.pk, photos[0].pk):
        Photo.objects.filter(pk=photos[0].pk, removed_at=None).update(
            removed_at=photos[0].added_at, removed_by=clinician, removed_reason="Blurred"
        )
        assert proved.post(page(patient), {"use": "record", "photos": [pk]}).status_code == 422


def test_it_asks_who_is_there_and_only_of_who_may(client, patient, photos, medical_lead, clinician, manager):
    client.force_login(medical_lead)
    assert client.post(page(patient), {"use": "record", "photos": [photos[0].pk]}).status_code == 302
    for user in (clinician, manager):
        client.force_login(user)
        assert client.get(page(patient)).status_code == 403


# With a whole record


def test_with_the_whole_record_the_files_go_only_while_they_are_allowed(patient, photos, clinician):
    assert files_of(patient) == [("photos", "whole")] * 2
    allow(patient, by=clinician, record=False)
    assert files_of(patient) == [("photos", "withheld")] * 2
    data = b"".join(exporting.of_patient(patient, by="x"))
    assert not [name for name in opened(data) if name.endswith(".jpg")]


@pytest.mark.both_engines
def test_an_erasure_takes_every_size(patient, photos, manager, django_capture_on_commit_callbacks):
    names = [getattr(photo, f"{size}_file") for photo in photos for size in ("full", "screen", "thumb")]
    assert all(default_storage.exists(name) for name in names)
    with django_capture_on_commit_callbacks(execute=True):
        erasing.erase(patient, erasing.Wish(patient.number, patient.birth_date, "patient_asked", "Letter"), by=manager)
    assert not Photo.objects.exists()
    assert not [name for name in names if default_storage.exists(name)]


@pytest.mark.both_engines
def test_a_backup_holds_every_size_and_tells_which_is_gone_or_changed(patient, photos):
    from django.db import connection

    names = {getattr(photo, f"{size}_file") for photo in photos for size in ("full", "screen", "thumb")}
    assert {name for name, _ in durable.in_storage()} == names
    assert {name for name, _ in durable.named_by_rows(connection)} == names
    assert durable.not_as_made(connection) == []
    default_storage.delete(photos[0].thumb_file)
    with open(default_storage.path(photos[1].full_file), "ab") as file:
        file.write(b"more")
    assert set(durable.not_as_made(connection)) == {photos[0].thumb_file, photos[1].full_file}
