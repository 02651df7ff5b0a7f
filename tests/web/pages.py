"""What the tests of the dashboard do on its pages."""

from playwright.sync_api import Locator, Page, expect

LOAD_MS = 30_000
CLOSE_SECONDS = 3
"""From a touch to the row gone: a sweep sees it, no cycle is waited for."""
NOTHING = "\u2013"
TIMES = "\u00d7"


def visit(page: Page, path: str, heading: str) -> None:
    """Open a page and wait for what it loads."""
    page.goto(path)
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible(timeout=LOAD_MS)
    expect(page.get_by_title("Event stream: Live")).to_be_visible(timeout=LOAD_MS)
    page.evaluate("window.sameDocument = true")


def sticks_out(place: Locator) -> float:
    """By how many pixels it reaches beyond the right edge of what holds it; 0 and less where it fits."""
    right = "each => each.getBoundingClientRect().right - each.parentElement.getBoundingClientRect().right"
    return float(place.evaluate(right))


def row_of(page: Page, text: str):
    """The row of a table that holds `text`."""
    return page.get_by_role("row").filter(has_text=text)


def cancel_and_place_again(page: Page, row: Locator, symbol: str) -> None:
    """Take back the pending order in `row`, then take that back."""
    row.get_by_role("button", name=f"Actions on {symbol}").click()
    page.get_by_role("menuitem", name="Cancel order").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel order").click()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Place again").click()
    expect(row).to_have_count(1)
