"""Rows added, copied and taken out in the browser: what is refused with everything kept, and what two people see of each other."""

import html
import json

import pytest
from django.urls import reverse

from protocols.comparison import NoSuchValue, value_at
from protocols.models import ProtocolEdit, ProtocolVersion
from protocols.services import create_draft, load_pack, submit

pytestmark = pytest.mark.django_db

RULE = "contraindications[new]"
DIVING = {
    f"{RULE}.label": "Scuba diving this week",
    f"{RULE}.short_label": "Diving",
    f"{RULE}.group": "other",
    f"{RULE}.action": "caution",
    f"{RULE}.scope": "patient",
    f"{RULE}.blocks": "all",
    f"{RULE}.rationale": "Invented for a test.",
    f"{RULE}.refs": ["", "textbook"],
    f"{RULE}.evidence": "CEBM-5",
    f"{RULE}.unverified": "yes",
    f"{RULE}.question.text": "Have you been diving?",
    f"{RULE}.question.valid_days": "30",
    f"{RULE}.asked.in": "own",
    f"{RULE}.asked.label": "Yes, this week",
}


@pytest.fixture
def draft(pack, clinician):
    return create_draft(load_pack(pack)[0], name="2027.1", by=clinician)


@pytest.fixture
def other(make_user):
    return make_user("lena", "clinician", title="Dr", last_name="Brandt")


def at(draft, section, item=""):
    if not item:
        return reverse("protocols:edit_section", args=[draft.version, section])
    return reverse("protocols:edit_item", args=[draft.version, section, item])


def lock(draft):
    return ProtocolVersion.objects.values_list("lock_version", flat=True).get(pk=draft.pk)


def stored(draft, path):
    return value_at(json.loads(ProtocolVersion.objects.get(pk=draft.pk).document), path)


def there(draft, path):
    try:
        stored(draft, path)
    except NoSuchValue:
        return False
    return True


def send(client, user, draft, section, item, seen=None, **fields):
    client.force_login(user)
    return client.post(at(draft, section, item), {"lock_version": seen or lock(draft), **fields})


def page_of(answer):
    return html.unescape(answer.content.decode())


def take_out(client, user, draft, section, item, seen=None):
    client.force_login(user)
    address = reverse("protocols:edit_remove_row", args=[draft.version, section, item])
    return client.post(address, {"lock_version": seen or lock(draft)})


