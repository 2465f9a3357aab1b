"""
Generated cases and packs, for proofs, coverage and benches: never for a patient.

Everything is made from a seed: the same seed and the same protocol give the same case on every machine.

case_of(seed, knowledge)        a valid case in the case format; a good half of them ends in a plan
shuffled(case, seed)            the same case with every list and mapping in another order
pack_of(seed, document)         a valid variation of a pack: other ceilings, ranges, intervals, actions, steps, bands
worsened(case, knowledge, seed) one reason more for caution, as a Change that can be applied to the case or the protocol
trial(seed, words)             that case put through the engine and through everything that must hold (planner.properties)
"""

from .cases import Words, case_of, shuffled, words_of
from .packs import pack_of
from .trial import PROPERTIES, Broken, judged, smallest, to_the_byte, trial
from .worse import Change, worsened

__all__ = [
    "PROPERTIES",
    "Broken",
    "Change",
    "Words",
    "case_of",
    "judged",
    "pack_of",
    "shuffled",
    "smallest",
    "to_the_byte",
    "trial",
    "words_of",
    "worsened",
]
