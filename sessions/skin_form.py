"""The form that says how the skin was after earlier sessions: rows for its template, and its place on the consultation."""

import datetime as dt
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from .models import SkinSeen
from .services.skin import NOTHING_LEFT, Earlier, earlier_of, to_answer

WORDS = {
    "healed": gettext_lazy("Say whether the skin has healed after {}"),
    "marks": gettext_lazy("Say whether dark marks have appeared after {}"),
}


@dataclass(frozen=True)
class Question:
    """One of the two questions of a row: its field, its choices, what was chosen, what is wrong."""

    name: str
    label: str
    choices: tuple[tuple[str, str], ...]
    value: str = ""
    fault: str = ""


@dataclass(frozen=True)
class SkinRow:
    earlier: Earlier
    questions: tuple[Question, ...]

    @property
    def pk(self) -> int:
        return self.earlier.session.pk


def skin_rows(
    earlier: Iterable[Earlier], *, typed: Mapping[str, str] | None = None, faults: Mapping[str, str] | None = None
) -> list[SkinRow]:
    """Nothing is preset; *typed* comes back beside what is wrong with it."""
    typed, faults = typed or {}, faults or {}
    labels = {"healed": gettext("Has the skin healed?"), "marks": gettext("Dark marks since?")}
    return [
        SkinRow(
            row,
            tuple(
                Question(name, label, tuple(SkinSeen.Seen.choices), typed.get(name, ""), faults.get(name, ""))
                for kind, label in labels.items()
                if (name := f"{kind}.{row.session.pk}")
            ),
        )
        for row in earlier
    ]


def read(post, rows: Iterable[Earlier]) -> tuple[dict[int, tuple[str, str]], dict[str, str]]:
    """({session: (healed, dark marks)}, {field: words}) of what was sent about *rows*. One press says that all is well."""
    if "all_well" in post:
        return {row.session.pk: NOTHING_LEFT for row in rows}, {}
    said, faults = {}, {}
    for row in rows:
        answers = {kind: post.get(f"{kind}.{row.session.pk}", "") for kind in WORDS}
        wrong = {kind for kind, answer in answers.items() if answer not in SkinSeen.Seen.values}
        faults |= {f"{kind}.{row.session.pk}": words.format(row.words) for kind, words in WORDS.items() if kind in wrong}
        if not wrong:
            said[row.session.pk] = (answers["healed"], answers["marks"])
    return said, faults


def at_consultation(patient, request, back: str) -> str:
    """On the consultation, for who may say it: open while something is not known."""
    if not request.user.may("records.edit"):
        return ""
    rows = to_answer(earlier_of(patient, _today(patient)))
    if not rows:
        return ""
    context = {"rows": skin_rows(rows), "patient": patient, "key": secrets.token_urlsafe(12), "back": f"{back}#history", "folds": True}
    return render_to_string("sessions/skin/form.html", context | {"is_open": any(row.is_open for row in rows)}, request)


def _today(patient) -> dt.date:
    return patient.site.day_of(timezone.now())
