"""A paper and the prices it stands on are the same, whatever language the screen speaks on which they are asked for."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from aftercare import render
from papers import drawing
from papers.content.before_visit import before_visit
from papers.content.label import label_of
from papers.content.plan import plan_of
from papers.content.quote import quote_of, said_lines_of
from papers.models import Price
from papers.services.making import PAGE, digest_of

from .rows import quoted

pytestmark = pytest.mark.django_db


def test_a_paper_is_drawn_by_what_does_not_follow_the_screen():
    assert drawing.page is render.drawn


@pytest.mark.parametrize("kind", ["label", "plan", "quote", "before_visit"])
def test_what_a_paper_says_does_not_follow_the_screen(request, plan, desk, kind):
    quote = quoted(plan, by=desk)
    subject_of = {
        "label": lambda: label_of(plan.patient),
        "plan": lambda: plan_of(plan),
        "quote": lambda: quote_of(quote),
        "before_visit": lambda: before_visit(request.getfixturevalue("visit")),
    }[kind]
    english = subject_of()
    page = drawing.page(PAGE.format(english.template), {**english.facts, "labels": range(2)})
    with translation.override("es"):
        spanish = subject_of()
        assert (spanish.title, spanish.facts) == (english.title, english.facts)
        assert digest_of(spanish.facts) == digest_of(english.facts), "printed again it is the same paper"
        assert drawing.page(PAGE.format(spanish.template), {**spanish.facts, "labels": range(2)}) == page


def test_the_screen_says_the_lines_of_a_quote_in_its_own_language(plan, desk):
    quote = quoted(plan, by=desk)
    printed = [row["words"] for row in quote_of(quote).facts["lines"]]
    assert [row["words"] for row in said_lines_of(quote)] == printed
    with translation.override("es"):
        shown = [row["words"] for row in said_lines_of(quote)]
    assert [words.split(": ")[0] for words in shown[1:3]] == ["Sesión", "Zona"]
    assert printed[1] == "Session"


def in_spanish(user) -> Client:
    client = Client()
    client.force_login(user)
    client.post(reverse("accounts:language"), {"language": "es"})
    return client


def test_prices_entered_on_a_spanish_screen_are_kept_by_their_english_names(site, medical_lead):
    client = in_spanish(medical_lead)
    url = f"{reverse('papers:new_prices')}?site={site.slug}"
    page = client.get(url)
    assert "Cualquier otra indicación" in page.content.decode()
    typed = {name: field.value() or "" for name, field in ((f.name, f) for f in page.context["form"])}
    typed |= {"tax": "none", "service-any": "60", "session-any": "180"}
    assert client.post(url, typed | {"site": site.slug}).status_code == 302
    assert list(Price.objects.values_list("words", flat=True)) == ["Any other indication", "One session"]
