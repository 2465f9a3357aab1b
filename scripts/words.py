"""
The words of the interface: collects what templates, Python and scripts mark as words, keeps the catalogues of each app in step with it
(`<app>/locale/<language>/LC_MESSAGES/django.po`, `djangojs.po` for scripts) and compiles them. `make words` does it for every app;
docs/languages.md says how words are marked.
"""

import io
import os
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from scripts.environment import ROOT

LANGUAGES = ("es",)
# Catalogues stand with the app whose words they are; this one holds those of the frame around every page.
FRAME = "microneedle_clinic"
FRAME_TEMPLATES = ("partials",)
ELSEWHERE = {"registration": "accounts"}  # a folder of templates that is not named after its app
# A script belongs to the app whose name its file's begins with; the frame's are the rest.
SCRIPTS = {
    "calendar": "sessions",
    "numbing": "sessions",
    "record": "sessions",
    "scan": "sessions",
    "signature": "sessions",
    "plan": "plans",
    "medicines": "plans",
    "photos": "photos",
    "protocol": "protocols",
    "patients": "patients",
    "aftercare": "aftercare",
    "tablet": "intake",
    "today": "clinic",
    "lock": "accounts",
    "passkeys": "accounts",
    "staff": "accounts",
}
KEYWORDS = {
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "_": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
COMMENTS = ("Translators:",)
_NOT_INTERFACE = {"tests", "migrations", "management", "bench", "demo", "locale"}
_PLURAL = {"es": "nplurals=2; plural=(n != 1);"}


def apps() -> list[str]:
    """The packages that have words of their own: every folder with Python at the top of the project but tools and tests."""
    out = {"scripts", "tests"}
    return sorted(path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name not in out)


def templates_of(app: str) -> Iterator[Path]:
    """The templates whose words stand in *app*'s catalogue."""
    top = ROOT / "templates"
    folders = [app, *(name for name, owner in ELSEWHERE.items() if owner == app)]
    if app == FRAME:
        yield from sorted(top.glob("*.html"))
        folders = list(FRAME_TEMPLATES)
    for folder in folders:
        yield from sorted((top / folder).rglob("*.html"))
        yield from sorted((top / folder).rglob("*.txt"))
    yield from sorted((ROOT / app).glob("templates/**/*.html"))


def modules_of(app: str) -> Iterator[Path]:
    for path in sorted((ROOT / app).rglob("*.py")):
        if not _NOT_INTERFACE.intersection(path.relative_to(ROOT).parts):
            yield path


def scripts_of(app: str) -> Iterator[Path]:
    for path in sorted((ROOT / "static" / "js").glob("*.js")):
        if SCRIPTS.get(re.split(r"[-.]", path.name)[0], FRAME) == app:
            yield path


def _found(path: Path, method: str, text: str) -> Iterator[tuple]:
    options = {"parse_template_string": False} if method == "javascript" else {}
    source = io.BytesIO(text.encode())
    yield from extract(method, source, keywords=KEYWORDS, comment_tags=COMMENTS, options=options)


def marked(app: str, domain: str) -> Catalog:
    """What *app* marks as words, in the order of the words themselves."""
    from django.utils.translation.template import templatize

    catalog = Catalog(charset="utf-8")
    if domain == "djangojs":
        sources = [(path, "javascript", path.read_text()) for path in scripts_of(app)]
    else:
        sources = [(path, "python", path.read_text()) for path in modules_of(app)]
        sources += [(path, "python", templatize(path.read_text(), origin=str(path))) for path in templates_of(app)]
    for path, method, text in sources:
        for _, words, comments, context in _found(path, method, text):
            flags = ["python-format"] if re.search(r"%\(\w+\)[sd]", words if isinstance(words, str) else words[0]) else []
            catalog.add(words, None, [(str(path.relative_to(ROOT)), 0)], flags=flags, auto_comments=comments, context=context)
    return catalog


def place(app: str, language: str, domain: str) -> Path:
    return ROOT / app / "locale" / language / "LC_MESSAGES" / f"{domain}.po"


def kept(app: str, language: str, domain: str) -> Catalog:
    """The catalogue as it stands; empty where there is none."""
    path = place(app, language, domain)
    if not path.exists():
        return Catalog(locale=language, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language, charset="utf-8")


def in_step(app: str, language: str, domain: str) -> Catalog:
    """The catalogue with exactly the words that are marked now: what was translated keeps its translation."""
    before, now = kept(app, language, domain), marked(app, domain)
    for message in now:
        if message.id and (old := before.get(message.id, message.context)) is not None:
            message.string, message.user_comments = old.string, old.user_comments
    now.locale = language
    return now


def _head(language: str) -> list[str]:
    return [f"Language: {language}", "Content-Type: text/plain; charset=utf-8", f"Plural-Forms: {_PLURAL[language]}"]


def po_bytes(catalog: Catalog, language: str) -> bytes:
    """Without dates and line numbers: two people's work meets only where both changed the same words."""
    file = io.BytesIO()
    write_po(file, catalog, sort_output=True, omit_header=True, include_lineno=False, width=120)
    head = "".join(f'"{line}\\n"\n' for line in _head(language))
    return f'msgid ""\nmsgstr ""\n{head}\n'.encode() + file.getvalue()


def mo_bytes(catalog: Catalog, language: str) -> bytes:
    """What the clinic reads."""
    with_head = read_po(io.BytesIO(po_bytes(catalog, language)), locale=language, charset="utf-8")
    # Babel writes the moment into the head; the same words give the same file.
    with_head.__class__ = _Plain
    with_head.plain_head = [tuple(line.split(": ", 1)) for line in _head(language)]
    file = io.BytesIO()
    write_mo(file, with_head)
    return file.getvalue()


class _Plain(Catalog):
    plain_head: list[tuple[str, str]]

    @property
    def mime_headers(self):
        return self.plain_head

    @mime_headers.setter
    def mime_headers(self, value):
        """The head is ours."""


def write(app: str) -> list[str]:
    """Bring *app*'s catalogues in step and compile them; says what is not translated yet."""
    open_words = []
    for language in LANGUAGES:
        for domain in ("django", "djangojs"):
            catalog, path = in_step(app, language, domain), place(app, language, domain)
            if not len(catalog):
                for old in (path, path.with_suffix(".mo")):
                    old.unlink(missing_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(po_bytes(catalog, language))
            path.with_suffix(".mo").write_bytes(mo_bytes(catalog, language))
            open_words += [f"{path.relative_to(ROOT)}: {message.id!r}" for message in catalog if message.id and not _said(message)]
    return open_words


def _said(message) -> bool:
    return all(message.string) if isinstance(message.string, (tuple, list)) else bool(message.string)


def script_of(language: str) -> str:
    """The words of the scripts in *language*, with the functions that look them up (Django's own catalogue for scripts)."""
    from django.test import RequestFactory
    from django.utils import translation
    from django.views.i18n import JavaScriptCatalog

    with translation.override(language):
        answer = JavaScriptCatalog.as_view()(RequestFactory().get("/"))
    return "// Made by `make words`: do not edit.\n" + answer.content.decode().strip() + "\n"


def script_place(language: str) -> Path:
    return ROOT / "static" / "js" / "words" / f"{language}.js"


# Read by people in an attribute.
_SAID_ATTRIBUTES = ("aria-label", "title", "alt", "placeholder", "aria-description", "data-label", "data-say", "data-words")
_MARKED = re.compile(r"{%-?\s*blocktrans(late)?\b.*?{%-?\s*endblocktrans(late)?\s*%}|{%\s*comment.*?endcomment\s*%}|{#.*?#}", re.S)
_TAGS = re.compile(r"{%.*?%}|{{.*?}}", re.S)
_LETTERS = re.compile(r"[^\W\d_]{2,}")
# The same in every language: units, names of formats and keys.
SAME = frozenset([
    "mm", "cm", "ml", "mg", "kg", "MB", "PDF", "CSV", "JSON", "QR", "YAML", "SHA",
    "ISO", "PIN", "TOTP", "PRP", "GAIS", "UV", "SPF", "Esc", "Enter", "Ctrl", "Shift", "Alt",
    "iCal", "min", "px",
])  # fmt: skip


class _Text(HTMLParser):
    """Collects what people read on a page."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "style", "kbd", "code"):
            self.silent.append(tag)
        self.found += [value for name, value in attributes if name in _SAID_ATTRIBUTES and value]

    def handle_endtag(self, tag):
        if self.silent and self.silent[-1] == tag:
            self.silent.pop()

    def handle_data(self, data):
        if not self.silent:
            self.found.append(data)


def unmarked(template: str) -> list[str]:
    """The pieces of text in a template that no language can change."""
    bare = _TAGS.sub(" ", _MARKED.sub(" ", template))
    reader = _Text()
    reader.feed(bare)
    reader.close()
    pieces = (re.sub(r"\s+", " ", text).strip() for text in reader.found)
    return [text for text in pieces if set(_LETTERS.findall(text)) - SAME]


def main(names: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microneedle_clinic.settings")
    import django

    django.setup()
    open_words = [line for app in names or apps() for line in write(app)]
    script_place("es").parent.mkdir(exist_ok=True)
    for language in ("en-gb", *LANGUAGES):
        script_place(language).write_text(script_of(language))
    loose = [f"{path.relative_to(ROOT)}: {text!r}" for app in names for path in templates_of(app) for text in unmarked(path.read_text())]
    print("\n".join([*(f"not marked: {line}" for line in loose[:400]), *open_words[:400]]))
    print(f"{len(open_words)} not translated yet." if open_words else "Every word is translated.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
