"""The system page: who is alive, what has failed, and an operator who stops and mends."""

import time

import msgspec
import redis
from playwright.sync_api import Page, expect

from tests.web.pages import LOAD_MS, visit
from tests.web.stack import Stack, until

QUEUE, ACTOR = "maintenance", "sample_equity"


def test_new_trades_are_stopped_and_go_on(page: Page, stack: Stack):
    visit(page, "/system", "System")
    page.get_by_role("button", name="No new trades").click()
    expect(page.get_by_role("button", name="Stop them")).to_be_disabled()
    page.get_by_label("Reason").fill("the feed looks wrong")
    page.get_by_role("button", name="Stop them").click()
    expect(page.get_by_role("alert").filter(has_text="the feed looks wrong")).to_be_visible()

    page.get_by_role("link", name="Market").click()
    expect(page.get_by_text("No new trades are made: the feed looks wrong", exact=True)).to_be_visible()
    price = stack.price("XRPUSDT")
    order = {"market_type": "SPOT", "symbol": "XRPUSDT", "direction": "LONG", "take_profit": str(price * 2)}
    refused = stack.http.post("/api/paper-trades/", json=order | {"stop_loss": str(price / 2)})
    assert refused.json()["code"] == "new_trades_halted"

    page.get_by_role("link", name="System").first.click()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("the feed looks wrong")).to_have_count(0)
    stack.trade("XRPUSDT", "SPOT")


def test_processes_queues_and_lag_are_told_and_a_dead_letter_is_dropped(page: Page, stack: Stack):
    visit(page, "/system", "System")
    for kind in ("Worker", "Scheduler", "API"):
        expect(page.get_by_role("row").filter(has_text=kind).first).to_be_visible(timeout=LOAD_MS)
    for label in ("Lag", "Last cycle", "Sweep", "Feed age", "Queues", "Ambiguous"):
        expect(page.locator(".stat", has_text=label).first).to_be_visible()
    expect(page.get_by_text("everything that was asked for has been done")).to_be_visible()

    for name in ("first", "second"):
        _bury(stack, name)
    letters = page.get_by_role("listitem").filter(has_text="ValueError: no")
    expect(letters).to_have_count(2, timeout=8000)  # the page asks every five seconds
    letters.first.get_by_role("button", name="Drop").click()
    expect(letters).to_have_count(1)
    letters.first.get_by_role("button", name="Retry").click()
    expect(letters).to_have_count(0)
    expect(page.get_by_text("everything that was asked for has been done")).to_be_visible()
    until(lambda: stack.http.get("/api/system/queues/").json()["dead_letters"] == [])


def _bury(stack: Stack, name: str) -> None:
    """A message that has failed for good, as the broker leaves it."""
    options = {"redis_message_id": name, "traceback": "Traceback\nValueError: no"}
    message = {"queue_name": QUEUE, "actor_name": ACTOR, "args": (), "kwargs": {}, "options": options}
    body = msgspec.msgpack.encode(message | {"v": 1, "message_id": name, "message_timestamp": time.time_ns() // 10**6})
    with redis.Redis.from_url(stack.settings.redis_url) as client:
        client.hset(f"tasks:{QUEUE}.XQ.msgs", name, body)
        client.zadd(f"tasks:{QUEUE}.XQ", {name: time.time() * 1000})
