"""The life of a consent text: two people behind each, and no way to change one that is approved."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from accounts.versioning import StaleRow
from audit import guards
from audit.models import AuditEvent
from consent.models import ConsentText, Kind, Language
from consent.needs import names_in_force
from consent.services import texts as service
from consent.wording import first_draft, meaning, photo_question

from .signed import text_in_use

pytestmark = pytest.mark.django_db
GUARDS = ("consent_text_approved", "consent_text_retired", "consent_text_way", "consent_text_begins")


def draft(by, **fields):
    given = {"kind": "indication", "code": "acne_scars", "language": "en", "title": "Consent", "body": "It may scar.", **fields}
    return service.draft(**given, by=by)


def run(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_who_wrote_it_never_approves_it_where_somebody_else_may(medical_lead, clinician, make_user):
    make_user("other-lead", "medical_lead")
    mine = draft(medical_lead)
    for reason in ("", "I am in a hurry"):
        with pytest.raises(service.Refused, match="Somebody else"):
            service.approve(mine, version=mine.version, by=medical_lead, alone=reason)
    changed = service.change(mine, title="Consent", body="It may bleed.", version=mine.version, by=clinician)
    assert service.approve(changed, version=changed.version, by=medical_lead).status == "approved"


@pytest.mark.both_engines
def test_where_nobody_else_may_the_writer_approves_with_a_reason_that_stays(medical_lead, client, make_user):
    """A clinic of one: without this nothing could ever be signed there. Somebody who has left is nobody."""
    make_user("left-lead", "medical_lead", is_active=False)
    mine = draft(medical_lead)
    client.force_login(medical_lead)
    address = reverse("consent:approve_text", args=[mine.pk])
    unsaid = client.post(address, {"version": mine.version, "alone": "  "})
    assert unsaid.status_code == 409
    assert "Say why you approve what you wrote yourself" in unsaid.content.decode()
    long = client.post(address, {"version": mine.version, "alone": "x" * 301})
    assert "x" * 301 in long.content.decode(), "what was typed comes back"
    assert client.post(address, {"version": mine.version, "alone": "The only doctor of this clinic"}).status_code == 302
    mine.refresh_from_db()
    assert (mine.status, mine.approved_by, mine.approved_alone) == ("approved", medical_lead, "The only doctor of this clinic")
    row = AuditEvent.objects.get(action="consent.text_approved", outcome="done")
    assert (row.actor, row.detail["alone"]) == (medical_lead, "The only doctor of this clinic")
    page = client.get(reverse("consent:text", args=[mine.pk])).content.decode()
    assert "who wrote it, as nobody else could: The only doctor of this clinic" in page


def test_a_reason_says_nothing_where_somebody_else_wrote_it(medical_lead, clinician):
    theirs = draft(clinician)
    assert service.approve(theirs, version=theirs.version, by=medical_lead, alone="Sent by hand").approved_alone == ""


@pytest.mark.both_engines
def test_the_database_knows_that_as_well(medical_lead):
    mine = draft(medical_lead)
    with pytest.raises(IntegrityError), transaction.atomic():
        ConsentText.objects.filter(pk=mine.pk).update(status="approved", approved_by=medical_lead, approved_at=mine.written_at, sha256="x")


def test_what_was_changed_since_it_was_read_is_not_approved(medical_lead, clinician):
    mine = draft(clinician)
    service.change(mine, title="Consent", body="Something else.", version=mine.version, by=clinician)
    with pytest.raises(StaleRow):
        service.approve(mine, version=mine.version, by=medical_lead)
    assert ConsentText.objects.get().status == "draft"


@pytest.mark.both_engines
def test_the_next_version_retires_the_one_before(clinician):
    first, second = text_in_use(by=clinician), text_in_use(by=clinician)
    first.refresh_from_db()
    assert (first.status, first.retired_by, second.number) == ("retired", second.approved_by, 2)
    other = text_in_use(by=clinician, language="de")
    second.refresh_from_db()
    assert (second.status, other.number) == ("approved", 1)


def test_an_approved_text_is_refused_by_every_service(medical_lead, clinician):
    row = text_in_use(by=clinician)
    with pytest.raises(service.Refused):
        service.change(row, title="x", body="x", version=row.version, by=clinician)
    with pytest.raises(service.Refused):
        service.throw_away(row, by=clinician)
    with pytest.raises(service.Refused):
        service.approve(row, version=row.version, by=medical_lead)


STATEMENTS = [
    "UPDATE consent_consenttext SET body = 'x' WHERE status = 'approved'",
    "UPDATE consent_consenttext SET title = 'x' WHERE status = 'retired'",
    "UPDATE consent_consenttext SET sha256 = 'x'",
    "UPDATE consent_consenttext SET approved_by_id = NULL",
    "UPDATE consent_consenttext SET status = 'draft', approved_by_id = NULL, approved_at = NULL, retired_at = NULL",
    "UPDATE consent_consenttext SET status = 'approved', retired_at = NULL WHERE status = 'retired'",
    "UPDATE consent_consenttext SET retired_at = '2020-01-01 00:00:00' WHERE status = 'retired'",
    "DELETE FROM consent_consenttext",
]


@pytest.mark.both_engines
@pytest.mark.parametrize("statement", STATEMENTS)
def test_the_database_refuses_every_change_of_what_was_approved(clinician, statement):
    text_in_use(by=clinician)
    text_in_use(by=clinician)
    before = list(ConsentText.objects.order_by("pk").values())
    with pytest.raises(IntegrityError):
        run(statement)
    assert list(ConsentText.objects.order_by("pk").values()) == before


@pytest.mark.both_engines
def test_without_the_guards_the_words_would_change(clinician):
    """The control: what stands in the way above is the guards."""
    text_in_use(by=clinician)
    with guards.suspended(*GUARDS):
        run(STATEMENTS[0])
    assert ConsentText.objects.get().body == "x"


@pytest.mark.both_engines
def test_no_text_is_born_approved(clinician, medical_lead):
    row = text_in_use(by=clinician)
    with pytest.raises(IntegrityError), transaction.atomic():
        ConsentText.objects.create(
            kind="indication", code="striae", language="en", number=1, title="x", body="x", status="approved", written_by=clinician,
            written_at=row.written_at, approved_by=medical_lead, approved_at=row.written_at, sha256="x",
        )  # fmt: skip


@pytest.mark.parametrize("language", Language.values)
def test_the_software_brings_a_plain_draft_for_everything_the_protocol_knows(protocol, language):
    names = names_in_force()
    assert {kind for kind, _ in names} == set(Kind.values)
    for (kind, code), label in names.items():
        title, body = first_draft(kind, code, language, label)
        assert "{" not in title + body
        assert "<" not in title + body
        assert body.count("\n\n") >= 2
    assert meaning(language)
    assert len({photo_question(use, language) for use in ("record", "teaching", "marketing")}) == 3


# The screens


@pytest.mark.both_engines
def test_from_a_draft_to_a_text_in_use(client, clinician, medical_lead, protocol):
    client.force_login(clinician)
    answer = client.post(reverse("consent:new_text"), {"about": "indication:acne_scars", "language": "de"})
    row = ConsentText.objects.get()
    assert answer.url == reverse("consent:text", args=[row.pk])
    assert "Aknenarben" in client.get(answer.url).content.decode()
    client.post(answer.url, {"title": "Einwilligung", "body": "Eins.\r\n\r\n\r\nZwei.", "version": row.version})
    row.refresh_from_db()
    assert row.paragraphs == ["Eins.", "Zwei."]
    assert client.post(reverse("consent:approve_text", args=[row.pk]), {"version": row.version}).status_code == 403
    client.force_login(medical_lead)
    client.post(reverse("consent:approve_text", args=[row.pk]), {"version": row.version})
    row.refresh_from_db()
    assert (row.status, row.approved_by) == ("approved", medical_lead)
    page = client.get(reverse("consent:texts")).content.decode()
    assert "In use" in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"title": "", "body": "x"}, "Give the text a title."),
        ({"title": "x", "body": ""}, "Write the text."),
        ({"title": "x", "body": "It is <b>safe</b>"}, "Write plain words"),
        ({"title": "x" * 201, "body": "x"}, "200 letters or fewer"),
        ({"title": "x", "body": "x" * 20_001}, "20,000 letters or fewer"),
    ],
)
def test_what_cannot_be_a_text_is_said_and_comes_back(client, clinician, protocol, fields, words):
    row = draft(clinician)
    client.force_login(clinician)
    answer = client.post(reverse("consent:text", args=[row.pk]), {**fields, "version": row.version})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    if fields["body"] and len(fields["body"]) < 100:
        assert fields["body"].replace("<", "&lt;").replace(">", "&gt;") in page
    row.refresh_from_db()
    assert row.body == "It may scar."


@pytest.mark.both_engines
def test_a_stale_save_keeps_both(client, clinician, medical_lead, protocol):
    row = draft(clinician)
    service.change(row, title="Theirs", body="Theirs stands.", version=row.version, by=medical_lead)
    client.force_login(clinician)
    answer = client.post(reverse("consent:text", args=[row.pk]), {"title": "Mine", "body": "Mine is typed.", "version": row.version})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Theirs stands." in page
    assert "Mine is typed." in page
