"""Which blocks stand on a sheet: exactly those of what was done, to whom, where and when."""

import copy
import datetime as dt
from decimal import Decimal
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from aftercare.facts import Approval, LeftOut, Medicine, NextVisit, SiteFacts, Treated, UsedProduct
from aftercare.tests.test_content import DOCUMENT, LONDON, SITE, US, make
from protocols.services.additions import give_sheet_words

FULL = copy.deepcopy(DOCUMENT)
give_sheet_words(FULL)
IRELAND = SiteFacts("Alder Skin Clinic", "2 Quay Street", "01 555 0118", "Every day", "112", "IE", "Europe/Dublin")
SYDNEY = SiteFacts("Alder Skin Clinic", "3 Harbour Street", "02 5550 0118", "Every day", "000", "AU", "Australia/Sydney")

ALWAYS = {
    "title", "keep", "born", "treated_on", "session", "foot", "page", "of", "factor",
    "map.shaded",
    "three.clean", "three.bare", "three.sun",
    "day_table.title", "day_table.today", "day_table.day", "day_table.feel", "day_table.settled", "day_table.first_no",
    "day_table.from", "day_table.not_yet",
    "resume.sunscreen_hours", "resume.makeup_hours", "resume.strenuous_exercise_hours", "resume.retinoid_and_acid_days",
    "resume.avoid_strong_sun_days",
    "normal_course.redness", "normal_course.fading", "normal_course.flaking",
    "help.same_day", "help.emergency", "help.this_week", "help.or",
    "red_flags.anaphylaxis", "red_flags.infection", "red_flags.herpes", "red_flags.systemic_hypersensitivity",
    "red_flags.allergic_dermatitis", "red_flags.granuloma", "red_flags.atypical_infection", "red_flags.pih", "red_flags.scar",
    "red_flags.prolonged_redness",
    "steps.title", "steps.when", "steps.see", "steps.do", "steps.today", "steps.pair", "steps.range", "steps.open",
    "aftercare.first_day", "aftercare.days_1_3", "aftercare.days_3_7", "aftercare.days_7_28", "aftercare.months_1_6",
    "normal.title",
    "did.title", "did.caption", "did.device", "devices.pen",
    "next_visit.none_title", "next_visit.none", "next_visit.before",
    "checked.demo", "checked.next", "checked.version",
    "terms.Sun_cream", "terms.sun_cream", "terms.Makeup",
}  # fmt: skip
# The middle of each band's depths. Only where sport and sauna may be gone back to at once do they share a row.
BANDS = {
    "superficial": ("0.5", {"normal_course.spots", "resume.sauna_pool_hours"}),
    "light": ("1", {"normal_course.spots", "resume_together.1"}),
    "medium": ("1.25", {"normal_course.spots", "resume.sauna_pool_hours", "day_table.until"}),
    "deep": ("2", {"resume.sauna_pool_hours", "day_table.until"}),
}
ZONES = {
    "face": (("cheeks",), {"zones.cheeks", "map.face", "red_flags.eye"}),
    "neck": (("neck",), {"zones.neck", "map.body"}),
    "chest": (("decolletage",), {"zones.decolletage", "map.body"}),
    "body": (("abdomen",), {"zones.abdomen", "map.body"}),
    "both": (("cheeks", "abdomen"), {"zones.cheeks", "zones.abdomen", "map.face", "map.body", "red_flags.eye"}),
}
ADJUVANTS = {
    "none": (None, set()),
    "prp": ("prp", {"adjuvants.prp", "extras_title", "did.product_no_lot"}),
    "tranexamic_acid": ("tranexamic_acid", {"adjuvants.tranexamic_acid", "extras_title", "did.product_no_lot"}),
    "vitamin_c": ("vitamin_c", {"adjuvants.vitamin_c", "extras_title", "did.product_no_lot"}),
    "hyaluronic_acid": ("hyaluronic_acid", {"adjuvants.hyaluronic_acid", "extras_title", "did.product_no_lot"}),
    "without advice": ("peptides", {"adjuvant_names.peptides", "did.product_no_lot"}),
}
SKIN = {
    "not known": (None, {"normal.line"}),
    "I to III": (2, {"normal_by_phototype.white"}),
    "IV to VI": (5, {"normal_by_phototype.brown_or_black"}),
}
# In November: cold wind in the north, strong sun in the south.
COUNTRIES = {
    "GB": (SITE, {"season.cold_wind"}),
    "IE": (IRELAND, {"season.cold_wind"}),
    "US": (US, {"season.cold_wind"}),
    "AU": (SYDNEY, {"season.strong_sun"}),
}


def blocks(**fields) -> set[str]:
    return {block.id for block in make(document=FULL, **fields).blocks}


def noon(site: SiteFacts) -> dt.datetime:
    return dt.datetime(2026, 11, 17, 11, 40, tzinfo=ZoneInfo(site.time_zone))


@pytest.mark.parametrize("country", COUNTRIES)
@pytest.mark.parametrize("band", BANDS)
def test_each_combination_picks_exactly_its_blocks(band, country):
    """Every zone group, adjuvant and phototype group, for each band and country: 4 x 5 x 6 x 3 x 4 sheets."""
    (depth, of_band), (site, of_country) = BANDS[band], COUNTRIES[country]
    for (zones, of_zones), (used, of_adjuvant), (skin, of_skin) in product(ZONES.values(), ADJUVANTS.values(), SKIN.values()):
        picked = blocks(
            site=site,
            ended_at=noon(site),
            treated=tuple(Treated(zone, Decimal(depth)) for zone in zones),
            products=(UsedProduct(used),) if used else (),
            phototype=skin,
        )
        assert picked == ALWAYS | of_band | of_zones | of_adjuvant | of_skin | of_country, (zones, used, skin)