class TestAdding:
    def test_a_rule_is_added_asked_and_edited_like_any_other(self, client, draft, clinician):
        assert send(client, clinician, draft, "rules", "new", new_id="diving", **DIVING).status_code == 302
        assert stored(draft, "contraindications[diving].question") == {
            "text": "Have you been diving?",
            "valid_days": 30,
            "asks_date": None,
            "asks_zone": False,
        }
        assert stored(draft, "questions[diving].covers[diving].label") == "Yes, this week"
        assert ProtocolVersion.objects.get(pk=draft.pk).is_whole
        page = page_of(client.get(at(draft, "rules", "diving")))
        assert "Scuba diving this week" in page
        assert (
            send(client, clinician, draft, "rules", "diving", **{"contraindications[diving].no_adjuvants": ["", "prp"]}).status_code == 302
        )
        assert stored(draft, "contraindications[diving].no_adjuvants") == ["prp"]

    def test_what_is_missing_is_named_at_its_place_and_what_was_typed_stays(self, client, draft, clinician):
        typed = {f"{RULE}.label": "Scuba <b>", f"{RULE}.max_depth_mm": "x", f"{RULE}.rationale": ""}
        answer = send(client, clinician, draft, "rules", "new", new_id="Bad Id", **typed)
        page = page_of(answer)
        assert answer.status_code == 422
        for said in (
            "Identifier must be 2 to 60 small letters",
            "Reason is empty",
            "Depth at most must be a number",
            "Scuba <b>",
            'value="x"',
        ):
            assert said in page, said
        assert not ProtocolEdit.objects.exists()

    def test_what_the_pack_refuses_stands_beside_the_field_it_is_about(self, client, draft, clinician):
        answer = send(client, clinician, draft, "rules", "new", new_id="diving", **(DIVING | {f"{RULE}.rationale": "<script>"}))
        assert answer.status_code == 422
        assert "Reason must be plain text, without HTML" in page_of(answer)
        nobody_asks = {key: text for key, text in DIVING.items() if ".question." not in key and ".asked." not in key}
        answer = send(client, clinician, draft, "rules", "new", new_id="diving", **nobody_asks)
        assert "must be asked, or be settled by data" in page_of(answer)
        assert not there(draft, "contraindications[diving]")

    def test_the_id_is_made_of_the_first_words_where_none_is_typed(self, client, draft, clinician):
        assert send(client, clinician, draft, "rules", "new", **DIVING).status_code == 302
        assert there(draft, "contraindications[scuba_diving_this_week]")

    def test_a_name_in_another_script_gets_an_id_too(self, client, draft, clinician):
        assert send(client, clinician, draft, "rules", "new", **(DIVING | {f"{RULE}.label": "潜水"})).status_code == 302
        assert stored(draft, "contraindications[row_1].label") == "潜水"

    def test_a_copy_begins_with_all_the_row_holds(self, client, draft, clinician):
        client.force_login(clinician)
        page = page_of(client.get(at(draft, "rules", "new") + "?copy=isotretinoin_recent"))
        assert "This begins as a copy of isotretinoin_recent" in page
        fields = {
            f"{RULE}.label": "Another capsule",
            f"{RULE}.short_label": "Capsule",
            f"{RULE}.asked.in": "own",
            f"{RULE}.asked.label": "Yes",
        }
        assert send(client, clinician, draft, "rules", "new", copy="isotretinoin_recent", new_id="capsule", **fields).status_code == 302
        row = stored(draft, "contraindications[capsule]")
        assert row["policy"] == stored(draft, "contraindications[isotretinoin_recent].policy")
        assert row["label"] == "Another capsule"

    @pytest.mark.parametrize("item", ["new?copy=nothing_like_it", "new?back=7", "new?back=x&copy="])
    def test_a_beginning_that_is_not_there_is_an_empty_form(self, client, draft, clinician, item):
        client.force_login(clinician)
        item, _, query = item.partition("?")
        assert client.get(f"{at(draft, 'rules', item)}?{query}").status_code == 200

    def test_an_instruction_and_its_words_on_the_sheet_come_together(self, client, draft, clinician):
        row = "red_flags[new]"
        fields = {
            f"{row}.signs": "The skin turns blue",
            f"{row}.do": "call the clinic",
            f"{row}.urgency": "same_day",
            f"{row}.audience": "patient",
            f"{row}.from_hour": "0",
            f"{row}.to_hour": "48",
            f"{row}.refs": ["", "textbook"],
            f"{row}.evidence": "CEBM-5",
            f"{row}.unverified": "yes",
        }
        answer = send(client, clinician, draft, "care", "new/red-flags", new_id="blue", **fields)
        assert answer.status_code == 422
        assert "the sheet needs words for it" in page_of(answer)
        fields["patient_wording.red_flags.new.lines"] = "your skin turns blue"
        assert send(client, clinician, draft, "care", "new/red-flags", new_id="blue", **fields).status_code == 302
        assert stored(draft, "patient_wording.red_flags.blue") == {"lines": ["your skin turns blue"]}

    def test_no_row_is_added_to_a_version_that_is_no_draft_and_what_was_typed_is_shown(self, client, draft, clinician):
        submit(draft, by=clinician)
        answer = send(client, clinician, draft, "rules", "new", new_id="diving", **DIVING)
        assert answer.status_code == 409
        assert "Scuba diving this week" in page_of(answer)

    def test_the_names_of_a_zone_have_a_page_of_their_own(self, client, draft, clinician):
        client.force_login(clinician)
        assert "Also called" in page_of(client.get(at(draft, "zones", "forehead")))
        fields = {"zones[forehead].words": "brow\r\nforehead lines\r\nupper face"}
        assert send(client, clinician, draft, "zones", "forehead", **fields).status_code == 302
        assert stored(draft, "zones[forehead].words") == ["brow", "forehead lines", "upper face"]


class TestTakingOut:
    def test_it_asks_first_with_all_that_names_it(self, client, draft, clinician):
        client.force_login(clinician)
        page = page_of(client.get(reverse("protocols:edit_remove_row", args=[draft.version, "rules", "herpes_active"])))
        assert "Adjuvants: PRP" in page or "Adjuvant: PRP" in page
        assert there(draft, "contraindications[herpes_active]")
        assert take_out(client, clinician, draft, "rules", "herpes_active").status_code == 302
        assert not there(draft, "contraindications[herpes_active]")
        assert ProtocolVersion.objects.get(pk=draft.pk).is_whole
        assert take_out(client, clinician, draft, "rules", "herpes_active").status_code == 302
        assert ProtocolEdit.objects.count() == 1

    def test_what_cannot_go_is_refused_with_every_fault(self, client, draft, clinician):
        answer = take_out(client, clinician, draft, "rules", "anticoagulant")
        assert answer.status_code == 422
        assert "there is no contraindication anticoagulant" in page_of(answer)
        assert there(draft, "contraindications[anticoagulant]")

    def test_a_stale_removal_shows_what_was_saved_meanwhile(self, client, draft, clinician, other):
        send(client, other, draft, "rules", "smoker", **{"contraindications[smoker].note": "Counted anew"})
        answer = take_out(client, clinician, draft, "rules", "smoker", seen=1)
        assert answer.status_code == 409
        assert "Counted anew" in page_of(answer)
        assert there(draft, "contraindications[smoker]")

    def test_rows_that_are_none_are_not_found(self, client, draft, clinician):
        client.force_login(clinician)
        for section, item in (("rules", "nothing"), ("references", "harris2015"), ("depth", "acne_scars"), ("nowhere", "x"), ("care", "x")):
            address = reverse("protocols:edit_remove_row", args=[draft.version, section, item])
            assert client.get(address).status_code == 404, (section, item)


