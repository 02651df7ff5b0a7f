"""What a screen shows is true by itself: the mode, the order of rows, the history, the connection."""

import re
import signal
from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Page, Route, expect

from tests.web.pages import LOAD_MS, row_of, visit
from tests.web.stack import Stack, until

ACCOUNTS = re.compile(r"/api/accounts/?$")


@pytest.mark.console_says("Failed to load resource: net::ERR_FAILED")
def test_a_mode_is_shown_only_when_it_has_been_told(page: Page, stack: Stack):
    held: list[Route] = []
    answering = {"accounts": held.append}
    page.route(ACCOUNTS, lambda route: answering["accounts"](route))
    page.goto("/")
    mode, icon = page.locator(".mode"), page.locator("link[rel=icon]")
    for failing in (False, True):
        if failing:
            answering["accounts"] = Route.abort
            held.pop().abort()
            expect(page.get_by_text("No answer about the equity")).to_be_visible(timeout=LOAD_MS)
        expect(mode).to_have_text("UNKNOWN")
        expect(icon).to_have_attribute("href", "/favicon-unknown.svg")

    def live(route: Route) -> None:
        answer = route.fetch()
        accounts = answer.json()
        accounts["results"][0]["mode"] = "live"
        route.fulfill(response=answer, json=accounts)

    answering["accounts"] = live
    page.get_by_role("button", name="Try again").click()
    expect(mode).to_have_text("LIVE", timeout=LOAD_MS)
    expect(page).to_have_title(re.compile("^LIVE"))
    answering["accounts"] = Route.continue_
    expect(mode).to_have_text("PAPER", timeout=LOAD_MS)  # it is asked for every ten seconds
    expect(icon).to_have_attribute("href", "/favicon.svg")


def test_rows_that_are_sorted_by_what_moves_come_into_order_by_themselves(page: Page, stack: Stack):
    price = {symbol: stack.price(symbol) for symbol in ("ARBUSDT", "INJUSDT", "1000000MOGUSDT")}
    for symbol in ("ARBUSDT", "INJUSDT"):
        stack.trade(symbol, source="in order")
    visit(page, "/open?sort=-profit&q=in order", "Open trades")
    first = page.get_by_role("row").nth(1)
    stack.jump("ARBUSDT", price["ARBUSDT"] * Decimal("1.02"))
    expect(first).to_contain_text("ARB", timeout=LOAD_MS)
    stack.jump("INJUSDT", price["INJUSDT"] * Decimal("1.04"))
    expect(first).to_contain_text("INJ", timeout=LOAD_MS)
    stack.jump("ARBUSDT", price["ARBUSDT"] * Decimal("0.98"))
    page.get_by_role("button", name="On margin").click()
    page.get_by_role("button", name="On margin").click()
    stack.jump("INJUSDT", price["INJUSDT"] * Decimal("0.96"))
    expect(first).to_contain_text("INJ", timeout=LOAD_MS)
    assert page.evaluate("window.sameDocument"), "the page was loaded anew"

    visit(page, "/market?q=1000&sort=-last", "Market")
    expect(first).to_contain_text("MOG")
    stack.jump("1000000MOGUSDT", price["1000000MOGUSDT"] / 2)
    expect(first).to_contain_text("LUNC", timeout=LOAD_MS)
    stack.jump("1000000MOGUSDT", price["1000000MOGUSDT"])
    expect(first).to_contain_text("MOG", timeout=LOAD_MS)
    assert page.evaluate("window.sameDocument"), "the page was loaded anew"


def test_a_closing_comes_into_the_history_which_is_not_read_again(page: Page, stack: Stack):
    own, other = (
        stack.trade("XLMUSDT", "SPOT", source="one of two"),
        stack.trade("XLMUSDT", "SPOT", source="two of two"),
    )
    visit(page, "/history?source=one+of+two", "History")
    expect(page.get_by_text("No closed trade matches")).to_be_visible()
    read: list[str] = []
    page.on("request", lambda request: read.append(request.url) if "CLOSED" in request.url else None)
    for trade in (other, own):
        stack.http.post(f"/api/paper-trades/{trade['id']}/close_trade/", json={}).raise_for_status()
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows.filter(has_text="XLM")).to_contain_text("Manual")
    expect(rows).to_have_count(2)
    stack.http.post(f"/api/paper-trades/{own['id']}/void/", json={"reason": "a wrong print"}).raise_for_status()
    expect(rows.filter(has_text="XLM")).not_to_contain_text("+")
    page.get_by_label("How it ended").select_option("Struck out")
    expect(rows.filter(has_text="XLM")).to_have_count(1)
    assert [url for url in read if "CLOSED" in url] == []

    page.get_by_label("Source").select_option("two of two")
    expect(page).to_have_url(re.compile("source=two"))
    rows.nth(1).wait_for()
    page.goto(f"/trades/{own['id']}")
    expect(page.get_by_role("listitem").filter(has_text="Struck out")).to_contain_text("a wrong print")


