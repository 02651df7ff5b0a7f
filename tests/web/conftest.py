"""One browser and one running product for all tests of the dashboard; each test has a page of its own."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from deploy.dashboard import build
from deploy.dashboard.browser import chromium
from tests.servers import Servers
from tests.web.browser_page import opened
from tests.web.stack import Stack, running_stack

SERIOUS = ("serious", "critical")


@pytest.fixture(scope="session")
def dashboard() -> None:
    """The built dashboard, and the packages its tests use. Node is the machine's or a wheel: neither is a failure."""
    build.build()
    build.install()


@pytest.fixture(scope="package")
def browser(servers: Servers) -> Iterator[Browser]:
    """After the servers: while it runs, no other event loop can be started here."""
    try:
        with chromium() as running:
            yield running
    except LookupError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="package")
def stack(servers: Servers, dashboard: None, browser: Browser, tmp_path_factory) -> Iterator[Stack]:
    with running_stack(servers, tmp_path_factory.mktemp("web")) as running:
        yield running


@pytest.fixture
def page(browser: Browser, stack: Stack, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of a fresh reader. What its console complains of fails a test, unless that is marked to make it say so."""
    marker = request.node.get_closest_marker("console_says")
    expected = marker.args if marker else ()
    with opened(browser, stack.url) as (page, said):
        yield page
    assert not [line for line in said if not line.startswith(expected)]


@pytest.fixture
def barriers(dashboard: None) -> Callable[[Page, str], dict[str, list[str]]]:
    """What axe finds serious on a page as it is, by place and rule."""
    axe = (build.WEB / "node_modules" / "axe-core" / "axe.min.js").read_text()

    def find(page: Page, place: str) -> dict[str, list[str]]:
        page.evaluate(axe)
        told = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        return {
            f"{place} {each['id']}": [node["html"][:160] for node in each["nodes"][:3]]
            for each in told
            if each["impact"] in SERIOUS
        }

    return find
