"""
What a screen reader says, and what is copied, for scripts whose letters change shape.

The renderer notes for each drawn shape the letters it first stood for. In Arabic, Devanagari or Thai one shape stands for many letters (a
stroke without its dots, a vowel drawn before its consonant), so text read back would be other letters. PDF has a place for what a piece
of text really says (`ActualText`); it is written there, line by line, for those scripts alone. A name in Arabic on a sheet that runs left
to right is left to the shapes: some readers turn such a piece round, and within one name the shapes can be told apart.
"""

import re
from contextlib import contextmanager

_ARABIC = re.compile("[\u0600-\u08ff\ufb50-\ufdff\ufe70-\ufeff]")
_INDIC_AND_THAI = re.compile("[\u0900-\u1cff]")
# Signs of direction: they are not said.
_SILENT = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def say_what_is_written() -> None:
    """Make the renderer of this process note the text itself. Once; called where WeasyPrint is loaded."""
    import pydyf
    from weasyprint.pdf.stream import Stream

    if getattr(Stream.marked, "says", False):
        return
    as_it_was = Stream.marked

    @contextmanager
    def marked(self, box, tag):
        text = getattr(box, "text", None)
        shaped = isinstance(text, str) and (_INDIC_AND_THAI.search(text) or (box.style["direction"] == "rtl" and _ARABIC.search(text)))
        if not shaped:
            with as_it_was(self, box, tag):
                yield
            return
        begin, said = self.begin_marked_content, pydyf.String(_SILENT.sub("", text))
        with as_it_was(self, box, tag):
            # Inside the piece the renderer itself tags: a span that only says what it is.
            begin("Span", pydyf.Dictionary({"ActualText": said}))
            try:
                yield
            finally:
                self.end_marked_content()

    marked.says = True
    Stream.marked = marked
