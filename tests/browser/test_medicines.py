"""Names of medicines while one types, by keyboard alone; the field stays a plain one."""


def test_a_name_is_found_chosen_and_kept_by_keyboard(visitor):
    visitor.sign_in("amara")
    page = visitor.page
    page.get_by_label("Find a patient, booking or protocol").fill("Rahman")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="RAHMAN, Nadia").first.click()
    page.get_by_role("link", name="Details").click()
    field = page.get_by_label("Medicine", exact=True)
    field.focus()
    page.keyboard.type("eliq", delay=30)
    offered = page.get_by_role("option", name="Eliquis: apixaban, anticoagulant")
    offered.wait_for()
    assert field.get_attribute("aria-expanded") == "true"
    visitor.look("medicine-names")
    page.keyboard.press("ArrowDown")
    assert field.get_attribute("aria-activedescendant") == offered.get_attribute("id")
    page.keyboard.press("Enter")
    assert field.input_value() == "Eliquis"
    assert field.get_attribute("aria-expanded") == "false"
    # What stands after the name stays, Escape closes, and nothing is sent before the button is pressed.
    page.keyboard.type(" 5 mg bd")
    page.keyboard.press("Escape")
    assert field.input_value() == "Eliquis 5 mg bd"
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Add medicine").click()
    page.get_by_role("rowheader", name="Eliquis 5 mg bd").wait_for()
    assert "apixaban, anticoagulant" in page.get_by_role("rowheader", name="Eliquis 5 mg bd").inner_text()
