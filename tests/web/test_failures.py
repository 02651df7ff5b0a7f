"""A request that fails leaves no hole: its place says so, and asks again when one wants it to."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.web.pages import LOAD_MS, NOTHING, visit
from tests.web.stack import Stack

ASKED = re.compile(r"/api/(system|paper-trades|paper-trades/equity)/?(\?.*)?$")


@pytest.mark.console_says("Failed to load resource: net::ERR_FAILED")
def test_every_part_of_the_overview_that_failed_says_so_and_comes_when_asked_again(page: Page, stack: Stack):
    page.route(ASKED, lambda route: route.abort())
    visit(page, "/", "Overview")
    happened = page.locator("section", has=page.get_by_role("heading", name="What just happened"))
    equity = page.locator("section", has=page.get_by_role("heading", name=re.compile("^Equity")))
    fleet = page.locator(".fleet-line")
    worth = page.locator(".top-figure, .stat", has_text="Equity")
    expect(fleet).to_contain_text("No answer about the fleet", timeout=LOAD_MS)
    expect(equity).to_contain_text("No answer about the equity", timeout=LOAD_MS)
    expect(happened).to_contain_text("No answer from the server", timeout=LOAD_MS)
    for figure in (worth.first, worth.last):
        expect(figure).to_contain_text(NOTHING)  # without the open results it would be the balance

    page.unroute(ASKED)
    for place in (fleet, equity, happened):
        place.get_by_role("button", name="Try again").click()
        expect(place.get_by_role("alert")).to_have_count(0)
    expect(fleet).to_contain_text("pairs, lag")
    expect(worth.last).not_to_contain_text(NOTHING)
    expect(happened.get_by_role("alert")).to_have_count(0)
    expect(happened.get_by_role("listitem").or_(happened.get_by_text("Nothing has happened yet")).first).to_be_visible()


@pytest.mark.console_says("Failed to load resource: net::ERR_FAILED")
def test_a_history_without_an_answer_tells_no_number_of_trades(page: Page, stack: Stack):
    page.route(ASKED, lambda route: route.abort())
    visit(page, "/history", "History")
    expect(page.get_by_role("alert")).to_contain_text("No answer from the server", timeout=LOAD_MS)
    expect(page.locator(".page-head")).not_to_contain_text("0 trades")


@pytest.mark.console_says("Failed to load resource: the server responded with a status of 404")
def test_a_trade_that_is_not_there_is_told_with_a_way_on_and_no_invitation_to_ask_again(page: Page, stack: Stack):
    page.goto(f"{stack.url}/trades/99999999")
    place = page.get_by_role("main")
    expect(place).to_contain_text("Not there, or not yours", timeout=LOAD_MS)
    expect(place.get_by_role("button", name="Try again")).to_have_count(0)
    place.get_by_role("link", name="To the overview").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible(timeout=LOAD_MS)


@pytest.mark.console_says("Failed to load resource: net::ERR_FAILED")
def test_a_pair_whose_trades_are_not_known_is_not_said_to_have_none(page: Page, stack: Stack):
    page.route(ASKED, lambda route: route.abort())
    visit(page, "/market/FUTURES/SOLUSDT", "SOL")
    own = page.locator("section", has=page.get_by_role("heading", name="Own trades on it"))
    expect(own).to_contain_text("No answer from the server", timeout=LOAD_MS)
    page.unroute(ASKED)
    own.get_by_role("button", name="Try again").click()
    expect(own.get_by_role("alert")).to_have_count(0)
    expect(own.get_by_role("table").or_(own.get_by_text("No trades on this pair yet"))).to_be_visible()


@pytest.mark.console_says("Failed to load resource: net::ERR_FAILED")
def test_a_source_without_its_scorecard_says_so_alone_and_beside_others(page: Page, stack: Stack):
    source = stack.http.post("/api/sources/", json={"name": "without a card"}).json()["id"]
    cards = re.compile(r"/api/sources/\d+/scorecard")
    page.route(cards, lambda route: route.abort())
    for path, heading in ((f"/sources/{source}", "without a card"), (f"/sources?compare={source}", "Sources")):
        visit(page, path, heading)
        failed = page.get_by_role("alert").filter(has_text="No answer from the server")
        expect(failed).to_have_count(1, timeout=LOAD_MS)
    page.unroute(cards)
    failed.get_by_role("button", name="Try again").click()
    expect(failed).to_have_count(0)
    expect(page.get_by_role("row", name="Better than chance")).to_be_visible()


def test_a_history_asked_for_by_what_is_no_day_is_shown_whole(page: Page, stack: Stack):
    visit(page, "/history?from=20261-01-01", "History")
    expect(page.get_by_role("table", name="Closed trades")).to_be_visible(timeout=LOAD_MS)


@pytest.mark.console_says("Failed to load resource: net::ERR_FAILED")
def test_an_order_whose_pairs_are_not_known_says_so_and_asks_again(page: Page, stack: Stack):
    listed = re.compile(r"/api/instruments/?\?.*$")
    page.route(listed, lambda route: route.abort())
    visit(page, "/history", "History")
    page.get_by_role("button", name="New trade").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Pair", exact=True).fill("SOLUSDT")
    expect(dialog.get_by_role("alert")).to_contain_text("No answer about the pairs", timeout=LOAD_MS)

    page.unroute(listed)
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog).to_contain_text("Last", timeout=LOAD_MS)
    expect(dialog.get_by_role("alert")).to_have_count(0)
