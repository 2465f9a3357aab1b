"""Papers: made once for what they say, kept to the byte, and who printed them."""

import io
import os

import pikepdf
import pytest
from django.core.files.storage import default_storage
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from audit import guards
from audit.models import AuditEvent
from papers import storage
from papers.content.before_visit import before_visit
from papers.content.common import CannotBeMade
from papers.content.label import label_of
from papers.content.plan import plan_of
from papers.content.quote import quote_of
from papers.drawing import CannotPrint
from papers.models import Paper
from papers.services import making
from papers.services.printed import printed_of
from patients.models import Patient
from tests import made

from .rows import paper_of, quoted

pytestmark = pytest.mark.django_db


def stored(paper: Paper) -> bytes:
    return storage.read(paper.file, paper.sha256)


def test_a_paper_is_made_once_and_printed_again_as_the_same_bytes(plan, desk):
    first = making.make(plan_of(plan), by=desk)
    data = stored(first)
    again = making.make(plan_of(plan), by=desk)
    assert again == first
    assert stored(again) == data
    assert Paper.objects.count() == 1
    assert AuditEvent.objects.filter(action="paper.made", patient_pk=plan.patient_id).count() == 1


def test_what_changed_makes_a_new_version_and_keeps_the_old(patient, desk):
    first = making.make(label_of(patient), by=desk)
    data = stored(first)
    Patient.objects.filter(pk=patient.pk).update(surname="Newname")
    patient.refresh_from_db()
    second = making.make(label_of(patient), by=desk)
    assert (first.version, second.version) == (1, 2)
    assert stored(first) == data
    assert stored(second) != data


@pytest.mark.parametrize("kind", ["label", "plan", "quote", "before_visit"])
@pytest.mark.parametrize(("paper", "size"), [("A4", (595, 842)), ("Letter", (612, 792))])
def test_each_paper_is_tagged_titled_in_its_language_and_on_its_paper(request, site, plan, desk, kind, paper, size):
    site.paper = paper
    site.country = "US" if paper == "Letter" else "GB"
    site.save()
    plan.patient.site = site
    subject = {
        "label": lambda: label_of(plan.patient),
        "plan": lambda: plan_of(plan),
        "quote": lambda: quote_of(quoted(plan, by=desk)),
        "before_visit": lambda: before_visit(_fresh(request.getfixturevalue("visit"), site)),
    }[kind]()
    made = making.make(subject, by=desk)
    with pikepdf.open(io.BytesIO(stored(made))) as pdf:
        assert "/StructTreeRoot" in pdf.Root
        assert str(pdf.Root.Lang) == ("en-US" if paper == "Letter" else "en-GB")
        assert str(plan.patient.number) in str(pdf.docinfo["/Title"])
        assert str(pdf.open_metadata()["pdfuaid:part"]) == "1"
        assert len(pdf.pages) == made.pages
        assert tuple(round(float(edge)) for edge in pdf.pages[0].mediabox[2:]) == size
        fonts = [font for page in pdf.pages for font in page.Resources.Font.values()]
        assert fonts
        assert all("FontFile" in str(list(_descriptor(font).keys())) for font in fonts)
    assert made.pages <= (1 if kind == "label" else 2)


def _descriptor(font):
    return (font.DescendantFonts[0] if "/DescendantFonts" in font else font).FontDescriptor


def _fresh(visit, site):
    visit.site = site
    return visit


def test_the_code_on_a_label_holds_the_number_and_nothing_else(patient):
    import segno

    facts = label_of(patient).facts
    assert facts["code"] == segno.make_qr(str(patient.number), error="m").svg_data_uri(border=2, xmldecl=False, svgns=True)


def test_a_letter_our_fonts_lack_is_refused_and_nothing_is_left(patient, desk):
    Patient.objects.filter(pk=patient.pk).update(surname="\U00012000")
    patient.refresh_from_db()
    with pytest.raises(CannotPrint, match=r"cannot draw .*U\+12000"):
        making.make(label_of(patient), by=desk)
    assert not Paper.objects.exists()


def test_what_is_typed_is_text_on_paper_and_fetches_nothing(patient, desk, tmp_path):
    decoy = tmp_path / "decoy.txt"
    decoy.write_text("secret of the machine")
    Patient.objects.filter(pk=patient.pk).update(surname=f"<img src=file://{decoy}>")
    patient.refresh_from_db()
    made = making.make(label_of(patient), by=desk)
    assert b"secret of the machine" not in stored(made)


def test_where_the_disk_is_full_nothing_is_left_and_the_page_says_so(client, desk, patient, monkeypatch):
    def full(*args, **kwargs):
        raise OSError("no room")

    monkeypatch.setattr(default_storage, "save", full)
    client.force_login(desk)
    answer = client.post(reverse("papers:print", args=[patient.number]), {"kind": "label"})
    assert answer.status_code == 422
    assert "could not be stored. Check that the disk has room" in answer.content.decode()
    assert not Paper.objects.exists()


