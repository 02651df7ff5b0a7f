"""Every page: usable by everybody, on a phone, in both themes; and light enough to load."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from deploy.dashboard.browser import watched
from deploy.dashboard.build import OUTPUT
from tests.web.stack import Stack

FIRST_LOAD_BYTES_MAX = 300_000
LOAD_MS = 30_000
LONG_NAME = "A-name-as-long-as-names-of-sources-may-be-without-any-blank"
PATHS = {
    "/": "Overview",
    "/open": "Open trades",
    "/open?view=cards": "Open trades",
    "/history": "History",
    "/performance": "Performance",
    "/market": "Market",
    "/market/FUTURES/BTCUSDT": "BTC",
    "/signals": "Signals",
    "/sources": "Sources",
    "/settings": "Settings",
    "/settings?tab=ledger": "Settings",
    "/settings?tab=mode": "Settings",
    "/settings?tab=webhooks": "Settings",
    "/settings?tab=notifications": "Settings",
    "/settings?tab=keys": "Settings",
    "/system": "System",
}


WIDER = """
window.wider = {};
const looked = new MessageChannel();
looked.port1.onmessage = () => {
  for (const place of [document.documentElement, document.querySelector('.main')]) {
    if (!place || place.scrollWidth <= innerWidth) continue;
    const right = (each) => each.getBoundingClientRect().right;
    const out = [...place.querySelectorAll('*')].filter((each) => right(each) > innerWidth + 0.5).slice(0, 12);
    const told = out.map((each) => `${each.tagName}.${each.getAttribute('class')} ${right(each)}`);
    window.wider[location.pathname + location.search] ??= [place.scrollWidth, ...told];
  }
  requestAnimationFrame(() => looked.port2.postMessage(0));
};
looked.port2.postMessage(0);
"""
"""Looks after each frame that is painted for what is wider than the screen; keeps it by page, with what sticks out."""


def test_the_first_load_is_light(dashboard: None):
    manifest = json.loads((OUTPUT / ".vite" / "manifest.json").read_text())
    entry = next(name for name, part in manifest.items() if part.get("isEntry"))
    # The overview, and the chart on it, which comes afterwards.
    first = ("src/features/overview/page.tsx", "src/components/chart/line-chart.tsx")
    needed = {part for name in (entry, *first) for part in _with_imports(manifest, name)}
    scripts = {manifest[name]["file"]: (OUTPUT / f"{manifest[name]['file']}.gz").stat().st_size for name in needed}
    assert sum(scripts.values()) < FIRST_LOAD_BYTES_MAX, scripts


def _go(page: Page, path: str) -> None:
    """To another page of the same document, as a link goes."""
    tab = path.partition("tab=")[2]
    page.evaluate("path => { history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate')) }", path)
    if tab:
        expect(page.locator(f"[role=tab][aria-selected=true][id$=-trigger-{tab}]")).to_be_visible(timeout=LOAD_MS)
    if "view=cards" in path:
        expect(page.get_by_role("article").first).to_be_visible(timeout=LOAD_MS)


def _with_imports(manifest: dict, name: str) -> set[str]:
    return {name}.union(*(_with_imports(manifest, other) for other in manifest[name].get("imports", [])))


@pytest.fixture
def places(stack: Stack) -> dict[str, str]:
    """Every page, those of a trade and of a source among them, and its heading."""
    trade = stack.trade("ADAUSDT")
    named = stack.http.get("/api/sources/").json()["results"]
    if not named:
        named = [stack.http.post("/api/sources/", json={"name": "some source"}).raise_for_status().json()]
    return PATHS | {f"/trades/{trade['id']}": "ADA", f"/sources/{named[0]['id']}": named[0]["name"]}


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_no_page_has_serious_barriers(browser: Browser, stack: Stack, places, barriers, theme: str):
    with _wide(browser, stack.url, theme) as page:
        found = {}
        page.goto("/")
        for path, heading in places.items():
            _go(page, path)
            expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible(timeout=LOAD_MS)
            expect(page.get_by_label("Loading")).to_have_count(0, timeout=LOAD_MS)
            found |= barriers(page, path)
        assert not found, json.dumps(found, indent=1)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_no_dialog_has_serious_barriers(browser: Browser, stack: Stack, barriers, theme: str):
    trade = stack.trade("ADAUSDT")
    with _wide(browser, stack.url, theme) as page:
        found = {}
        for path, button in (
            (f"/trades/{trade['id']}", "Move stop and targets"),
            (f"/trades/{trade['id']}", "Close"),
            ("/open", "New trade"),
            ("/signals", "Say a signal"),
            ("/settings?tab=webhooks", "New webhook"),
            ("/settings?tab=notifications", "New notification"),
            ("/system", "No new trades"),
        ):
            page.goto(path)
            page.get_by_role("button", name=button, exact=True).first.click(timeout=LOAD_MS)
            expect(page.get_by_role("dialog").first).to_be_visible(timeout=LOAD_MS)
            found |= barriers(page, button)
        assert not found, json.dumps(found, indent=1)


@contextmanager
def _wide(browser: Browser, url: str, theme: str) -> Iterator[Page]:
    """A page on a large screen, in a theme; its console has nothing to complain of."""
    context = browser.new_context(base_url=url, viewport={"width": 1440, "height": 900}, color_scheme=theme)
    page = context.new_page()
    said = watched(page)
    yield page
    context.close()
    assert not said


def _two_accounts_of_long_names(route: Route) -> None:
    answer = route.fetch()
    (account,) = answer.json()["results"]
    named = [account | {"name": LONG_NAME}, account | {"id": account["id"] + 1, "name": "another"}]
    route.fulfill(response=answer, json=answer.json() | {"results": named})


def test_every_page_fits_a_phone(browser: Browser, stack: Stack, places):
    trade = stack.trade("ETCUSDT")
    stack.http.post(f"/api/paper-trades/{trade['id']}/close_trade/", json={}).raise_for_status()
    source = stack.http.post("/api/sources/", json={"name": LONG_NAME}).raise_for_status().json()
    places |= {f"/sources/{source['id']}": LONG_NAME, f"/performance?source={LONG_NAME}": "Performance"}
    context = browser.new_context(base_url=stack.url, viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    said = watched(page)
    page.add_init_script(WIDER)
    page.route(re.compile("/api/accounts/?$"), _two_accounts_of_long_names)
    page.goto("/")
    for path, heading in places.items():
        _go(page, path)
        expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible(timeout=LOAD_MS)
        expect(page.get_by_label("Loading")).to_have_count(0, timeout=LOAD_MS)
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Performance").click()
    expect(page.get_by_role("heading", name="Performance", level=1)).to_be_visible(timeout=LOAD_MS)
    wider = page.evaluate("wider")
    context.close()
    assert not wider, json.dumps(wider, indent=1)
    assert not said
