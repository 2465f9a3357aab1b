"""A browser that is with a patient opens the form and nothing else, whatever is asked of it and however."""

import datetime as dt

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.desk.models import WebSession
from audit.models import AuditEvent
from intake.models import QuestionnaireResponse
from intake.tests.answers import sent
from patients.models import Patient

pytestmark = pytest.mark.django_db
both = pytest.mark.both_engines

PASSWORD = "correct horse battery"
HEADERS = [{}, {"HX-Request": "true"}, {"X-Requested-With": "fetch"}, {"Sec-Fetch-Mode": "cors"}]
METHODS = ["get", "head", "post", "put", "patch", "delete", "options"]
OPEN = {"accounts:presence", "intake:tablet", "intake:question", "intake:check", "intake:medicine_names", "intake:staff"}


def addresses(patterns, prefix="", names=()):
    """Every address of the clinic with some number in it, and its name."""
    for one in patterns:
        route = str(one.pattern).replace("^", "").replace("$", "")
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, prefix + route, (*names, one.namespace) if one.namespace else names)
        elif isinstance(one, URLPattern):
            yield ":".join((*names, one.name or "")), prefix + route


def _walk():
    import re

    for name, route in addresses(get_resolver().url_patterns):
        yield name, "/" + re.sub(r"<[^>]+>", "1", route)


def test_every_address_of_the_clinic_is_refused_or_leads_to_the_form(tablet, patient):
    form = reverse("intake:tablet")
    seen = {}
    for name, address in _walk():
        if name in OPEN:
            continue
        answer = tablet.get(address)
        seen[name] = (answer.status_code, answer.get("Location"), patient.surname in answer.content.decode())
    assert len(seen) > 150
    assert set(seen.values()) == {(302, form, False)}


