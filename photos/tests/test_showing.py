"""Who sees a photo: asked anew for each byte, and of the patient as well. A page of thumbnails is one look, a full picture another."""

import datetime as dt
import time

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Site
from accounts.permissions import Role
from audit.models import AuditEvent
from patients.models import Patient
from patients.timeline import timeline_of
from photos import links, services, storage
from photos.models import Photo
from photos.tests.pictures import allow, jpeg, photo_of

pytestmark = pytest.mark.django_db
SIZES = links.SIZES


@pytest.fixture(autouse=True)
def place(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def photo(patient, clinician):
    return photo_of(patient, by=clinician)


@pytest.fixture
def signed_in(client, clinician):
    client.force_login(clinician)
    return client


def at(photo, size="screen") -> str:
    return reverse("photos:file", args=[photo.pk, size])


def opened() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action="photo.opened").order_by("pk"))


@pytest.mark.both_engines
@pytest.mark.parametrize("size", SIZES)
def test_the_picture_is_kept_by_nobody_and_is_nothing_but_a_picture(signed_in, photo, size):
    answer = signed_in.get(at(photo, size))
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert storage.sha256(answer.content) == photo.full_sha256
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("default-src 'none'")
    assert not answer.has_header("ETag")
    assert not answer.has_header("Last-Modified")
    assert str(photo.patient.surname) not in answer["Content-Disposition"]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("size", SIZES)
def test_only_who_treats_sees_one(client, photo, make_user, role, size):
    client.force_login(make_user("somebody", role))
    page = reverse("photos:patient", args=[photo.patient.number])
    expected = 200 if role in (Role.CLINICIAN, Role.MEDICAL_LEAD) else 403
    assert [client.get(address).status_code for address in (at(photo, size), page)] == [expected, expected]


def test_a_link_of_somebody_who_may_opens_nothing_for_who_may_not(client, photo, clinician, desk, make_user):
    address = links.address(photo, "thumb", clinician)
    assert client.get(address).status_code == 302, "nobody is led to sign in"
    client.force_login(desk)
    assert client.get(address).status_code == 403
    stranger = make_user("ada", Role.MEDICAL_LEAD)
    stranger.sites.set([Site.objects.create(name="Birch", slug="birch")])
    client.force_login(stranger)
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    "headers", [{}, {"HTTP_RANGE": "bytes=0-99"}, {"HTTP_IF_NONE_MATCH": "*"}, {"HTTP_IF_MODIFIED_SINCE": "Wed, 21 Oct 2099 07:28:00 GMT"}]
)
@pytest.mark.parametrize("method", ["get", "head"])
def test_a_permission_taken_back_holds_at_once_for_every_way_to_ask(signed_in, photo, clinician, headers, method):
    ask = getattr(signed_in, method)
    addresses = [at(photo, size) for size in SIZES] + [links.address(photo, size, clinician) for size in SIZES]
    assert {ask(address, **headers).status_code for address in addresses} == {200}, "the control: a part or a copy is never answered"
    allow(photo.patient, by=clinician, record=False)
    for address in addresses:
        answer = ask(address, **headers)
        assert answer.status_code == 403
        assert b"\xff\xd8\xff" not in answer.content
    for page in ("photos:patient", "photos:compare"):
        words = signed_in.get(reverse(page, args=[photo.patient.number])).content.decode()
        assert "No picture is shown." in words
        assert ".jpg" not in words
    assert ".jpg" not in signed_in.get(reverse("photos:photo", args=[photo.pk])).content.decode()
    allow(photo.patient, by=clinician)
    assert ask(addresses[0]).status_code == 200, "given again, it is shown again"


def test_not_asked_is_not_shown(signed_in, patient, clinician):
    photo = photo_of(patient, by=clinician, allowed=False)
    assert signed_in.get(at(photo)).status_code == 403


def test_a_refusal_says_in_the_log_whose_picture_it_was(signed_in, photo, clinician):
    allow(photo.patient, by=clinician, record=False)
    signed_in.get(at(photo))
    row = AuditEvent.objects.filter(action="access.refused").get()
    assert (row.patient_pk, row.actor, row.detail) == (photo.patient_id, clinician, {"why": "permission"})


@pytest.mark.both_engines
def test_a_page_of_thumbnails_is_one_row_and_a_picture_by_itself_another(signed_in, photo, clinician, patient):
    more = [photo_of(patient, by=clinician, view=view) for view in ("side_left", "side_right")]
    page = signed_in.get(reverse("photos:patient", args=[patient.number])).content.decode()
    thumbs = [line.split('"')[0].replace("&amp;", "&") for line in page.split('src="')[1:] if "/photos/" in line[:12]]
    assert len(thumbs) == 3
    for address in thumbs:
        assert signed_in.get(address).status_code == 200
    assert [row.detail["photos"] for row in AuditEvent.objects.filter(action="photos.listed")] == [3]
    assert opened() == []
    signed_in.get(at(more[0], "full"))
    assert [(row.object_pk, row.detail) for row in opened()] == [(str(more[0].pk), {"size": "full"})]


