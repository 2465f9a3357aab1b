"""What stands on the sheet. The dates were worked out by hand from the packaged protocol's hours."""

import copy
import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from aftercare.content import content
from aftercare.dates import Moment, Part, after_days, after_hours, calendar_of, duration
from aftercare.facts import (
    Approval,
    LeftOut,
    Medicine,
    NextVisit,
    RecordFacts,
    SheetCannotBeMade,
    SheetFacts,
    SiteFacts,
    Treated,
    UsedProduct,
)
from aftercare.tests.signed_record import pack

LONDON, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
DOCUMENT = pack()
SITE = SiteFacts("Alder Skin Clinic", "14 Canal Street", "020 7946 0118", "Every day, 8am to 8pm", "999", "GB", "Europe/London")
US = SiteFacts("Alder Skin Clinic", "14 Canal Street", "(555) 010-0118", "Every day, 8am to 8pm", "911", "US", "America/New_York")
APPROVED = Approval("2026.1", "Dr Iris Vance", dt.date(2026, 9, 2), dt.date(2027, 9, 2), True)


def facts(**fields) -> RecordFacts:
    return RecordFacts(
        **{
            "name": "Nadia Rahman",
            "birth_date": dt.date(1991, 3, 4),
            "session_number": 1,
            "sessions_planned": 4,
            "clinician": "Dr Amara Osei",
            "ended_at": dt.datetime(2026, 11, 17, 11, 40, tzinfo=LONDON),
            "treated": (Treated("forehead", Decimal("0.5")), Treated("cheeks", Decimal("1"))),
            "device": "pen",
            "needle_lot": "B24-0917",
            "needle_expires_on": dt.date(2028, 3, 31),
            **fields,
        }
    )


def make(*, site=SITE, approval=APPROVED, document=DOCUMENT, paper="A4", **fields):
    return content(
        facts(**fields), SimpleNamespace(document=document), site=site, approval=approval, sheet=SheetFacts("AC-02117", 1, paper)
    )


def rows(sheet) -> dict[str, str]:
    return {row.label.text.split(",")[0]: f"{row.not_yet} | {row.from_when}".replace("\u00a0", " ") for row in sheet.days.rules}


@pytest.mark.parametrize(
    ("ended", "hours", "expected"),
    [
        ("2026-11-17 11:40", 24, (18, 12)),  # 11:40 next day, so from midday
        ("2026-11-17 12:00", 24, (18, 12)),  # on the stroke
        ("2026-11-17 12:01", 24, (18, 18)),
        ("2026-11-17 18:00", 24, (18, 18)),
        ("2026-11-17 18:01", 24, (19, 6)),  # after 6pm it is the next morning
        ("2026-11-17 10:00", 48, (19, 12)),
        ("2026-11-17 18:30", 12, (18, 12)),  # 06:30 is past the morning: midday
        ("2026-11-17 17:00", 72, (20, 18)),
    ],
)
def test_hours_are_rounded_up_to_the_next_part_of_the_day(ended, hours, expected):
    moment = after_hours(dt.datetime.fromisoformat(ended).replace(tzinfo=LONDON), hours, LONDON)
    assert (moment.day.day, moment.begins.hour) == expected


@pytest.mark.parametrize(
    ("ended", "hours", "expected"),
    [
        # Clocks go back on 25 Oct 2026: 24 hours after 12:30 summer time is 11:30, so midday, not 6pm.
        ("2026-10-24 12:30", 24, (25, 12)),
        # Clocks go forward on 28 Mar 2027: 24 hours after 11:30 is 12:30, so 6pm; midday would be half an hour early.
        ("2027-03-27 11:30", 24, (28, 18)),
        ("2027-03-27 17:30", 24, (29, 6)),
    ],
)
def test_hours_are_hours_over_a_night_with_a_clock_change(ended, hours, expected):
    moment = after_hours(dt.datetime.fromisoformat(ended).replace(tzinfo=LONDON), hours, LONDON)
    assert (moment.day.day, moment.begins.hour) == expected


def test_days_stay_on_the_wall_clock_over_a_clock_change():
    ended = dt.datetime(2027, 3, 27, 11, 30, tzinfo=LONDON)
    assert after_days(ended, 7, LONDON) == Moment(dt.date(2027, 4, 3), Part.MIDDAY.value)


