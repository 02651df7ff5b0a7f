"""The commands of docs/access.md, on an API that wants a login: the first admin, an invitation, a key."""

import json
import os
import subprocess
from pathlib import Path

import msgspec
import pytest

from services.bootstrap import build
from services.settings import Login, Settings
from tests.api.running import NOWHERE, serving, settings_of_test
from tests.docs.blocks import ROOT, blocks

FIRST_ADMIN, INVITATION, KEY = (block.body for block in blocks(ROOT / "docs/access.md"))
PASSWORD = "correct horse battery"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
async def settings(database_url, redis_url) -> Settings:
    local = settings_of_test(database_url, redis_url, NOWHERE)
    async with build(local, name="test"):
        pass  # a fleet that was a local one: its owner is there
    return msgspec.structs.replace(local, login=Login.REQUIRED)


def shell(text: str, folder: Path, settings: Settings, **variables: str) -> str:
    """What the commands say; what curl is answered with no success ends them."""
    prelude = 'set -eu\ncurl() { command curl --fail-with-body "$@" && echo; }\n'
    environment = os.environ | settings.to_environment() | variables
    environment["PATH"] = f"{ROOT}/.venv/bin:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", prelude + text],
        cwd=folder,
        env=environment,
        input=f"{PASSWORD}\n{PASSWORD}\n",
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, (text, done.stdout, done.stderr)
    return done.stdout


async def test_the_first_admin_invites_and_makes_a_key(settings, tmp_path):
    create, sign_in, listed = FIRST_ADMIN.splitlines()
    asked = create.replace("--admin ", "--admin --password-stdin ")
    assert asked != create
    shell(asked, tmp_path, settings)
    shell(sign_in, tmp_path, settings)
    users = shell(listed, tmp_path, settings)
    assert "ada" in users
    assert "local" in users
    with serving(settings) as api:
        for name in ("local", "ada"):
            wish = json.dumps({"name": name, "password": PASSWORD})
            answer = shell(
                f"curl -s $URL/api/session/ -c cookies -H 'content-type: application/json' -d '{wish}'",
                tmp_path,
                settings,
                URL=api.url,
            )
        csrf = json.loads(answer)["csrf_token"]

        def run(text: str) -> list[dict[str, object]]:
            return [json.loads(line) for line in shell(text, tmp_path, settings, URL=api.url, CSRF=csrf).splitlines()]

        invite, accept = INVITATION.split("\ncurl", 1)
        (invited,) = run(invite)
        (accepted,) = run("curl" + accept.replace("...", str(invited["token"])))
        assert "ben" in str(accepted), accepted
        make, show = KEY.rsplit("\ncurl", 1)
        (made,) = run(make)
        text = str(made["key"])
        assert text.startswith("pt_live_")
        (trades,) = run("curl" + show.replace("pt_live_...", text))
        assert trades["results"] == []
        await api.http.aclose()
