"""Where a login is required, two people at two browsers each see their own and nothing of the other's."""

import re
import subprocess
from collections.abc import Iterator

import httpx
import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect

from services.settings import Login
from tests.fleet.fleet import COMMAND
from tests.web.browser_page import opened
from tests.web.pages import LOAD_MS, cancel_and_place_again
from tests.web.stack import Stack, free_port, until

PASSWORD = "a long enough one"
PEOPLE = ("ada", "ben")
ADMIN = "cora"


@pytest.fixture(scope="module")
def behind_login(stack: Stack) -> Iterator[str]:
    """Another API on the same fleet, where everybody signs in; its address."""
    settings = replace(stack.settings, login=Login.REQUIRED, api_port=free_port())
    for name in (*PEOPLE, ADMIN):
        command = [str(COMMAND), "user", "create", name, "--password-stdin", *["--admin"] * (name == ADMIN)]
        subprocess.run(command, env=settings.to_environment(), input=PASSWORD, text=True, check=True)
    own = stack.fleet.settings
    stack.fleet.settings = settings
    try:
        stack.fleet.spawn("api-login", "api")
    finally:
        stack.fleet.settings = own
    url = f"http://127.0.0.1:{settings.api_port}"
    until(lambda: _answers(url), 40)
    yield url
    stack.fleet.kill("api-login")


def test_each_sees_only_their_own(browser: Browser, stack: Stack, behind_login: str):
    with opened(browser, behind_login) as (ada, said), opened(browser, behind_login) as (ben, also_said):
        for page, name in ((ada, "ada"), (ben, "ben")):
            _sign_in(page, name)
        _buy(ada, "SUIUSDT")
        expect(ada.get_by_role("row").filter(has_text="SUI")).to_be_visible()
        number = _only_trade(ada)

        ben.goto("/open")
        expect(ben.get_by_text("No open trades")).to_be_visible(timeout=LOAD_MS)
        ben.goto(f"/trades/{number}")
        expect(ben.get_by_text(re.compile("no trade|not found|There is no", re.IGNORECASE))).to_be_visible()
        _buy(ben, "APTUSDT")
        expect(ben.get_by_role("row").filter(has_text="APT")).to_be_visible()
        expect(ada.get_by_role("row").filter(has_text="APT")).to_have_count(0)
        expect(ada.get_by_role("row").filter(has_text="SUI")).to_have_count(1)

        ada.get_by_role("button", name="Signed in as ada").click()
        ada.get_by_role("menuitem", name="Sign out").click()
        expect(ada.get_by_role("heading", name="Sign in to paperfleet")).to_be_visible(timeout=LOAD_MS)
    assert not [line for line in said + also_said if "404" not in line]


def test_who_has_several_accounts_says_on_which(browser: Browser, behind_login: str):
    with opened(browser, behind_login) as (page, said):
        _sign_in(page, "ben")
        page.goto("/open?state=PENDING")
        page.get_by_role("button", name="New trade").click()
        expect(page.get_by_label("Pair", exact=True)).to_be_visible()
        expect(page.get_by_label("Account")).to_have_count(0)
        second = _open_account(page, "second", "50")
        _fill_order(page, "OPUSDT")
        expect(page.get_by_label("Account")).to_be_visible()
        page.get_by_label("Account").select_option("second")
        expect(page.get_by_role("dialog").get_by_role("alert").first).to_contain_text("free")  # 100 is wanted
        page.get_by_label("Size", exact=True).fill("20")
        page.get_by_label("Entry", exact=True).select_option("At a limit")
        stop = page.get_by_label("Stop", exact=True)
        page.get_by_label("Limit price").fill(stop.input_value())
        stop.fill(f"{float(stop.input_value()) * 0.95:.4f}")
        placing = page.get_by_role("button", name="Place order")
        expect(placing).to_be_enabled(timeout=LOAD_MS)
        placing.click()
        row = page.get_by_role("row").filter(has_text=re.compile("^OP"))
        expect(row).to_contain_text("Pending")
        assert _accounts_with_orders(page) == [second]

        cancel_and_place_again(page, row, "OPUSDT")
        assert _accounts_with_orders(page) == [second]
    assert not [line for line in said if "409" not in line and "422" not in line]


def _open_account(page: Page, name: str, balance: str) -> int:
    token = page.request.get("/api/session").json()["csrf_token"]
    body = {"name": name, "starting_balance": balance}
    answer = page.request.post("/api/accounts/", data=body, headers={"X-CSRF-Token": token})
    assert answer.status == 201, answer.text()
    (own,) = [each for each in page.request.get("/api/accounts/").json()["results"] if each["name"] == name]
    return int(own["id"])


def _accounts_with_orders(page: Page) -> list[int]:
    orders = page.request.get("/api/paper-trades/?status=PENDING").json()["results"]
    return [order["account_id"] for order in orders]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_login_and_people_have_no_serious_barriers_and_fit_a_phone(
    browser: Browser, behind_login: str, barriers, theme: str
):
    with opened(browser, behind_login) as (page, said):
        page.emulate_media(color_scheme=theme)
        page.goto("/")
        expect(page.get_by_role("heading", name="Sign in to paperfleet")).to_be_visible(timeout=LOAD_MS)
        found = barriers(page, "login") | _too_wide(page, "login")
        _sign_in(page, ADMIN)
        page.goto("/settings?tab=people")
        expect(page.get_by_role("cell", name=PEOPLE[0])).to_be_visible(timeout=LOAD_MS)
        found |= barriers(page, "people") | _too_wide(page, "people")
    assert not found
    assert not said


def _too_wide(page: Page, place: str) -> dict[str, list[str]]:
    """Whether a phone would have to scroll sideways."""
    wide = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    fits = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size(wide)
    return {} if fits else {f"{place} is wider than a phone": []}


def _sign_in(page: Page, name: str) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Sign in to paperfleet")).to_be_visible(timeout=LOAD_MS)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible(timeout=LOAD_MS)


def _buy(page: Page, symbol: str) -> None:
    page.goto("/open")
    page.get_by_role("button", name="New trade").click()
    _fill_order(page, symbol)
    opening = page.get_by_role("button", name="Open trade")
    expect(opening).to_be_enabled(timeout=LOAD_MS)
    opening.click()


def _fill_order(page: Page, symbol: str) -> None:
    """Pair, stop and target of a LONG in the open form."""
    page.get_by_label("Pair", exact=True).fill(symbol)
    last = page.get_by_text(re.compile(r"^Last \d"))
    expect(last).to_be_visible(timeout=LOAD_MS)
    price = float(last.inner_text().removeprefix("Last ").replace(",", ""))
    page.get_by_label("Stop", exact=True).fill(f"{price * 0.95:.4f}")
    page.get_by_label("Targets").fill(f"{price * 1.2:.4f}")


def _only_trade(page: Page) -> str:
    link = page.get_by_role("row").get_by_role("link").first.get_attribute("href") or ""
    return link.rsplit("/", 1)[1]


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready").status_code == 200
    except httpx.TransportError:
        return False
