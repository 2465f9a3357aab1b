"""The milligrams a day a line says, and whether it says them so that nothing else can be meant. Never the smaller of two readings."""

import re
from collections.abc import Collection
from decimal import Decimal

from .knowledge import Knowledge
from .records import record
from .words import Tokens, tokens

_MG = {
    **dict.fromkeys(("mg", "milligram", "milligrams"), Decimal(1)),
    **dict.fromkeys(("mcg", "ug", "\u03bcg", "microgram", "micrograms"), Decimal("0.001")),
    **dict.fromkeys(("g", "gram", "grams"), Decimal(1000)),
}
_YEAR = re.compile(r"(?:19|20)\d\d")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")  # "1,000": a thousand to one hand, one to another
_PUNCTUATION = frozenset(
    " .,;:()[]/-'\"%\u2019\u2018\u2010\u2011\u00ae\u2122\t\n"
)  # says nothing about an amount; "<", "~", "x" and "?" do
_ONE = ("1", "one", "a")
_PIECE = ("tablet", "tab", "capsule", "cap")
_PIECES = ("tablets", "tabs", "capsules", "caps")  # how many of them is not said
_PLAIN = frozenset(
    ("takes", "taking", "taken", "on", "as", "a", "the", "my", "her", "his", "still", "now", "currently", "low", "dose", "long",
     "term", "regular", "regularly", "maintenance", "oral", "orally", "po", "by", "mouth",
     "generic", "brand", "coated", "enteric", "ec", "gr", "mr", "sr", "xr")
)  # fmt: skip
_HOURS = frozenset(("morning", "night", "mane", "nocte"))
_WHY = ("for", "since", "from", "due", "because", "against")  # what follows is the reason, in free words
# What can change an amount, also inside a reason.
_AMOUNT = re.compile(
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|hundred|zwei|drei|vier|deux|trois"
    r"|quatre|dos|tres|cuatro|quattro|twee|half|quarter|once|twice|thrice|couple|several|few|ml|x|tds|bd|qds|od|bid|tid|qid|prn|am|pm"
    r"|up|down|or|then|also|more|again|extra|plus|other|each|every|needed|required|stress|split|divided|between|variable|various|noon|midday"
    r"|(?:doubl|tripl|tabl|tab|pill|caps|spoon|day|dail|week|month|morning|lunch|dinner|supper|breakfast|evening|night|bedtime|hour|alternat"
    r"|reduc|taper|wean|increas|decreas|titrat|step|max|min|addition|flare|puls|bolus|burst|rescue|sick|vary|monday|tuesday|wednesday|thursday"
    r"|friday|saturday|sunday|fortnight)[a-z]*)"
)


@record(frozen=True, slots=True)
class DayDose:
    """`mg` None: not known. `unclear`: something was said about the amount, and what it comes to a day is not certain."""

    mg: Decimal | None = None
    unclear: bool = False


def day_dose(knowledge: Knowledge, text: str, named: Collection[int]) -> DayDose:
    """What *text* comes to a day. *named*: places of the tokens that are the medicine's own name."""
    words = tokens(text.replace("(", " for "))
    shift = _places(tokens(text), words, named)
    amounts: list[Decimal] = []
    times: list[int] = []
    often_said: list[tuple[Tokens, int]] = []
    odd = not all(letter.isalnum() or letter in _PUNCTUATION or not letter.isprintable() for letter in text)
    unclear = False
    pieces, why, place = False, False, 0
    while place < len(words):
        word, after = words[place], words[place + 1] if place + 1 < len(words) else ""
        often = None if place in shift else _often(knowledge, words, place)
        if place in shift:
            place += 1
        elif word[0].isdigit() and after in _MG:
            amounts.append(Decimal(word.replace(",", ".")) * _MG[after])
            unclear = unclear or _THOUSANDS.fullmatch(word) is not None
            place += 2
            if place < len(words) and words[place] in ("day", "d"):  # 5 mg/day
                times.append(1)
                often_said.append(((words[place],), 1))
                place += 1
        elif word in _ONE and after in _PIECE:
            place += 2
        elif often is not None:
            length, number = often
            times.append(number)
            often_said.append((words[place : place + length], number))
            place += length
        elif _YEAR.fullmatch(word) and words[place - 1] in _WHY and place:
            place += 1
        elif word in _PIECES:
            pieces = pieces or bool(amounts and not times) or _often(knowledge, words, place + 1) is not None
            place += 1
        elif word in _WHY:
            why = True
            place += 1
        else:
            harmless = word.isascii() and word.isalpha() and not _AMOUNT.fullmatch(word)
            unclear = unclear or not harmless
            odd = odd or not (word in _PLAIN or word in _PIECE or why)
            place += 1
    if unclear or len(amounts) > 1 or not _once(often_said) or (amounts and times and (odd or pieces)):
        return DayDose(unclear=True)
    return DayDose(amounts[0] * max(times)) if amounts and times else DayDose()


def _once(said: list[tuple[Tokens, int]]) -> bool:
    """How often is said once; "once daily, in the morning" is."""
    hours = [words for words, _ in said if _HOURS & set(words)]
    return len(said) < 2 or (len(said) == 2 and len(hours) == 1 and all(times == 1 for _, times in said))


def may_be_amount(words: Tokens) -> bool:
    """Whether *words* may change how much is taken of the medicine before them."""
    return any(not word.isalpha() or _AMOUNT.fullmatch(word) for word in words)


def _places(before: Tokens, after: Tokens, named: Collection[int]) -> set[int]:
    """The places of *named* among the words with a "for" for every bracket."""
    if len(before) == len(after):
        return set(named)
    moved, place = set(), 0
    for number, word in enumerate(before):
        while place < len(after) and after[place] != word:
            place += 1
        if number in named:
            moved.add(place)
        place += 1
    return moved


def _often(knowledge: Knowledge, words: Tokens, place: int) -> tuple[int, int] | None:
    """How many words from *place* say how often, and how often a day that is; the longest."""
    found = [
        (len(said), times)
        for names, times in knowledge.matching.frequencies
        for name in names
        if (said := tokens(name)) and words[place : place + len(said)] == said
    ]
    return max(found, default=None)
