"""The screen over HTTP: live saves, full pages without JavaScript, stale pages, who may come in."""

import datetime as dt
import json
import re

import pytest
from django.urls import reverse

from audit.models import AuditEvent
from plans.models import Consultation, TreatmentPlan

pytestmark = pytest.mark.django_db

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def plain_static(settings):
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


@pytest.fixture
def url(consultation):
    return reverse("plans:consultation", args=[consultation.patient.number, consultation.pk])


@pytest.fixture
def here(client, clinician):
    client.force_login(clinician)
    return client


def posted(consultation, typed, **more):
    consultation.refresh_from_db()
    return {**typed, "version": consultation.version, "saved_from": "page-1", **more}


def shown(html: str) -> str:
    return re.search(r'name="shown" id="state-shown" value="(\w+)"', html)[1]


def test_start_is_a_post_and_twice_is_once(here, patient, protocol):
    url = reverse("plans:consult_start", args=[patient.number])
    assert here.get(url).status_code == 405
    first, second = here.post(url), here.post(url)
    assert first.url == second.url
    assert Consultation.objects.count() == 1


def test_start_without_a_protocol_says_what_to_do(here, patient):
    response = here.post(reverse("plans:consult_start", args=[patient.number]), follow=True)
    assert "No protocol is loaded" in response.content.decode()


@pytest.mark.parametrize("who", ["desk", "manager"])
def test_desk_and_manager_stay_out(client, request, who, url):
    client.force_login(request.getfixturevalue(who))
    assert client.get(url).status_code == 403
    assert client.post(url).status_code == 403


def test_another_sites_patient_is_not_there(client, make_user, url, clinician):
    from accounts.models import Site

    stranger = make_user("stranger", "clinician")
    stranger.sites.set([Site.objects.create(name="Elsewhere", slug="elsewhere")])
    client.force_login(stranger)
    assert client.get(url).status_code == 404


def test_the_empty_screen_presets_no_answer(here, url):
    html = here.get(url).content.decode()
    assert not re.search(r'name="q\.[a-z_]+"[^>]*checked', html)
    assert "Safety checks: <b>0 of 14</b> answered, 0 yes" in html


def test_a_live_save_answers_with_parts_and_never_with_the_form(here, url, consultation, typed):
    response = here.post(url, posted(consultation, typed), **HTMX)
    html = response.content.decode()
    assert response.status_code == 200
    assert "<form" not in html
    assert 'name="concern"' not in html
    assert 'id="row-cheeks"' in html
    assert "Plan updated: cheeks 1.5 mm" in html
    consultation.refresh_from_db()
    assert f'id="state-version" value="{consultation.version}"' in html


def test_an_unreadable_depth_is_kept_as_typed_with_words_beside_it(here, url, consultation, typed):
    html = here.post(url, posted(consultation, typed, **{"yours.depth.cheeks": "abc", "was.depth.cheeks": "1.5"}), **HTMX).content.decode()
    assert 'value="abc"' in html
    assert "Cheeks depth must be a number of mm" in html
    assert 'id="row-chin"' in html


def test_a_depth_with_a_comma_is_shown_with_a_point(here, url, consultation, typed):
    html = here.post(url, posted(consultation, typed, **{"yours.depth.cheeks": "1,25", "was.depth.cheeks": "1.5"}), **HTMX).content.decode()
    assert 'name="yours.depth.cheeks" value="1.25"' in html


def test_a_value_that_was_not_touched_follows_the_proposal(here, url, consultation, typed):
    data = posted(consultation, typed | {"phototype": "5"}, **{"yours.depth.cheeks": "1.5", "was.depth.cheeks": "1.5"})
    html = here.post(url, data, **HTMX).content.decode()
    assert 'name="yours.depth.cheeks" value="1.25"' in html
    assert Consultation.objects.get().chosen["values"] == {}


def test_a_stale_page_gets_409_with_what_differs_and_may_keep_its_own(here, url, consultation, typed):
    here.post(url, posted(consultation, typed), **HTMX)
    data = {**typed, "visits": "3", "version": 1, "saved_from": "page-2"}
    response = here.post(url, data, **HTMX)
    html = response.content.decode()
    assert response.status_code == 409
    assert "Changed by Dr Amara Osei at" in html
    assert "Visits possible" in html
    assert "visits" not in Consultation.objects.get().inputs
    version = re.search(r'name="keep" value="(\d+)"', html)[1]
    assert here.post(url, data | {"keep": version}, **HTMX).status_code == 200
    assert Consultation.objects.get().inputs["visits"] == "3"


