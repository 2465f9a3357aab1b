"""The pages of a version's life: from a loaded draft to an approved one in the browser, import, export, comparison."""

import datetime as dt
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import NoReverseMatch, Resolver404, get_resolver, resolve, reverse
from django.utils import timezone

from audit.models import AuditEvent
from protocols.documents import canonical, read_text, sha256
from protocols.exchange import as_yaml
from protocols.models import ProtocolVersion, VersionStatus
from protocols.names import RESERVED_INDICATIONS, RESERVED_VERSIONS
from protocols.services import approve, create_draft, retire, send_back, submit

pytestmark = pytest.mark.django_db


def _next_year():
    return timezone.localdate() + dt.timedelta(days=365)


def _url(name, *args):
    return reverse(f"protocols:{name}", args=args)


def _get(client, name, *args, **query):
    response = client.get(_url(name, *args), query)
    assert response.status_code == 200
    return response.content.decode()


def _approval(version, replaces=None, **more):
    return {
        "approve-seen": version.sha256,
        "approve-replaces": replaces.pk if replaces else "",
        "approve-reason": "Read against its sources",
        "approve-next_review_on": _next_year().isoformat(),
    } | more


@pytest.fixture
def lead(client, medical_lead):
    client.force_login(medical_lead)
    return client


def test_a_medical_lead_goes_from_the_loaded_draft_to_an_approved_version(lead, draft_protocol):
    name = draft_protocol.version
    assert "No version is approved" in _get(lead, "list")
    assert "Hand over for review" in _get(lead, "version", name)
    page = lead.post(_url("submit", name), {"submit-seen": draft_protocol.sha256}, follow=True).content.decode()
    assert "is in review" in page
    assert "You approve as <b>Dr Iris Vance</b>" in page
    page = lead.post(_url("approve", name), _approval(draft_protocol), follow=True).content.decode()
    assert "is approved. New plans are made from it." in page
    draft_protocol.refresh_from_db()
    assert (draft_protocol.status, draft_protocol.approval_reason) == (VersionStatus.APPROVED, "Read against its sources")
    assert "No version is approved" not in _get(lead, "list")


def test_an_approval_without_reason_or_date_keeps_what_was_typed(lead, draft_protocol, clinician):
    version = submit(draft_protocol, by=clinician)
    answer = lead.post(_url("approve", version.version), _approval(version, **{"approve-next_review_on": "2020-01-01"}))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Next review must be in the future" in page
    assert "Read against its sources" in page
    assert 'aria-invalid="true"' in page
    assert "id_approve-next_review_on_error" in page


def test_what_changed_after_the_page_was_opened_is_said_and_not_approved(lead, draft_protocol, medical_lead):
    version = submit(draft_protocol, by=medical_lead)
    answer = lead.post(_url("approve", version.version), _approval(version, **{"approve-seen": "0" * 64}))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "was changed after you opened it" in page
    assert "Read against its sources" in page
    assert f'name="approve-seen" value="{version.sha256}"' in page  # read again, it can be sent again
    version.refresh_from_db()
    assert version.status == VersionStatus.IN_REVIEW


def test_another_approval_in_between_is_said(lead, protocol, medical_lead):
    newer = submit(create_draft(protocol, name="2030.1", by=medical_lead), by=medical_lead)
    answer = lead.post(_url("approve", "2030.1"), _approval(newer))
    assert answer.status_code == 409
    assert f"Protocol {protocol.version} was approved meanwhile" in answer.content.decode()


def test_faults_in_the_way_are_listed_by_name_and_nothing_can_be_pressed(lead, draft_protocol, medical_lead):
    from protocols.services import Change, edit

    def apply(mapping):
        mapping["zones"][0]["refs"] = []
        return [Change("zones[forehead].refs", ["x"], [])]

    edit(draft_protocol, lock_version=draft_protocol.lock_version, section="zones", by=medical_lead, apply=apply)
    page = _get(lead, "version", draft_protocol.version)
    assert "In the way of a review: 1 fault" in page
    assert "<code>zones[forehead].refs</code>" in page
    assert "Hand over for review" not in page
    answer = lead.post(_url("submit", draft_protocol.version), {"submit-seen": ProtocolVersion.objects.get().sha256})
    assert answer.status_code == 422
    assert "The version holds 1 fault" in answer.content.decode()


def test_sent_back_with_a_reason_it_is_a_draft_again(lead, draft_protocol, clinician):
    version = submit(draft_protocol, by=clinician)
    empty = lead.post(_url("send_back", version.version), {"back-reason": " "})
    assert empty.status_code == 422
    assert "Enter what has to be changed" in empty.content.decode()
    page = lead.post(_url("send_back", version.version), {"back-reason": "Cheeks too deep"}, follow=True).content.decode()
    assert "Cheeks too deep" in page
    assert "Edit the draft" in page


