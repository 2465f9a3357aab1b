"""Two records of one person: both stay, everything of either counts, and it can be undone for 30 days."""

import datetime as dt
import uuid

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Site
from accounts.versioning import StaleRow
from audit.models import AuditEvent
from patients import merge_services as service
from patients import search, services
from patients.answers import last_said, standing, with_merge
from patients.conversion import case_of, screening_of
from patients.duplicates import likely_same
from patients.merged import MergedAway
from patients.models import Allergy, Medication, Patient, PatientMerge, Procedure, ScreeningAnswer
from patients.person import OfThisPerson, PersonKey
from patients.storyboard import facts_of

pytestmark = pytest.mark.django_db


def _fresh(patient):
    return Patient.objects.get(pk=patient.pk)


def _today():
    return timezone.localdate()


# Everything of either counts


@pytest.mark.both_engines
def test_both_records_stay_and_each_shows_what_stands_under_the_other(merge, patient, other):
    mine = Allergy.objects.create(patient=patient, substance="nickel")
    theirs = Allergy.objects.create(patient=other, substance="lidocaine")
    assert list(patient.allergies.all()) == [mine]
    row = merge()
    assert (row.kept, row.other) == (patient, other)
    assert _fresh(other).merged_into == patient
    for one in (patient, other):
        assert list(_fresh(one).allergies.all()) == [mine, theirs]
        assert list(Allergy.objects.filter(patient=one)) == [mine, theirs]
        assert list(Allergy.objects.filter(patient_id=one.pk)) == [mine, theirs]
    assert list(Allergy.objects.filter(patient__pk=patient.pk)) == [mine]
    assert [line.patient_id for line in Allergy.objects.order_by("pk")] == [patient.pk, other.pk], "no row was moved"


@pytest.mark.both_engines
def test_what_the_planner_reads_is_the_union(merge, patient, other):
    Allergy.objects.create(patient=other, substance="lidocaine")
    Medication.objects.create(patient=other, name="isotretinoin")
    Procedure.objects.create(patient=other, what="chemical peel", performed_on=_today())
    ScreeningAnswer.objects.create(
        patient=other, question="keloid", protocol_version="x", answer=True, rules={"keloid": {"answer": True}}, answered_at=timezone.now()
    )
    for one in (patient, other):
        one.allergies_asked = one.medicines_asked = "listed" if one == other else "none"
        one.allergies_asked_at = one.medicines_asked_at = timezone.now()
        one.save()
    before = case_of(_fresh(patient), visit_date=_today())
    assert (before["allergies"], before["medications"], before["screening"], before["recent_procedures"]) == ([], [], {}, [])
    merge()
    for one in (patient, other):
        case = case_of(_fresh(one), visit_date=_today())
        assert case["allergies"] == ["lidocaine"]
        assert [line["name"] for line in case["medications"]] == ["isotretinoin"]
        assert case["screening"]["keloid"]["answer"] is True
        assert [line["what"] for line in case["recent_procedures"]] == ["chemical peel"]


def test_without_the_key_the_allergy_of_the_other_record_is_lost(merge, patient, other):
    """The control: it is the key that carries it to the planner, and nothing else."""
    Allergy.objects.create(patient=other, substance="lidocaine")
    Patient.objects.filter(pk=other.pk).update(allergies_asked="listed")
    merge()
    assert case_of(_fresh(patient), visit_date=_today())["allergies"] == ["lidocaine"]
    PersonKey._unregister_lookup(OfThisPerson)
    try:
        assert case_of(_fresh(patient), visit_date=_today())["allergies"] == []
    finally:
        PersonKey.register_lookup(OfThisPerson)
    assert case_of(_fresh(patient), visit_date=_today())["allergies"] == ["lidocaine"]


def _answer(patient, said, *, at):
    rules = {"keloid": {"answer": said}, "tattoo": {"answer": False}}
    return ScreeningAnswer.objects.create(patient=patient, question="scars", protocol_version="x", answer=said, rules=rules, answered_at=at)


@pytest.mark.parametrize("of_the_kept", [True, False])
def test_a_yes_of_either_record_counts_until_the_person_is_asked_again(merge, patient, other, of_the_kept):
    """A newer no under the other record takes nothing back: whoever asked there did not know of the yes."""
    now = timezone.now()
    says_yes, says_no = (patient, other) if of_the_kept else (other, patient)
    _answer(says_yes, True, at=now - dt.timedelta(days=9))
    _answer(says_no, False, at=now - dt.timedelta(days=1))
    assert screening_of(says_no)["keloid"] == {"answer": False}
    row = merge()
    for one in (patient, other):
        assert screening_of(_fresh(one)) == {"keloid": {"answer": True}, "tattoo": {"answer": False}}
        assert last_said(standing(with_merge(one.screening_answers.all()))) == {}, "so it is asked again"
    _answer(patient, False, at=row.merged_at + dt.timedelta(minutes=1))
    for one in (patient, other):
        assert screening_of(_fresh(one))["keloid"] == {"answer": False}


