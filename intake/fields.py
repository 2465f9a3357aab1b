"""Which fields of the consultation screen stand on which page of the form, and no others: what else is sent is not read."""

import re
from dataclasses import dataclass

from plans.inputs import Inputs, read

MEDICINES, ALLERGIES = "medicines", "allergies"
LISTS = {MEDICINES: ("medicine", ("name", "stopped")), ALLERGIES: ("allergy", ("substance", "reaction", "year"))}
MOST_LINES = 40  # of one list; more is told in person


@dataclass(frozen=True)
class Step:
    """One page of the form: a question by its id, or one of the two lists."""

    number: int
    code: str
    is_list: bool = False

    def holds(self, name: str) -> bool:
        if self.is_list:
            kind, columns = LISTS[self.code]
            line = re.fullmatch(rf"{kind}\.(\d{{1,2}})\.({'|'.join(columns)})", name)
            return name == f"{self.code}_asked" or bool(line and int(line[1]) < MOST_LINES)
        mine = re.escape(self.code)
        return bool(re.fullmatch(rf"q\.{mine}|rule\.{mine}|rule\.{mine}\.[a-z0-9_]+\.(date|zone|note)", name))

    def of(self, inputs: Inputs) -> Inputs:
        return {name: value for name, value in inputs.items() if self.holds(name)}

    def read(self, post) -> Inputs:
        """What stands on this page as posted."""
        return self.of(read(post))


def steps_of(asked: list[str]) -> list[Step]:
    """The pages of a form in their order: the questions, then medicines and allergies."""
    steps = [Step(number, code) for number, code in enumerate(asked, start=1)]
    return [*steps, *(Step(len(asked) + place, code, is_list=True) for place, code in enumerate(LISTS, start=1))]