def test_retiring_says_what_follows(lead, protocol):
    assert "no plan can be accepted until another one is" in _get(lead, "version", protocol.version)
    lead.post(_url("retire", protocol.version), {"retire-reason": "Ceiling doubted"})
    page = _get(lead, "version", protocol.version)
    assert "Ceiling doubted" in page
    assert "No version is approved" in _get(lead, "list")


def test_a_draft_is_made_from_any_version_and_a_taken_name_is_said(lead, protocol):
    taken = lead.post(_url("make_draft", protocol.version), {"draft-name": protocol.version, "draft-note": "Less deep"})
    assert taken.status_code == 422
    assert f"There is a protocol {protocol.version} already" in taken.content.decode()
    assert "Less deep" in taken.content.decode()
    word = lead.post(_url("make_draft", protocol.version), {"draft-name": "import"})
    assert "cannot be the word import" in word.content.decode()
    answer = lead.post(_url("make_draft", protocol.version), {"draft-name": "2030.1", "draft-note": "Less deep"})
    assert answer.url == _url("edit", "2030.1")
    assert ProtocolVersion.objects.get(version="2030.1").note == "Less deep"


@pytest.mark.parametrize("role", ["front_desk", "manager", "clinician"])
def test_who_may_not_act_reads_and_sees_no_button(client, make_user, draft_protocol, medical_lead, role):
    person = make_user("reader", role)
    version = submit(draft_protocol, by=medical_lead)
    client.force_login(person)
    page = _get(client, "version", version.version)
    assert "A medical lead approves it or sends it back" in page
    assert "You approve as" not in page
    assert "Send it back" not in page
    assert client.post(_url("approve", version.version), _approval(version)).status_code == 403
    assert ("Make a draft from it" in page) is (role == "clinician")


def test_the_history_names_each_step(lead, draft_protocol, clinician, medical_lead):
    version = send_back(submit(draft_protocol, by=clinician), by=medical_lead, reason="Reword")
    version = approve(submit(version, by=clinician), by=medical_lead, reason="Read", next_review_on=_next_year())
    retire(version, by=medical_lead, reason="Replaced on paper")
    page = _get(lead, "version", version.version)
    places = [page.index(words) for words in ("Loaded as a draft", "Sent back to draft", "Reword", "Replaced on paper")]
    assert places == sorted(places)


def test_an_overdue_review_is_marked(lead, protocol, medical_lead):
    from audit import guards

    with guards.suspended("protocol_version_locked"):
        ProtocolVersion.objects.update(next_review_on=timezone.localdate() - dt.timedelta(days=1))
    assert "Review overdue" in _get(lead, "list")
    assert "Review overdue" in _get(lead, "version", protocol.version)


# Out and in


def test_the_download_is_the_document(lead, protocol):
    answer = lead.get(_url("pack", protocol.version))
    assert answer["Content-Disposition"] == f'attachment; filename="protocol-{protocol.version}.yaml"'
    assert canonical(read_text(answer.content.decode())) == protocol.document
    assert AuditEvent.objects.filter(action="protocol.exported").count() == 1


def _file(content, name="mine.yaml"):
    return SimpleUploadedFile(name, content if isinstance(content, bytes) else content.encode())


def test_a_file_comes_in_as_a_draft_under_a_new_name(lead, protocol, medical_lead):
    answer = lead.post(_url("import"), {"import-file": _file(as_yaml(protocol)), "import-name": "2030.1"})
    assert answer.url == _url("version", "2030.1")
    made = ProtocolVersion.objects.get(version="2030.1")
    assert (made.status, made.created_by) == (VersionStatus.DRAFT, medical_lead)
    assert {**json.loads(made.document), "pack_version": 0} == {**json.loads(protocol.document), "pack_version": 0}


def test_pasted_text_comes_in_too_and_twice_is_once(lead, protocol):
    for _ in range(2):
        answer = lead.post(_url("import"), {"import-text": as_yaml(protocol), "import-name": "2030.1"})
        assert answer.status_code == 302
    assert ProtocolVersion.objects.count() == 2


def test_a_taken_name_asks_for_a_new_one_and_the_text_stays(lead, protocol):
    text = as_yaml(protocol).replace("Forehead", "Brow", 1)
    answer = lead.post(_url("import"), {"import-file": _file(text)})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "is stored with other content" in page
    assert "Enter a new name for what you import" in page
    assert "label: Brow" in page
    assert ProtocolVersion.objects.count() == 1