def test_keeping_mine_does_not_run_over_a_third_change(here, url, consultation, typed):
    here.post(url, posted(consultation, typed), **HTMX)
    consultation.refresh_from_db()
    keep = consultation.version
    here.post(url, posted(consultation, typed), **HTMX)
    assert here.post(url, {**typed, "saved_from": "page-2", "keep": keep}, **HTMX).status_code == 409


def test_without_javascript_the_page_comes_back_whole(here, url, consultation, typed):
    assert here.post(url, posted(consultation, typed)).url == url
    response = here.post(url, posted(consultation, typed, visits="abc"))
    html = response.content.decode()
    assert response.status_code == 422
    assert 'value="abc"' in html
    assert "Visits possible must be a whole number from 1 to 20" in html


def test_a_row_is_removed_without_javascript(here, url, consultation, typed):
    here.post(url, posted(consultation, typed, **{"medicine.0.name": "a", "medicine.1.name": "b", "remove": "medicine.0"}))
    kept = Consultation.objects.get().inputs
    assert "medicine.0.name" not in kept
    assert kept["medicine.1.name"] == "b"


def test_a_decision_is_taken_from_the_person_not_from_the_form(here, url, consultation, typed, cold_sores, client, make_user):
    data = posted(consultation, typed | cold_sores)
    here.post(url, data, **HTMX)
    forged = {"decide": "antiviral|given", "decisions": "x"}
    nurse = make_user("nils", "clinician")
    client.force_login(nurse)
    client.post(url, posted(consultation, typed | cold_sores, **forged), **HTMX)
    assert Consultation.objects.get().chosen["decisions"] == {}
    client.force_login(consultation.clinician)
    html = client.post(url, posted(consultation, typed | cold_sores, decide="antiviral|given"), **HTMX).content.decode()
    assert "Antiviral cover prescribed, Dr Amara Osei" in html.replace("\n", " ")
    client.post(url, posted(consultation, typed | cold_sores, decide="antiviral|undo"), **HTMX)
    assert Consultation.objects.get().chosen["decisions"] == {}


def test_only_the_medical_lead_lifts_a_deferral_and_only_with_a_reason(client, url, consultation, typed, medical_lead, clinician):
    typed |= {"q.retinoid_capsules": "yes", "rule.retinoid_capsules": ["isotretinoin_current"]}
    lift = {"lift": "isotretinoin_current", "lift_reason.isotretinoin_current": "Consensus, shallow, agreed with the prescriber"}
    client.force_login(clinician)
    client.post(url, posted(consultation, typed, **lift), **HTMX)
    assert Consultation.objects.get().proposal["status"] == "defer"
    client.force_login(medical_lead)
    client.post(url, posted(consultation, typed, lift="isotretinoin_current"), **HTMX)
    assert Consultation.objects.get().proposal["status"] == "defer"
    client.post(url, posted(consultation, typed, **lift), **HTMX)
    stored = Consultation.objects.get()
    assert stored.proposal["status"] == "caution"
    assert max(zone["depth_mm"]["max"] for zone in stored.proposal["zones"]) <= 1.0


def test_accept_goes_on_to_booking(here, url, consultation, typed):
    html = here.post(url, posted(consultation, typed), **HTMX).content.decode()
    data = posted(consultation, typed, shown=shown(html))
    response = here.post(f"{url}accept/", data)
    assert response.url == reverse("sessions:book_course", args=[consultation.patient.number, 1])
    again = here.post(f"{url}accept/", data)
    assert again.url == response.url
    assert TreatmentPlan.objects.count() == 1


def test_accepting_early_lists_what_is_left_and_keeps_everything(here, url, consultation, typed, cold_sores):
    html = here.post(url, posted(consultation, typed | cold_sores), **HTMX).content.decode()
    data = posted(consultation, typed | cold_sores, shown=shown(html), **{"yours.depth.chin": "1.25", "was.depth.chin": "1.5"})
    response = here.post(f"{url}accept/", data)
    html = response.content.decode()
    assert response.status_code == 422
    assert "<title>Error: Plan" in html
    assert '<a href="#decide-antiviral">Decide on antiviral cover</a>' in html
    assert '<a href="#reason-depth.chin">Choose the reason for the chin depth you set</a>' in html
    for anchor in ("decide-antiviral", "reason-depth.chin"):
        assert f'id="{anchor}"' in html
    assert 'name="yours.depth.chin" value="1.25"' in html


