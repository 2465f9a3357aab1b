"""`patient = X` means the person, whatever shape the question has; what means one record says so; and both go by index."""

import datetime as dt
import json

import pytest
from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Subquery
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.reach import reach_of
from audit import guards
from patients.emergency import open_to
from patients.models import Allergy, Medication, Patient, PatientMerge
from patients.person import OfThisPerson, PersonKey

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]


@pytest.fixture
def records(site):
    """The kept record, one merged into it, and somebody else; each with an allergy of its own."""

    def make(number, **fields):
        return Patient.objects.create(number=number, site=site, surname=f"P{number}", birth_date=dt.date(1991, 3, 4), **fields)

    kept = make(1)
    made = kept, make(2, merged_into=kept, merged_at=timezone.now()), make(3)
    for one in made:
        Allergy.objects.create(patient=one, substance=f"of {one.number}")
    return made


def said(rows) -> list[str]:
    return sorted(row.substance for row in rows)


BOTH, ALL = ["of 1", "of 2"], ["of 1", "of 2", "of 3"]


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    "asked",
    [
        lambda one: Q(patient=one),
        lambda one: Q(patient=one.pk),
        lambda one: Q(patient=str(one.pk)),
        lambda one: Q(patient_id=one.pk),
        lambda one: Q(patient__exact=one),
        lambda one: ~Q(~Q(patient=one)),
        lambda one: Q(patient=one) | Q(patient=None),
        lambda one: Q(patient=one) & Q(patient__isnull=False),
        lambda one: Q(patient=Patient.objects.filter(number=one.number)[:1]),
        lambda one: Q(patient=Subquery(Patient.objects.filter(number=one.number).values("pk")[:1])),
    ],
)
def test_any_way_to_name_a_record_means_the_person(records, which, asked):
    one = records[which]
    assert said(Allergy.objects.filter(asked(one))) == BOTH
    assert said(Allergy.objects.exclude(asked(one))) == ["of 3"]
    assert said(Allergy.objects.filter(asked(records[2]))) == ["of 3"]


def test_nobody_is_nobody(records):
    assert not Allergy.objects.filter(patient=None).exists()
    assert not Allergy.objects.filter(patient__isnull=True).exists()
    assert said(Allergy.objects.exclude(patient=None)) == ALL
    assert not Allergy.objects.filter(patient=0).exists()
    assert said(Allergy.objects.exclude(patient=0)) == ALL
    with pytest.raises(ValueError, match="must be saved"):
        Allergy.objects.filter(patient=Patient(number=9)).exists()
    with pytest.raises(ValueError, match="needs to have a"):
        Patient(number=9).allergies.exists()


@pytest.mark.parametrize("which", [0, 1])
def test_from_the_record_itself(records, which):
    one = records[which]
    assert said(one.allergies.all()) == BOTH
    assert said(one.allergies(manager="all_rows").all()) == BOTH
    assert one.allergies.filter(substance="of 2").count() == 1
    assert said(one.allergies.exclude(patient=one)) == []
    assert one.allergies.create(substance="new").patient_id == one.pk, "what is made belongs to the record it is made for"


def test_a_row_knows_the_record_it_was_written_for(records):
    kept, away, _ = records
    assert [(row.substance, row.patient) for row in kept.allergies.order_by("pk")] == [("of 1", kept), ("of 2", away)]


def test_one_record_alone_says_so(records):
    kept, away, _ = records
    assert said(Allergy.objects.filter(patient__pk=kept.pk)) == ["of 1"]
    assert said(Allergy.objects.filter(patient__id=away.pk)) == ["of 2"]
    assert said(Allergy.objects.filter(patient__number=away.number)) == ["of 2"]
    assert said(Allergy.objects.filter(patient__in=[kept])) == ["of 1"]


def test_rows_of_many_people_are_read_together(records):
    kept, _away, somebody = records
    rows = Allergy.objects.of_people({kept.pk, somebody.pk})
    assert {row.substance: row.person for row in rows} == {"of 1": kept.pk, "of 2": kept.pk, "of 3": somebody.pk}
    assert {one.person_pk for one in records} == {kept.pk, somebody.pk}


@pytest.mark.parametrize("how", ["allergies", Prefetch("allergies", Allergy.objects.order_by("-pk"))])
def test_prefetched_it_is_the_person_as_well(records, how, django_assert_num_queries):
    with django_assert_num_queries(2):
        found = {one.number: said(one.allergies.all()) for one in Patient.objects.prefetch_related(how)}
    assert found == {1: BOTH, 2: BOTH, 3: ["of 3"]}


def test_prefetched_under_another_name(records):
    rows = Patient.objects.prefetch_related(Prefetch("allergies", Allergy.objects.filter(substance="of 2"), to_attr="some"))
    assert {one.number: said(one.some) for one in rows} == {1: ["of 2"], 2: ["of 2"], 3: []}


def test_of_an_outer_row(records):
    for one in records:
        Medication.objects.create(patient=one, name=f"m{one.number}")
    second = Allergy.objects.filter(patient=OuterRef("patient"), substance="of 2")
    by_patient = Allergy.objects.filter(patient=OuterRef("pk"), substance="of 2")
    assert {row.name for row in Medication.objects.filter(Exists(second))} == {"m1", "m2"}
    assert {row.name for row in Medication.objects.filter(~Exists(second))} == {"m3"}
    assert {row.number for row in Patient.objects.filter(Exists(by_patient))} == {1, 2}
    found = Medication.objects.annotate(how=Subquery(second.values("substance")[:1])).values_list("name", "how")
    assert dict(found) == {"m1": "of 2", "m2": "of 2", "m3": None}


