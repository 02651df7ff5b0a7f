"""A page of a fresh reader."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect

from deploy.dashboard.browser import watched

SEEN_MS = 3000
"""What has happened stands on the screen within this time."""


@contextmanager
def opened(browser: Browser, url: str) -> Iterator[tuple[Page, list[str]]]:
    """The page, and what its console complains of."""
    expect.set_options(timeout=SEEN_MS)
    context = browser.new_context(base_url=url, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    said = watched(page)
    try:
        yield page, said
    finally:
        context.close()
