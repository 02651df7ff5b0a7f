"""What a person sees: trades open and close on the screen by themselves, whatever happens to the connection."""

import re
import time
from decimal import Decimal
from statistics import median

import pytest
from playwright.sync_api import Page, expect

from tests.web.pages import CLOSE_SECONDS, LOAD_MS, NOTHING, TIMES, visit
from tests.web.stack import Stack, until


def test_a_trade_made_by_hand_closes_on_screen_and_every_figure_follows(page: Page, stack: Stack):
    visit(page, "/open", "Open trades")
    before = page.locator(".top-figure", has_text="Equity").inner_text()
    price = stack.price("LTCUSDT")
    page.get_by_role("button", name="New trade").click()
    page.get_by_label("Pair", exact=True).fill("LTCUSDT")
    page.get_by_label("Stop", exact=True).fill(str(round(price * Decimal("0.9"), 2)))
    page.get_by_label("Targets").fill(str(round(price * Decimal("1.05"), 2)))
    page.get_by_label("Leverage").fill("3")
    preview = page.get_by_role("complementary")
    expect(preview.locator("dd").nth(8)).not_to_have_text(NOTHING, timeout=LOAD_MS)  # the liquidation price
    page.get_by_role("button", name="Open trade").click()

    row = page.get_by_role("row").filter(has_text="LTC")
    expect(row).to_contain_text("Open")
    expect(row).to_contain_text(f"Long 3{TIMES}")

    stack.jump("LTCUSDT", price * Decimal("1.07"))
    expect(row).to_have_count(0, timeout=LOAD_MS)
    page.get_by_role("link", name="History").click()
    closed = page.get_by_role("row").filter(has_text="LTC")
    expect(closed).to_contain_text("Take profit")
    expect(closed).to_contain_text(re.compile(r"\+1[0-9]\.\d\d"))
    expect(page.locator(".top-figure", has_text="Equity")).not_to_have_text(before)

    closed.get_by_role("link").click()
    expect(page.get_by_role("img", name="Candles of LTCUSDT around this trade")).to_be_visible(timeout=LOAD_MS)
    expect(page.get_by_text("What happened")).to_be_visible()
    page.get_by_label("Notes").fill("as planned")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_text("Note kept")).to_be_visible()

    page.get_by_role("link", name="Performance").click()
    told = Decimal(stack.http.get("/api/paper-trades/performance/").json()["win_rate"])
    expect(page.locator(".stat", has_text="Win rate")).to_contain_text(f"{told:.1f}", timeout=LOAD_MS)
    page.get_by_role("button", name="Profit factor").hover()
    expect(page.get_by_role("tooltip").first).to_contain_text("winning trades brought")
    assert page.evaluate("window.sameDocument"), "the page was loaded anew"


@pytest.mark.console_says("Failed to load resource: the server responded with a status of 409")
def test_a_note_that_was_written_elsewhere_meanwhile_is_shown_before_it_is_replaced(page: Page, stack: Stack):
    trade = stack.trade("XRPUSDT")
    visit(page, f"/trades/{trade['id']}", "XRP")
    field = page.get_by_label("Notes")
    field.fill("mine")
    url = f"/api/paper-trades/{trade['id']}/notes/"
    assert stack.http.put(url, json={"notes": "theirs"}).status_code == 200
    page.get_by_role("button", name="Keep", exact=True).click()
    meanwhile = page.get_by_role("status").filter(has_text="written elsewhere")
    expect(meanwhile).to_contain_text("theirs", timeout=LOAD_MS)
    expect(field).to_have_value("mine")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_text("Note kept")).to_be_visible()
    expect(meanwhile).to_have_count(0)
    assert stack.http.get(f"/api/paper-trades/{trade['id']}/").json()["notes"] == "mine"
    field.fill("mine again")
    assert stack.http.put(url, json={"notes": "theirs again"}).status_code == 200
    page.get_by_role("button", name="Keep", exact=True).click()
    meanwhile.get_by_role("button", name="Take that").click()
    expect(field).to_have_value("theirs again")
    expect(meanwhile).to_have_count(0)


