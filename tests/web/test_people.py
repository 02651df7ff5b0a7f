"""Where a login is required, two people at two browsers each see their own and nothing of the other's."""

import re
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import psycopg
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


def test_who_signs_in_where_another_was_sees_nothing_of_them(browser: Browser, behind_login: str, stack: Stack):
    with opened(browser, behind_login) as (page, _):
        _sign_in(page, "ada")
        last = stack.price("DOGEUSDT", "SPOT")
        order = {"market_type": "SPOT", "symbol": "DOGEUSDT", "direction": "LONG", "position_size": "50"}
        order |= {"stop_loss": str(last / 2), "take_profit": str(2 * last)}
        ended = _post(page, "/api/paper-trades/", order)
        _post(page, f"/api/paper-trades/{ended['id']}/close_trade/", {})
        happened = page.locator("section", has=page.get_by_role("heading", name="What just happened"))
        expect(happened).to_contain_text("Manual", timeout=LOAD_MS)
        expect(page.get_by_title("Event stream: Live")).to_be_visible()

        _change_reader(page, ADMIN)
        expect(page.get_by_role("button", name=f"Signed in as {ADMIN}")).to_be_visible(timeout=LOAD_MS)
        expect(happened).to_contain_text("Nothing has happened yet", timeout=LOAD_MS)

        _change_reader(page, None)
        _sign_in_here(page, "ada")
        expect(happened).to_contain_text("DOGE")


def test_over_plain_http_from_elsewhere_trades_are_opened_and_closed_as_well(browser: Browser, behind_login: str):
    with opened(browser, behind_login.replace("127.0.0.1", "0.0.0.0")) as (page, said):  # no loopback to a browser
        _sign_in(page, "ada")
        assert not page.evaluate("isSecureContext")
        _buy(page, "ETCUSDT")
        page.get_by_role("row").filter(has_text="ETC").get_by_role("link").click()
        page.get_by_role("button", name="Close", exact=True).click()
        page.get_by_role("button", name="Close now").click()
        expect(page.locator(".page-head .badge", has_text="Manual")).to_be_visible()
    assert not [line for line in said if "Cross-Origin-Opener-Policy" not in line]  # that is for https alone


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


def test_performance_is_told_of_all_accounts_and_of_each(browser: Browser, behind_login: str, stack: Stack):
    with opened(browser, behind_login) as (page, said):
        _sign_in(page, "ben")
        accounts = {each["name"]: each["id"] for each in page.request.get("/api/accounts/").json()["results"]}
        spare = accounts.get("spare") or _open_account(page, "spare", "5000")
        last = stack.price("XRPUSDT", "SPOT")
        body = {"account_id": spare, "market_type": "SPOT", "symbol": "XRPUSDT", "direction": "LONG"}
        body |= {"position_size": "50", "stop_loss": str(last * Decimal("0.9")), "take_profit": str(2 * last)}
        trade = _post(page, "/api/paper-trades/", body)
        _post(page, f"/api/paper-trades/{trade['id']}/close_trade/", {})
        _note_equity(stack, spare)

        page.goto("/performance")
        expect(page.get_by_text("choose one to see it")).to_be_visible(timeout=LOAD_MS)
        page.get_by_label("Account").select_option("spare")
        expect(page.get_by_role("img", name="Equity over time")).to_be_visible()
        expect(page.get_by_text("choose one to see it")).to_have_count(0)
        expect(page.get_by_role("table", name="Groups").get_by_role("row").filter(has_text="XRPUSDT")).to_have_count(1)
        assert f"account={spare}" in page.url
        page.get_by_label("Account").select_option("All accounts")
        expect(page.get_by_text("choose one to see it")).to_be_visible()
        expect(page.get_by_role("img", name="Equity over time")).to_have_count(0)
    assert not said


def _note_equity(stack: Stack, account: int) -> None:
    """Two minutes of equity, as the fleet samples it."""
    with psycopg.connect(stack.settings.database_url) as connection:
        for ago, equity in ((3, 5000), (2, 4999)):
            connection.execute(
                """INSERT INTO equity_samples (account_id, span, time, sampled_at, equity, low, high, balance, deposits,
                    positions, bitcoin)
                SELECT %s, 'minute', date_trunc('minute', at), at, %s, 0, 0, %s, 5000, 0, 60000
                FROM (SELECT now() - %s * interval '1 minute' AS at) sample ON CONFLICT DO NOTHING""",
                [account, equity, equity, ago],
            )