def test_the_newest_answer_of_one_record_counts_as_ever(patient):
    _answer(patient, True, at=timezone.now() - dt.timedelta(days=9))
    _answer(patient, False, at=timezone.now())
    assert screening_of(patient)["keloid"] == {"answer": False}


def test_the_header_of_either_names_the_allergy(merge, patient, other, desk):
    Allergy.objects.create(patient=other, substance="lidocaine")
    merge()
    for one in (patient, other):
        assert dict(facts_of(_fresh(one), desk))["Allergies"].text == "lidocaine"


@pytest.mark.parametrize(
    ("mine", "theirs", "joined"),
    [
        ("none", "none", ("none", True)),
        ("none", "not_asked", ("not_asked", False)),
        ("not_asked", "none", ("not_asked", False)),
        ("not_asked", "not_asked", ("not_asked", False)),
        ("none", "listed", ("listed", False)),
        ("listed", "none", ("listed", False)),
        ("listed", "listed", ("listed", False)),
        ("listed", "not_asked", ("listed", False)),
    ],
)
def test_lists_that_do_not_both_say_none_are_gone_through_again(merge, patient, other, mine, theirs, joined):
    """Unknown means ask: a time when it was gone through stands only where both were, the older of the two."""
    old, new = timezone.now() - dt.timedelta(days=9), timezone.now()
    Patient.objects.filter(pk=patient.pk).update(medicines_asked=mine, medicines_asked_at=None if mine == "not_asked" else new)
    Patient.objects.filter(pk=other.pk).update(medicines_asked=theirs, medicines_asked_at=None if theirs == "not_asked" else old)
    merge()
    for one in (_fresh(patient), _fresh(other)):
        assert one.medicines_asked == joined[0]
        assert one.medicines_asked_at == (old if joined[1] else None)


@pytest.mark.parametrize(("mine", "theirs", "joined"), [(2, 2, 2), (None, 5, 5), (2, None, 2), (2, 5, None)])
def test_phototypes_that_differ_are_asked_again(merge, patient, other, mine, theirs, joined):
    Patient.objects.filter(pk=patient.pk).update(phototype=mine)
    Patient.objects.filter(pk=other.pk).update(phototype=theirs)
    merge()
    assert {_fresh(patient).phototype, _fresh(other).phototype} == {joined}


@pytest.mark.both_engines
def test_what_is_said_of_the_person_afterwards_holds_for_both_records(merge, patient, other, clinician):
    merge()
    services.set_phototype(_fresh(patient), 4, by=clinician)
    services.say_none_known(_fresh(patient), "allergies_asked", by=clinician)
    kept = _fresh(patient)
    services.change(kept, version=kept.version, by=clinician, phone="020 7946 0111")
    away = _fresh(other)
    assert (away.phototype, away.allergies_asked, away.phone) == (4, "none", "020 7946 0111")
    assert away.phone_reversed == "11106497020"
    assert away.surname == "Rahmann", "found by its old name all the same"


def test_none_known_is_not_said_while_the_other_record_lists_something(merge, patient, other, clinician):
    Allergy.objects.create(patient=other, substance="lidocaine")
    merge()
    with pytest.raises(services.StillListed):
        services.say_none_known(_fresh(patient), "allergies_asked", by=clinician)


def test_a_line_of_the_other_record_is_taken_back_through_the_kept_one(merge, patient, other, clinician):
    line = Allergy.objects.create(patient=other, substance="lidocaine")
    merge()
    services.take_back(line, by=clinician)
    assert (_fresh(patient).allergies_asked, _fresh(other).allergies_asked) == ("not_asked", "not_asked")


# What is refused


def _why(refused) -> str:
    return " ".join(refused.value.why)


def test_not_with_itself(merge, patient):
    with pytest.raises(service.MergeRefused) as refused:
        merge(patient, patient)
    assert "one and the same record" in _why(refused)


@pytest.mark.both_engines
def test_no_chain_in_either_direction(merge, patient, other, site):
    third = Patient.objects.create(number=10500, site=site, surname="Rahman", given="N", birth_date=patient.birth_date)
    merge()
    for kept, away in ((third, other), (other, third)):
        with pytest.raises(service.MergeRefused) as refused:
            merge(kept, away)
        assert "No. 10490 is merged into no. 10482 already. Choose no. 10482 instead." in _why(refused)
    merge(patient, third)
    assert set(patient.merged_records.all()) == {other, third}


