"""Every page: usable by everybody, on a phone, in both themes; and light enough to load."""

import json

import pytest
from playwright.sync_api import Browser, Page, expect

from deploy.dashboard.browser import watched
from deploy.dashboard.build import OUTPUT, WEB
from tests.web.stack import Stack

FIRST_LOAD_BYTES_MAX = 300_000
LOAD_MS = 30_000
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
SERIOUS = ("serious", "critical")


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


@pytest.mark.parametrize(("theme", "rules"), [("dark", "{}"), ("light", "{runOnly: ['color-contrast']}")])
def test_no_page_has_serious_barriers(browser: Browser, stack: Stack, theme: str, rules: str):
    """The other theme has other colours, nothing else."""
    stack.trade("ADAUSDT")
    axe = (WEB / "node_modules" / "axe-core" / "axe.min.js").read_text()
    context = browser.new_context(base_url=stack.url, viewport={"width": 1440, "height": 900}, color_scheme=theme)
    page = context.new_page()
    said = watched(page)
    found = {}
    page.goto("/")
    for path, heading in PATHS.items():
        _go(page, path)
        expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible(timeout=LOAD_MS)
        expect(page.get_by_label("Loading")).to_have_count(0, timeout=LOAD_MS)
        page.evaluate(axe)
        for violation in page.evaluate(f"axe.run(Object.assign({{resultTypes: ['violations']}}, {rules}))")[
            "violations"
        ]:
            if violation["impact"] in SERIOUS:
                found[f"{path} {violation['id']}"] = [node["html"][:160] for node in violation["nodes"][:3]]
    context.close()
    assert not found, json.dumps(found, indent=1)
    assert not said


def test_every_page_fits_a_phone(browser: Browser, stack: Stack):
    stack.trade("ADAUSDT")
    context = browser.new_context(base_url=stack.url, viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    said = watched(page)
    page.goto("/")
    for path, heading in PATHS.items():
        _go(page, path)
        expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible(timeout=LOAD_MS)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is wider than a phone"
        assert page.evaluate("document.querySelector('.main').scrollWidth <= innerWidth"), f"{path} scrolls sideways"
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Performance").click()
    expect(page.get_by_role("heading", name="Performance", level=1)).to_be_visible(timeout=LOAD_MS)
    context.close()
    assert not said
