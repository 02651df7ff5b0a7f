"""What each figure means is told on hover, of every one that the API knows."""

import re
from decimal import Decimal

from playwright.sync_api import Browser, Page, expect

from tests.web.browser_page import opened
from tests.web.pages import LOAD_MS, sticks_out, visit
from tests.web.stack import Stack

SCOPE = {"from_day", "to_day", "capital", "group_by", "groups"}
COUNTS = {"winning_trades", "losing_trades", "ambiguous_trades"}
"""They stand in words beside the figure that they belong to."""


def test_every_figure_of_the_api_is_defined_on_hover(page: Page, stack: Stack):
    trade = stack.trade("ETCUSDT")
    stack.http.post(f"/api/paper-trades/{trade['id']}/close_trade/", json={}).raise_for_status()
    visit(page, "/performance", "Performance")
    terms = page.locator(".stats-dense .explained")
    expect(terms.first).to_be_visible(timeout=LOAD_MS)
    told = 0
    for term in terms.all():
        term.hover()
        meanings = page.get_by_role("tooltip").locator("p")
        expect(meanings.first).not_to_be_empty()
        told += meanings.count()
        page.keyboard.press("Escape")
        expect(page.get_by_role("tooltip")).to_have_count(0)
    known = stack.http.get("/api/paper-trades/performance/").json().keys() - SCOPE - COUNTS
    assert told == len(known), sorted(known)


def test_heads_of_groups_say_what_they_are(page: Page, stack: Stack):
    # Curves that come late push it from under a pointer, and where the page scrolls then its words are taken away.
    page.set_viewport_size({"width": 1440, "height": 2400})
    visit(page, "/performance", "Performance")
    page.get_by_role("columnheader", name="Factor").get_by_role("button").focus()
    expect(page.get_by_role("tooltip")).to_contain_text("winning trades brought")


def test_days_and_hours_are_utc_and_say_so_wherever_the_reader_is(browser: Browser, stack: Stack):
    trade = stack.trade("FILUSDT")
    stack.http.post(f"/api/paper-trades/{trade['id']}/close_trade/", json={}).raise_for_status()
    days = stack.http.get("/api/paper-trades/performance/", params={"group_by": "day"}).json()["groups"]
    with opened(browser, stack.url, zone="America/New_York") as (page, said):
        visit(page, "/performance?by=hour", "Performance")
        for day in days:
            profit = f"{abs(Decimal(day['total_profit_loss'])):,.2f}"
            square = page.locator(f".calendar i[title^='{day['key']}: ']")
            expect(square).to_have_attribute("title", re.compile(f"{profit} USDT, {day['total_trades']} trades?$"))
        expect(page.get_by_role("columnheader", name="Hour (UTC)")).to_be_visible()
        visit(page, "/", "Overview")
        expect(page.get_by_text("Today (UTC)")).to_be_visible()
        told = page.locator(".stats").get_by_text(f"{days[-1]['total_trades']} closed")
        expect(told).to_be_visible()
    assert not said


def test_every_result_is_in_the_distribution_at_its_multiple_of_the_risk(page: Page, stack: Stack):
    trade = stack.trade("ARBUSDT")
    stack.http.post(f"/api/paper-trades/{trade['id']}/close_trade/", json={}).raise_for_status()
    steps = stack.http.get("/api/paper-trades/performance/", params={"group_by": "r_multiple"}).json()["groups"]
    visit(page, "/performance", "Performance")
    card = page.locator("section", has=page.get_by_role("heading", name="Results in R"))
    expect(card).to_contain_text(f"{sum(step['total_trades'] for step in steps)} trade")
    for step in steps:
        low = float(step["key"])
        bar = card.get_by_title(f"{low:g} to {low + 0.5:g} R: {step['total_trades']} trade")
        expect(bar).to_have_count(1)


def test_today_is_in_sight_where_there_is_no_room_for_all_weeks(page: Page, stack: Stack):
    trade = stack.trade("ARBUSDT")
    stack.http.post(f"/api/paper-trades/{trade['id']}/close_trade/", json={}).raise_for_status()
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, "/performance", "Performance")
    today = page.locator(".calendar i").last
    expect(today).to_be_attached(timeout=LOAD_MS)
    assert sticks_out(today) <= 0
