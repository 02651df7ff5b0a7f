"""What goes wrong at the terminal is told in a line that says what to do, never as a traceback."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from services import bootstrap
from services.bootstrap import build
from services.domain.errors import Unavailable
from services.settings import Settings, SettingsError, load

PAPERFLEET = Path(sys.executable).with_name("paperfleet")
NOWHERE = {
    "PAPERFLEET_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    "PAPERFLEET_REDIS_URL": "redis://127.0.0.1:1",
}


def run(*arguments: str, **variables: str) -> tuple[int, str]:
    done = subprocess.run(
        [PAPERFLEET, *arguments],
        env={**os.environ, **NOWHERE, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["worker", "--queues", "fetch,wrong"], "no such queue: wrong (there are evaluate, fetch"),
        (["queues"], "Redis cannot be reached"),
        (["migrate"], "PostgreSQL cannot be reached"),
        (["simulator", "--recorded", "/nowhere"], "/nowhere: no recorded data"),
    ],
)
def test_what_a_person_can_mend_is_told_in_words(arguments, told):
    code, text = run(*arguments)
    assert code == 1
    assert told in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("market", "told"), [("kraken", "unknown market 'kraken'"), ("recorded:/nowhere", "/nowhere is not a folder")]
)
def test_a_market_that_is_none_is_refused_before_anything_is_made(market, told, tmp_path):
    code, text = run("up", "--data", str(tmp_path / "new"), "--market", market, COLUMNS="200")
    assert (code, told in text, (tmp_path / "new").exists()) == (2, True, False)


def test_a_taken_port_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, text = run("simulator", "--port", str(taken.getsockname()[1]))
    assert code == 1
    assert "cannot listen there: Address already in use" in text
    assert "Traceback" not in text


async def test_a_process_without_its_database_says_why(monkeypatch):
    monkeypatch.setattr(bootstrap, "START_SECONDS", 0.5)
    nowhere = Settings(database_url=NOWHERE["PAPERFLEET_DATABASE_URL"], redis_url=NOWHERE["PAPERFLEET_REDIS_URL"])
    with pytest.raises(Unavailable, match=r"PostgreSQL cannot be reached: .*refused"):
        async with build(nowhere):
            pass


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("LOG_LEVEL", "LOUD", "PAPERFLEET_LOG_LEVEL: must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("POOL_SIZE", "0", "PAPERFLEET_POOL_SIZE must be above 0 and at most 1000, got 0"),
        ("POOL_SIZE", "many", "PAPERFLEET_POOL_SIZE: expected `int`, got `str`"),
        ("DISK_BUDGET_GIB", "0", "PAPERFLEET_DISK_BUDGET_GIB must be above 0 and at most 1000000, got 0"),
        ("WEIGHT_SHARE", "1.5", "PAPERFLEET_WEIGHT_SHARE must be above 0 and at most 1, got 1.5"),
        ("SESSION_HOURS", "0", "PAPERFLEET_SESSION_HOURS must be above 0 and at most 8784, got 0"),
        ("STREAMS_MAX", "0", "PAPERFLEET_STREAMS_MAX must be above 0 and at most 1000000, got 0"),
        ("STREAMS_PER_USER", "-5", "PAPERFLEET_STREAMS_PER_USER must be above 0 and at most 1000000, got -5"),
        ("OPEN_TRADES_PER_USER", "0", "PAPERFLEET_OPEN_TRADES_PER_USER must be above 0 and at most 10000000, got 0"),
        ("RATE_PER_MINUTE", "-1", "PAPERFLEET_RATE_PER_MINUTE must be above -1 and at most 1000000, got -1"),
        ("SWEEP_SECONDS", "NaN", "PAPERFLEET_SWEEP_SECONDS must be a finite number"),
        ("POOLSIZE", "5", "unknown setting: PAPERFLEET_POOLSIZE"),
        ("SCAN_TIMEFRAMES", "15m,7m", "PAPERFLEET_SCAN_TIMEFRAMES must be of 1m, 3m"),
        ("SCAN_PARAMETERS", "{fast: 1}", "PAPERFLEET_SCAN_PARAMETERS must be a JSON object of objects"),
        ("REDIS_CA_FILE", "/ca.pem", "PAPERFLEET_REDIS_CA_FILE needs PAPERFLEET_REDIS_URL to begin with rediss://"),
        ("TRUSTED_PROXIES", "10.0.0.7/8", "PAPERFLEET_TRUSTED_PROXIES must be addresses and networks"),
        ("TRUSTED_PROXIES", "127.0.0.1,ingress", "PAPERFLEET_TRUSTED_PROXIES must be addresses and networks"),
        ("SCAN_MIN_AGE_DAYS", "-1", "PAPERFLEET_SCAN_MIN_AGE_DAYS must be a finite number, 0 or more, got -1"),
    ],
)
def test_a_wrong_setting_is_named_with_its_rule(name, value, told):
    with pytest.raises(SettingsError) as refused:
        load({**NOWHERE, f"PAPERFLEET_{name}": value})
    assert told in str(refused.value)


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_a_file_of_certificates_that_is_none_is_named(tmp_path, text):
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text)
    told = {**NOWHERE, "PAPERFLEET_REDIS_URL": "rediss://127.0.0.1:1/0", "PAPERFLEET_REDIS_CA_FILE": str(path)}
    with pytest.raises(SettingsError, match="PAPERFLEET_REDIS_CA_FILE must be a readable PEM file of certificates"):
        load(told)


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "CALLERS_DATABASE_URL"])
def test_an_address_with_a_password_may_be_in_a_file(tmp_path, name):
    path, variable = tmp_path / "url", f"PAPERFLEET_{name}"
    others = {key: text for key, text in NOWHERE.items() if key != variable}
    path.write_text("postgresql://anna:a@127.0.0.1/x\n")
    settings = load({**others, f"{variable}_FILE": str(path)})
    assert getattr(settings, name.lower()) == "postgresql://anna:a@127.0.0.1/x"
    with pytest.raises(SettingsError, match=f"{variable} and {variable}_FILE are both given"):
        load({**others, variable: "x", f"{variable}_FILE": str(path)})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"\xff\xfe", "cannot be read: it is no text"),
        (b"\n", "is empty"),
    ],
)
def test_a_file_that_holds_no_address_is_named(tmp_path, content, told):
    path = tmp_path / "url"
    if content is not None:
        path.write_bytes(content)
    others = {key: text for key, text in NOWHERE.items() if key != "PAPERFLEET_REDIS_URL"}
    with pytest.raises(SettingsError) as refused:
        load({**others, "PAPERFLEET_REDIS_URL_FILE": str(path)})
    assert str(refused.value) == f"PAPERFLEET_REDIS_URL_FILE: {path} {told}"


def test_settings_survive_the_environment():
    settings = load({**NOWHERE, "PAPERFLEET_POOL_SIZE": "7"})
    assert load(settings.to_environment()) == settings
