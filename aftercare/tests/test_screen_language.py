"""A sheet, its page on the phone and what is kept of its making are the same, whatever language the screen of who asked speaks."""

import ast
import datetime as dt
from pathlib import Path

import pytest
from django.template.loader import get_template
from django.utils import translation

from aftercare import faults, problems, render
from aftercare.conversion import content_of
from aftercare.models import Sheet
from aftercare.services import links, making, request_sheet
from aftercare.services.making import make
from patients.models import Patient
from plans.said import pattern, said
from sessions.models import TreatmentSession

APP = Path(render.__file__).parent
PROBE = '{% translate "Cancel" %}, {{ day|date:"F" }}'
BESIDE = {"day": dt.date(2026, 11, 17)}


@pytest.fixture
def probe(settings):
    """A template whose words and dates would follow the screen."""
    options = {**settings.TEMPLATES[0]["OPTIONS"], "loaders": [("django.template.loaders.locmem.Loader", {"probe.html": PROBE})]}
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "APP_DIRS": False, "DIRS": [], "OPTIONS": options}]


@pytest.mark.usefixtures("probe")
def test_what_is_drawn_does_not_follow_the_screen():
    with translation.override("es"):
        assert render.drawn("probe.html", BESIDE) == "Cancel, November"
        assert get_template("probe.html").render(BESIDE) == "Cancelar, noviembre", "the control: a page does"


@pytest.mark.django_db
@pytest.mark.usefixtures("queue_away", "storage")
def test_a_sheet_that_is_asked_for_in_spanish_is_the_english_one(signed, clinician, settings):
    settings.PUBLIC_URL, settings.SHEET_LINK_DAYS = "https://clinic.example", 30
    with translation.override("es"):
        sheet = request_sheet(signed(), by=clinician)
        assert make(sheet.pk), Sheet.objects.get(pk=sheet.pk).problem
        sheet = Sheet.objects.get(pk=sheet.pk)
        content = content_of(sheet)
        drawn = render.markup(content), links.page_of(content), links.code_of(sheet.link, content)
    content = content_of(sheet)
    assert drawn == (render.markup(content), links.page_of(content), links.code_of(sheet.link, content))
    assert sheet.link.page == drawn[1]


@pytest.mark.django_db
@pytest.mark.usefixtures("queue_away", "storage")
def test_why_it_is_english_is_kept_in_english_and_said_in_the_language_of_the_page(signed, clinician):
    session = signed()
    Patient.objects.filter(pk=session.patient_id).update(language="pl")
    with translation.override("es"):
        sheet = request_sheet(TreatmentSession.objects.get(pk=session.pk), by=clinician)
        assert sheet.language_note_words.startswith("El paciente lee polaco. Los textos en polaco necesitan revisión")
    assert sheet.language_note.startswith("The patient reads Polish. The Polish words need review")
    assert sheet.language_note_words == sheet.language_note


@pytest.mark.django_db
@pytest.mark.usefixtures("queue_away", "storage")
def test_why_it_was_not_made_is_kept_in_english_and_said_in_the_language_of_the_page(signed, clinician, site):
    session = signed()
    type(site).objects.filter(pk=site.pk).update(phone="")
    with translation.override("es"):
        sheet = request_sheet(session, by=clinician)
        make(sheet.pk)
        sheet.refresh_from_db()
        assert sheet.problem_words.startswith("La hoja necesita el teléfono de la clínica")
    assert sheet.problem.startswith("The sheet needs the clinic's phone number")


def _sentences(path: Path, wanted) -> list[str]:
    """The sentences of *path* that are raised, kept or yielded, as they read with an x for each value."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        found += [_read(part) for part in wanted(node) if isinstance(part, (ast.Constant, ast.JoinedStr))]
    return found


def _read(node) -> str:
    if isinstance(node, ast.Constant):
        return node.value
    values = {"AGAIN": making.AGAIN}
    return "".join(part.value if isinstance(part, ast.Constant) else values.get(getattr(part.value, "id", ""), "x") for part in node.values)


def _raised(node):
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "SheetCannotBeMade":
        return node.args[:1]
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_fail":
        return node.args[1:2]
    return [node.value] if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("problem", "NO_PANGO") else []


def test_every_reason_why_a_sheet_was_not_made_can_be_said_on_a_page():
    raised = [text for path in [*APP.glob("*.py"), *(APP / "services").glob("*.py")] for text in _sentences(path, _raised)]
    assert len(raised) == len(problems.PROBLEMS)
    assert [text for text in raised if not any(pattern(one).fullmatch(text) for one in problems.PROBLEMS)] == []
    with translation.override("es"):
        assert [text for text in raised if said(text, *problems.PROBLEMS) == text] == []


def test_every_fault_of_a_translation_can_be_said_on_a_page():
    yielded = _sentences(APP / "translation.py", lambda node: [node.value] if isinstance(node, ast.Yield) else [])
    assert len(yielded) >= 8
    with translation.override("es"):
        assert [text for text in yielded if faults.fault_said(text) == text] == []