def test_the_day_is_the_clinics_own_and_not_that_of_utc():
    late = dt.datetime(2026, 11, 17, 20, 30, tzinfo=NEW_YORK)  # 18 November in UTC
    sheet = make(site=US, ended_at=late, paper="Letter")
    assert "Tuesday, November\u00a017,\u00a02026" in sheet.who[1].text
    assert sheet.days.columns[0].date == "Nov\u00a017"


def test_the_light_band_in_dates():
    sheet = make()
    assert [column.day for column in sheet.days.columns] == [0, 1, 2, 3, 5, 7, 14]
    assert rows(sheet) == {
        "Sun cream": "No | From midday, Wed 18 Nov, then every morning",
        "Make-up": "No | From midday, Wed 18 Nov",
        "Sport": "Not yet | From midday, Fri 20 Nov",
        "Retinol": "Not yet | From midday, Sun 22 Nov",
        "Strong sun": "Not yet | With care, from midday, Tue 24 Nov",
    }


def test_the_deepest_zone_picks_the_band():
    shallow = make(treated=(Treated("forehead", Decimal("0.5")),))
    deep = make(treated=(Treated("forehead", Decimal("0.5")), Treated("cheeks", Decimal("1.75"))))
    assert rows(shallow)["Make-up"] == "No | From midday, Wed 18 Nov"
    assert rows(deep)["Make-up"] == "Not yet | From midday, Thu 19 Nov"
    # The limit belongs to the shallower band: 1.5 is medium, 1.51 is deep.
    assert rows(make(treated=(Treated("cheeks", Decimal("1.5")),)))["Make-up"] == "No | From midday, Wed 18 Nov"


def test_a_late_session_gives_days_of_its_own_and_never_more_columns_than_fit():
    sheet = make(ended_at=dt.datetime(2026, 11, 17, 18, 40, tzinfo=LONDON), treated=(Treated("cheeks", Decimal("1.5")),))
    assert [column.day for column in sheet.days.columns] == [0, 1, 2, 4, 6, 8, 15]
    assert rows(sheet)["Strong sun"] == "Not yet, until Wed 2 Dec, morning | With care"


def test_every_day_on_which_a_rule_changes_has_a_column():
    for depth in ("0.25", "0.75", "1.25", "2.5"):
        for hour in (8, 12, 15, 19):
            sheet = make(ended_at=dt.datetime(2026, 11, 17, hour, 5, tzinfo=LONDON), treated=(Treated("cheeks", Decimal(depth)),))
            assert len(sheet.days.columns) <= 7
            for row in sheet.days.rules:
                assert row.closed + row.open == len(sheet.days.columns)
                assert 0 < row.closed < len(sheet.days.columns)


def test_us_words_and_dates():
    sheet = make(site=US, ended_at=dt.datetime(2026, 11, 17, 10, 40, tzinfo=NEW_YORK), paper="Letter")
    assert rows(sheet)["Sunscreen"] == "No | From noon, Wed Nov 18, then every morning"
    assert "Makeup" in rows(sheet)
    assert sheet.help.emergency_title.text == "Call 911 now if"
    assert sheet.language == "en-US"


def test_the_record_is_told_as_it_was_signed():
    sheet = make(
        left_out=(
            LeftOut("chin", ("acne_active_mild",)),
            LeftOut("nose", (), "Pain: stopped halfway"),
            LeftOut("jawline", ("acne_active_mild",)),
        ),
        numbing_allergy="lidocaine",
        products=(UsedProduct("hyaluronic_acid", "HA gel", "HA-3301"),),
    )
    told = " ".join(line.text for line in sheet.did)
    assert "Powered pen. Needle lot B24-0917, use by March\u00a02028." in told
    assert "We left out your chin and jawline because of spots." in told
    assert "We left out your nose. Why: Pain: stopped halfway." in told
    assert "We did not use numbing, because you are allergic to lidocaine." in told
    assert "We also used HA gel, lot HA-3301." in told
    assert [(zone.zone, zone.depth) for zone in sheet.zone_rows[0]] == [("forehead", "0.5\u00a0mm"), ("cheeks", "1\u00a0mm")]


def test_what_was_put_on_the_skin_adds_its_lines_and_its_emergency():
    plain, with_txa = make(), make(products=(UsedProduct("tranexamic_acid", "TXA serum", "T1"),))
    assert not plain.extras
    assert [line.id for line in with_txa.extras] == ["adjuvants.tranexamic_acid.1"]
    assert len(with_txa.help.emergency) == len(plain.help.emergency) + 1


