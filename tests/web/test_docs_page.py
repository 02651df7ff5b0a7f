"""The documentation in a browser: bodies and answers of every kind are shown and sent as they are."""

import pytest
from playwright.sync_api import Locator, Page, Request, expect

# A browser asks for the icon of a page that names none.
pytestmark = pytest.mark.console_says("Failed to load resource: the server responded with a status of 404")


def operation(page: Page, method: str, path: str) -> Locator:
    """An operation's part of the page, unfolded."""
    part = page.locator(f'details[data-text^="{method} {path} "]')
    part.locator("summary").click()
    return part


def sent(page: Page, part: Locator, path: str) -> Request:
    """What the page sends for an operation; it is answered here, for nothing shall come of it."""
    page.route(f"**{path}", lambda route: route.fulfill(json={"answered": "here"}))
    with page.expect_request(f"**{path}") as asked:
        part.get_by_role("button", name="Send").click()
    expect(part.locator("pre").first).to_contain_text('"answered": "here"')
    return asked.value


def test_a_body_that_is_text_is_shown_and_sent_as_text(page):
    page.goto("/api/docs/")
    alert = operation(page, "post", "/api/webhooks/in/{secret}")
    assert alert.get_by_label("body").input_value().startswith('{"ticker": "BINANCE:BTCUSDT.P"')
    signals = operation(page, "post", "/api/signals/import")
    assert signals.get_by_label("body").input_value().startswith("signal_time,symbol,side,entry")
    request = sent(page, signals, "/api/signals/import")
    assert request.headers["content-type"] == "text/csv"
    assert request.post_data.startswith("signal_time,symbol,side,entry")


def test_a_body_that_is_json_is_sent_as_such(page):
    page.goto("/api/docs/")
    request = sent(page, operation(page, "post", "/api/paper-trades/preview"), "/api/paper-trades/preview")
    assert request.headers["content-type"] == "application/json"
    assert request.post_data_json["market_type"] == "FUTURES"


def test_answers_of_every_kind_are_shown(page):
    page.goto("/api/docs/")
    for path, shown in (
        ("/api/paper-trades/export.csv", "id,account_id,"),
        ("/api/events", "event: paper_trade"),
        ("/api/paper-trades/{trade_id}", "no_such_trade"),
        ("/api/prices", "rate_limited"),
    ):
        part = operation(page, "get", path)
        expect(part.locator("pre", has_text=shown).first).to_be_visible()
