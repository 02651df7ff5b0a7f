"""Who may come in and what is shown to anybody, by commands: users, invitations, public links, keys' ends."""

import json
import os
import pty
import subprocess
from itertools import count

import pytest
import pytest_asyncio

from services.domain.credentials import Role
from services.usecases.manage_users import create_user
from tests.client.test_commands import PAPERFLEET

pytestmark = pytest.mark.asyncio(loop_scope="package")
numbers = count()


@pytest_asyncio.fixture(loop_scope="package")
async def ben(services):
    """A user's name."""
    name = f"ben{next(numbers)}"
    await create_user(services, name, "correct horse battery", Role.USER)
    return name


def _list(run, url, *arguments):
    return [json.loads(line) for line in run(url, *arguments, "--json").splitlines()]


async def test_a_user_by_name_or_number(services, api, run, ben):
    assert ben in run(api.url, "user", "list")
    (found,) = [each for each in _list(run, api.url, "user", "list") if each["name"] == ben]
    assert json.loads(run(api.url, "user", "role", ben, "admin", "--json"))["role"] == "admin"
    assert "(last_admin)" in run(api.url, "user", "disable", ben, code=1)
    await create_user(services, f"ada{next(numbers)}", "correct horse battery", Role.ADMIN)
    assert json.loads(run(api.url, "user", "role", str(found["id"]), "user", "--json"))["role"] == "user"
    assert json.loads(run(api.url, "user", "disable", ben, "--json"))["disabled_at"]
    assert "disabled_at" in run(api.url, "user", "show", ben)
    assert "disabled_at" not in run(api.url, "user", "enable", ben)
    assert "there is no user 'nobody': see `paperfleet user list`" in run(api.url, "user", "show", "nobody", code=2)
    command = [PAPERFLEET, "user", "list", "--database", "--json"]
    environment = os.environ | services.settings.to_environment()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert found in [json.loads(line) for line in done.stdout.splitlines()], done.stderr


async def test_an_invitation_admits_one_user_and_a_withdrawn_one_nobody(api, run, http):
    shown = run(api.url, "user", "invite", "--hours", "2", "--note", "Ada")
    place = shown.split("invitation  ")[1].strip()
    assert place.startswith(f"{api.url}/?invitation=")
    newest, *_ = _list(run, api.url, "user", "invitations", "-n", "1")
    assert (newest["note"], newest["accepted_by"]) == ("Ada", None)
    token = place.rpartition("=")[2]
    assert token not in run(api.url, "user", "invitations") + run(api.url, "user", "invitations", "--json")
    wish = {"token": token, "name": f"ada{next(numbers)}", "password": "correct horse battery"}
    (await http.post(f"{api.url}/api/session/invitation/", json=wish)).raise_for_status()
    assert _list(run, api.url, "user", "invitations", "-n", "1")[0]["accepted_by"]
    assert "(no_such_invitation)" in run(api.url, "user", "withdraw", str(newest["id"]), "--yes", code=1)
    made = json.loads(run(api.url, "user", "invite", "--role", "admin", "--once", "x", "--json"))
    again = json.loads(run(api.url, "user", "invite", "--role", "admin", "--once", "x", "--json"))
    assert (again["id"], again["token"], made["role"]) == (made["id"], None, "admin")
    id_ = str(made["id"])
    assert "say --yes" in run(api.url, "user", "withdraw", id_, code=2)
    assert "admits nobody" in run(api.url, "user", "withdraw", id_, "--yes")
    refused = await http.post(f"{api.url}/api/session/invitation/", json=wish | {"token": made["token"]})
    assert refused.status_code == 404


async def test_a_public_link_is_for_anybody_until_it_is_revoked(api, run, http):
    account = json.loads(run(api.url, "accounts", "create", "by link", "--json"))["id"]
    shown = run(api.url, "links", "create", str(account), "for the newsletter", "--days", "30")
    place = shown.split("link     ")[1].strip()
    assert (await http.get(place)).json()["account"] == "by link"
    for each in (place, place.split("/")[-3]):
        assert "total_trades" in run(api.url, "links", "show", each, "--days", "7")
    (made,) = _list(run, api.url, "links", "list", str(account))
    assert (made["name"], made["revoked_at"]) == ("for the newsletter", None)
    assert place.split("/")[-3] not in run(api.url, "links", "list", str(account))
    assert "say --yes" in run(api.url, "links", "revoke", str(account), str(made["id"]), code=2)
    assert (await http.get(place)).status_code == 200
    assert "shows nothing" in run(api.url, "links", "revoke", str(account), str(made["id"]), "--yes")
    assert "(no_such_link)" in run(api.url, "links", "show", place, code=1)
    endless = json.loads(run(api.url, "links", "create", str(account), "for ever", "--json"))
    assert endless["expires_at"] is None


async def test_at_a_terminal_a_person_is_asked(api, run):
    """No is no, and what was asked is not in the way of what a program reads."""
    key = json.loads(run(api.url, "keys", "create", "of a person", "--json"))

    def answered(text):
        ours, theirs = pty.openpty()
        command = [PAPERFLEET, "keys", "revoke", str(key["id"]), "--url", api.url]
        os.write(ours, text)
        done = subprocess.run(command, stdin=theirs, capture_output=True, text=True, timeout=60)
        for each in (ours, theirs):
            os.close(each)
        (found,) = [each for each in _list(run, api.url, "keys", "list") if each["id"] == key["id"]]
        return done.returncode, done.stdout, done.stderr, found["revoked_at"]

    code, out, asked, revoked_at = answered(b"n\n")
    assert (code, out, revoked_at) == (1, "", None)
    assert asked == f"Revoke key {key['id']}? [y/N] nothing was changed\n"
    code, out, _, revoked_at = answered(b"y\n")
    assert (code, out) == (0, f"key {key['id']} holds no longer\n")
    assert revoked_at