def test_without_the_confinement_they_would_open(tablet, settings, patient):
    """The control: it is the confinement that refuses."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Confined" not in name]
    again = Client()  # a client reads the middleware once
    again.cookies = tablet.cookies
    assert patient.surname in again.get(reverse("patients:detail", args=[patient.number])).content.decode()


def test_what_answers_a_confined_browser_is_a_short_list():
    marked = set()
    for pattern in _patterns(get_resolver().url_patterns):
        if getattr(pattern[1].callback, "open_while_confined", False):
            marked.add(pattern[0])
    assert marked == OPEN


def _patterns(patterns, names=()):
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from _patterns(one.url_patterns, (*names, one.namespace) if one.namespace else names)
        else:
            yield ":".join((*names, one.name or "")), one


@pytest.mark.parametrize("headers", HEADERS, ids=["page", "live part", "script", "fetch"])
@pytest.mark.parametrize("method", METHODS)
def test_no_method_and_no_header_opens_anything_else(tablet, patient, method, headers):
    other = Patient.objects.create(number=10777, site=patient.site, surname="Quince", birth_date=dt.date(1980, 1, 1))
    places = ["/", "/today/", "/nowhere/at/all", reverse("patients:list"), reverse("patients:detail", args=[other.number]),
              reverse("accounts:sign_in"), reverse("accounts:lock"), reverse("accounts:unlock"), reverse("accounts:hand_over"),
              reverse("accounts:sign_out"), reverse("clinic:health"), reverse("patients:edit", args=[patient.number])]  # fmt: skip
    for address in places:
        answer = getattr(tablet, method)(address, headers=headers)
        assert answer["X-Confined"] == "1"
        assert answer["Cache-Control"] == "no-store"
        assert (answer.status_code, answer.get("Location")) in [(403, None), (302, reverse("intake:tablet"))], address
        page = answer.content.decode()
        assert "Quince" not in page
        assert patient.surname not in page
    assert WebSession.objects.get(pk=tablet.session.row.pk).confined_to, "nothing of this let it out"


def test_nothing_is_changed_by_a_form_of_another_page(tablet, patient):
    tablet.post(reverse("patients:edit", args=[patient.number]), {"surname": "Other", "version": patient.version})
    patient.refresh_from_db()
    assert patient.surname == "Rahman"
    row = AuditEvent.objects.filter(action="access.confined").get()
    assert (row.outcome, row.detail["method"]) == ("refused", "POST")


@both
def test_a_slow_request_that_saves_its_session_does_not_let_the_browser_out(tablet):
    before = tablet.session
    WebSession.objects.filter(pk=before.row.pk).update(confined_to="")
    before = tablet.session  # as a request read it before the tablet was handed over
    WebSession.objects.filter(pk=before.row.pk).update(confined_to=f"intake:{tablet.form.pk}")
    before["kept"] = "from before"
    before.save()
    assert tablet.get("/today/")["Location"] == reverse("intake:tablet")


def test_a_new_key_for_the_same_session_stays_confined(tablet):
    session = tablet.session
    session.cycle_key()
    session.save()
    tablet.cookies[django_settings.SESSION_COOKIE_NAME] = session.session_key
    assert tablet.get("/today/")["Location"] == reverse("intake:tablet")


def test_other_tabs_are_told_and_told_nothing_else(tablet):
    assert tablet.get(reverse("accounts:presence")).json() == {"state": "confined"}


# Taking it back


@both
def test_staff_take_it_back_with_their_password_and_with_nothing_less(tablet, patient):
    wrong = tablet.post(reverse("intake:staff"), {"typed": "guess"})
    assert wrong.status_code == 422
    assert "4 tries left" in wrong.content.decode()
    assert tablet.get("/today/")["Location"] == reverse("intake:tablet")
    answer = tablet.post(reverse("intake:staff"), {"typed": PASSWORD})
    assert answer["Location"] == reverse("intake:patient", args=[patient.number])
    assert tablet.get("/today/").status_code == 200
    assert QuestionnaireResponse.objects.get().browser is None


@both
def test_five_wrong_ones_sign_the_browser_out(tablet):
    for _ in range(5):
        answer = tablet.post(reverse("intake:staff"), {"typed": "guess"})
    assert answer.status_code == 403
    assert "/accounts/sign-in" in tablet.get("/today/")["Location"]
    assert tablet.post(reverse("intake:staff"), {"typed": PASSWORD}).status_code == 302
    assert QuestionnaireResponse.objects.get().is_open, "what was answered is kept"


def test_a_browser_that_is_with_nobody_has_no_form(client, desk, protocol):
    client.force_login(desk)
    for name in ("tablet", "check", "staff"):
        assert client.get(reverse(f"intake:{name}"))["Location"] == reverse("clinic:today")


# Limits


def leave(tablet, **fields):
    WebSession.objects.filter(pk=tablet.session.row.pk).update(seen_at=timezone.now() - dt.timedelta(**fields))


def test_a_tablet_nobody_touches_shows_nothing_and_keeps_what_still_arrives(tablet, answer, patient):
    answer("scars", {"q.scars": "no"})
    leave(tablet, seconds=django_settings.IDLE_LOCK_SECONDS + 1)
    page = tablet.get(reverse("intake:check")).content.decode()
    assert "Give the tablet back" in page
    assert patient.surname not in page
    assert "scar" not in page
    late = answer("retinoid_capsules", {"q.retinoid_capsules": "no"})
    assert "Give the tablet back" in late.content.decode()
    assert QuestionnaireResponse.objects.get().inputs == {"q.scars": "no", "q.retinoid_capsules": "no"}
    assert "Give the tablet back" in tablet.get(reverse("intake:check")).content.decode(), "a late press does not open it again"


def test_out_for_longer_than_allowed_it_is_signed_out(tablet):
    past = timezone.now() - dt.timedelta(minutes=django_settings.HANDED_OVER_MINUTES, seconds=1)
    WebSession.objects.filter(pk=tablet.session.row.pk).update(confined_at=past)
    answer = tablet.get(reverse("intake:check"))
    assert answer.status_code == 403
    assert "Give the tablet back" in answer.content.decode()
    assert "/accounts/sign-in" in tablet.get("/today/")["Location"]
    assert QuestionnaireResponse.objects.get().is_open


def test_the_clock_put_back_ends_it_as_well(tablet):
    WebSession.objects.filter(pk=tablet.session.row.pk).update(confined_at=timezone.now() + dt.timedelta(hours=1))
    assert tablet.get(reverse("intake:check")).status_code == 403


def test_another_password_for_the_staff_member_ends_it(tablet, desk):
    desk.set_password("another horse battery")
    desk.save()
    assert "/accounts/sign-in" in tablet.get(reverse("intake:tablet"))["Location"]


# Nothing mixed


@both
def test_a_page_of_an_earlier_form_writes_into_no_other(tablet, patient, desk):
    """The patient before left a tab open: its answers stay out of the next one's form."""
    earlier = tablet.form
    tablet.post(reverse("intake:staff"), {"typed": PASSWORD})
    other = Patient.objects.create(number=10777, site=patient.site, surname="Quince", birth_date=dt.date(1980, 1, 1))
    tablet.post(reverse("intake:hand_over", args=[other.number]), {"language": "en", "request_key": "two"})
    form = QuestionnaireResponse.objects.get(patient=other)
    tablet.post(reverse("intake:tablet"), {"form": form.pk, "me": "yes"})
    late = tablet.post(reverse("intake:question", args=[1]), {"form": earlier.pk, f"q.{earlier.asked[0]}": "yes"})
    assert late.status_code == 409
    assert [row.inputs for row in QuestionnaireResponse.objects.all()] == [{}, {}]


