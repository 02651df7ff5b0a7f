"""A page of a fresh reader."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect

from deploy.dashboard.browser import watched
from tests.servers import PATIENCE

SEEN_MS = 3000
"""What has happened stands on the screen within this time, on a machine that is not busy with other work."""


def seen_ms() -> float:
    """How long to look: fleet, browser and market share the machine with other tests."""
    return SEEN_MS * PATIENCE


@contextmanager
def opened(browser: Browser, url: str, zone: str | None = None) -> Iterator[tuple[Page, list[str]]]:
    """The page, and what its console complains of; `zone` is the reader's time zone."""
    expect.set_options(timeout=seen_ms())
    context = browser.new_context(base_url=url, viewport={"width": 1440, "height": 900}, timezone_id=zone)
    page = context.new_page()
    said = watched(page)
    try:
        yield page, said
    finally:
        context.close()
