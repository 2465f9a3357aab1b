"""Finding people by what the caller says."""
# ruff: noqa: RUF001

import datetime as dt

import pytest
from django.db import connection
from django.urls import reverse

from accounts.models import Site
from audit.models import AuditEvent
from patients import search
from patients.models import Patient, SurnameSlip

pytestmark = pytest.mark.django_db

PEOPLE = [
    ("Rahman", "Nadia", "1991-03-04", "020 7946 0200"),
    ("Rahmani", "Omid", "1970-04-03", "07700 900201"),
    ("O'Brien", "Siobhán", "1985-12-31", "07700 900202"),
    ("Núñez-Castellanos", "María José", "1978-06-15", "07700 900203"),
    ("Łoś", "Jan", "1966-01-09", "07700 900204"),
    ("Щербакова", "Анастасия", "1993-12-31", "07700 900205"),
    ("الحسيني", "فَاطِمَة", "1988-09-09", "07700 900206"),
    ("Suharto", "", "1975-02-28", "07700 900207"),
    ("Nadia", "Boulanger", "1950-01-01", "07700 900208"),
]


@pytest.fixture
def people(site):
    rows = [
        Patient(number=20001 + i, site=site, surname=s, given=g, birth_date=dt.date.fromisoformat(b), phone=p)
        for i, (s, g, b, p) in enumerate(PEOPLE)
    ]
    Patient.objects.bulk_create(rows)


@pytest.fixture
def found(desk, people):
    return lambda text: [row.surname for row in search.find(desk, text)]


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("rah", "Rahman"),
        ("RAHMAN", "Rahman"),
        ("Rahman Nadia", "Rahman"),
        ("rahman, nad", "Rahman"),
        ("nadia rahman", "Rahman"),
        ("nad rah", "Rahman"),
        ("omid", "Rahmani"),
        ("obrien", "O'Brien"),
        ("o’brien siobhan", "O'Brien"),
        ("nunez", "Núñez-Castellanos"),
        ("nunez castellanos maria", "Núñez-Castellanos"),
        ("maria jose nunez", "Núñez-Castellanos"),
        ("los", "Łoś"),
        ("щербак", "Щербакова"),
        ("анастасия", "Щербакова"),
        ("الحس", "الحسيني"),
        ("فاطمة", "الحسيني"),
        ("suharto", "Suharto"),
        ("20004", "Núñez-Castellanos"),
        ("4/3/1991", "Rahman"),
        ("1991-03-04", "Rahman"),
        ("4 Mar 1991", "Rahman"),
        ("4 march 1991", "Rahman"),
        ("Mar 4, 1991", "Rahman"),
        ("04.03.1991", "Rahman"),
        ("04031991", "Rahman"),
        ("rahman 4/3/1991", "Rahman"),
        ("0206", "الحسيني"),
        ("900 206", "الحسيني"),
        ("+44 7700 900206", "الحسيني"),
        ("07700900206", "الحسيني"),
        ("0044 20 7946 0200", "Rahman"),
        ("no. 20004", "Núñez-Castellanos"),
        ("#20004", "Núñez-Castellanos"),
        ("castellanos", "Núñez-Castellanos"),
        ("castelanos", "Núñez-Castellanos"),
        ("nunnez", "Núñez-Castellanos"),
        ("maria castellanos", "Núñez-Castellanos"),
    ],
)
def test_found_first(found, text, first):
    assert found(text)[:1] == [first]


@pytest.mark.parametrize("text", ["rhaman", "rahmn", "rahmaan", "ramhan", "tahman", "rehmen", "arhman", "rahman nadai"])
def test_a_mistyped_surname_is_found(found, text):
    assert "Rahman" in found(text)


def test_a_mistyped_given_name_is_found_beside_a_mistyped_surname(found):
    assert found("siobhna obreen")[:1] == ["O'Brien"]


@pytest.mark.parametrize(
    "text", ["", "   ", "zzzzzz", "%", "_", "'", "\\", "\x00", "٣", "31/31/1991", "0", "123", "99999999999999999999", "-" * 300]
)
def test_what_means_nothing_finds_nobody_and_never_fails(found, text):
    assert found(text) == []


def test_three_digits_of_a_phone_are_too_few(found):
    assert found("206") == []


def test_both_readings_of_a_date_are_looked_for(found):
    assert set(found("3/4/1991")) == {"Rahman"}
    assert found("4/3/1970") == ["Rahmani"]