@pytest.mark.both_engines
def test_the_database_refuses_a_chain(merge, patient, other, site):
    third = Patient.objects.create(number=10500, site=site, surname="Rahman", birth_date=patient.birth_date)
    merge()
    for pk, into in ((third.pk, other.pk), (patient.pk, third.pk), (third.pk, third.pk)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Patient.objects.filter(pk=pk).update(merged_into=into, merged_at=timezone.now())


@pytest.mark.both_engines
def test_the_database_changes_nothing_of_what_a_merge_says(merge):
    row = merge()
    for change in ({"reason": "another"}, {"before": {}}, {"holds": {}}):
        with pytest.raises(IntegrityError), transaction.atomic():
            PatientMerge.objects.filter(pk=row.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        row.delete()


def test_not_with_a_record_of_a_site_one_does_not_work_at(merge, patient, other):
    Patient.objects.filter(pk=other.pk).update(site=Site.objects.create(name="Birch", slug="birch"))
    with pytest.raises(service.MergeRefused) as refused:
        merge()
    assert "a site you work at" in _why(refused)
    assert _fresh(other).merged_into is None


@pytest.mark.parametrize(
    ("field", "value", "word"), [("birth_date", dt.date(1991, 4, 3), "dates of birth"), ("sex", "M", "sexes at birth")]
)
def test_another_birth_date_or_sex_needs_a_reason(merge, patient, other, field, value, word):
    Patient.objects.filter(pk=other.pk).update(**{field: value})
    for reason in ("", "yes"):
        with pytest.raises(service.MergeRefused) as refused:
            merge(reason=reason)
        assert word in _why(refused)
        assert refused.value.field == "reason"
    row = merge(reason="Passport seen: day and month were turned", holds={field: other.number})
    assert row.reason == "Passport seen: day and month were turned"
    assert getattr(_fresh(patient), field) == value
    assert AuditEvent.objects.filter(action="patient.merged").latest("pk").detail["overridden"] == [field]


def test_a_sex_nobody_asked_for_contradicts_nothing(merge, patient, other):
    assert other.sex == ""
    assert merge().reason == ""
    assert _fresh(other).sex == "F"


def test_each_difference_is_chosen(merge, patient, other):
    with pytest.raises(service.MergeRefused) as refused:
        merge(holds={"phone": None})
    assert refused.value.field == "phone"
    row = merge(holds={"phone": other.number, "surname": other.number})
    kept = _fresh(patient)
    assert (kept.phone, kept.surname, kept.given, kept.email) == ("020 7946 0999", "Rahmann", "Nadia", "")
    assert _fresh(other).phone == "020 7946 0999"
    assert row.holds["phone"] == other.number


@pytest.mark.both_engines
def test_a_record_changed_since_it_was_shown_is_looked_at_again(merge, patient, other):
    with pytest.raises(StaleRow):
        merge(versions={patient.pk: patient.version, other.pk: other.version - 1})
    assert not PatientMerge.objects.exists()


@pytest.mark.both_engines
def test_pressed_twice_it_is_done_once(merge, patient, other):
    key = uuid.uuid4()
    assert merge(request_key=key) == merge(request_key=key)
    assert PatientMerge.objects.count() == 1
    assert AuditEvent.objects.filter(action="patient.merged").count() == 2, "once for each of the two"
    assert set(AuditEvent.objects.filter(action="patient.merged").values_list("patient_pk", flat=True)) == {patient.pk, other.pk}


@pytest.mark.both_engines
def test_nothing_new_is_written_to_the_merged_record(merge, patient, other, clinician):
    merge()
    away = Patient.objects.get(pk=other.pk)
    for write in (
        lambda: services.change(away, version=away.version, by=clinician, phone="1"),
        lambda: services.add_allergy(away, by=clinician, substance="latex"),
        lambda: services.add_medicine(away, by=clinician, name="paracetamol"),
        lambda: services.add_procedure(away, by=clinician, what="peel", performed_on=_today()),
    ):
        with pytest.raises(MergedAway) as refused:
            write()
        assert str(refused.value) == "No. 10490 was merged into no. 10482. Go on here."
    assert services.add_allergy(_fresh(patient), by=clinician, substance="latex").patient_id == patient.pk


# Found by the old number and name


@pytest.mark.parametrize("typed", ["10490", "Rahmann", "rahmann nadja"])
def test_the_old_number_and_name_lead_to_the_kept_record(merge, patient, other, desk, typed):
    assert other in search.find(desk, typed)
    merge()
    found = search.find(desk, typed)
    assert other not in found
    assert next(one for one in found if one == patient).known_as == other
    assert len([one for one in found if one == patient]) == 1


@pytest.mark.both_engines
def test_somebody_alike_is_asked_about_once_by_the_kept_record(merge, patient, other, desk):
    merge()
    alike = likely_same(desk, surname="Rahmann", given="Nadja", birth_date=patient.birth_date, phone="")
    assert [like.patient for like in alike] == [patient]


# On the screen


def _form(one, two, **fields):
    one, two = _fresh(one), _fresh(two)
    chosen = dict.fromkeys(service.differing(one, two), one.number)
    versions = {f"version_{row.number}": row.version for row in (one, two)}
    return {"keep": one.number, "request_key": uuid.uuid4(), **versions, **chosen, **fields}


@pytest.fixture
def page(patient, other):
    return reverse("patients:merge_with", args=[patient.number, other.number])


def test_both_stand_beside_each_other_with_what_differs_marked(client, desk, patient, other, page):
    Allergy.objects.create(patient=other, substance="lidocaine")
    client.force_login(desk)
    found = client.post(reverse("patients:merge", args=[patient.number]), {"q": "rahmann"}).content.decode()
    assert page in found
    response = client.get(page)
    shown = {line.label: line.differs for line in response.context["lines"]}
    assert shown["Phone"]
    assert shown["Allergies"]
    assert not shown["Date of birth"]
    assert "lidocaine" in response.content.decode()
    assert set(AuditEvent.objects.filter(action="patient.merge_viewed").values_list("patient_pk", flat=True)) == {patient.pk, other.pk}


@pytest.mark.both_engines
def test_merged_from_the_page_and_the_old_number_leads_to_the_kept_one(client, desk, patient, other, page):
    client.force_login(desk)
    sent = _form(patient, other)
    kept = reverse("patients:detail", args=[patient.number])
    for _ in range(2):  # a double press
        assert client.post(page, sent)["Location"] == kept
    assert PatientMerge.objects.count() == 1
    assert "is the same person: merged into this record" in client.get(kept).content.decode()
    answer = client.get(reverse("patients:detail", args=[other.number]), follow=True)
    assert answer.redirect_chain == [(kept, 302)]
    assert "No. 10490 was merged into no. 10482" in answer.content.decode()
    found = client.post(reverse("patients:list"), {"q": "10490"}).content.decode()
    assert "Found as no. 10490" in found


def test_what_is_missing_is_asked_with_everything_chosen_kept(client, desk, patient, other, page):
    client.force_login(desk)
    sent = _form(patient, other)
    del sent["phone"]
    response = client.post(page, sent)
    assert response.status_code == 422
    assert response.context["form"].errors == {"phone": ["Phone: choose which holds"]}
    assert response.context["form"]["keep"].value() == str(patient.number)
    assert not PatientMerge.objects.exists()


def test_a_stale_page_is_looked_at_again(client, desk, patient, other, page):
    client.force_login(desk)
    sent = _form(patient, other)
    fresh = _fresh(other)
    services.change(fresh, version=fresh.version, by=desk, phone="020 7946 0333")
    response = client.post(page, sent)
    assert response.status_code == 409
    shown = response.content.decode()
    assert "020 7946 0333" in shown
    assert "Nothing was merged" in shown
    assert client.post(page, sent | {f"version_{other.number}": response.context["form"].two.version}).status_code == 302


def test_a_form_of_the_merged_record_that_comes_late_saves_nothing(client, clinician, merge, patient, other):
    merge()
    client.force_login(clinician)
    answer = client.post(reverse("patients:add_allergy", args=[other.number]), {"substance": "latex"}, follow=True)
    assert answer.redirect_chain == [(reverse("patients:detail", args=[patient.number]), 302)]
    assert "Nothing was saved. No. 10490 was merged into no. 10482" in answer.content.decode()
    assert not Allergy.objects.exists()


@pytest.mark.both_engines
def test_undone_from_the_page(client, clinician, merge, patient, other):
    row = merge()
    services.add_allergy(_fresh(patient), by=clinician, substance="latex")
    client.force_login(clinician)
    address = reverse("patients:unmerge", args=[row.pk])
    assert "1 allergy" in client.get(address).content.decode()
    answer = client.post(address, follow=True)
    assert "two records again. With no. 10482 stay: 1 allergy." in answer.content.decode()
    assert "Two records again" in client.get(reverse("patients:detail", args=[other.number])).content.decode()


def test_too_late_is_said_on_the_page(client, clinician, merge):
    row = merge()
    with time_machine.travel(timezone.now() + dt.timedelta(days=31)):
        client.force_login(clinician)
        response = client.post(reverse("patients:unmerge", args=[row.pk]))
    assert response.status_code == 409
    assert "can be undone for 30 days" in response.content.decode()