def test_the_tables_of_this_test_know_every_band_region_and_adjuvant_with_advice():
    assert BANDS.keys() == {band["id"] for band in FULL["downtime_bands"]}
    assert {zone["region"] for zone in FULL["zones"]} <= ZONES.keys()
    assert {entry["adjuvant"] for entry in FULL["aftercare_by_adjuvant"]} <= ADJUVANTS.keys()


STARTS = dt.datetime(2026, 12, 22, 10, 30, tzinfo=LONDON)
FACE = (Treated("cheeks", Decimal(1)),)
LEFT_OUT = {"zones.chin", "did.left_out", "map.left_out", "map.striped"}
TWO_LEFT_OUT = LEFT_OUT | {"zones.nose", "did.why_recorded", "did.and"}
NONE_BOOKED = {"next_visit.none", "next_visit.none_title"}
PLAIN = {"treated": FACE, "ended_at": noon(SITE)}


@pytest.mark.parametrize(
    ("fields", "come", "go"),
    [
        ({"numbing": "Lidocaine 4% cream"}, {"did.numbing", "red_flags.anaesthetic_toxicity"}, set()),
        ({"numbing_allergy": "lidocaine"}, {"did.numbing_allergy"}, set()),
        ({"left_out": (LeftOut("chin", ("acne_active_mild",)),)}, LEFT_OUT | {"did.because", "reasons.acne_active_mild"}, set()),
        ({"left_out": (LeftOut("chin", ("pregnancy",)),)}, LEFT_OUT | {"did.because", "reason_other"}, set()),
        ({"left_out": (LeftOut("chin", (), "Pain"), LeftOut("nose", (), "Pain"))}, TWO_LEFT_OUT, set()),
        ({"medicines": (Medicine("apixaban", ("anticoagulant",)),)}, {"medicines.line", "extras_title"}, set()),
        ({"medicines": (Medicine("cetirizine", ("no_rule",)),)}, set(), set()),
        ({"products": (UsedProduct("peptides", "Serum", "L-1"),)}, {"did.product"}, set()),
        ({"device_name": "A pen of its own name"}, set(), {"devices.pen"}),
        ({"sessions_planned": None}, {"session_alone"}, {"session"}),
        ({"session_number": 4}, {"next_visit.last", "next_visit.last_title"}, NONE_BOOKED),
        ({"next_visit": NextVisit("session", STARTS, STARTS, "", 2)}, {"next_visit.session", "next_visit.allow"}, NONE_BOOKED),
        ({"next_visit": NextVisit("review", STARTS, STARTS)}, {"next_visit.review", "next_visit.allow"}, NONE_BOOKED),
        ({"ended_at": dt.datetime(2026, 7, 17, 11, 40, tzinfo=LONDON)}, {"season.strong_sun"}, {"season.cold_wind"}),
    ],
)  # fmt: skip
def test_what_was_done_adds_exactly_its_blocks(fields, come, go):
    base = blocks(**PLAIN)
    assert blocks(**{**PLAIN, **fields}) == (base | come) - go


@pytest.mark.parametrize(
    ("site", "number", "sun", "midday", "language"),
    [
        (SITE, "999", "Sun cream", "midday", "en-GB"),
        (US, "911", "Sunscreen", "noon", "en-US"),
        (IRELAND, "112", "Sun cream", "midday", "en-GB"),
        (SYDNEY, "000", "Sun cream", "midday", "en-GB"),
    ],
)
def test_emergency_number_spelling_and_dates_go_with_the_country(site, number, sun, midday, language):
    sheet = make(document=FULL, site=site, ended_at=noon(site), treated=FACE)
    assert sheet.help.emergency_title.text == f"Call {number} now if"
    assert sheet.days.rules[0].label.text.startswith(sun)
    assert midday in sheet.days.rules[0].from_when.text
    assert sheet.language == language


@pytest.mark.parametrize("phototype", [None, *range(1, 7)])
def test_feeling_comes_before_colour_for_every_skin(phototype):
    line = make(document=FULL, phototype=phototype).normal.line.text
    colours = [line.find(word) for word in ("pink", "red ", "redness", "darker", "look") if word in line]
    assert 0 < line.index("warm") < min(colours)
    if phototype is None or phototype > 3:
        assert "brown or black skin" in line
        assert line.index("feel for heat") < line.index("darker")


def test_each_block_has_its_version_and_its_approver():
    sheet = make(document=FULL)
    assert {(block.approved_by, block.approved_on) for block in sheet.blocks} == {("Dr Iris Vance", dt.date(2026, 9, 2))}
    other = copy.deepcopy(FULL)
    other["patient_wording"]["keep"] = "Keep this paper."
    before, after = ({block.id: block.version for block in make(document=one).blocks} for one in (FULL, other))
    assert {name for name in before if before[name] != after[name]} == {"keep"}


def test_a_version_without_words_by_skin_and_season_says_the_general_ones():
    sheet = make(document=DOCUMENT, phototype=5)
    assert sheet.normal.line.id == "normal.line"
    assert not [block for block in sheet.blocks if block.id.startswith("season")]


def test_nothing_of_a_version_nobody_approved_is_printed():
    from aftercare.facts import SheetCannotBeMade

    with pytest.raises(SheetCannotBeMade, match="not approved"):
        make(document=FULL, approval=Approval("2026.3", "", None, None, False))