def test_columns_of_two_tables(records):
    """As `F`: rows of the same person, not only of the same record."""
    kept, away, _ = records
    Medication.objects.create(patient=kept, name="m")
    pairs = Medication.objects.filter(patient__merged_records=away).filter(patient=F("patient__merged_records"))
    assert [row.name for row in pairs] == ["m"]


def test_from_the_patients_side_a_row_is_that_row(records):
    kept, away, _ = records
    line = Allergy.objects.get(substance="of 2")
    assert list(Patient.objects.filter(allergies=line)) == [away]
    assert list(Patient.objects.filter(allergies=line.pk)) == [away]
    assert kept not in Patient.objects.filter(allergies__substance="of 2"), "a join is by record"


def test_grouped_it_is_by_record_and_of_people_by_person(records):
    kept, _away, somebody = records
    rows = Allergy.objects.order_by()
    assert dict(rows.values_list("patient").annotate(Count("pk"))) == {one.pk: 1 for one in records}
    grouped = rows.of_people({one.person_pk for one in records}).values_list("person").annotate(Count("pk"))
    assert dict(grouped) == {kept.pk: 2, somebody.pk: 1}


def test_changed_and_deleted_by_person_or_by_record(records):
    kept, away, _ = records
    assert Allergy.objects.filter(patient=away).update(reaction="rash") == 2
    assert Allergy.objects.filter(patient__pk=away.pk).update(reaction="none") == 1
    assert Allergy.objects.filter(patient__pk=away.pk).delete()[0] == 1
    assert said(kept.allergies.all()) == ["of 1"]
    assert Allergy.objects.filter(patient=away).delete()[0] == 1
    assert said(Allergy.objects.all()) == ["of 3"]


def test_a_record_that_is_deleted_takes_only_its_own_rows(records):
    _kept, away, _ = records
    with guards.suspended():
        away.delete()
    assert said(Allergy.objects.all()) == ["of 1", "of 3"]


def test_in_the_tables_it_is_a_plain_key():
    field = Allergy._meta.get_field("patient")
    assert field.deconstruct()[1] == "django.db.models.ForeignKey"
    assert field.db_type(connection) == Patient._meta.pk.rel_db_type(connection)


# By index


def _plan(rows) -> list[str]:
    """How the database goes about *rows*; PostgreSQL is asked to leave out a walk through a whole table wherever it can."""
    sql, params = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
            answer = cursor.fetchone()[0]
            return list(_walks(json.loads(answer) if isinstance(answer, str) else answer))
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        return [row[3] for row in cursor.fetchall() if row[3].startswith("SCAN")]


def _walks(plan):
    if isinstance(plan, list):
        for one in plan:
            yield from _walks(one)
    elif isinstance(plan, dict):
        if plan.get("Node Type") == "Seq Scan":
            yield f"SCAN {plan.get('Alias')}"
        for one in plan.values():
            yield from _walks(one)


@pytest.mark.parametrize(
    "rows",
    [
        lambda one: Allergy.all_rows.filter(patient=one).order_by(),
        lambda one: one.screening_answers.order_by("-pk"),
        lambda one: Patient.objects.of_person(one.pk).order_by(),
        lambda one: Allergy.all_rows.of_people([one.pk]).order_by(),
    ],
)
def test_a_person_is_read_by_index(records, rows):
    assert _plan(rows(records[1])) == []


def test_of_an_outer_row_the_inner_one_is_read_by_index(records):
    inner = Allergy.all_rows.filter(patient=OuterRef("patient")).order_by()
    for outer in (Medication.all_rows.filter(Exists(inner)), Medication.all_rows.filter(~Exists(inner))):
        walked = " ".join(_plan(outer.filter(pk__gt=0).order_by()))
        assert "patients_allergy" not in walked
        assert "U0" not in walked
        assert "of_person" not in walked


def test_a_walk_would_be_noticed(records):
    """The control: what has no index is walked, on both engines."""
    assert _plan(Allergy.all_rows.filter(reaction="rash").order_by())


def test_what_an_emergency_opened_is_asked_by_index_at_every_request(records, desk):
    assert _plan(open_to(desk)) == []


def test_the_page_of_a_patient_walks_no_patients_for_its_merges(records):
    walked = " ".join(_plan(PatientMerge.objects.of(records[0]).select_related("kept", "other")))
    assert "patients_patient " not in f"{walked} "


def test_the_question_stays_one_query(records, desk):
    reach_of(desk)
    with CaptureQueriesContext(connection) as asked:
        assert said(records[1].allergies.all()) == BOTH
    assert len(asked) == 1


def test_without_the_lookup_it_is_one_record(records):
    """The control: nothing else makes it the person."""
    PersonKey._unregister_lookup(OfThisPerson)
    try:
        assert said(records[0].allergies.all()) == ["of 1"]
    finally:
        PersonKey.register_lookup(OfThisPerson)
