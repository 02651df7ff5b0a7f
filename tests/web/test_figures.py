"""What each figure means is told on hover, of every one that the API knows."""

from playwright.sync_api import Page, expect

from tests.web.pages import LOAD_MS, visit
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
    visit(page, "/performance", "Performance")
    page.get_by_role("columnheader", name="Factor").get_by_role("button").hover()
    expect(page.get_by_role("tooltip")).to_contain_text("winning trades brought")