def test_two_presses_at_once_make_one_paper(plan, desk, monkeypatch):
    """The other press finishes while this one draws."""
    subject, draw = plan_of(plan), making.drawn

    def meanwhile(*args, **kwargs):
        monkeypatch.setattr(making, "drawn", draw)
        making.make(subject, by=desk)
        return draw(*args, **kwargs)

    monkeypatch.setattr(making, "drawn", meanwhile)
    made = making.make(subject, by=desk)
    assert Paper.objects.get() == made
    stored(made)
    assert len(_files()) == 1


def _files() -> list[str]:
    folder = default_storage.path("papers")
    return [name for _, _, names in os.walk(folder) for name in names]


@pytest.fixture(autouse=True)
def own_storage(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


def test_the_press_opens_the_paper_and_the_list_says_who_printed_it(client, desk, clinician, patient):
    client.force_login(desk)
    answer = client.post(reverse("papers:print", args=[patient.number]), {"kind": "label"}, follow=True)
    assert answer["Content-Type"] == "application/pdf"
    assert b"".join(answer) == stored(Paper.objects.get())
    client.force_login(clinician)
    page = client.get(reverse("papers:patient", args=[patient.number])).content.decode()
    assert str(desk.display_name) in page
    assert "P-0" in page
    found, more = printed_of(patient, clinician)
    assert [(row.who, row.title) for row in found] == [(desk.display_name, "Chart labels")]
    assert not more


def test_a_file_that_is_not_the_one_that_was_made_is_not_shown(client, desk, plan):
    paper = paper_of(plan, by=desk, name=storage.write(b"%PDF-1.7 another"), sha256="0" * 64)
    client.force_login(desk)
    answer = client.get(reverse("papers:pdf", args=[paper.pk]))
    assert answer.status_code == 409
    assert AuditEvent.objects.filter(action="paper.printed", outcome="refused", patient_pk=plan.patient_id).count() == 1


@pytest.mark.parametrize(
    "sent", [{}, {"kind": "quote", "about": "x"}, {"kind": "quote", "about": "9" * 30}, {"kind": "nothing", "about": "1"}]
)
def test_what_is_no_paper_of_this_patient_says_so(client, desk, patient, sent):
    client.force_login(desk)
    answer = client.post(reverse("papers:print", args=[patient.number]), sent)
    assert answer.status_code == 422
    assert "There is no such paper for this patient" in answer.content.decode()


def test_a_paper_of_somebody_else_is_not_made_under_this_name(client, desk, site, patient, plan, prices):
    other = Patient.objects.create(number=99001, site=site, surname="Other", birth_date=patient.birth_date)
    quote = quoted(plan, by=desk)
    client.force_login(desk)
    answer = client.post(reverse("papers:print", args=[other.number]), {"kind": "quote", "about": str(quote.pk)})
    assert answer.status_code == 422
    assert not Paper.objects.exists()


def test_the_database_keeps_a_paper_as_it_was_made(plan, desk):
    paper = paper_of(plan, by=desk)
    for act in (lambda: Paper.objects.filter(pk=paper.pk).update(sha256="2" * 64), lambda: Paper.objects.filter(pk=paper.pk).delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()
    with guards.suspended("paper_as_made"):  # negative control
        assert Paper.objects.filter(pk=paper.pk).update(sha256="2" * 64) == 1


def test_what_no_row_names_is_swept_away(plan, desk):
    kept, lost = storage.write(b"kept"), storage.write(b"lost")
    paper_of(plan, by=desk, name=kept)
    files = [default_storage.path(name) for name in (kept, lost)]
    made.written(files)
    assert storage.sweep() == 0  # it may be of a request that is still going on
    made.written(files, hours_ago=2)
    assert storage.sweep() == 1
    assert default_storage.exists(kept)
    assert not default_storage.exists(lost)


def test_a_plan_that_is_not_in_force_is_not_printed(plan):
    plan.status = "superseded"
    with pytest.raises(CannotBeMade, match="not in force"):
        plan_of(plan)


def test_the_list_costs_the_same_with_many_papers(client, desk, plan, prices, django_assert_max_num_queries):
    for version in range(1, 40):
        paper_of(plan, by=desk, version=version)
    AuditEvent.objects.bulk_create(
        AuditEvent(at=timezone.now(), actor=desk, actor_name="June", action="paper.printed", patient_pk=plan.patient_id, object_pk=str(pk))
        for pk in Paper.objects.values_list("pk", flat=True)
    )
    client.force_login(desk)
    with django_assert_max_num_queries(60):
        assert client.get(reverse("papers:patient", args=[plan.patient.number])).status_code == 200
