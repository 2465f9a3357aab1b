"""Every word of the interface is marked, and every marked word stands in every language."""

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.permissions import Role
from scripts import words

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = [(app, language, domain) for app in words.apps() for language in words.LANGUAGES for domain in ("django", "djangojs")]
# Apps whose pages are marked throughout.
WHOLE: tuple[str, ...] = ("protocols",)
# These are paper, or a message to a patient: they have a language of their own (see docs/languages.md).
PRINTED: frozenset[str] = frozenset()
VALUES = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|</?\w+|&\w+;")


def _pairs(message) -> list[tuple[str, str]]:
    """Each English text with what is said for it; both forms of a number."""
    if isinstance(message.id, (tuple, list)):
        return list(zip(message.id, message.string, strict=False))
    return [(message.id, message.string)]


@pytest.mark.parametrize(("app", "language", "domain"), CATALOGUES)
def test_every_marked_word_is_translated(app, language, domain):
    stands, marked = words.kept(app, language, domain), words.marked(app, domain)
    name = lambda message: (message.context, message.id)  # noqa: E731
    assert {name(one) for one in stands if one.id} == {name(one) for one in marked if one.id}, "run `make words`"
    assert [one.id for one in stands if one.id and not words._said(one)] == []
    assert [one.id for one in stands if one.fuzzy and one.id] == []


@pytest.mark.parametrize(("app", "language", "domain"), CATALOGUES)
def test_no_value_and_no_tag_is_lost(app, language, domain):
    """A form for one may say the number in words."""
    for message in words.kept(app, language, domain):
        if not message.id:
            continue
        last = len(_pairs(message)) - 1
        for place, (english, said) in enumerate(_pairs(message)):
            there, here = sorted(VALUES.findall(english)), sorted(VALUES.findall(said))
            assert here == there or (place < last and set(here) <= set(there) | {"%(count)s"}), (english, said)


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_one_word_has_one_translation(language):
    said: dict[tuple, set] = {}
    for app in words.apps():
        for message in words.kept(app, language, "django"):
            if message.id:
                said.setdefault((message.context, str(message.id)), set()).add(str(message.string))
    assert {name: ways for name, ways in said.items() if len(ways) > 1} == {}


@pytest.mark.parametrize(("app", "language", "domain"), CATALOGUES)
def test_what_is_read_is_what_stands_in_the_catalogue(app, language, domain):
    path = words.place(app, language, domain)
    assert path.exists() == bool(len(words.marked(app, domain)))
    if path.exists():
        assert path.with_suffix(".mo").read_bytes() == words.mo_bytes(words.kept(app, language, domain), language), "run `make words`"


@pytest.mark.parametrize(
    "path", [path for app in WHOLE for path in words.templates_of(app)], ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_every_word_of_a_page_is_marked(path):
    if path.relative_to(ROOT).as_posix() not in PRINTED:
        assert words.unmarked(path.read_text()) == []


@pytest.mark.parametrize("language", ["en-gb", *words.LANGUAGES])
def test_the_scripts_have_the_words_of_their_catalogues(language):
    assert words.script_place(language).read_text() == words.script_of(language), "run `make words`"


def signed_in(make_user) -> Client:
    client = Client()
    client.force_login(make_user("june", Role.FRONT_DESK))
    return client


@pytest.mark.django_db
def test_a_person_chooses_the_language_of_the_screens(make_user):
    june = signed_in(make_user)
    assert '<html lang="en-gb">' in june.get(reverse("clinic:today")).content.decode()
    answer = june.post(reverse("accounts:language"), {"language": "es", "next": reverse("clinic:today")})
    assert answer["Location"] == reverse("clinic:today")
    page = june.get(reverse("clinic:today"))
    assert ('<html lang="es">' in page.content.decode(), page["Content-Language"]) == (True, "es")
    assert translation.get_language() == "en-gb", "and nobody else's"


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["", "xx", "en", "es\n", "../es"])
def test_a_language_nobody_speaks_here_changes_nothing(make_user, language):
    june = signed_in(make_user)
    june.post(reverse("accounts:language"), {"language": language, "next": "https://elsewhere.example/"})
    assert '<html lang="en-gb">' in june.get(reverse("clinic:today")).content.decode()


@pytest.mark.django_db
def test_before_signing_in_the_browser_decides(client):
    assert '<html lang="es">' in client.get(reverse("accounts:sign_in"), headers={"accept-language": "es-MX,es;q=0.9"}).content.decode()
    assert '<html lang="en-gb">' in client.get(reverse("accounts:sign_in"), headers={"accept-language": "pl,fr"}).content.decode()
    client.post(reverse("accounts:language"), {"language": "es"})
    assert '<html lang="es">' in client.get(reverse("accounts:sign_in")).content.decode()


def test_a_depth_reads_the_same_in_every_language():
    from django.template import Context, Template

    for language in ("en-gb", *words.LANGUAGES):
        with translation.override(language):
            assert Template("{{ depth }} {{ many }}").render(Context({"depth": 1.5, "many": 12345})) == "1.5 12345"
