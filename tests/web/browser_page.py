"""A page of a fresh reader."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect

from deploy.dashboard.browser import watched
from tests.servers import PATIENCE

SEEN_MS = 3000
"""What has happened stands on the screen within this time, on a machine that is not busy with other work."""
BUSY = 2
"""Waiting processes a core above which a machine is busy: fleet, browser and market share it with what else runs."""


def seen_ms() -> float:
    """How long to look, as busy as the machine is now."""
    is_busy = os.getloadavg()[0] > BUSY * (os.cpu_count() or 1)
    return SEEN_MS * (PATIENCE if is_busy else 1)


@contextmanager
def opened(browser: Browser, url: str) -> Iterator[tuple[Page, list[str]]]:
    """The page, and what its console complains of."""
    expect.set_options(timeout=seen_ms())
    context = browser.new_context(base_url=url, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    said = watched(page)
    try:
        yield page, said
    finally:
        context.close()