def test_a_connection_that_died_without_a_word_is_noticed_and_comes_back(page: Page, stack: Stack):
    price = stack.price("ATOMUSDT")
    trade = stack.trade("ATOMUSDT")
    page.clock.install()
    visit(page, "/open", "Open trades")
    row = row_of(page, "ATOM")
    expect(row).to_be_visible()
    api = stack.fleet.processes["api"]
    api.send_signal(signal.SIGSTOP)
    try:
        stack.jump("ATOMUSDT", price * Decimal("1.07"))
        until(lambda: stack.is_closed(trade), 40)
        page.clock.fast_forward(45_000)
        expect(page.get_by_title("Event stream: Reconnecting")).to_be_visible()
        expect(page.get_by_text(re.compile("No connection for [45]"))).to_be_visible()
    finally:
        api.send_signal(signal.SIGCONT)
    expect(page.get_by_title("Event stream: Live")).to_be_visible(timeout=LOAD_MS)
    expect(row).to_have_count(0, timeout=LOAD_MS)
    expect(page.get_by_text("No connection for")).to_have_count(0)
    assert page.evaluate("window.sameDocument"), "the page was loaded anew"


def test_an_answer_from_before_an_event_does_not_undo_it(page: Page, stack: Stack):
    trade = stack.trade("XLMUSDT", "SPOT", source="read late")
    visit(page, "/open?q=read late", "Open trades")
    address = re.compile(rf"/api/paper-trades/{trade['id']}/?$")
    held: list[Callable[[], None]] = []

    def hold(route: Route) -> None:
        answer = route.fetch()
        held.append(lambda: route.fulfill(response=answer))

    page.route(address, hold)
    with page.expect_request(address):
        row_of(page, "XLM").get_by_role("link").click()
    expect(page).to_have_url(re.compile("/trades/"))
    stack.http.post(f"/api/paper-trades/{trade['id']}/close_trade/", json={}).raise_for_status()
    state = page.locator(".page-head .badge", has_text="Manual")
    expect(state).to_be_visible()
    with page.expect_response(address):
        held.pop()()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(state).to_be_visible()
    expect(page.get_by_role("button", name="Close a part")).to_have_count(0)


def test_times_of_today_are_told_with_their_day_when_the_next_one_has_begun(page: Page, stack: Stack):
    page.clock.install()
    visit(page, "/history?source=of yesterday", "History")
    trade = stack.trade("XLMUSDT", "SPOT", source="of yesterday")
    stack.http.post(f"/api/paper-trades/{trade['id']}/close_trade/", json={}).raise_for_status()
    closed = page.get_by_role("row").nth(1).get_by_role("cell").first
    expect(closed).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))
    page.clock.fast_forward("02:00")  # what is drawn anew for another reason is by then
    expect(closed).to_be_visible()
    page.clock.fast_forward("24:00:00")
    expect(closed).to_have_text(re.compile(r"^\d\d \w{3,4} \d\d:\d\d$"))


def test_the_result_of_today_is_asked_for_without_an_event(page: Page, stack: Stack):
    figures = stack.http.get("/api/paper-trades/performance/?days=1").json() | {"total_profit_loss": "7.25"}
    asked = re.compile(r"/performance/?\?days=1$")
    page.route(asked, lambda route: route.fulfill(json=figures))
    page.clock.install()
    visit(page, "/", "Overview")
    with page.expect_response(asked):
        stack.trade("XLMUSDT", "SPOT")
    today = page.locator(".stat", has_text="Today (UTC)")
    expect(today).to_contain_text("+7.25")
    figures["total_profit_loss"] = "0.00"
    page.clock.fast_forward(65_000)
    expect(today).not_to_contain_text("7.25", timeout=LOAD_MS)
