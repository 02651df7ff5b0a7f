"""Settings: terms, what leaves the house, and the mode with its guards."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from tests.web.endpoint import endpoint
from tests.web.pages import LOAD_MS, visit
from tests.web.stack import Stack, until


def test_fees_limits_and_fill_model_hold_from_now_on(page: Page, stack: Stack):
    visit(page, "/settings", "Settings")
    page.get_by_label("Fill model").select_option("harsh")
    page.get_by_label("Perpetual fee, taker").fill("0.045")
    page.get_by_label("Leverage at most").fill("20")
    page.get_by_role("button", name="Keep changes").click()
    expect(page.get_by_text("Kept; it holds")).to_be_visible()
    (account,) = stack.http.get("/api/accounts/").json()["results"]
    assert (account["fill_model"], account["futures_fees"]["taker"], account["max_leverage"]) == (
        "harsh",
        "0.00045",
        20,
    )
    back = {"fill_model": "realistic", "max_leverage": None, "futures_fees": {"maker": "0.0002", "taker": "0.0005"}}
    stack.http.patch(f"/api/accounts/{account['id']}/", json=back).raise_for_status()


def test_terms_that_nobody_touched_stay_as_they_were_set_elsewhere_meanwhile(page: Page, stack: Stack):
    visit(page, "/settings", "Settings")
    (account,) = stack.http.get("/api/accounts/").json()["results"]
    url = f"/api/accounts/{account['id']}/"
    page.get_by_label("Notional on one symbol").fill("750000")
    stack.http.patch(url, json={"max_open_trades": 400}).raise_for_status()
    expect(page.get_by_label("Open trades at most")).to_have_value("400", timeout=LOAD_MS)
    keep = page.get_by_role("button", name="Keep changes")
    keep.click()
    expect(page.get_by_text("Kept; it holds")).to_be_visible()
    expect(keep).to_be_disabled()
    (account,) = stack.http.get("/api/accounts/").json()["results"]
    assert (account["max_open_trades"], Decimal(account["max_symbol_exposure"])) == (400, 750000)
    stack.http.patch(url, json={"max_open_trades": None, "max_symbol_exposure": None}).raise_for_status()


def test_live_takes_every_guard_is_red_everywhere_and_ends_at_once(page: Page, stack: Stack):
    visit(page, "/settings?tab=mode", "Settings")
    expect(page.locator(".top .mode")).to_have_text("PAPER")
    expect(page.get_by_text("the account stays on paper")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Go live"))).to_have_count(0)

    with endpoint() as taker:
        page.get_by_role("tab", name="Webhooks").click()
        page.get_by_role("button", name="New webhook").click()
        page.get_by_label("Address").fill(taker.url)
        page.get_by_role("button", name="Only what a rule wants").click()
        page.get_by_role("button", name="Make it").click()
        expect(page.get_by_text("whsec_")).to_be_visible()
        page.get_by_role("button", name="I have it").click()
        expect(page.get_by_text("Not verified")).to_be_visible()
        page.get_by_role("button", name=f"More for {taker.url}").click()
        page.get_by_role("menuitem", name="Verify").click()
        expect(page.get_by_text("Verified", exact=True)).to_be_visible()
        page.get_by_role("button", name="Test", exact=True).click()
        expect(page.get_by_text("Delivered in")).to_be_visible()
        assert [message["type"] for message in taker.told] == ["webhook.verify", "webhook.test"]

        page.get_by_role("tab", name="Paper or live").click()
        page.get_by_role("button", name=re.compile("Go live")).click()
        hand_over = page.get_by_role("button", name=re.compile("Hand signals over"))
        page.get_by_label("The phrase").fill("hand over the signals of somebody")
        expect(hand_over).to_be_disabled()
        page.get_by_label("The phrase").fill("hand over the signals of main")
        hand_over.click()

        chip = page.locator(".top .mode")
        expect(chip).to_have_text("LIVE")
        assert _red(chip.evaluate("node => getComputedStyle(node).backgroundColor"))
        expect(page).to_have_title(re.compile("^LIVE"))
        expect(page.locator("link[rel=icon]")).to_have_attribute("href", "/favicon-live.svg")
        expect(page.get_by_text("Signals of main are handed over")).to_be_visible()
        for path in ("/", "/open?view=cards", "/history"):
            page.goto(path)
            expect(page.locator(".top .mode")).to_have_text("LIVE", timeout=LOAD_MS)
            assert _red(page.locator(".top").evaluate("node => getComputedStyle(node).boxShadow"))

        page.goto("/settings?tab=mode")
        page.get_by_role("button", name="Back to paper now").click()
        expect(page.locator(".top .mode")).to_have_text("PAPER")
        expect(page).not_to_have_title(re.compile("LIVE"))
        (account,) = stack.http.get("/api/accounts/").json()["results"]
        assert account["mode"] == "paper"

        page.get_by_role("tab", name="Webhooks").click()
        page.get_by_role("button", name=f"More for {taker.url}").click()
        page.get_by_role("menuitem", name="Delete").click()
        page.get_by_role("button", name="Delete").click()
        expect(page.get_by_text("No webhooks")).to_be_visible()


@pytest.mark.console_says("Failed to load resource: the server responded with a status of 422")
def test_a_notification_is_kept_without_showing_its_address_again(page: Page, stack: Stack):
    visit(page, "/settings?tab=notifications", "Settings")
    page.get_by_role("button", name="New notification").click()
    page.get_by_label("Apprise URL").fill("file:///etc/passwd")
    page.get_by_role("button", name="Make it").click()
    expect(page.locator(".field-error, .notice-bad").first).to_be_visible()
    page.get_by_label("Apprise URL").fill("ntfys://example.com/topic")
    page.get_by_role("checkbox", name="Quiet hours").check()
    page.get_by_role("button", name="Make it").click()
    card = page.locator(".outlet")
    expect(card).to_contain_text("quiet 22:00 to 07:00", timeout=LOAD_MS)  # its address is looked up before
    assert "example.com" not in page.content()
    (made,) = stack.http.get("/api/notifications/").json()["results"]
    stack.http.delete(f"/api/notifications/{made['id']}/").raise_for_status()
    until(lambda: stack.http.get("/api/notifications/").json()["results"] == [])


def _red(colour: str) -> bool:
    """Whether a computed style names a colour that is mostly red."""
    red, green, blue = (int(each) for each in re.findall(r"\d+", colour)[:3])
    return red > 120 and red > 2 * green and red > 2 * blue


def test_on_a_phone_the_ledger_shows_amounts(page: Page, stack: Stack):
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, "/settings?tab=ledger", "Settings")
    expect(page.get_by_role("columnheader", name="Amount")).to_be_in_viewport(ratio=1, timeout=LOAD_MS)


def test_on_a_phone_the_tab_in_force_is_in_sight(page: Page, stack: Stack):
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, "/settings?tab=keys", "Settings")
    expect(page.get_by_role("tab", name="API keys")).to_be_in_viewport(ratio=0.9, timeout=LOAD_MS)
