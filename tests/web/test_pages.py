"""Every page: usable by everybody, on a phone, in both themes; and light enough to load."""

import json

import pytest
from playwright.sync_api import Browser, expect

from deploy.dashboard.browser import watched
from deploy.dashboard.build import OUTPUT, WEB
from tests.web.stack import Stack

FIRST_LOAD_BYTES_MAX = 300_000
LOAD_MS = 15_000
PATHS = {
    "/": "Overview",
    "/open": "Open trades",
    "/open?view=cards": "Open trades",
    "/history": "History",
    "/performance": "Performance",
    "/market": "Market",
    "/market/FUTURES/BTCUSDT": "BTC",
    "/settings": "Settings",
    "/system": "System",
}
SERIOUS = ("serious", "critical")


def test_the_first_load_is_light(dashboard: None):
    manifest = json.loads((OUTPUT / ".vite" / "manifest.json").read_text())
    entry = next(name for name, part in manifest.items() if part.get("isEntry"))
    first = next(name for name in manifest if name == "src/features/overview/page.tsx")
    needed = _with_imports(manifest, entry) | _with_imports(manifest, first)
    scripts = {manifest[name]["file"]: (OUTPUT / f"{manifest[name]['file']}.gz").stat().st_size for name in needed}
    assert sum(scripts.values()) < FIRST_LOAD_BYTES_MAX, scripts
    assert not any("chart" in name for name in needed), "charts come with the first chart"


def _with_imports(manifest: dict, name: str) -> set[str]:
    return {name}.union(*(_with_imports(manifest, other) for other in manifest[name].get("imports", [])))


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_no_page_has_serious_barriers(browser: Browser, stack: Stack, theme: str):
    stack.trade("ADAUSDT")
    axe = (WEB / "node_modules" / "axe-core" / "axe.min.js").read_text()
    context = browser.new_context(base_url=stack.url, viewport={"width": 1440, "height": 900}, color_scheme=theme)
    page = context.new_page()
    said = watched(page)
    found = {}
    for path, heading in PATHS.items():
        page.goto(path)
        expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible(timeout=LOAD_MS)
        expect(page.get_by_label("Loading")).to_have_count(0, timeout=LOAD_MS)
        page.evaluate(axe)
        for violation in page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]:
            if violation["impact"] in SERIOUS:
                found[f"{path} {violation['id']}"] = [node["html"][:160] for node in violation["nodes"][:3]]
    context.close()
    assert not found, json.dumps(found, indent=1)
    assert not said


def test_every_page_fits_a_phone(browser: Browser, stack: Stack):
    context = browser.new_context(base_url=stack.url, viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    said = watched(page)
    for path, heading in PATHS.items():
        page.goto(path)
        expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible(timeout=LOAD_MS)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is wider than a phone"
        assert page.evaluate("document.querySelector('.main').scrollWidth <= innerWidth"), f"{path} scrolls sideways"
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Performance").click()
    expect(page.get_by_role("heading", name="Performance", level=1)).to_be_visible()
    context.close()
    assert not said
