import socket
from decimal import Decimal

import pytest

from deploy.local.folder import hold
from deploy.local.options import UpOptions
from deploy.local.ports import choose_port
from deploy.local.up import run


@pytest.fixture
def taken_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


async def refusal(capsys, **options) -> str:
    """What a run that cannot be says."""
    assert await run(UpOptions(**options)) == 1
    return " ".join(capsys.readouterr().out.split())


async def test_a_second_run_on_the_folder_says_where_the_first_is(tmp_path, capsys):
    with hold(tmp_path) as folder:
        folder.announce("http://127.0.0.1:8123")
        assert "already runs on" in (said := await refusal(capsys, folder=tmp_path))
        assert "http://127.0.0.1:8123" in said


async def test_a_taken_port_is_refused_only_if_it_was_asked_for(tmp_path, capsys, taken_port):
    assert f"port {taken_port} is in use" in await refusal(capsys, folder=tmp_path, port=taken_port)
    assert choose_port(None, taken_port) != taken_port


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"market": "kraken"}, "unknown market"),
        ({"market": "binance", "speed": Decimal(2)}, "speed 1"),
        ({"workers": 0}, "at least one worker"),
    ],
)
async def test_what_cannot_be_is_refused_before_anything_starts(tmp_path, capsys, options, words):
    assert words in await refusal(capsys, folder=tmp_path, **options)
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
