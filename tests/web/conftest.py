"""One browser and one running product for all tests of the dashboard; each test has a page of its own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from deploy.dashboard import build
from deploy.dashboard.browser import chromium
from deploy.dashboard.node import NoNode
from tests.servers import Servers
from tests.web.browser_page import opened
from tests.web.stack import Stack, running_stack


@pytest.fixture(scope="session")
def dashboard() -> None:
    """The built dashboard, and the packages its tests use."""
    try:
        build.build()
        build.install()
    except NoNode as error:
        pytest.skip(f"no dashboard can be built: {error}")


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
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    """A page of a fresh reader; what its console complains of fails the test, but what an absent API makes it say."""
    with opened(browser, stack.url) as (page, said):
        yield page
    assert not [line for line in said if "net::ERR_" not in line and "422" not in line], said
