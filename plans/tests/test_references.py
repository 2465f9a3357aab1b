"""
Every number on the plan screen resolves to a reference that stands on the page. The page is read as a person gets it: each
text with a figure must lie in a part that says where its values come from, with a marker that leads into the list.
"""

import datetime as dt
import re
from html.parser import HTMLParser

import pytest
import time_machine
from django.urls import reverse

from planner.wording import day
from plans import services
from plans.references import References

pytestmark = pytest.mark.django_db

HTMX = {"HTTP_HX_REQUEST": "true"}
VOID = {"input", "br", "img", "meta", "link", "use", "path", "rect", "circle", "hr"}
PARTS = {"proposal", "alerts", "pictures", "plan"}  # where clinical values stand
# What is no clinical value, each named here, so that a template cannot excuse a figure by itself.
NO_VALUE_IDS = {
    "protocol-line",  # name and dates of the version
    "references",  # the list itself
    "missing",  # questions still to be answered, in the protocol's words
}
NO_VALUE_CLASSES = {
    "scale",  # the ends of the ruler that is drawn
    "marks",  # the markers themselves
}


class Screen(HTMLParser):
    """The parts of the page with a figure, and the markers beside each."""

    def __init__(self, html: str):
        super().__init__(convert_charrefs=True)
        self.open: list[dict] = []
        self.cells: list[dict] = []
        self.figures: list[tuple[str, dict | None]] = []
        self.listed: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        here = {"tag": tag, "id": names.get("id") or "", "classes": set((names.get("class") or "").split()), "cell": None}
        if "data-cites" in names:
            here["cell"] = {"where": here["id"] or tag, "to": []}
            self.cells.append(here["cell"])
        if tag == "a" and "ref" in here["classes"]:
            for around in self.open:
                if around["cell"] is not None:
                    around["cell"]["to"].append(names["href"].removeprefix("#"))
        if tag == "input" and (names.get("name") or "").startswith("yours.") and self._inside(PARTS):
            self._figure(names.get("value") or "", names["name"])
        if tag == "li" and self._inside({"reference-list"}):
            self.listed[here["id"]] = ""
        if tag not in VOID:
            self.open.append(here)

    def handle_startendtag(self, tag, attrs):
        if tag not in VOID:
            self.handle_starttag(tag, attrs)
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        while self.open and self.open.pop()["tag"] != tag:
            pass

    def handle_data(self, data):
        for around in reversed(self.open):
            if around["id"] in self.listed:
                self.listed[around["id"]] += data
        if any(around["tag"] in ("option", "script") for around in self.open[-1:]):
            return
        self._figure(data, data.strip())

    def _inside(self, ids) -> bool:
        return any(around["id"] in ids for around in self.open)

    def _figure(self, text: str, where: str) -> None:
        if not re.search(r"\d", text) or not self._inside(PARTS) or self._inside(NO_VALUE_IDS):
            return
        if any(around["classes"] & NO_VALUE_CLASSES for around in self.open):
            return
        if any(around["tag"] == "summary" for around in self.open) and re.fullmatch(r"and \d+ more", text.strip()):
            return
        cell = next((around["cell"] for around in reversed(self.open) if around["cell"] is not None), None)
        self.figures.append((where, cell))

    @property
    def without_reference(self) -> list[str]:
        """Every figure no marker stands beside, and every marker that leads nowhere."""
        lost = [where for where, cell in self.figures if cell is None or not cell["to"]]
        return lost + [to for _, cell in self.figures if cell for to in cell["to"] if not self.listed.get(to, "").strip()]


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


def page_of(here, url, consultation, fields) -> str:
    """The page as it is loaded after saving *fields*."""
    consultation.refresh_from_db()
    here.post(url, {**fields, "version": consultation.version, "saved_from": "page-1"}, **HTMX)
    return here.get(url).content.decode()


FULL = {
    "zones.acne_scars": ["forehead", "cheeks", "chin", "upper_lip"],
    "phototype": "5",
    "event_date": "2030-06-01",
    "visits": "3",
    "adjuvant": ["prp", "vitamin_c", "chemical_peel", "exosomes"],
    "downtime_days": "2",
}
STATES = {
    "plan": {},
    "everything at once": FULL,
    "roller": {"device": ["roller"]},
    "another device": {"device": ["Exceed"]},
    "two concerns": {"concern": ["acne_scars", "wrinkles"], "level.wrinkles": "fine", "zones.wrinkles": ["forehead", "periorbital"]},
    "numbing barred": {"allergies_asked": "listed", "allergy.0.substance": "lidocaine", "allergy.0.reaction": "rash"},
    "a medicine": {"medicines_asked": "listed", "medicine.0.name": "apixaban 5 mg"},
    "changed by hand": {"yours.depth.cheeks": "1.25", "was.depth.cheeks": "1.5", "yours.sessions": "3", "was.sessions": "4"},
    "deferred": {"medicines_asked": "listed", "medicine.0.name": "isotretinoin 20 mg"},
    "asked": {"phototype": ""},
}


def test_the_accepted_plan_names_its_sources_too(here, consultation, clinician, keep, typed):
    from plans.services import accept

    keep(typed)
    plan = accept(consultation, by=clinician, version=consultation.version)
    html = here.get(reverse("plans:plan", args=[plan.patient.number, plan.number])).content.decode()
    agreed = re.search(r'<section class="card" id="agreed".*?</section>', html, re.DOTALL)[0]
    rows = agreed.replace('class="card-h"', 'class="card-h marks"')  # the version's name is no value
    listed = re.search(r'<section class="card" id="plan-sources".*?</section>', html, re.DOTALL)[0]
    screen = Screen(f'<div id="plan">{rows}{listed}</div>')
    assert len(screen.figures) > 8
    assert not screen.without_reference
    assert Screen(f'<div id="plan">{rows}</div>').without_reference


