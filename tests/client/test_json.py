"""What programs get of commands: JSON of every one that talks through the API, a word of what was done at least."""

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
import typer

from paperfleet.cli import app
from services.coordination import quarantine
from services.coordination.quarantine import Suspect
from services.domain.market import Market
from tests.client.test_operator_commands import die
from tests.hooks.receiver import receiving

WITHOUT = {"trades export": "it writes CSV, which is for programs already"}
"""Commands that talk through the API and have no `--json`, and why."""
PRICE = "SPOT:BTCUSDT:1800000000"
numbers = count()


def _commands(command: Any, path: str = "") -> Iterator[tuple[str, set[str]]]:
    """Every command by its words, with its options."""
    for name, each in getattr(command, "commands", {}).items():
        yield from _commands(each, f"{path} {name}".strip())
    if not hasattr(command, "commands"):
        yield path, {option for parameter in command.params for option in parameter.opts}


def test_every_command_that_talks_through_the_api_has_json():
    options = dict(_commands(typer.main.get_command(app)))
    through_the_api = {path for path, has in options.items() if "--url" in has}
    assert {"keys revoke", "system queues retry", "tail"} <= through_the_api
    assert {path for path in through_the_api if "--json" not in options[path]} == WITHOUT.keys()


@pytest.mark.asyncio(loop_scope="package")
async def test_what_answers_nothing_tells_its_deed_and_what_it_was_done_to(services, api, run):
    suspect = Suspect(1_800_000_000.0, Decimal(5), 1_800_000_060.0)
    await quarantine.first_seen(services.redis, Market.SPOT, "BTCUSDT", suspect)
    await die(services, "one", "two")

    def told(*words: object) -> Any:
        return json.loads(run(api.url, *map(str, words), "--json").splitlines()[-1])  # the API's log stands before

    assert told("system", "queues", "retry", "one") == {"retried": "one"}
    assert told("system", "queues", "drop", "two") == {"dropped": "two"}
    assert told("system", "queues", "clear") == {"cleared": "messages"}
    assert told("system", "prices", "believe", PRICE) == {"believed": PRICE}
    assert told("system", "prices", "drop", PRICE) == {"dropped": PRICE}
    await services.redis.delete("tasks:fetch", "tasks:fetch.msgs")

    key = told("keys", "create", "of a program")["id"]
    assert told("keys", "revoke", key, "--yes") == {"revoked": key}
    account = told("accounts", "create", f"of a program {next(numbers)}")["id"]
    link = told("links", "create", account, "for the newsletter")["id"]
    assert told("links", "revoke", account, link, "--yes") == {"revoked": link}
    invitation = told("user", "invite")["id"]
    assert told("user", "withdraw", invitation, "--yes") == {"withdrawn": invitation}
    name = f"of a program {next(numbers)}"
    source = told("sources", "create", name)["id"]
    told("sources", "follow", name, "--account", account)
    assert told("sources", "unfollow", name, "--account", account) == {"unfollowed": source}, (
        "its number, however named"
    )
    async with receiving() as receiver:
        webhook = told("webhooks", "create", receiver.url)["webhook"]["id"]
        target = told("notifications", "create", receiver.url.replace("http", "json"))["id"]
    assert told("webhooks", "delete", webhook, "--yes") == {"deleted": webhook}
    assert told("notifications", "delete", target, "--yes") == {"deleted": target}
