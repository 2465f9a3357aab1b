"""What goes with the needling beyond the plan: added with a reason, never past the protocol or without consent."""

import pytest
from django.urls import reverse

from accounts.versioning import StaleRow
from audit.models import AuditEvent
from consent.models import ConsentItem, Kind
from consent.tests.signed import sign as consent_to
from consent.tests.signed import text_in_use
from sessions.models import TreatmentSession
from sessions.services import added, gate, record
from sessions.services.signing import deviations, sign

from .record_case import PASSWORD, RecordCase, as_json

pytestmark = [pytest.mark.both_engines, pytest.mark.django_db]
HA = "hyaluronic_acid"


class Bare(RecordCase):
    ADJUVANTS = ()


@pytest.fixture
def case(site, clinician, patient):
    return Bare(site, clinician, patient)


@pytest.fixture
def session(case):
    return case.started()


def whole(case, session, **changes):
    plain = {f"adj__{HA}__{part}": None for part in ("used", "product", "lot")}
    session.refresh_from_db()
    return record.save(session, by=case.clinician, typed=case.typed(session, **{**plain, **changes}), version=session.version).session


def used(**changes):
    return {f"adj__{HA}__used": "on", f"adj__{HA}__product": "Glide gel 2 ml", f"adj__{HA}__lot": "HA-77"} | {
        f"adj__{HA}__{part}": value for part, value in changes.items()
    }


def with_consent(case):
    return consent_to(case.patient, [text_in_use(Kind.ADJUVANT, HA, by=case.clinician)], by=case.clinician)


def open_names(case, session):
    return {row.name for row in gate.unmet(gate.may_sign(session, by=case.clinician))}


def test_it_is_added_asked_why_and_signed_as_a_deviation(case, session):
    with_consent(case)
    whole(case, session)
    added.add(session, HA, by=case.clinician)
    unsaid = whole(case, session, **used())
    assert open_names(case, unsaid) == {f"adj-{HA}-reason"}
    said = whole(case, session, **used(reason="Skin felt tight and dry"))
    assert open_names(case, said) == set()
    rows = [row for row in deviations(said) if row["what"] == "adjuvant"]
    assert [(row["planned"], row["done"], row["reason"], row["material"]) for row in rows] == [
        ("Not planned", "Hyaluronic acid", "Skin felt tight and dry", True)
    ]
    done = sign(said, by=case.clinician, password=PASSWORD, version=said.version)
    (kept,) = as_json(done)["record"]["adjuvants"]
    consent = ConsentItem.objects.get(code=HA).consent
    assert (kept["lot"], kept["added"]["by"], kept["added"]["consent"]) == ("HA-77", case.clinician.pk, consent.sha256)


def test_without_consent_nothing_is_added_and_the_page_leads_to_it(case, session, client, clinician):
    with pytest.raises(added.NotAdded, match="not signed: Hyaluronic acid"):
        added.add(session, HA, by=case.clinician)
    client.force_login(clinician)
    session.refresh_from_db()
    sent = case.typed(session, note="Typed before it was refused") | {"version": session.version, "add_adjuvant": "1", "adjuvant": HA}
    answer = client.post(reverse("sessions:record", args=[session.pk]), sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f"?with={HA}&amp;next=" in page
    assert "Typed before it was refused" in page
    session.refresh_from_db()
    assert [row["id"] for row in session.adjuvants] == []
    assert AuditEvent.objects.filter(action="record.adjuvant_added", outcome="refused").count() == 2
    offered = client.get(reverse("consent:sign", args=[case.patient.number]), {"with": HA}).context["stands"]
    assert "Hyaluronic acid" in [row.label for row in offered.rows]


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("alpha_arbutin", "is not used today"),
        ("chemical_peel", "is not used today"),
        ("exosomes", "is not used today"),
        ("tranexamic_acid", "is not used today"),  # no entry for acne scars
        ("coffee", "Choose what was used"),
        ("", "Choose what was used"),
    ],
)
def test_what_the_protocol_refuses_is_not_added(case, session, which, words):
    with pytest.raises(added.NotAdded, match=words):
        added.add(session, which, by=case.clinician)
    assert TreatmentSession.objects.get(pk=session.pk).adjuvants == []


def test_it_is_offered_by_button_and_comes_as_a_row(case, session, client, clinician):
    with_consent(case)
    client.force_login(clinician)
    sent = case.typed(session) | {"version": session.version, "add_adjuvant": "1", "adjuvant": HA}
    answer = client.post(reverse("sessions:record", args=[session.pk]), sent)
    assert answer.url.endswith(f"#f-adj-{HA}-product")
    page = client.get(reverse("sessions:record", args=[session.pk])).content.decode()
    assert f'name="adj-{HA}-lot"' in page
    assert "Not in the plan" in page
    assert f'<option value="{HA}"' not in page
    again = added.add(session, HA, by=clinician)
    assert [row["id"] for row in again.adjuvants] == [HA]


def test_somebody_elses_open_page_hears_of_it(case, session):
    with_consent(case)
    before = session.version
    added.add(session, HA, by=case.clinician)
    with pytest.raises(StaleRow):
        record.save(session, by=case.clinician, typed=case.typed(session), version=before)


def test_why_it_was_used_is_kept_before_a_lot_is_known(site, clinician, patient):
    case = RecordCase(site, clinician, patient)
    session = case.started()
    typed = case.typed(session, **{f"adj__{HA}__lot": None, f"adj__{HA}__reason": "Dry skin"})
    saved = record.save(session, by=clinician, typed=typed, version=session.version)
    assert record.form_for(saved.session).data[f"adj-{HA}-reason"] == "Dry skin"
