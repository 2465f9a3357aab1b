"""The English of the sheet reads at grade 6 or easier: Flesch-Kincaid, worked out here, for the whole text and for each block."""

import copy
import re

import pytest

from aftercare.blocks import blocks_of
from aftercare.tests.test_content import DOCUMENT, make
from aftercare.tests.test_render import EVERYTHING, TYPICAL
from aftercare.words import wording_of, words_for
from protocols.services.additions import give_sheet_words

FULL = copy.deepcopy(DOCUMENT)
give_sheet_words(FULL)
HARDEST = 6.0
# Names of things cannot be said in shorter words; they are names, not sentences, and each is explained by its picture or its place.
NAMES = ("adjuvant_names", "zones", "devices", "terms")
# Substances by the name on their tube: the patient has to find them again. The sentences round them are held to the grade.
SUBSTANCES = ("ibuprofen", "tranexamic acid", "hyaluronic acid", "vitamin C", "retinol", "microneedling", "lidocaine", "plasma")


def syllables(word: str) -> int:
    """Groups of vowels; a silent e at the end, and an ed or es that is not spoken, do not count."""
    word = re.sub(r"[^a-z]", "", word.lower())
    if len(word) <= 3:
        return 1 if word else 0
    word = re.sub(r"(?<=[^aeiouyldt])ed$|(?<=[^aeiouysxzcgh])es$|(?<=[^l])e$", "", word)
    return max(1, len(re.findall(r"[aeiouy]+", word)))


def grade(text: str) -> float:
    """Flesch-Kincaid grade: 0.39 x words per sentence + 11.8 x syllables per word - 15.59."""
    sentences = [part for part in re.split(r"[.?!:]+(?:\s|$)|\n", text) if re.search(r"[A-Za-z]", part)]
    words = [word for part in sentences for word in re.findall(r"[A-Za-z][A-Za-z'-]*", part)]
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def plainly(text: str) -> str:
    """The text as it is read: names in braces filled with a short word, substances with another."""
    terms = words_for(FULL, "en", "GB").terms
    text = re.sub(r"\{(\w+)\}", lambda name: terms.get(name[1], "noon"), text.replace("**", ""))
    for name in SUBSTANCES:
        text = re.sub(re.escape(name), "gel", text, flags=re.IGNORECASE)
    return text


@pytest.mark.parametrize(
    ("word", "number"),
    [("skin", 1), ("sunburn", 2), ("needle", 2), ("redness", 2), ("pillowcase", 3), ("emergency", 4), ("noses", 2), ("eye", 1)],
)  # fmt: skip
def test_syllables(word, number):
    assert syllables(word) == number


def test_the_formula_tells_hard_from_easy():
    assert grade("The cat sat on the mat. It was warm.") < 1
    assert grade("Postprocedural erythema is an anticipated physiological manifestation requiring observation.") > 15


def sentences(block):
    return [text for _, text in block.lines() if len(re.findall(r"[A-Za-z]+", plainly(text))) >= 4]


BLOCKS = {
    block.id: block for block in blocks_of(wording_of(FULL, "en")).values() if block.id.split(".")[0] not in NAMES and sentences(block)
}


@pytest.mark.parametrize("name", BLOCKS)
def test_each_block_reads_at_grade_six_or_easier(name):
    text = plainly("\n".join(sentences(BLOCKS[name])))
    assert grade(text) <= HARDEST, f"{grade(text):.1f}: {text}"


def test_the_whole_text_reads_at_grade_six_or_easier():
    text = "\n".join(plainly(text) for block in BLOCKS.values() for _, text in block.lines())
    assert grade(text) <= HARDEST, f"{grade(text):.1f}"


@pytest.mark.parametrize("fields", [TYPICAL, EVERYTHING], ids=["typical", "everything"])
def test_what_stands_on_a_sheet_reads_at_grade_six_or_easier(fields):
    sheet = make(document=FULL, **{**fields, "name": "Ann Lee", "clinician": "Dr Lee"})
    lines = [
        sheet.keep,
        *(box.line for box in sheet.three),
        *sheet.days.feel,
        *sheet.help.same_day,
        *sheet.help.emergency,
        sheet.help.this_week,
    ]
    lines += [sheet.normal.line, sheet.before, *sheet.extras, *(line for step in sheet.steps for line in (step.see, *step.do))]
    text = "\n".join(plainly(line.text) for line in lines if line)
    assert grade(text) <= HARDEST, f"{grade(text):.1f}"