@pytest.mark.parametrize("state", STATES)
def test_every_number_on_the_plan_screen_resolves_to_a_reference_on_the_page(here, url, consultation, typed, state):
    html = page_of(here, url, consultation, {**typed, **STATES[state]})
    screen = Screen(html)
    assert not screen.without_reference
    if state not in ("asked", "deferred"):
        assert len(screen.figures) > 30  # the page holds a plan, and the reader found it
        assert len(screen.listed) > 10


def test_a_number_without_a_reference_would_be_found(here, url, consultation, typed, monkeypatch):
    html = page_of(here, url, consultation, {**typed, **FULL})
    assert not Screen(html).without_reference
    planted = html.replace('<section class="card proposal" id="proposal"', '<section id="proposal"><p>7 mm</p></section><section')
    assert Screen(planted).without_reference == ["7 mm"]
    gone = re.sub(r'(<dt>Sessions )<span class="marks">.*?</span></dt>', r"\1</dt>", html, count=1)
    assert gone != html
    assert Screen(gone).without_reference
    unlisted = re.sub(r'<ol class="ref-list".*?</ol>', "", html, flags=re.DOTALL)
    assert Screen(unlisted).without_reference
    monkeypatch.setattr(References, "marks", lambda self, refs, rest="": "")
    assert Screen(here.get(url).content.decode()).without_reference


def test_a_depth_without_its_source_would_be_found(here, url, consultation, typed):
    html = page_of(here, url, consultation, typed)
    row = re.search(r'<tr id="row-cheeks".*?</tr>', html, re.DOTALL)[0]
    stripped = re.sub(r'<a class="ref".*?</a>', "", row)
    found = Screen(html.replace(row, stripped)).without_reference
    assert "yours.depth.cheeks" in found


def test_numbers_of_references_are_those_of_the_protocol(here, url, consultation, typed):
    html = page_of(here, url, consultation, typed)
    protocol = here.get(reverse("protocols:version", args=[consultation.protocol_version.version])).content.decode()
    for ref, number in re.findall(r'<li id="ref-(\w+)" tabindex="-1"><span class="no">(\d+)</span>', html):
        assert re.search(rf'id="ref-{number}">.*?id="ref-{ref}"', protocol)


def test_no_study_is_said_where_the_planner_says_so_and_nowhere_else(here, url, consultation, typed):
    from plans.services import propose_for

    html = page_of(here, url, consultation, {**typed, "phototype": "5"})
    consultation.refresh_from_db()
    proposal = propose_for(consultation, inputs=consultation.inputs, chosen=consultation.chosen, by=consultation.clinician).proposal
    (zone,) = [zone for zone in proposal["zones"] if zone["zone"] == "cheeks"]
    box = re.search(r'<tr id="why-cheeks".*?</ol>', html, re.DOTALL)[0]
    said = ["No study" in step for step in re.findall(r"<li>.*?</li>", box, re.DOTALL)]
    assert said == [step["no_study"] for step in zone["trace"]]
    assert True in said
    assert False in said


def test_a_step_shows_rule_before_after_source_and_grade_in_words(here, url, consultation, typed):
    html = page_of(here, url, consultation, {**typed, "phototype": "5"})
    box = re.search(r'<tr id="why-cheeks".*?</ol>', html, re.DOTALL)[0].replace("\u00a0", " ")
    assert "1.5 mm → 1.25 mm" in box
    assert "CEBM-4: case series" in box
    assert "Rule: depth row" in box
    assert 'href="#ref-juhasz2020"' in box


def test_the_list_explains_the_grades_and_leads_to_the_protocol(here, url, consultation, typed):
    html = page_of(here, url, consultation, typed)
    for grade in consultation_grades(consultation):
        assert f"<dt>{grade}</dt>" in html
    assert reverse("clinic:intended_purpose") + "#how-to-check-a-proposal" in html
    assert "next review" in html or consultation.protocol_version.next_review_on is None


@pytest.mark.parametrize(("days", "said"), [(0, "next review"), (1, "review overdue since")])
def test_a_review_that_is_overdue_is_not_called_the_next_one(client, clinician, patient, protocol, days, said):
    due = protocol.next_review_on
    with time_machine.travel(dt.datetime.combine(due + dt.timedelta(days=days), dt.time(12), dt.UTC), tick=False):
        row = services.start(patient, by=clinician)
        client.force_login(clinician)
        page = client.get(reverse("plans:consultation", args=[patient.number, row.pk])).content.decode()
    assert f"{said} {day(due)}" in page


def consultation_grades(consultation):
    from plans.catalogue import catalogue_of

    return catalogue_of(consultation.protocol_version).knowledge.grades


def test_missing_answers_are_links_and_nothing_is_proposed(here, url, consultation, typed):
    html = page_of(here, url, consultation, {**typed, "phototype": "", "q.infections": ""})
    links = re.findall(r'<li><a href="#([^"]+)">', re.search(r'<ul class="missing-list">.*?</ul>', html, re.DOTALL)[0])
    assert links
    assert f'href="#{links[0]}" id="first-missing"' in html
    for goal in links:
        assert f'id="{goal}"' in html
    assert 'name="yours.' not in html
    assert 'id="zones"' not in html
