"""Webhooks and notification targets by commands: made, tried, changed, their messages sent again or forgotten."""

import asyncio
import io
import json
import sys

import pytest
import pytest_asyncio
from standardwebhooks.webhooks import Webhook

from paperfleet.client import Client
from tests.hooks.receiver import receiving

pytestmark = pytest.mark.asyncio(loop_scope="package")
RULE = "events=closed,voided account_ids=1 sources='my ideas, old',chart minimum_profit=10.5"
NOWHERE = "http://127.0.0.1:9/hook"


@pytest_asyncio.fixture(loop_scope="package")
async def told(api, run):
    """Runs a command while this loop serves the endpoint that it leads to."""

    async def command(*arguments, **expected):
        return await asyncio.to_thread(run, api.url, *arguments, **expected)

    return command


async def test_a_webhook_from_its_secret_to_its_end(told):
    async with receiving() as receiver:
        made = json.loads(await told("webhooks", "create", receiver.url, "--description", "executor", "--json"))
        id_, secret = str(made["webhook"]["id"]), made["secret"]
        other = await told("webhooks", "create", receiver.url)
        assert "whsec_" in other
        shown = await told("webhooks", "show", id_)
        assert "none: every event goes there" in shown
        assert "executor" in (listed := await told("webhooks", "list"))
        assert secret not in shown + listed + await told("webhooks", "show", id_, "--json")
        assert "verified_at" not in shown
        assert json.loads(await told("webhooks", "verify", id_, "--json"))["verified_at"]
        assert await told("webhooks", "test", id_)
        received = receiver.requests[-1]
        assert Webhook(secret).verify(received.body, received.headers)["type"] == "webhook.test"
        assert "whsec_" in (rotated := await told("webhooks", "rotate", id_))
        assert secret not in rotated
        assert "two_signatures_until" in rotated
    assert not json.loads(await told("webhooks", "test", id_, "--json", code=None))["delivered"]
    assert await told("webhooks", "test", id_, code=1) == "", "what came of it is told on standard output"
    refused = await told("webhooks", "delete", id_, code=2)
    asked = f"Delete webhook {id_} ({receiver.url}) and 0 waiting messages?"
    assert refused == f"{asked} It cannot be taken back: say --yes\n"
    assert "is deleted" in await told("webhooks", "delete", id_, "--yes")
    assert f"there is no webhook {id_}" in await told("webhooks", "show", id_, code=1)


async def test_rules_and_quiet_hours_are_shown_as_they_are_written(api, run):
    quiet = ("--quiet", "22:00-07:30 Europe/Berlin")
    made = json.loads(run(api.url, "webhooks", "create", NOWHERE, "--rule", RULE, "--rule", "events=system", "--json"))
    rule, system = made["webhook"]["rules"]
    assert rule["sources"] == ["my ideas, old", "chart"]
    assert (rule["events"], rule["account_ids"], rule["minimum_profit"]) == (["closed", "voided"], [1], "10.5")
    assert (system["events"], system["sources"], system["minimum_profit"]) == (["system"], [], None)
    id_ = str(made["webhook"]["id"])
    shown = run(api.url, "webhooks", "edit", id_, "--disabled", *quiet)
    assert RULE in shown
    assert "events=system" in shown
    assert quiet[1] in shown
    assert json.loads(run(api.url, "webhooks", "show", id_, "--json"))["enabled"] is False
    changed = json.loads(run(api.url, "webhooks", "edit", id_, "--rule", "none", "--quiet", "none", "--json"))
    assert (changed["rules"], changed["quiet_hours"], changed["enabled"]) == ([], None, False)
    assert json.loads(run(api.url, "webhooks", "edit", id_, "--enabled", "--to", f"{NOWHERE}2", "--json"))["enabled"]
    assert f"{NOWHERE}2" in run(api.url, "webhooks", "show", id_)
    run(api.url, "webhooks", "delete", id_, "--yes")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--rule", "events"], 2, "--rule: 'events': 'events' has no value: events=opened,closed"),
        (["--rule", "event=closed"], 2, "a rule has events, account_ids, sources, minimum_profit, minimum_loss"),
        (["--rule", "account_ids=main"], 2, "Expected `int`, got `str` - at `$.account_ids[0]`"),
        (["--rule", "minimum_loss=1,2"], 2, "minimum_loss takes one amount"),
        (["--rule", "sources='open"], 2, "No closing quotation"),
        (["--quiet", "at night"], 2, "--quiet: 'at night' is not two times and, unless it is UTC, a time zone"),
        (
            ["--rule", "events=opened,shut"],
            1,
            "rules[0].events[1]: Invalid enum value 'shut'; it must be one of created, opened",
        ),
        (["--rule", "account_ids=987654321"], 1, "account_ids must be your own"),
        (["--quiet", "22:00-22:00"], 1, "start and end must be two different times"),
    ],
)
async def test_what_is_wrong_with_a_rule_is_named(api, run, options, code, words):
    assert words in _unboxed(run(api.url, "webhooks", "create", NOWHERE, *options, code=code))