def test_a_common_name_does_not_hide_the_rare_one(desk, site):
    Patient.objects.bulk_create([Patient(number=30000 + i, site=site, surname="Marton", birth_date=dt.date(1980, 1, 1)) for i in range(60)])
    Patient.objects.create(number=40000, site=site, surname="Merton", birth_date=dt.date(1980, 1, 1))
    assert "Merton" in [row.surname for row in search.find(desk, "Mertn")]


def test_people_of_other_sites_are_not_found(desk, people):
    Patient.objects.filter(surname="Rahman").update(site=Site.objects.create(name="Elsewhere", slug="elsewhere"))
    assert [row.surname for row in search.find(desk, "rahman")] == ["Rahmani"]


def test_at_most_twenty_in_the_order_of_names(desk, site):
    Patient.objects.bulk_create(
        [Patient(number=30000 + i, site=site, surname="Marton", given=f"G{i:03d}", birth_date=dt.date(1980, 1, 1)) for i in range(50)]
    )
    assert [row.given for row in search.find(desk, "mart")] == [f"G{i:03d}" for i in range(20)]


def test_a_changed_surname_is_found_under_the_new_one(desk, people):
    row = Patient.objects.get(surname="Suharto")
    row.surname = "Wijaya"
    row.save(update_fields=["surname"])
    assert [p.pk for p in search.find(desk, "wij")] == [row.pk]
    assert [p.pk for p in search.find(desk, "wijyaa")] == [row.pk]


def test_slips_are_kept_once_per_surname(people, site):
    before = SurnameSlip.objects.count()
    Patient.objects.create(number=1, site=site, surname="RAHMAN", birth_date=dt.date(1980, 1, 1))
    assert SurnameSlip.objects.count() == before


@pytest.mark.parametrize(
    ("text", "most"),
    [("rahman", 8), ("rahman nadia", 3), ("20001", 3), ("4/3/1991", 2), ("0200", 3)],
    ids=["name", "full name", "number", "date", "phone"],
)
def test_few_queries(desk, people, django_assert_max_num_queries, text, most):
    with django_assert_max_num_queries(most):
        search.find(desk, text)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plan")
@pytest.mark.parametrize(
    ("column", "text"), [("surname_key", "rah"), ("given_key", "nad"), ("preferred_key", "na"), ("phone_reversed", "0020")]
)
def test_each_prefix_is_a_range_of_an_index(people, column, text):
    from patients.querysets import starting

    plan = Patient.objects.filter(starting(column, text)).order_by(column)[:20].explain()
    assert "SEARCH" in plan
    assert "USING INDEX" in plan or "USING COVERING INDEX" in plan
    assert "SCAN" not in plan


def test_the_page_shows_what_was_found_and_logs_the_count_only(client, desk, people):
    client.force_login(desk)
    html = client.post("/patients/", {"q": "rahman"}).content.decode()
    assert "RAHMAN," in html
    assert "RAHMANI," in html
    row = AuditEvent.objects.get(action="patients.searched")
    assert row.detail == {"found": 2}
    assert "rahman" not in row.path


def test_live_results_are_the_same_fragment_without_the_page(client, desk, people):
    client.force_login(desk)
    answer = client.post("/patients/", {"q": "rahman"}, headers={"HX-Request": "true"})
    html = answer.content.decode()
    assert "<html" not in html
    assert "RAHMAN," in html
    assert "2 patients found" in html


def test_nobody_found_offers_to_register_what_was_typed(client, desk, people):
    client.force_login(desk)
    html = client.post("/patients/", {"q": "Qwxyz"}).content.decode()
    assert '<input type="hidden" name="surname" value="Qwxyz">' in html


def test_who_was_opened_last_comes_first(client, desk, people):
    client.force_login(desk)
    for number in (20001, 20003, 20001):
        client.get(reverse("patients:detail", args=[number]))
    recent = client.get("/patients/").context["recent"]
    assert [row["patient"].number for row in recent] == [20001, 20003]


def test_rows_of_a_list_cost_no_query_each(client, desk, site, django_assert_max_num_queries):
    client.force_login(desk)
    Patient.objects.bulk_create([Patient(number=i, site=site, surname="Marton", birth_date=dt.date(1980, 1, 1)) for i in range(1, 4)])
    with django_assert_max_num_queries(12):
        client.post("/patients/", {"q": "marton"})
    Patient.objects.bulk_create([Patient(number=i, site=site, surname="Marton", birth_date=dt.date(1980, 1, 1)) for i in range(4, 30)])
    with django_assert_max_num_queries(12):
        client.post("/patients/", {"q": "marton"})
