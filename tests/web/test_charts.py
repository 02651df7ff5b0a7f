"""What stands along the scales of charts: they are painted, so what is painted is listened to."""

import re
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.web.browser_page import opened
from tests.web.pages import LOAD_MS, sticks_out, visit
from tests.web.stack import Stack, until

PAINTED = """
window.painted = [];
const fillText = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...rest) {
  const { canvas, textAlign } = this;
  const at = this.getTransform().transformPoint({ x, y });
  const half = this.measureText(text).width / 2;
  const right = at.x + (textAlign === 'center' ? half : ['left', 'start'].includes(textAlign) ? 2 * half : 0);
  painted.push({ canvas, text, over: Math.round(right - canvas.width), top: at.y, bottom: canvas.height - at.y });
  return fillText.call(this, text, x, y, ...rest);
};
"""
"""Keeps every text that is painted, with how far it stands out to the right, and how far it is from top and bottom."""
OF_A_CHART = """chart => painted.filter(({ canvas }) => chart.contains(canvas)).map(
  ({ canvas, ...rest }) => rest
)"""
HALF_A_LABEL = 5
AMOUNT = re.compile("\u2212?[\\d,]+\\.\\d+(\u2009%)?")
FALLS = (["100000", "100000", "100000"], ["100000", "99950", "99970"], ["100000", "91000", "100500"])


@pytest.fixture
def listened(page: Page) -> Page:
    page.add_init_script(PAINTED)
    return page


def painted(chart: Locator, of: re.Pattern[str]) -> list[dict[str, Any]]:
    """What has been painted on the chart so far and fits `of`, as soon as there is something."""
    expect(chart.locator("canvas").first).to_be_visible(timeout=LOAD_MS)
    return until(lambda: [each for each in chart.evaluate(OF_A_CHART) if of.fullmatch(each["text"])])


def curve(points: list[str]) -> dict[str, Any]:
    """The API's answer about an account that had this equity, minute by minute."""
    still = {"profit_low": "0", "profit_high": "0", "balance": "0", "deposits": "0", "positions": 0}
    rows = [
        {"time": f"2026-07-01T12:{minute:02}:00Z", "equity": equity, "bitcoin": None, "held_bitcoin": None, **still}
        for minute, equity in enumerate(points)
    ]
    figures = {"return_percent": "0", "max_drawdown": None, "bitcoin_percent": None, "ahead_of_bitcoin": None}
    return {"account_id": 1, "span": "minute", **figures, "points": rows}


@pytest.mark.parametrize("points", FALLS)
def test_no_drawdown_is_above_zero_and_all_are_told_in_percent(listened: Page, stack: Stack, points: list[str]):
    trade = stack.trade("ETCUSDT")
    stack.http.post(f"/api/paper-trades/{trade['id']}/close_trade/", json={}).raise_for_status()
    listened.route(re.compile("/paper-trades/equity"), lambda route: route.fulfill(json=curve(points)))
    visit(listened, "/performance", "Performance")
    labels = painted(listened.get_by_role("img", name="Drawdown of equity"), AMOUNT)
    assert all(text == "0.00\u2009%" or re.fullmatch("\u2212.*%", text) for text in (each["text"] for each in labels))


def test_no_label_of_a_scale_is_cut_in_half(listened: Page, stack: Stack):
    points = ["100000", "99956", "99902", "99815", "99820"]
    listened.route(re.compile("/paper-trades/equity"), lambda route: route.fulfill(json=curve(points)))
    visit(listened, "/", "Overview")
    labels = painted(listened.get_by_role("img", name="Equity of the last days"), AMOUNT)
    assert not [each for each in labels if min(each["top"], each["bottom"]) < HALF_A_LABEL]


def test_a_day_is_the_same_day_west_of_greenwich(browser: Browser, stack: Stack):
    trade = stack.trade("ETCUSDT")
    stack.http.post(f"/api/paper-trades/{trade['id']}/close_trade/", json={}).raise_for_status()
    answer = stack.http.get("/api/paper-trades/performance/", params={"group_by": "day"}).json()
    answer["groups"] = [answer["groups"][0] | {"key": f"2026-03-{day}"} for day in (20, 21, 22)]
    by_day = curve(["100000", "99950", "99970"]) | {"span": "day"}
    for day, point in zip((20, 21, 22), by_day["points"], strict=True):
        point["time"] = f"2026-03-{day}T00:00:00Z"
    with opened(browser, stack.url, zone="America/New_York") as (page, said):
        page.add_init_script(PAINTED)
        page.route(re.compile("/performance.*group_by=day"), lambda route: route.fulfill(json=answer))
        page.route(re.compile("/paper-trades/equity"), lambda route: route.fulfill(json=by_day))
        visit(page, "/performance", "Performance")
        assert told_days(page.get_by_role("img", name="Equity over time")) == ("22 Mar", "21 Mar 2026")
        visit(page, "/performance?side=LONG", "Performance")
        assert told_days(page.get_by_role("img", name="Capital and profit by day")) == ("22 Mar", "21 Mar 2026")
        with page.expect_response(re.compile("/candles.*interval=1d")) as read:
            visit(page, "/market/FUTURES/BTCUSDT?interval=1d", "BTC")
        days = {f"{datetime.fromisoformat(bar['open_time']):%d %b %Y}" for bar in read.value.json()["candles"]}
        _, told = told_days(page.get_by_role("img", name="Candles of BTCUSDT"))
        assert told.replace("Sept", "Sep") in days
    assert not said


def told_days(chart: Locator) -> tuple[str, str]:
    """The last day along the scale, and what is told of the middle when a pointer is there."""
    ticks = [each["text"] for each in painted(chart, re.compile(r"\d+ \w{3,4}"))]
    chart.hover()
    told = painted(chart, re.compile(r"\d\d \w{3,4} \d{4}|\d\d \w{3,4},? \d\d:.*"))
    return max(ticks), told[-1]["text"]


def test_candles_have_room_for_the_words_on_the_last_and_prices_as_everywhere(listened: Page, stack: Stack):
    stack.trade("BTCUSDT")
    visit(listened, "/market/FUTURES/BTCUSDT", "BTC")
    chart = listened.get_by_role("img", name="Candles of BTCUSDT")
    (mark, *_) = painted(chart, re.compile(r"Long|\d+ trades"))
    assert mark["over"] <= 0
    assert all(re.match(r"\d+,\d{3}\.", each["text"]) for each in painted(chart, AMOUNT))


def test_the_course_of_a_day_fits_into_its_cell_on_a_phone(page: Page, stack: Stack):
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, "/market", "Market")
    course = page.locator(".table-cell > svg").first
    expect(course).to_be_visible(timeout=LOAD_MS)
    assert sticks_out(course) <= 0


def test_a_price_of_many_digits_is_told_whole_on_a_phone(page: Page, stack: Stack):
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, "/market?q=1000", "Market")
    prices = page.locator(".table-body").get_by_role("row").locator("[role=cell]:nth-child(2)")
    expect(prices.nth(5)).to_contain_text("0.0")
    widths = prices.evaluate_all("cells => cells.map(each => [each.textContent, each.scrollWidth - each.clientWidth])")
    assert [text for text, hidden in widths if hidden > 0] == []
