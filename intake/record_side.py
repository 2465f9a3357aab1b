"""What the record says beside each line of a submission, and what is new in it: the one comparison, for the screen and for the decision."""

from dataclasses import dataclass, field

from django.utils.translation import gettext

from patients.answers import standing, with_merge
from patients.models import Allergy, Asked, Medication, ScreeningAnswer
from patients.names import key
from planner.medicines import key_of, look_up
from planner.wording import day
from plans.catalogue import Catalogue, catalogue_of
from plans.inputs import one, rows

from . import reading
from .models import QuestionnaireResponse, ResponseItem
from .services.answering import stopped_of, year_of
from .words import NOT_ASKED, allergy_words, answer_words, medicine_words, said_again

SAME, NEW, CHANGED = "same", "new", "changed"


@dataclass
class Side:
    """
    before: what the record says, in words. state: same, new (the record says nothing) or changed. cannot: why it cannot be accepted,
    with what to do. row: the line on file that this one speaks of. unknown: the protocol does not know the medicine.
    """

    before: str
    state: str
    cannot: str = ""
    row: Medication | Allergy | None = None
    unknown: bool = False

    @property
    def before_words(self) -> str:
        """`before` in the language of the page: it is kept in English where the line is decided."""
        return said_again(self.before)


@dataclass
class Record:
    """What is on file of one person, read once for all lines of a submission."""

    response: QuestionnaireResponse
    catalogue: Catalogue = field(init=False)

    def __post_init__(self) -> None:
        self.catalogue = catalogue_of(self.response.protocol_version)
        # Of the record that is kept, as it stands now.
        self.patient = self.response.patient.person
        self.answers = standing(with_merge(self.patient.screening_answers.select_related("patient__site")))
        self.medicines = list(self.patient.medications.all())
        self.allergies = list(self.patient.allergies.all())
        self.questions = reading.questions(self.response)

    def beside(self, item: ResponseItem) -> Side:
        return getattr(self, f"_{item.kind}")(item)

    # One question

    def rules_told(self, item: ResponseItem) -> dict[str, dict]:
        screening = reading.read(self.response, item.inputs).case["screening"]
        question = self.questions.get(item.code)
        return {cover.rule: screening[cover.rule] for cover in question.covers if cover.rule in screening} if question else {}

    def _question(self, item: ResponseItem) -> Side:
        question = self.questions.get(item.code)
        if question is None:
            return Side(NOT_ASKED, NEW, gettext("This protocol version does not ask it any more. Ask the patient, then decline the line."))
        rows_that_count = self.answers.get(item.code, [])
        if not rows_that_count:
            return Side(NOT_ASKED, NEW)
        before = "; ".join(self._was(row, question) for row in rows_that_count)
        told = (one(item.inputs, f"q.{item.code}") == "yes", self.rules_told(item))
        same = all((row.answer, _bare(row.rules)) == (told[0], _bare(told[1])) for row in rows_that_count)
        return Side(before, SAME if same else CHANGED)

    def _was(self, row: ScreeningAnswer, question) -> str:
        words = answer_words(question, row.answer, row.rules, self.catalogue)
        return f"{words}, {day(row.patient.site.day_of(row.answered_at))}"

    # The lists

    def _medicine(self, item: ResponseItem) -> Side:
        (_, fields), *_ = rows(item.inputs, "medicine")
        knowledge, name, stopped = self.catalogue.knowledge, fields["name"], stopped_of(fields)
        named = key_of(knowledge, name)
        row = next((one for one in self.medicines if key(one.name) == key(name)), None)
        row = row or next((one for one in self.medicines if named and key_of(knowledge, one.name) == named), None)
        unknown = bool(look_up(knowledge, name, stopped).unknown)
        if row is None:
            said = {Asked.NONE: "None known", Asked.NOT_ASKED: NOT_ASKED}.get(self.patient.medicines_asked, "Not on the list")
            return Side(said, NEW if self.patient.medicines_asked == Asked.NOT_ASKED else CHANGED, unknown=unknown)
        state = SAME if row.stopped_on == stopped else CHANGED
        return Side(medicine_words(row.name, row.stopped_on), state, row=row, unknown=unknown and row.said_classes is None)

    def _allergy(self, item: ResponseItem) -> Side:
        (_, fields), *_ = rows(item.inputs, "allergy")
        row = next((one for one in self.allergies if key(one.substance) == key(fields["substance"])), None)
        if row is None:
            said = {Asked.NONE: "None known", Asked.NOT_ASKED: NOT_ASKED}.get(self.patient.allergies_asked, "Not on the list")
            return Side(said, NEW if self.patient.allergies_asked == Asked.NOT_ASKED else CHANGED)
        reaction, year = fields.get("reaction", ""), year_of(fields)
        same = (not reaction or key(reaction) == key(row.reaction)) and (year is None or year == row.year)
        return Side(allergy_words(row.substance, row.reaction, row.year), SAME if same else CHANGED, row=row)

    def _none(self, item: ResponseItem) -> Side:
        listed = self.medicines if item.code == "medicines" else self.allergies
        asked = getattr(self.patient, f"{item.code}_asked")
        if listed:
            names = ", ".join(str(row) for row in listed)
            what = gettext("Take back what is wrong on the list under Details first; then this can be accepted. Or decline it.")
            return Side(f"On the list: {names}", CHANGED, what)
        return Side("None known", SAME) if asked == Asked.NONE else Side(NOT_ASKED, NEW)

    def not_named(self, items: list[ResponseItem]) -> dict[str, list[str]]:
        """{list: what is on file and the patient did not name}, of lists the patient made: asked about, never taken away by itself."""
        found = {}
        for name, kind, on_file in (("medicines", "medicine", self.medicines), ("allergies", "allergy", self.allergies)):
            mine = [item for item in items if item.kind == kind]
            if mine:
                named = {row.pk for item in mine if (row := self.beside(item).row) is not None}
                if left := [str(row) for row in on_file if row.pk not in named]:
                    found[name] = left
        return found


def _bare(rules: dict[str, dict]) -> dict[str, dict]:
    """Without what medicines on file were said to be taken for: the patient was not asked that."""
    return {
        rule: {key: value for key, value in said.items() if key not in ("medicines", "note") or said.get("answer")}
        for rule, said in rules.items()
    }