def test_a_key_is_shown_once_works_and_is_replaced_and_revoked(browser: Browser, behind_login: str):
    with opened(browser, behind_login) as (page, said):
        _sign_in(page, "ada")
        page.goto("/settings?tab=keys")
        page.get_by_label("Name").fill("bot")
        page.get_by_role("button", name="Make the key").click()
        first = _shown_once(page)
        assert _asked_with(behind_login, first) == {"GET": 200, "POST": 403}
        row = page.get_by_role("row").filter(has_text="bot")
        expect(row).to_contain_text("read")

        row.get_by_role("button", name="Replace").click()
        page.get_by_role("dialog").get_by_role("button", name="Replace").click()
        second = _shown_once(page)
        assert first != second
        assert [_asked_with(behind_login, key)["GET"] for key in (first, second)] == [200, 200]
        expect(row).to_have_count(2)

        for _ in range(2):
            row.get_by_role("button", name="Revoke").first.click()
            page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
            expect(page.get_by_role("dialog")).to_have_count(0)
        expect(row.get_by_text("Revoked")).to_have_count(2)
        assert [_asked_with(behind_login, key)["GET"] for key in (first, second)] == [401, 401]
    assert not said


def _shown_once(page: Page) -> str:
    """The key that the page shows; it is gone from it then."""
    secret = page.locator(".secret code")
    text = secret.inner_text()
    page.get_by_role("button", name="I have it").click()
    expect(page.get_by_label("Name")).to_be_visible()
    assert text not in page.content()
    return text


def _asked_with(url: str, key: str) -> dict[str, int]:
    headers = {"Authorization": f"Bearer {key}"}
    return {
        method: httpx.request(method, f"{url}/api/paper-trades/", headers=headers, json=body).status_code
        for method, body in (("GET", None), ("POST", {}))
    }


def _post(page: Page, path: str, body: dict[str, Any]) -> dict[str, Any]:
    token = page.request.get("/api/session").json()["csrf_token"]
    answer = page.request.post(path, data=body, headers={"X-CSRF-Token": token})
    assert answer.ok, answer.text()
    return answer.json()


def _open_account(page: Page, name: str, balance: str) -> int:
    return int(_post(page, "/api/accounts/", {"name": name, "starting_balance": balance})["id"])


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


def test_an_admin_shuts_somebody_out_and_lets_them_in_again(browser: Browser, behind_login: str):
    with opened(browser, behind_login) as (admin, said), opened(browser, behind_login) as (ada, _):
        _sign_in(ada, "ada")
        _sign_in(admin, ADMIN)
        admin.goto("/settings?tab=people")
        row = admin.get_by_role("row").filter(has_text="ada")
        row.get_by_role("button", name="Shut out").click()
        admin.get_by_role("dialog").get_by_role("button", name="Shut out").click()
        expect(row.get_by_text("Shut out", exact=True)).to_be_visible()
        ada.goto("/open")
        expect(ada.get_by_role("heading", name="Sign in to paperfleet")).to_be_visible(timeout=LOAD_MS)

        row.get_by_role("button", name="Let in").click()
        admin.get_by_role("dialog").get_by_role("button", name="Let in").click()
        expect(row.get_by_role("button", name="Shut out")).to_be_visible()
        _sign_in(ada, "ada")

        own = admin.get_by_role("row").filter(has_text=ADMIN)
        own.get_by_role("button", name="Make a user").click()
        admin.get_by_role("dialog").get_by_role("button", name="Make a user").click()
        expect(admin.get_by_role("dialog").get_by_role("alert")).to_contain_text("admin")
        admin.get_by_role("button", name="Keep as it is").click()
        expect(own).to_contain_text("admin")
    assert not [line for line in said if "409" not in line]


def _too_wide(page: Page, place: str) -> dict[str, list[str]]:
    """Whether a phone would have to scroll sideways."""
    wide = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    fits = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size(wide)
    return {} if fits else {f"{place} is wider than a phone": []}


def _change_reader(page: Page, name: str | None) -> None:
    """Sign out, and in as somebody else, as in another tab of the same browser."""
    token = page.request.get("/api/session").json()["csrf_token"]
    page.request.delete("/api/session", headers={"X-CSRF-Token": token})
    assert name is None or page.request.post("/api/session", data={"name": name, "password": PASSWORD}).ok


def _sign_in(page: Page, name: str) -> None:
    page.goto("/")
    _sign_in_here(page, name)


def _sign_in_here(page: Page, name: str) -> None:
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
