"""The wording holds words for all that the packaged protocol can say, and no figures of its own."""

import re

from aftercare.maps import DRAWN
from aftercare.tests.signed_record import pack
from aftercare.words import words_for

DOCUMENT = pack()
WORDS = words_for("en", "GB").document


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
