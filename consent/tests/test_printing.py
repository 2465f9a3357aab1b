"""Paper does not follow the language of whoever prints it."""

from django.utils import translation

from consent import printing


def test_paper_is_drawn_in_english_whatever_the_screen_speaks(monkeypatch):
    monkeypatch.setattr(printing, "_printers", [])
    printing.register_printer(lambda template, style, context, *, paper: translation.get_language().encode())
    with translation.override("es"):
        assert printing.as_pdf("consent/print.html", "consent/print.css", {}, paper="A4") == b"en-gb"
        assert translation.get_language() == "es"