def test_every_fault_is_listed_by_section_and_nothing_comes_in(lead, protocol):
    text = as_yaml(protocol).replace("unit: mm", "unit: cm")
    answer = lead.post(_url("import"), {"import-text": text, "import-name": "2030.1"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count("<li><code>depth_ranges[") > 100
    assert "<code>depth_ranges[acne_scars,grade_2,cheeks].unit</code>" in page
    assert "unit: cm" in page
    assert ProtocolVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds nothing"),
        (b"\xff\xfe\x00\x80", "not UTF-8 text"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not UTF-8 text"),
        (b"a: \x07", "not plain text"),
        (b"[" * 50_000, "nested more than"),
        (b"- 1", "a mapping of names to values"),
        (b"x" * 2_000_001, "larger than 2 MB"),
    ],
    ids=["empty", "utf-16", "picture", "control", "nested", "list", "large"],
)
def test_a_file_that_is_no_pack_is_said(lead, content, words):
    answer = lead.post(_url("import"), {"import-file": _file(content)})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not ProtocolVersion.objects.exists()


def test_far_too_much_pasted_text_is_said(lead):
    answer = lead.post(_url("import"), {"import-text": "x" * 3_000_000})
    assert answer.status_code == 413
    assert "too much at once" in answer.content.decode()


def test_nothing_chosen_is_said_beside_the_field(lead):
    answer = lead.post(_url("import"), {})
    assert answer.status_code == 422
    assert "Choose a file or paste a pack" in answer.content.decode()


def test_markup_in_a_pack_is_shown_as_text(lead):
    answer = lead.post(_url("import"), {"import-text": "zones: <script>alert(1)</script>\npack_version: x"})
    page = answer.content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


# Side by side


@pytest.fixture
def two(protocol, medical_lead):
    from protocols.comparison import place
    from protocols.services import Change, edit

    draft = create_draft(protocol, name="2030.1", by=medical_lead)

    def apply(mapping):
        path = "depth_ranges[acne_scars,grade_2,cheeks].max"
        holder, key = place(mapping, path)
        before, holder[key] = holder[key], holder["typical"]
        return [Change(path, before, holder["typical"])]

    edit(draft, lock_version=1, section="depths", by=medical_lead, apply=apply)
    return protocol, draft


def test_two_versions_are_compared_in_words(lead, two):
    page = _get(lead, "compare", **{"from": two[0].version, "to": "2030.1"})
    assert "Cheeks, grade 2, acne scars" in page
    assert "1 value differ" in page
    assert "<del>" in page
    assert "<ins>" in page


def test_without_a_choice_the_approved_one_is_compared_with_the_newest(lead, two):
    assert f"From {two[0].version} to 2030.1" in _get(lead, "compare")


def test_it_is_found_by_words_and_by_section(lead, two):
    query = {"from": two[0].version, "to": "2030.1"}
    assert "Cheeks, grade 2" in _get(lead, "compare", **query, q="cheeks")
    assert "Nothing that differs contains" in _get(lead, "compare", **query, q="elbow")
    assert "Cheeks, grade 2" in _get(lead, "compare", **query, section="depths")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"from": "1999.1"}, "There is no protocol 1999.1"),
        ({"from": "2030.1", "to": "2030.1"}, "Choose two different versions"),
        ({"from": "<b>"}, "There is no protocol &lt;b&gt;"),
    ],
)
def test_what_cannot_be_compared_is_said(lead, two, query, words):
    assert words in _get(lead, "compare", **query)


# Addresses


def _fixed(prefix):
    """The words that stand at this place in an address of protocols."""
    found = set()
    for pattern in get_resolver("protocols.urls").url_patterns:
        parts = str(pattern.pattern).split("/")
        if parts[0] == prefix and len(parts) > 2 and not parts[1].startswith("<"):
            found.add(parts[1])
        elif prefix == "" and parts[0] and not parts[0].startswith("<"):
            found.add(parts[0])
    return found


def test_every_fixed_word_of_an_address_is_reserved():
    assert _fixed("") <= RESERVED_VERSIONS
    assert _fixed("<str:version>") <= RESERVED_INDICATIONS


def test_a_reserved_word_leads_to_its_own_page():
    assert resolve("/protocols/import/").url_name == "import"
    assert resolve("/protocols/2026.1/approve/").url_name == "approve"
    with pytest.raises((Resolver404, NoReverseMatch)):
        resolve("/protocols/2026.1/a b/c d/e/")


def test_a_file_that_is_no_pack_has_no_section(client, clinician):
    client.force_login(clinician)
    file = SimpleUploadedFile("list.of.words.yaml", b"- a\n- b\n")
    page = client.post(_url("import"), {"import-file": file})
    assert [(group.section, group.faults[0][0]) for group in page.context["fault_groups"]] == [("The pack", "list.of.words.yaml")]


def test_what_a_row_that_came_holds_is_on_the_page_and_open_for_printing(client, protocol, desk):
    other = json.loads(protocol.document)
    rule = next(row for row in other["contraindications"] if row["id"] == "isotretinoin_recent")
    other["contraindications"].append({**rule, "id": "another_capsule", "label": "Another capsule"})
    document = canonical(other)
    ProtocolVersion.objects.create(version="2026.8", document=document, sha256=sha256(document), is_whole=False)
    client.force_login(desk)
    page = _get(client, "compare", **{"from": protocol.version, "to": "2026.8"})
    assert "waiting time: 180 (180 to 365 days)" in page
    assert "question, answer holds for: 30\u00a0days" in page
    assert "<details><summary>and " in page
    assert "for printing" in page
    assert "<details open><summary>and " in _get(client, "compare", **{"from": protocol.version, "to": "2026.8", "all": "1"})
