"""Signals and sources: said by hand after a look at what it would do, followed live, and judged."""

from decimal import Decimal

from playwright.sync_api import Page, expect

from tests.web.pages import LOAD_MS, NOTHING, visit
from tests.web.stack import Stack, until


def test_a_signal_said_by_hand_is_traded_and_its_source_judged(page: Page, stack: Stack):
    price = stack.price("LINKUSDT")
    visit(page, "/signals", "Signals")
    page.get_by_role("button", name="Say a signal").click()
    page.get_by_label("Pair", exact=True).fill("LINKUSDT")
    page.get_by_role("dialog").get_by_label("Source", exact=True).fill("by ear")
    would = page.get_by_role("complementary")
    for term in ("Margin", "Lost at the stop", "Liquidation"):
        figure = would.locator("dt", has_text=term).first.locator("+ dd")
        expect(figure).not_to_have_text(NOTHING, timeout=LOAD_MS)
    page.get_by_role("button", name="Say it").click()

    row = page.get_by_role("row").filter(has_text="by ear")
    expect(row).to_contain_text("Traded", timeout=6000)  # the decision is a worker's
    expect(row.get_by_role("link")).to_contain_text("Trade No.")

    stack.jump("LINKUSDT", price * Decimal("1.06"))
    until(lambda: stack.trades(source="by ear", status="CLOSED_TP"))
    page.get_by_role("link", name="Sources", exact=True).click()
    source = page.get_by_role("row").filter(has_text="by ear")
    expect(source).to_contain_text("few")
    expect(source).to_contain_text("100.0")
    source.get_by_label("Compare by ear").click()
    expect(source.get_by_label("Compare by ear")).to_be_checked()
    expect(page.get_by_text("Side by side")).to_be_visible()
    expect(page.get_by_role("row", name="Better than chance")).to_be_visible(timeout=LOAD_MS)
    expect(page).to_have_url(
        r"http://127.0.0.1:" + stack.url.rsplit(":", 1)[1] + "/sources?compare=" + _id_of(stack, "by ear")
    )
    page.get_by_role("table", name="Sources").get_by_role("link", name="by ear").click()
    expect(page.get_by_role("heading", name="by ear", level=1)).to_be_visible(timeout=LOAD_MS)
    expect(page.locator(".stat", has_text="Win rate")).to_contain_text("to 100", timeout=LOAD_MS)
    expect(page.get_by_text("say little, whatever they are")).to_be_visible()
    assert page.evaluate("window.sameDocument"), "the page was loaded anew"


def test_what_no_rule_allows_is_listed_with_the_reason(page: Page, stack: Stack):
    stack.http.post("/api/sources/", json={"name": "wrong way"}).raise_for_status()
    visit(page, "/signals?status=REJECTED", "Signals")
    wrong = {"source": "wrong way", "market_type": "FUTURES", "symbol": "ETCUSDT", "direction": "LONG"}
    answer = stack.http.post("/api/signals/", json=wrong | {"stop_loss": "100000", "take_profit": "1"})
    assert answer.status_code == 422
    row = page.get_by_role("row").filter(has_text="wrong way")
    expect(row).to_contain_text("Rejected")
    row.click()
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text("Became")
    expect(sheet.locator(".notice")).to_contain_text("must lie")
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)


def test_a_search_of_signals_reaches_what_was_not_read(page: Page, stack: Stack):
    stack.http.post("/api/sources/", json={"name": "long ago"}).raise_for_status()
    row = "2026-01-{day:02}T{hour:02}:00:00Z,{symbol},buy,1,1000000,{strategy}"
    many = [row.format(day=1 + n // 24, hour=n % 24, symbol="ETHUSDT", strategy="often") for n in range(101)]
    lines = [row.format(day=31, hour=0, symbol="XRPUSDT", strategy="seldom"), *many]
    answer = stack.http.post(
        "/api/signals/import/?source=long ago",
        content="\n".join(["signal_time,symbol,side,sl,tp1,strategy", *lines]),
        headers={"content-type": "text/csv"},
    )
    assert answer.json()["expired"] == 102
    source = _id_of(stack, "long ago")
    visit(page, f"/signals?source={source}", "Signals")
    found, search = page.get_by_role("row").filter(has_text="seldom"), page.get_by_role("searchbox")
    search.fill("xrpusdt")
    expect(found).to_have_count(1)
    search.fill("seldom")
    expect(page.locator(".page-head")).to_contain_text("0 of the newest 100")
    page.get_by_role("button", name="Look further").click()
    expect(found).to_have_count(1)
    expect(page.get_by_role("button", name="Look further")).to_have_count(0)


def _id_of(stack: Stack, name: str) -> str:
    sources = stack.http.get("/api/sources/").json()["results"]
    return str(next(each["id"] for each in sources if each["name"] == name))
