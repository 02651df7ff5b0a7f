"""Pictures of every page, light and dark, desktop and phone: for looking at.

Of a running product, or of one that is started on a simulated market, used for some minutes, and ended.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, expect

from deploy.dashboard.browser import chromium, watched
from deploy.dashboard.product import Product, behind_login, started
from deploy.dashboard.sample import Sample

SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
THEMES = ("dark", "light")
SETTLED_MS = 1300
LOADED_MS = 60_000
SPEED = 6
CLOSED = 60
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
    "settings-ledger": "/settings?tab=ledger",
    "settings-mode": "/settings?tab=mode",
    "settings-webhooks": "/settings?tab=webhooks",
    "settings-notifications": "/settings?tab=notifications",
    "settings-keys": "/settings?tab=keys",
    "system": "/system",
}
LOGIN_PAGES = {"login": "/", "settings-people": "/settings?tab=people"}
"""Where everybody signs in."""
NAME, PASSWORD = "ada", "a long enough one"


def take(folder: Path, url: str | None, minutes: float, only: tuple[str, ...]) -> int:
    """All pictures, or those of the pages in `only`; 1 if a page's console complained."""
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        if url is not None:
            said = _pictures(browser, url.rstrip("/"), folder, only)
        else:
            with _used_product(minutes) as product:
                said = _pictures(browser, product.url, folder, only)
                with behind_login(product, NAME, PASSWORD) as address:
                    said += _pictures(browser, address, folder, only, signs_in=True)
    for each in dict.fromkeys(said):
        print(each)  # noqa: T201 - for the terminal
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")  # noqa: T201 - for the terminal
    return 1 if said else 0


@contextmanager
def _used_product(minutes: float) -> Iterator[Product]:
    """The whole product at several times the market's speed, with somebody who uses it."""
    with started(SPEED, {"PAPERFLEET_LIVE_MODE": "true"}) as product:
        sample = Sample(product.url)
        sample.begin()
        sample.go_on(60 * minutes, CLOSED)
        yield product


def _pictures(browser: Browser, url: str, folder: Path, only: tuple[str, ...], *, signs_in: bool = False) -> list[str]:
    """Pictures in each size and theme; what the console complained of."""
    pages = LOGIN_PAGES if signs_in else PAGES | _found(url)
    wanted = {name: path for name, path in pages.items() if not only or name in only}
    said = []
    for size, theme in itertools.product(SIZES, THEMES):
        with _page(browser, size, theme) as page:
            complaints = watched(page)
            for name, path in wanted.items():
                page.goto(url + path)
                _settle(page)
                if name in _DIALOGS:
                    _DIALOGS[name](page, url)
                    page.wait_for_timeout(SETTLED_MS)
                page.screenshot(path=folder / f"{name}-{size}-{theme}.png")
                if signs_in and path == "/":
                    _sign_in(page)
            said += [f"{size} {theme}: {each}" for each in complaints]
    return said


@contextmanager
def _page(browser: Browser, size: str, theme: str) -> Iterator[Page]:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        has_touch=size == "phone",
        device_scale_factor=2 if size == "phone" else 1,
    )
    yield context.new_page()
    context.close()


def _sign_in(page: Page) -> None:
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator(".page").first.wait_for()


def _settle(page: Page) -> None:
    page.locator(".page, .login").first.wait_for()
    page.wait_for_timeout(SETTLED_MS)
    expect(page.locator(".skeleton")).to_have_count(0, timeout=LOADED_MS)


def _order(page: Page, url: str) -> None:
    page.get_by_role("button", name="New trade").click()
    page.get_by_label("Pair", exact=True).fill("BTCUSDT")
    query = {"market_type": "FUTURES", "symbols": "BTCUSDT"}
    price = float(httpx.get(f"{url}/api/prices/", params=query).json()["results"][0]["last"])
    page.get_by_label("Stop", exact=True).fill(str(round(price * 0.97)))
    page.get_by_label("Targets").fill(f"{round(price * 1.03)} {round(price * 1.06)}")


def _say(page: Page, _: str) -> None:
    page.get_by_role("button", name="Say a signal").click()
    page.get_by_label("Pair", exact=True).fill("ETHUSDT")


def _keys(page: Page, _: str) -> None:
    page.keyboard.press("?")


def _webhook(page: Page, _: str) -> None:
    page.get_by_role("button", name="New webhook").click()
    page.get_by_role("button", name="Only what a rule wants").click()


_DIALOGS = {"order": _order, "signal-new": _say, "keys": _keys, "webhook-new": _webhook}
_DIALOG_PAGES = {"order": "/open", "signal-new": "/signals", "keys": "/", "webhook-new": "/settings?tab=webhooks"}


def _found(url: str) -> dict[str, str]:
    """Pages of single things, as far as there are such, and the dialogs."""
    found = {}
    with httpx.Client(base_url=f"{url}/api", timeout=30) as http:
        for name, status in (("trade-open", "OPEN"), ("trade-closed", "CLOSED_TP,CLOSED_SL")):
            for trade in http.get("/paper-trades/", params={"status": status, "limit": 1}).json()["results"]:
                found[name] = f"/trades/{trade['id']}"
        sources = http.get("/sources/").json()["results"]
        if sources:
            found["source"] = f"/sources/{sources[-1]['id']}"
            chosen = ",".join(str(each["id"]) for each in sources[-3:])
            found["sources-compared"] = f"/sources?compare={chosen}"
        for signal_ in http.get("/signals/", params={"status": "REJECTED", "limit": 1}).json()["results"]:
            found["signal"] = f"/signals?signal={signal_['id']}"
    return found | _DIALOG_PAGES