def test_a_stop_offers_no_plan_and_can_be_saved_without_one(here, url, consultation, typed):
    html = here.post(url, posted(consultation, typed | {"q.scars": "yes", "rule.scars": ["keloid"]}), **HTMX).content.decode()
    assert "<b>Stop: " in html
    assert "keloid" in html
    assert 'id="row-cheeks"' not in html
    assert 'id="accept"' not in html
    assert "Save without a plan" in html
    here.post(f"{url}close/", posted(consultation, typed))
    assert Consultation.objects.get().status == "closed"
    page = here.get(url).content.decode()
    assert "Closed without a plan" in page
    assert f'href="{reverse("patients:details", args=[consultation.patient.number])}">Enter new ones in the file</a>' in page


def test_what_a_medicine_is_said_to_be_stays_with_a_consultation_that_ends_without_a_plan(here, url, consultation, typed):
    """And the screen says that the file does not have it."""
    typed |= {"medicine.0.name": "zorblaxin 10 mg", "q.scars": "yes", "rule.scars": ["keloid"]}
    html = here.post(url, posted(consultation, typed | {"said": "0", "said_class.0": ["nsaid"]}), **HTMX).content.decode()
    assert 'id="not-on-file"' in html
    page = here.post(f"{url}close/", posted(consultation, typed), follow=True).content.decode()
    assert "stays with the consultation, not on the file" in page
    consultation.refresh_from_db()
    assert consultation.chosen["said"]["zorblaxin"]["classes"] == ["nsaid"]
    assert not consultation.patient.medications.exists()


def test_a_defer_shows_the_first_possible_date(here, url, consultation, typed):
    typed |= {"procedure.0.what": "botulinum toxin", "procedure.0.date": consultation.visit_date.isoformat()}
    html = here.post(url, posted(consultation, typed), **HTMX).content.decode()
    assert "Possible from" in html
    assert "Book from" in html


def test_the_plan_page_is_read_only_and_whole(here, url, consultation, typed):
    data = {"yours.depth.cheeks": "1.25", "was.depth.cheeks": "1.5", "reason.depth.cheeks": "pain"}
    html = here.post(url, posted(consultation, typed, **data), **HTMX).content.decode()
    here.post(f"{url}accept/", posted(consultation, typed, shown=shown(html), **data))
    page = here.get(reverse("plans:plan", args=[consultation.patient.number, 1])).content.decode()
    for words in (
        "Plan 1",
        "1.25\u00a0mm",
        "Patient cannot bear more",
        "Changed from the proposal",
        "Book the course",
        "SkinPen Precision",
    ):
        assert words in page, words
    assert "<input" not in page.split("<main")[1]
    assert here.get(url).url == reverse("plans:plan", args=[consultation.patient.number, 1])


def test_one_of_another_day_says_so_and_a_new_one_can_be_started(here, url, consultation):
    Consultation.objects.update(visit_date=consultation.visit_date - dt.timedelta(days=1))
    html = here.get(url).content.decode()
    assert 'id="visit-day"' in html
    page = here.get(reverse("patients:detail", args=[consultation.patient.number])).content.decode()
    assert "Start a consultation" in page
    here.post(reverse("plans:consult_start", args=[consultation.patient.number]))
    assert Consultation.objects.count() == 2


def stored_words(consultation):
    from plans.alerts import watch_words

    return watch_words(Consultation.objects.get(pk=consultation.pk).proposal)


def test_every_view_of_a_patients_plan_is_recorded(here, url, consultation):
    here.get(url)
    event = AuditEvent.objects.get(action="consultation.viewed")
    assert (event.patient_pk, event.object_pk) == (consultation.patient_id, str(consultation.pk))


def test_the_header_and_the_patient_page_know_of_it(here, url, consultation, typed, cold_sores):
    here.post(url, posted(consultation, typed | cold_sores), **HTMX)
    page = here.get(reverse("patients:detail", args=[consultation.patient.number])).content.decode()
    assert stored_words(consultation)[0] in page
    assert "Go on with the consultation" in page