@pytest.mark.console_says("Failed to load resource: net::ERR_")
def test_what_happened_while_the_api_was_away_stands_on_the_screen_again(page: Page, stack: Stack):
    price = stack.price("UNIUSDT")
    trade = stack.trade("UNIUSDT")
    visit(page, "/open", "Open trades")
    row = page.get_by_role("row").filter(has_text="UNI")
    expect(row).to_be_visible()
    stack.fleet.kill("api")
    try:
        expect(page.get_by_text("No connection for")).to_be_visible(timeout=LOAD_MS)
        stack.jump("UNIUSDT", price * Decimal("1.07"))
        until(lambda: stack.is_closed(trade), 40)
    finally:
        stack.start_api()
    expect(row).to_have_count(0, timeout=2 * LOAD_MS)
    expect(page.get_by_text("No connection for")).to_have_count(0)
    assert page.evaluate("window.sameDocument"), "the page was loaded anew"


def test_a_touched_target_is_off_the_screen_within_three_seconds(page: Page, stack: Stack):
    """The median of some, one after the other; the browser shares the machine with fleet, market and database."""
    trades = [stack.trade(symbol) for symbol in ("NEARUSDT", "ATOMUSDT", "DOTUSDT", "LINKUSDT", "FILUSDT")]
    visit(page, "/open", "Open trades")
    seconds = []
    for trade in trades:
        row = page.get_by_role("row").filter(has_text=trade["symbol"].removesuffix("USDT"))
        expect(row).to_have_count(1)
        began = time.monotonic()
        stack.jump(trade["symbol"], Decimal(trade["take_profit"]) * Decimal("1.02"))
        expect(row).to_have_count(0, timeout=LOAD_MS)
        seconds.append(time.monotonic() - began)
    assert median(seconds) <= CLOSE_SECONDS, seconds
    assert page.evaluate("window.sameDocument"), "the page was loaded anew"


def test_a_plan_is_moved_and_moved_back(page: Page, stack: Stack):
    trade = stack.trade("SOLUSDT")
    visit(page, f"/trades/{trade['id']}", "SOL")
    before = trade["stop_loss"]
    tighter = str(round(Decimal(before) * Decimal("1.02"), 2))
    page.get_by_role("button", name="Move stop and targets").click()
    page.get_by_label("Stop", exact=True).fill(tighter)
    page.get_by_role("button", name="Move", exact=True).click()
    until(lambda: Decimal(_read(stack, trade)["stop_loss"]) == Decimal(tighter))
    page.get_by_role("button", name="Undo").click()
    until(lambda: Decimal(_read(stack, trade)["stop_loss"]) == Decimal(before))

    page.get_by_role("button", name="Close", exact=True).click()
    page.get_by_role("button", name="Close now").click()
    expect(page.locator(".page-head .badge", has_text="Manual")).to_be_visible()


def test_the_market_is_live_and_searched_by_keyboard(page: Page, stack: Stack):
    visit(page, "/market", "Market")
    page.keyboard.press("/")
    page.keyboard.type("doge")
    row = page.get_by_role("row").filter(has=page.locator('a[href="/market/FUTURES/DOGEUSDT"]'))
    last = row.get_by_role("cell").nth(1)
    expect(last).not_to_have_text(NOTHING)
    expect(page).to_have_url(re.compile("q=doge"))
    seen = last.inner_text()
    stack.jump("DOGEUSDT", stack.price("DOGEUSDT") * Decimal("1.01"))
    expect(last).not_to_have_text(seen, timeout=LOAD_MS)
    page.keyboard.press("Escape")
    page.locator("h1").click()
    system = page.get_by_role("heading", name="System", level=1)

    def chord() -> bool:
        """Keys that a busy page takes more than a second apart are no chord: a person presses them again."""
        page.keyboard.press("g")
        page.keyboard.press("y")
        return system.is_visible()

    until(chord)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("New trade")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_rows_are_walked_by_arrows_and_opened_by_enter(page: Page, stack: Stack):
    visit(page, "/market", "Market")
    page.get_by_role("table", name="Pairs").focus()
    place = "Number(document.activeElement.ariaRowIndex) - 1"
    for key, expected in (("ArrowDown", 1), ("ArrowDown", 2), ("ArrowDown", 3), ("ArrowUp", 2)):
        page.keyboard.press(key)
        assert page.evaluate(place) == expected, key
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/market/FUTURES/"))
    expect(page.get_by_role("button", name="Trade this pair")).to_be_visible(timeout=LOAD_MS)


def _read(stack: Stack, trade: dict) -> dict:
    return stack.http.get(f"/api/paper-trades/{trade['id']}/").json()