async def test_a_target_whose_address_is_never_on_a_command_line(told, monkeypatch):
    async with receiving() as receiver:
        monkeypatch.setattr(sys, "stdin", io.StringIO(receiver.url.replace("http:", "json:") + "\n"))
        made = json.loads(await told("notifications", "create", "-", "--description", "my phone", "--json"))
        id_ = str(made["id"])
        assert receiver.url not in await told("notifications", "show", id_)
        assert json.loads(await told("notifications", "test", id_, "--json"))["delivered"]
        assert receiver.requests
    assert "my phone" in await told("notifications", "list")
    assert "give at least one of --to" in await told("notifications", "edit", id_, code=2)
    assert "my desk" in await told("notifications", "edit", id_, "--description", "my desk")
    assert "(url_not_allowed)" in await told("notifications", "edit", id_, "--to", "nonsense", code=1)
    assert "is deleted" in await told("notifications", "delete", id_, "--yes")


async def test_messages_are_sent_again_or_forgotten(api, run, order):
    with Client(api.url) as client:
        client.trades.close(client.trades.open(**order))
    made = json.loads(run(api.url, "webhooks", "create", NOWHERE, "--json"))
    id_ = str(made["webhook"]["id"])
    assert run(api.url, "webhooks", "deliveries", id_) == "no deliveries\n"
    stretch = ("--stream", "a1", "--from", "1", "--to", "2")
    assert json.loads(run(api.url, "webhooks", "replay", id_, *stretch, "--json")) == {"deliveries": 2}
    lines = run(api.url, "webhooks", "deliveries", id_, "--state", "waiting", "--json").splitlines()
    newest, oldest = map(json.loads, lines)
    assert run(api.url, "webhooks", "deliveries", id_, "--state", "dead") == "no deliveries\n"
    assert (newest["sequence"], oldest["sequence"]) == (2, 1)
    assert newest["type"] in run(api.url, "webhooks", "deliveries", id_, "-n", "1")
    chosen = ("--delivery", str(newest["id"]))
    assert "give --delivery or --all-dead" in run(api.url, "webhooks", "drop", id_, code=2)
    assert "Forget 1 deliveries" in run(api.url, "webhooks", "drop", id_, *chosen, code=2)
    assert len(run(api.url, "webhooks", "deliveries", id_, "--json").splitlines()) == 2, "nothing was agreed to"
    assert json.loads(run(api.url, "webhooks", "drop", id_, *chosen, "--yes", "--json")) == {"deliveries": 1}
    assert json.loads(run(api.url, "webhooks", "deliveries", id_, "--json"))["id"] == oldest["id"]
    assert "sent again  0" in run(api.url, "webhooks", "replay", id_, "--all-dead")
    assert "(what_to_replay)" in run(api.url, "webhooks", "replay", id_, code=1)
    assert "'waiting', 'delivered', 'dead'" in _unboxed(
        run(api.url, "webhooks", "deliveries", id_, "--state", "lost", code=2)
    )
    run(api.url, "webhooks", "delete", id_, "-y")


def _unboxed(told):
    """What is wrong with a command line, without the box around it and the breaks of its lines."""
    return " ".join(told.replace("│", " ").split())
