"""Dialogs over rows that move: what is being written stays, what is behind is left alone, the focus comes back."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.web.pages import visit
from tests.web.stack import Stack

MANY = 30
"""More than a table draws beyond what is in sight."""


@pytest.mark.console_says("Failed to load resource: the server responded with a status of 409")
def test_a_plan_that_changed_meanwhile_is_not_overwritten(page: Page, stack: Stack):
    trade = stack.trade("SOLUSDT", source="moved elsewhere")
    visit(page, "/open?q=moved elsewhere", "Open trades")
    dialog = _moving(page, trade)
    elsewhere = str(round(Decimal(trade["stop_loss"]) * Decimal("1.03"), 2))
    url = f"/api/paper-trades/{trade['id']}/"
    stack.http.patch(url, json={"stop_loss": elsewhere}).raise_for_status()
    expect(dialog.locator(".reach-ends")).to_contain_text(f"{Decimal(trade['stop_loss']):.2f}")
    dialog.get_by_label("Target", exact=True).fill(str(round(Decimal(trade["take_profit"]) * Decimal("1.01"), 2)))
    with page.expect_response(lambda response: response.request.method == "PATCH") as refused:
        dialog.get_by_role("button", name="Move", exact=True).click()
    assert refused.value.status == 409
    expect(dialog.get_by_role("alert")).to_be_visible()
    assert Decimal(stack.trade_now(trade)["stop_loss"]) == Decimal(elsewhere)


def test_a_dialog_begins_at_its_first_field_and_gives_the_focus_back(page: Page, stack: Stack):
    trade = stack.trade("SOLUSDT", source="in focus")
    visit(page, "/open?q=in focus", "Open trades")
    button = page.get_by_role("button", name="New trade")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Pair", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()

    menu = page.get_by_role("button", name=f"Actions on SOLUSDT, trade {trade['id']}")
    menu.focus()
    page.keyboard.press("Enter")
    page.get_by_role("menuitem", name="Move stop").press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()

    page.keyboard.press("Enter")
    page.get_by_role("menuitem", name="Close", exact=True).press("Enter")
    page.get_by_role("button", name="Close now").press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("table", name="Open trades")).to_be_focused()


def test_what_is_pressed_in_or_beside_a_dialog_opens_no_row_behind_it(page: Page, stack: Stack):
    trade = stack.trade("SOLUSDT", source="left alone")
    visit(page, "/open?q=left alone", "Open trades")
    dialog = _moving(page, trade)
    dialog.locator(".reach").click()
    dialog.get_by_role("heading").click()
    stop = dialog.get_by_label("Stop", exact=True)
    stop.fill("12.5")
    place = stop.bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + 40, place["y"] + 8)
    page.mouse.down()
    page.mouse.move(10, 400, steps=4)
    page.mouse.up()
    expect(stop).to_have_value("12.5")
    page.mouse.click(10, 400)
    expect(dialog).to_have_count(0)
    expect(page).to_have_url(re.compile("/open"))


def test_a_dialog_stays_however_many_rows_come_before_its_own(page: Page, stack: Stack):
    trade = stack.trade("SOLUSDT", source="crowd")
    visit(page, "/open?q=crowd", "Open trades")
    page.set_viewport_size({"width": 1440, "height": 400})
    stop = _moving(page, trade).get_by_label("Stop", exact=True)
    stop.fill("12.5")
    for _ in range(MANY):
        stack.trade("SOLUSDT", source="crowd", position_size="12")
    expect(page.locator(".page-head")).to_contain_text(str(MANY + 1))
    expect(stop).to_have_value("12.5")
    expect(stop).to_be_focused()


def test_a_note_is_read_and_used_while_a_dialog_is_open_and_after_it(page: Page, stack: Stack):
    entry = str(round(stack.price("SOLUSDT") * Decimal("0.97"), 2))
    trade = stack.trade("SOLUSDT", source="noted", entry_type="LIMIT", entry_price=entry)
    visit(page, "/open?q=noted", "Open trades")
    page.get_by_role("button", name=f"Actions on SOLUSDT, trade {trade['id']}").click()
    page.get_by_role("menuitem", name="Cancel order").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel order").click()
    note = page.locator(".toast")
    expect(note).to_contain_text("cancelled")
    for key in ("?", "Escape", "?"):
        page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_have_count(0 if key == "Escape" else 1)
        expect(note).to_be_in_viewport(ratio=1)
    note.get_by_role("button", name="Place again").click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text("waits for its entry")
    note.get_by_role("button", name="Dismiss").click()
    expect(note).to_have_count(0)


def test_on_a_phone_a_dialog_over_a_row_shows_all_of_it(page: Page, stack: Stack):
    trade = stack.trade("1000SATSUSDT", source="on a phone")
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, "/open?q=on a phone", "Open trades")
    dialog = _moving(page, trade)
    expect(dialog.get_by_role("button", name="Close")).to_be_in_viewport(ratio=1)
    assert dialog.evaluate("each => each.scrollWidth <= each.clientWidth")


def test_targets_may_be_typed_with_a_decimal_comma(page: Page, stack: Stack):
    price = stack.price("SOLUSDT")
    stop, *targets = (str(round(price * Decimal(part), 2)) for part in ("0.9", "1.05", "1.1"))
    visit(page, "/open", "Open trades")
    page.get_by_role("button", name="New trade").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Pair", exact=True).fill("SOLUSDT")
    dialog.get_by_label("Stop", exact=True).fill(stop.replace(".", ","))
    with page.expect_request(lambda asked: "preview" in asked.url and bool(asked.post_data)) as asked:
        dialog.get_by_label("Targets").fill(" ".join(targets).replace(".", ","))
    expect(dialog.get_by_label("Targets")).to_have_value(" ".join(targets))
    assert [each["price"] for each in asked.value.post_data_json["take_profits"]] == targets


def _moving(page: Page, trade: dict) -> Locator:
    """The dialog that moves the trade's stop and target, opened from its row."""
    page.get_by_role("button", name=f"Actions on {trade['symbol']}, trade {trade['id']}").click()
    page.get_by_role("menuitem", name="Move stop").click()
    return page.get_by_role("dialog")