@both
def test_handed_over_elsewhere_the_first_tablet_holds_nothing_any_more(tablet, patient, desk, answer):
    answer("scars", {"q.scars": "no"})
    second = Client()
    second.force_login(desk)
    second.post(reverse("intake:hand_over", args=[patient.number]), {"language": "en", "request_key": "two"})
    assert QuestionnaireResponse.objects.count() == 1, "it goes on with what was begun"
    assert answer("scars", {"q.scars": "yes"}).status_code == 409
    assert "Give the tablet back" in tablet.get(reverse("intake:check")).content.decode()
    assert tablet.get("/today/")["Location"] == reverse("intake:tablet"), "and is still with a patient"
    assert QuestionnaireResponse.objects.get().inputs == {"q.scars": "no"}


def test_nothing_is_shown_before_the_patient_says_that_it_is_them(desk, patient, protocol):
    client = Client()
    client.force_login(desk)
    client.post(reverse("intake:hand_over", args=[patient.number]), {"language": "en", "request_key": "test"})
    form = QuestionnaireResponse.objects.get()
    for address in (reverse("intake:question", args=[1]), reverse("intake:check")):
        assert client.get(address)["Location"] == reverse("intake:tablet")
    assert "Give the tablet back" in client.post(reverse("intake:tablet"), {"form": form.pk, "me": "no"}).content.decode()
    assert client.get(reverse("intake:check"))["Location"] == reverse("intake:tablet")


def test_earlier_answers_and_medicines_of_the_record_are_not_on_the_form(tablet, patient, clinician, protocol, step_of):
    from patients.models import Medication

    Medication.objects.create(patient=patient, name="Apixaban 5 mg", recorded_by=clinician)
    QuestionnaireResponse.objects.filter(pk=tablet.form.pk).update(status="stopped", closed_at=timezone.now(), closed_by=clinician)
    sent(patient, protocol, by=clinician, inputs={"q.scars": "yes", "rule.scars": ["keloid"], "rule.scars.keloid.note": "Left ear"})
    tablet.post(reverse("intake:staff"), {"typed": PASSWORD})
    tablet.post(reverse("intake:hand_over", args=[patient.number]), {"language": "en", "request_key": "three"})
    form = QuestionnaireResponse.objects.get(status="in-progress")
    tablet.post(reverse("intake:tablet"), {"form": form.pk, "me": "yes"})
    for address in (step_of("scars"), step_of("list medicines"), reverse("intake:check")):
        page = tablet.get(address).content.decode()
        assert "Apixaban" not in page
        assert "Left ear" not in page
        assert " checked" not in page
