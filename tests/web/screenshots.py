"""Pictures of every page, light and dark, desktop and phone: `python -m tests.web.screenshots [URL] [FOLDER]`.

They are for looking at: a running `make up` is what they show.
"""

import itertools
import sys
from pathlib import Path

import httpx
from playwright.sync_api import Page

from tests.web.browser import chromium, watched

SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
FOLDER = Path(__file__).parents[2] / "web" / "screenshots"
SETTLED_MS = 1200
PAGES = {
    "overview": "/",
    "open": "/open",
    "open-cards": "/open?view=cards",
    "history": "/history",
    "market": "/market",
    "pair": "/market/FUTURES/BTCUSDT",
    "performance": "/performance",
    "signals": "/signals",
    "sources": "/sources",
    "settings": "/settings",
    "system": "/system",
}


def take(url: str, folder: Path, only: tuple[str, ...] = ()) -> None:
    """All of them, or those whose names are in `only`."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = PAGES | _trades(url)
    with chromium() as browser:
        for (size, (width, height)), theme in itertools.product(SIZES.items(), ("dark", "light")):
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=theme, has_touch=size == "phone"
            )
            page = context.new_page()
            said = watched(page)
            for name, path in pages.items():
                if only and name not in only:
                    continue
                page.goto(url + path)
                _settle(page)
                page.screenshot(path=folder / f"{name}-{size}-{theme}.png")
            if not only or "order" in only:
                _order(page, url, folder / f"order-{size}-{theme}.png")
            context.close()
            for each in dict.fromkeys(said):
                print(f"{size} {theme}: {each}")  # noqa: T201 - for the terminal
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")  # noqa: T201 - for the terminal


def _settle(page: Page) -> None:
    page.locator(".page, .login").first.wait_for()
    page.wait_for_timeout(SETTLED_MS)


def _order(page: Page, url: str, path: Path) -> None:
    page.goto(f"{url}/open")
    _settle(page)
    page.get_by_role("button", name="New trade").click()
    page.get_by_label("Pair", exact=True).fill("BTCUSDT")
    price = httpx.get(f"{url}/api/prices/?market_type=FUTURES&symbols=BTCUSDT").json()["results"][0]["last"]
    page.get_by_label("Stop", exact=True).fill(str(round(float(price) * 0.97)))
    page.get_by_label("Targets").fill(f"{round(float(price) * 1.03)} {round(float(price) * 1.06)}")
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=path)


def _trades(url: str) -> dict[str, str]:
    """The page of the newest open trade and of the newest closed one, if there are such."""
    found = {}
    for name, status in (("trade-open", "OPEN"), ("trade-closed", "CLOSED_TP,CLOSED_SL")):
        listed = httpx.get(f"{url}/api/paper-trades/", params={"status": status, "limit": 1}).json()["results"]
        if listed:
            found[name] = f"/trades/{listed[0]['id']}"
    return found


if __name__ == "__main__":
    take(
        sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000",
        Path(sys.argv[2]) if len(sys.argv) > 2 else FOLDER,
        tuple(sys.argv[3:]),
    )
