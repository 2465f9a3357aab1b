"""The wording holds words for all that its protocol can say, no figures of its own, and belongs to the record's own version."""

import copy
import dataclasses
import datetime as dt
import hashlib
import json
import re
from decimal import Decimal

import pytest

from aftercare.facts import LeftOut, Medicine, SheetCannotBeMade, Treated, UsedProduct
from aftercare.maps import DRAWN
from aftercare.tests.signed_record import pack
from aftercare.tests.test_content import NEW_YORK, US, make
from aftercare.words import words_for
from protocols import documents

DOCUMENT = pack()
BEFORE = documents.read_pack(documents.PACKS / "2026.1.yaml")  # the last version without words of its own
WORDS = words_for(DOCUMENT, "en", "GB").document


def texts(node, path=""):
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, dict):
        for key, item in node.items():
            yield from texts(item, f"{path}.{key}")
    elif isinstance(node, list):
        for item in node:
            yield from texts(item, path)


def test_every_red_flag_course_and_care_of_the_protocol_has_its_block():
    assert {flag["id"] for flag in DOCUMENT["red_flags"] if flag["audience"] == "patient"} <= WORDS["red_flags"].keys()
    assert {entry["id"] for entry in DOCUMENT["normal_course"]} == WORDS["normal_course"].keys()
    assert {entry["id"] for entry in DOCUMENT["aftercare"]} == WORDS["aftercare"].keys()
    assert {entry["adjuvant"] for entry in DOCUMENT["aftercare_by_adjuvant"]} == WORDS["adjuvants"].keys()


def test_every_rule_of_every_band_has_its_row():
    for band in DOCUMENT["downtime_bands"]:
        assert {field for field in band["resume"] if field.endswith(("_hours", "_days"))} == WORDS["resume"].keys()


def test_every_zone_device_and_product_has_a_patients_name():
    zones = {zone["id"] for zone in (*DOCUMENT["zones"], *DOCUMENT["excluded_zones"])}
    assert zones == WORDS["zones"].keys()
    assert {device["id"] for device in DOCUMENT["devices"]} == WORDS["devices"].keys()
    assert {adjuvant["id"] for adjuvant in DOCUMENT["adjuvants"]} == WORDS["adjuvants"].keys() | WORDS["adjuvant_names"].keys()


def test_every_rule_that_leaves_a_zone_out_has_a_reason():
    rules = {rule["id"] for rule in DOCUMENT["contraindications"] if rule["scope"] == "zone"}
    assert rules | {zone["id"] for zone in DOCUMENT["excluded_zones"]} == WORDS["reasons"].keys()


def test_every_zone_is_drawn_on_its_map():
    for zone in DOCUMENT["zones"]:
        assert zone["id"] in DRAWN["face" if zone["region"] == "face" else "body"]


def test_words_hold_no_figures():
    for path, text in texts(WORDS):
        if path not in (".version", ".language"):
            assert not re.search(r"\d", re.sub(r"\{\w+\}", "", text)), f"{path}: {text}"


def test_sentences_are_short_and_plain():
    for path, text in texts(WORDS):
        for sentence in re.split(r"[.?!:]\s", text):
            assert len(sentence.split()) < 20, f"{path}: {sentence}"
        assert not re.search(r"\b(please|sorry|etc|e\.g|invalid)\b", text, re.I), path
        assert not re.search(r"\b[A-Z]{2,}\b", re.sub(r"\{\w+\}|SPF", "", text)), f"{path} shouts"


def stored(document: dict) -> dict:
    """As the database gives it back: keys in the order of the alphabet."""
    return json.loads(documents.canonical(document))


def fingerprint(document: dict, **fields) -> str:
    content = dataclasses.asdict(make(document=document, **fields))
    # What is said beside the words, and came later than the fingerprints below.
    for later in ("direction", "large", "blocks"):
        del content[later]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, default=str).encode()).hexdigest()


FULL = {
    "site": US,
    "paper": "Letter",
    "ended_at": dt.datetime(2026, 11, 17, 18, 40, tzinfo=NEW_YORK),
    "treated": (Treated("cheeks", Decimal("1.75")), Treated("abdomen", Decimal(2))),
    "left_out": (LeftOut("chin", ("acne_active_mild",)), LeftOut("nose", (), "Pain: stopped")),
    "products": (UsedProduct("tranexamic_acid", "TXA serum", "T1"), UsedProduct("hyaluronic_acid")),
    "numbing": "Lidocaine 4% cream",
    "medicines": (Medicine("apixaban 5 mg", ("anticoagulant",)),),
}


@pytest.mark.parametrize("as_stored", [BEFORE, stored(BEFORE)], ids=["as written", "as stored"])
def test_a_record_of_a_version_without_words_keeps_its_sheet_letter_by_letter(as_stored):
    # Taken before the words moved into the protocol. A change here changes paper that patients already hold.
    assert fingerprint(as_stored) == "3839275304ccebf43bac2420373486da101ea7c728042526dde69c2be96e0553"
    assert fingerprint(as_stored, **FULL) == "99ea1f4e11d8ba54329140dde56fa74a044b5529f1e1208d0e59ca324d48308c"


def test_a_changed_letter_would_be_seen():
    other = copy.deepcopy(BEFORE)
    other["sun_protection"]["spf_min"] += 1
    assert fingerprint(other) != fingerprint(BEFORE)


def test_the_order_of_the_sheet_survives_the_store():
    assert fingerprint(stored(DOCUMENT)) == fingerprint(DOCUMENT)
    assert fingerprint(stored(DOCUMENT), **FULL) == fingerprint(DOCUMENT, **FULL)


def test_words_come_from_the_records_own_version():
    other = copy.deepcopy(DOCUMENT)
    other["patient_wording"]["keep"] = "Keep this paper where you see it."
    assert make(document=other).keep.text == "Keep this paper where you see it."
    assert make(document=DOCUMENT).keep.text == make(document=BEFORE).keep.text != make(document=other).keep.text


def test_a_version_in_another_language_gives_no_sheet():
    other = copy.deepcopy(DOCUMENT)
    other["patient_wording"]["language"] = "fr"
    with pytest.raises(SheetCannotBeMade, match="Tell the medical lead"):
        make(document=other)
