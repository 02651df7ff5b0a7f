"""Trades in hand: parts, cancels, cards; and the history with its filters, sorts and files."""

import csv
import re
from decimal import Decimal
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.web.pages import cancel_and_place_again, row_of, visit
from tests.web.stack import Stack, until


def test_a_part_is_closed_and_the_rest_goes_on(page: Page, stack: Stack):
    trade = stack.trade("AVAXUSDT")
    visit(page, "/open?view=cards", "Open trades")
    card = page.get_by_role("article").filter(has_text="AVAX")
    expect(card.get_by_role("img", name=re.compile("Stop .* away; target"))).to_be_visible()
    card.get_by_role("button", name=re.compile("Actions on AVAXUSDT")).click()
    page.get_by_role("menuitem", name="Close a part").click()
    page.get_by_role("button", name="25 %").first.click()
    page.get_by_role("button", name=re.compile("^Close 25")).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    until(lambda: len(stack.trade_now(trade)["exits"]) == 1)
    assert stack.trade_now(trade)["status"] == "OPEN"
    page.goto(f"/trades/{trade['id']}")
    expect(page.get_by_role("row").filter(has_text="Manual")).to_be_visible()


def test_the_targets_that_are_left_are_moved_and_moved_back_after_one_has_filled(page: Page, stack: Stack):
    price = stack.price("ADAUSDT")
    first, second, later = (str(round(price * Decimal(share), 4)) for share in ("1.03", "1.2", "1.25"))
    targets = [{"price": first, "fraction": "0.4"}, {"price": second, "fraction": "0.6"}]
    trade = stack.trade("ADAUSDT", take_profit=None, take_profits=targets)
    stack.jump("ADAUSDT", price * Decimal("1.04"), seconds=120)
    until(lambda: stack.trade_now(trade)["take_profits"][0]["filled"], 100)

    def last_target() -> Decimal:
        return Decimal(stack.trade_now(trade)["take_profits"][-1]["price"])

    visit(page, f"/trades/{trade['id']}", "ADA")
    page.get_by_role("button", name="Move stop and targets").click()
    page.get_by_label("Target", exact=True).fill(later)
    page.get_by_role("button", name="Move", exact=True).click()
    until(lambda: last_target() == Decimal(later))
    page.get_by_role("button", name="Undo").click()
    until(lambda: last_target() == Decimal(second))


def test_the_very_same_order_is_placed_again_after_a_cancel(page: Page, stack: Stack):
    price = stack.price("TRXUSDT")
    at = {share: str(round(price * Decimal(share), 4)) for share in ("0.8", "0.94", "0.95", "1.1", "1.2")}
    order = stack.trade(
        "TRXUSDT",
        entry_type="LIMIT",
        entry_zone=[at["0.94"], at["0.95"]],
        stop_loss=at["0.8"],
        take_profit=None,
        take_profits=[{"price": at["1.1"], "fraction": "0.4"}, {"price": at["1.2"], "fraction": "0.6"}],
        break_even_after=1,
        trailing={"percent": "2.5", "activation": at["1.1"]},
        time_stop="PT4H",
        entry_expires_at="2099-01-01T00:00:00Z",
        cancel_on_target=True,
        cancel_on_stop=True,
        leverage=3,
        fill_model="harsh",
        source="by hand",
        notes="at the retest",
    )
    visit(page, "/open?state=PENDING", "Open trades")
    row = row_of(page, "TRX")
    cancel_and_place_again(page, row, "TRXUSDT")
    (again,) = stack.trades(status="PENDING", symbol="TRXUSDT")
    assert again["id"] != order["id"]
    assert {field for field in order if again[field] != order[field]} <= {"id", "created_at", "updated_at", "version"}


def test_history_is_filtered_by_its_address_sorted_and_saved(page: Page, stack: Stack, tmp_path: Path):
    for symbol in ("BCHUSDT", "HBARUSDT"):
        trade = stack.trade(symbol, "SPOT", notes=f"about {symbol}")
        stack.http.post(f"/api/paper-trades/{trade['id']}/close_trade/", json={}).raise_for_status()
    stack.trade("BCHUSDT")
    visit(page, "/history?market=SPOT&status=CLOSED_MANUAL&q=about", "History")
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows).to_have_count(3)  # the head is one
    page.get_by_role("button", name="Pair").click()
    expect(page).to_have_url(re.compile("sort=-symbol"))
    expect(rows.nth(1)).to_contain_text("HBAR")
    page.get_by_role("button", name="Pair").click()
    expect(rows.nth(1)).to_contain_text("BCH")
    page.reload()
    expect(rows.nth(1)).to_contain_text("BCH")
    expect(rows).to_have_count(3)

    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    saved = tmp_path / "trades.csv"
    download.value.save_as(saved)
    found = list(csv.DictReader(saved.read_text().splitlines()))
    listed = {str(each["id"]): each for each in stack.trades(status="CLOSED_MANUAL", market_type="SPOT")}
    assert {row["symbol"] for row in found} == {"BCHUSDT", "HBARUSDT"}
    for row in found:
        assert row["profit_loss"] == listed[row["id"]]["profit_loss"]

    page.get_by_label("Search").fill("hbar")
    expect(page).to_have_url(re.compile("q=hbar"))
    expect(rows).to_have_count(2)


def test_a_pair_shows_own_trades_on_its_candles(page: Page, stack: Stack):
    trade = stack.trade("DOTUSDT")
    visit(page, "/market/FUTURES/DOTUSDT", "DOT")
    chart = page.get_by_role("img", name="Candles of DOTUSDT")
    expect(chart.locator("canvas").first).to_be_visible(timeout=15_000)
    row = row_of(page, f"No. {trade['id']}")
    expect(row).to_contain_text("Open")
    expect(row.get_by_role("radio")).to_be_checked()


def test_the_history_is_narrowed_by_a_day_that_is_typed(page: Page, stack: Stack):
    visit(page, "/history", "History")
    page.get_by_label("Made on or after").click(position={"x": 12, "y": 10})
    page.keyboard.type("01022099", delay=20)
    expect(page).to_have_url(re.compile("from=2099-01-02"))
    expect(page.get_by_text("No closed trade matches")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_label("Made on or after")).to_have_value("")
    expect(page.get_by_text("No closed trade matches")).to_have_count(0)
