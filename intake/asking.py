"""A question of the protocol in the words of one language; where the protocol has none, in its own words, and said so."""

from dataclasses import dataclass

from planner.knowledge.entries import Question

from .models import Language


@dataclass(frozen=True)
class AskedCover:
    rule: str
    label: str
    date_label: str
    note_label: str
    zone: bool


@dataclass(frozen=True)
class Asked:
    """language: the one it is really in. translated: whether that is the one asked for."""

    id: str
    text: str
    help: str
    covers: tuple[AskedCover, ...]
    language: str
    translated: bool

    @property
    def by_rule(self) -> dict[str, AskedCover]:
        return {cover.rule: cover for cover in self.covers}


def asked_in(question: Question, language: str) -> Asked:
    said = question.translations.get(language)
    own = Language.ENGLISH.value
    if said is None:
        covers = tuple(
            AskedCover(
                cover.rule, cover.label, (cover.date_label or "Date") if cover.date_field else "", cover.note_label or "", cover.zone
            )
            for cover in question.covers
        )
        return Asked(question.id, question.text, question.help, covers, own, language == own)
    covers = tuple(
        AskedCover(
            cover.rule,
            said.covers[cover.rule].label,
            said.covers[cover.rule].date_label if cover.date_field else "",
            said.covers[cover.rule].note_label if cover.note_label else "",
            cover.zone,
        )
        for cover in question.covers
    )
    return Asked(question.id, said.text, said.help, covers, language, True)