def test_a_sign_is_for_one_person_one_picture_one_size_and_a_short_while(client, photo, clinician, medical_lead, patient, later):
    mine = links.address(photo, "thumb", clinician)
    other = photo_of(patient, by=clinician)
    sign = mine.partition("?")[2]
    client.force_login(medical_lead)
    client.get(mine)
    client.force_login(clinician)
    client.get(f"{at(photo, 'full')}?{sign}")
    client.get(f"{at(other, 'thumb')}?{sign}")
    client.get(f"{at(photo, 'thumb')}?on_page=made-up")
    assert len(opened()) == 4, "each is shown to whom it may be shown, and leaves its row"
    client.get(mine)
    assert len(opened()) == 4
    later(links.SECONDS + 5)
    client.get(mine)
    assert len(opened()) == 5


@pytest.fixture
def later(monkeypatch):
    """Signs grow older, and nothing else does."""
    now = time.time
    return lambda seconds: monkeypatch.setattr("django.core.signing.time.time", lambda: now() + seconds)


def test_a_file_that_was_changed_is_not_shown(signed_in, photo):
    with open(default_storage.path(photo.screen_file), "wb") as file:
        file.write(jpeg())
    answer = signed_in.get(at(photo))
    assert answer.status_code == 409
    assert "is no longer the one that was kept" in answer.content.decode()
    default_storage.delete(photo.thumb_file)
    assert signed_in.get(at(photo, "thumb")).status_code == 409
    assert {row.outcome for row in opened()} == {"refused"}


@pytest.mark.both_engines
def test_one_that_was_taken_out_is_shown_to_nobody_and_its_row_stays(signed_in, photo, clinician):
    address = reverse("photos:remove", args=[photo.pk])
    answer = signed_in.post(address, {"reason": " "})
    assert (answer.status_code, "Say why the photo is taken out." in answer.content.decode()) == (422, True)
    assert signed_in.post(address, {"reason": "Shows somebody else"}).status_code == 302
    assert signed_in.post(address, {"reason": "Again"}).status_code == 302
    photo.refresh_from_db()
    assert (photo.removed_by, photo.removed_reason) == (clinician, "Shows somebody else")
    assert [signed_in.get(at(photo, size)).status_code for size in SIZES] == [404, 404, 404]
    assert "Shows somebody else" in signed_in.get(reverse("photos:photo", args=[photo.pk])).content.decode()
    assert f"/photos/{photo.pk}/" not in signed_in.get(reverse("photos:patient", args=[photo.patient.number])).content.decode()
    assert [row.outcome for row in AuditEvent.objects.filter(action="photo.removed").order_by("pk")] == ["refused", "done", "nothing"]


@pytest.mark.both_engines
def test_the_database_refuses_what_may_not_be(photo, patient, site, clinician):
    for statement in (
        "UPDATE photos_photo SET view = 'back'",
        "UPDATE photos_photo SET full_file = 'photos/aa/other.jpg'",
        "UPDATE photos_photo SET patient_id = patient_id + 1",
        "DELETE FROM photos_photo",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    services.remove(photo, "Blurred", by=clinician)
    with pytest.raises(IntegrityError), transaction.atomic():
        Photo.objects.update(removed_at=None, removed_by=None, removed_reason="")


@pytest.mark.both_engines
def test_both_records_of_one_person_are_shown_together(signed_in, photo, site, clinician):
    other = Patient.objects.create(number=10999, site=site, surname="Rahman", given="N", birth_date=photo.patient.birth_date)
    theirs = photo_of(other, by=clinician, view="side_left")
    Patient.objects.filter(pk=other.pk).update(merged_into=photo.patient, merged_at=timezone.now())
    words = signed_in.get(reverse("photos:patient", args=[photo.patient.number])).content.decode()
    assert all(f"/photos/{one.pk}/" in words for one in (photo, theirs))
    allow(photo.patient, by=clinician, record=False)
    assert signed_in.get(at(theirs)).status_code == 403, "what the person took back holds for both"


@pytest.mark.both_engines
def test_the_timeline_has_one_line_a_day_and_is_quick_with_many(signed_in, patient, clinician, django_assert_max_num_queries):
    allow(patient, by=clinician)
    one = photo_of(patient, by=clinician, allowed=False)
    rows, columns = [], [field.name for field in Photo._meta.concrete_fields if field.name != "id"]
    for number in range(600):
        copy = Photo(**{name: getattr(one, name) for name in columns})
        copy.request_key, copy.taken_at = f"copy-{number}", one.taken_at - dt.timedelta(days=number // 5 + 1)
        rows.append(copy)
    Photo.objects.bulk_create(rows)
    before, lines = "", []
    while True:
        page = timeline_of(patient, clinician, kind="photos", before=before)
        lines += [(entry.day, entry.facts) for entry in page.entries]
        if not page.older:
            break
        before = page.older
    assert len(lines) == len(set(lines)) == 121
    assert [facts for _, facts in lines].count("Baseline, face, 5 pictures") == 120
    with django_assert_max_num_queries(25):
        signed_in.get(reverse("photos:patient", args=[patient.number]))


def test_the_desk_reads_nothing_of_photos_on_the_timeline(client, photo, desk):
    client.force_login(desk)
    page = client.get(reverse("patients:detail", args=[photo.patient.number])).content.decode()
    assert "1 picture" not in page
    assert reverse("photos:patient", args=[photo.patient.number]) not in page