def test_open_questions_leave_the_header_at_not_asked_until_they_are_answered(here, url, consultation, typed, clinician):
    from plans.overview import watch_for

    here.post(url, posted(consultation, {name: value for name, value in typed.items() if not name.startswith("q.")}), **HTMX)
    assert watch_for(consultation.patient, clinician) is None
    consultation.refresh_from_db()
    here.post(url, posted(consultation, typed), **HTMX)
    assert watch_for(consultation.patient, clinician) == []


def test_a_save_costs_the_same_queries_for_one_zone_and_for_three(here, url, consultation, typed, django_assert_max_num_queries):
    here.post(url, posted(consultation, typed), **HTMX)
    with django_assert_max_num_queries(18):
        here.post(url, posted(consultation, typed | {"zones.acne_scars": ["cheeks", "chin", "forehead", "nose"]}), **HTMX)


@pytest.mark.parametrize("version", ["²", "9" * 5000, "-1", "1.0", ""])
def test_a_version_that_is_none_is_a_stale_page_not_a_fault(here, url, consultation, typed, version):
    here.post(url, posted(consultation, typed, saved_from="another-page"))
    assert here.post(url, {**typed, "version": version, "saved_from": "page-2"}, **HTMX).status_code == 409


def test_what_no_database_or_number_can_hold_is_read_as_nothing(here, url, consultation, typed):
    strange = {"downtime_days": "²", "adjuvant_other": "a\x00b", "yours.depth.cheeks": "0\x00.5", "yours.depth.x y<z": "1", "note": "\x00"}
    assert here.post(url, posted(consultation, typed, **strange), **HTMX).status_code == 200
    consultation.refresh_from_db()
    assert consultation.case["wishes"]["downtime_days"] is None
    assert "\\u0000" not in json.dumps([consultation.inputs, consultation.chosen, consultation.case])
    assert set(consultation.chosen["values"]) == {"depth.cheeks"}


def test_the_button_to_book_stands_only_where_the_diary_has_something_left(here, consultation, typed, keep, clinician, monkeypatch):
    from plans import registry
    from plans.services import accept

    keep(typed)
    plan = accept(consultation, by=clinician, version=consultation.version)
    page, book = (reverse(name, args=[plan.patient.number, plan.number]) for name in ("plans:plan", "sessions:book_course"))
    for links, shown in (
        ([("Book the rest", book), ("Open session 1", "/bookings/1/")], True),
        ([("Open session 1", "/bookings/1/")], False),
    ):
        monkeypatch.setattr(registry, "_sections", [lambda plan, user, links=links: registry.PlanSection("Visits", [], links)])
        html = here.get(page).content.decode()
        assert (f'<a class="btn p" href="{book}">Book the rest</a>' in html) is shown
        assert html.count(book) == shown
        assert "Open session 1" in html


def test_each_source_leads_to_its_place_in_the_protocol(here, url, consultation, typed):
    html = here.post(url, posted(consultation, typed), **HTMX).content.decode()
    wanted = {tuple(link.split("#")) for link in re.findall(r'href="(/protocols/[^"]+#ref-[^"]+)"', html)}
    assert len(wanted) > 3
    (page,) = {page for page, _ in wanted}
    standing = re.findall(r'id="(ref-[^"]+)"', here.get(page).content.decode())
    assert {anchor for _, anchor in wanted} <= set(standing)
    assert len(standing) == len(set(standing))


def test_an_unapproved_protocol_is_said_in_the_bar_and_nothing_else(here, url, consultation, typed):
    from audit import guards
    from protocols.models import ProtocolVersion

    ready = "Nothing left to decide"
    assert ready in here.post(url, posted(consultation, typed), **HTMX).content.decode()
    with guards.suspended():
        ProtocolVersion.objects.update(status="in_review")
    html = here.post(url, posted(consultation, typed), **HTMX).content.decode()
    assert "Protocol not approved" in html
    assert ready not in html


def test_seeing_what_a_colleague_wrote_meanwhile_is_logged_once(here, url, consultation, typed):
    here.post(url, posted(consultation, typed, saved_from="another-page"), **HTMX)
    before = AuditEvent.objects.count()
    assert here.post(url, {**typed, "version": 1, "saved_from": "page-2"}, **HTMX).status_code == 409
    (row,) = AuditEvent.objects.order_by("pk")[before:]
    assert (row.action, row.outcome, row.detail["shown"]) == ("consultation.saved", "refused", "consultation.viewed")