def test_signs_of_numbing_stand_only_where_it_was_used():
    assert len(make(numbing="Lidocaine 4% cream").help.emergency) == len(make().help.emergency) + 1


def test_a_blood_thinner_is_never_stopped():
    sheet = make(medicines=(Medicine("apixaban 5 mg", ("anticoagulant",)), Medicine("cetirizine", ("no_rule",))))
    assert [line.text for line in sheet.extras] == ["Keep taking apixaban 5 mg as your doctor told you. You may bruise more."]


def test_the_next_visit_and_none():
    starts = dt.datetime(2026, 12, 22, 10, 30, tzinfo=LONDON)
    visit = make(next_visit=NextVisit("session", starts, starts + dt.timedelta(minutes=90), "Dr Amara Osei", 2)).visit
    assert (visit.title.text, visit.day.text, visit.clock.text) == (
        "Your next visit, session 2 of 4",
        "Tuesday 22\u00a0December\u00a02026",
        "10:30am",
    )
    assert visit.lines[0].text == "Allow 1\u00a0hour 30\u00a0minutes. Dr Amara Osei. 14 Canal Street."
    assert make().visit.day is None
    assert "020\u00a07946\u00a00118" in make().visit.lines[0].text


def test_brown_and_black_skin_are_named_and_feeling_comes_before_colour():
    line = make().normal.line.text
    assert line.index("warm") < line.index("pink")
    assert "brown or black skin" in line


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"approval": Approval("2026.2", "", None, None, False)}, "not approved"),
        ({"treated": ()}, "No zone was treated"),
        ({"treated": (Treated("cheeks", Decimal("3")),)}, "no healing times"),
        ({"treated": (Treated("elbow", Decimal("1")),)}, "does not know the zone"),
        ({"site": SiteFacts("A", "", "", "", "999", "GB", "Europe/London")}, "phone number"),
        ({"site": SiteFacts("A", "", "020", "", "", "GB", "Europe/London")}, "emergency number"),
    ],
)
def test_no_sheet_is_better_than_a_wrong_one_and_the_reason_is_plain(change, words):
    with pytest.raises(SheetCannotBeMade, match=words):
        make(**change)


@pytest.mark.parametrize(
    ("path", "entry"),
    [
        ("red_flags", {"id": "new_flag", "audience": "patient", "urgency": "same_day", "from_hour": 0, "to_hour": 9}),
        ("normal_course", {"id": "new_course", "from_hour": 0, "to_hour": 24}),
        ("aftercare", {"id": "new_care", "from_hour": 0, "to_hour": 24}),
    ],
)
def test_what_has_no_words_is_refused_and_never_left_out(path, entry):
    document = copy.deepcopy(DOCUMENT)
    document[path].append(entry)
    with pytest.raises(SheetCannotBeMade, match=entry["id"]):
        make(document=document)


def test_a_rule_without_words_is_refused():
    document = copy.deepcopy(DOCUMENT)
    document["downtime_bands"][1]["resume"]["swimming_in_the_sea_hours"] = 48
    with pytest.raises(SheetCannotBeMade, match="swimming_in_the_sea_hours"):
        make(document=document)


def test_the_same_record_gives_the_same_sheet():
    assert make() == make()


def test_every_line_has_the_id_of_its_place():
    sheet = make(products=(UsedProduct("prp"),), left_out=(LeftOut("chin", ("open_wound",)),))
    lines = [*sheet.who, *sheet.did, *sheet.extras, *sheet.help.same_day, *sheet.help.emergency, *(row.label for row in sheet.days.rules)]
    lines += [line for step in sheet.steps for line in step.do]
    assert all((line.id and "." in line.id) or line.id in ("born", "treated_on", "session") for line in lines)


def test_how_times_are_written():
    gb, us = calendar_of("GB", "midday"), calendar_of("US", "noon")
    at = dt.datetime(2026, 11, 17, 12, tzinfo=LONDON)
    assert (gb.clock(at), us.clock(at), gb.clock(at.replace(hour=0))) == ("midday", "noon", "midnight")
    assert (gb.clock(at.replace(hour=10, minute=30)), gb.clock(at.replace(hour=18))) == ("10:30am", "6pm")
    assert (duration(60), duration(45), duration(90)) == ("1\u00a0hour", "45\u00a0minutes", "1\u00a0hour 30\u00a0minutes")