class TestTwoPeople:
    def test_both_add_a_rule_of_one_name_and_the_second_sees_both_texts(self, client, draft, clinician, other):
        send(client, other, draft, "rules", "new", new_id="diving", **(DIVING | {f"{RULE}.rationale": "Theirs was first."}))
        answer = send(client, clinician, draft, "rules", "new", seen=1, new_id="diving", **DIVING)
        page = page_of(answer)
        assert answer.status_code == 409
        assert "Theirs was first." in page
        assert "Invented for a test." in page
        assert "Brandt" in page
        assert "Ticked under" not in page.partition('id="meeting"')[2].partition("</section>")[0]  # the same with both
        again = send(client, clinician, draft, "rules", "new", first_lock="1", new_id="diving", **DIVING)
        assert again.status_code == 422
        assert "in the list already" in page_of(again)
        assert send(client, clinician, draft, "rules", "new", first_lock="1", new_id="diving_2", **DIVING).status_code == 302
        assert stored(draft, "contraindications[diving].rationale") == "Theirs was first."
        assert stored(draft, "contraindications[diving_2].rationale") == "Invented for a test."

    def test_one_takes_out_what_the_other_is_changing_and_nothing_typed_is_lost(self, client, draft, clinician, other):
        take_out(client, other, draft, "rules", "smoker")
        typed = {"contraindications[smoker].rationale": "Smoking slows healing, as typed."}
        answer = send(client, clinician, draft, "rules", "smoker", seen=1, **typed)
        page = page_of(answer)
        assert answer.status_code == 409
        assert "Smoking slows healing, as typed." in page
        assert "Brandt took this out" in page
        assert f'action="{at(draft, "rules", "new")}"' in page
        back = {
            f"{RULE}.rationale": "Smoking slows healing, as typed.",
            f"{RULE}.asked.in": "illnesses",
            f"{RULE}.asked.label": "Heavy smoking",
        }
        assert 'value="Heavy smoking"' in page
        assert send(client, clinician, draft, "rules", "new", back=str(lock(draft)), new_id="smoker", **back).status_code == 302
        row = stored(draft, "contraindications[smoker]")
        assert row["rationale"] == "Smoking slows healing, as typed."
        assert row["heavy_from_cigarettes_per_day"] == 20
        assert stored(draft, "questions[illnesses].covers[smoker].note") == "How many a day"

    def test_one_adds_a_depth_the_other_adds_too(self, client, draft, clinician, other):
        row = "depth_ranges[acne_scars,grade_1,cheeks]"
        client.force_login(clinician)
        send(client, clinician, draft, "depth", "acne_scars/cheeks", remove=row)
        seen = lock(draft)
        figures = {"min": "0.25", "typical": "0.5", "max": "1", "evidence": "CEBM-4", "unverified": "no", "note": ""}
        mine = {f"{row}.{key}": text for key, text in figures.items()} | {f"{row}.refs": ["", "harris2015"]}
        send(client, other, draft, "depth", "acne_scars/cheeks", **(mine | {f"{row}.max": "0.75"}))
        answer = send(client, clinician, draft, "depth", "acne_scars/cheeks", seen=seen, **mine)
        assert answer.status_code == 409
        page = page_of(answer)
        assert "0.75" in page
        assert f'name="choose:{row}.max"' in page


class TestDepthsAreCopied:
    def test_empty_levels_are_filled_from_another_zone_and_saved_only_then(self, client, draft, clinician):
        client.force_login(clinician)
        page = page_of(client.get(at(draft, "depth", "acne_scars/hands") + "?copy=cheeks"))
        assert "Filled in from Cheeks" in page
        assert 'name="depth_ranges[acne_scars,grade_1,hands].max"' in page
        assert not there(draft, "depth_ranges[acne_scars,grade_1,hands]")
