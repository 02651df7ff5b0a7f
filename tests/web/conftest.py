"""One browser and one running product for all tests of the dashboard; each test has a page of its own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from deploy.dashboard import build
from deploy.dashboard.browser import chromium, watched
from deploy.dashboard.node import NoNode
from tests.servers import Servers
from tests.web.stack import Stack, running_stack

SEEN_MS = 3000
"""What has happened stands on the screen within this time."""


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
    """A page of a fresh reader; what its console complains of fails the test."""
    expect.set_options(timeout=SEEN_MS)
    context = browser.new_context(base_url=stack.url, viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    said = watched(opened)
    yield opened
    context.close()
    assert not [line for line in said if "net::ERR_" not in line], said
