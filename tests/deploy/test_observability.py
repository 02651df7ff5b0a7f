"""Dashboards and alerts name only what is exported, and every alert has its page in the runbook."""

import re
from pathlib import Path

import pytest
import yaml

from deploy.grafana.make import DASHBOARDS, FOLDER, text
from services.bootstrap import build
from services.usecases.system_status import StatusReader
from tests.api.running import exchange, market, serving, settings_of_test
from tests.deploy.exported import of_processes

ROOT = Path(__file__).parents[2]
METRIC = re.compile(r"paperfleet_[a-z0-9_]+")


def rules():
    (group,) = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"]
    return group["rules"]


def test_the_dashboards_lie_as_they_are_described():
    for uid in DASHBOARDS:
        assert (FOLDER / f"{uid}.json").read_text() == text(uid), "run python -m deploy.grafana.make"
    assert {path.stem for path in FOLDER.glob("*.json")} == set(DASHBOARDS)


def test_each_alert_has_its_page_and_each_page_its_alert():
    pages = set(re.findall(r"^## (.+)$", (ROOT / "docs/runbook.md").read_text(), re.MULTILINE))
    named = {rule["annotations"]["runbook"].removeprefix("docs/runbook.md#") for rule in rules()}
    assert named == pages
    assert all(rule["labels"]["severity"] in ("page", "warn") for rule in rules())


@pytest.fixture
async def fleet_names(database_url, redis_url):
    """What `/metrics` of an API tells of a fleet with a market and one of everything."""
    with exchange() as urls:
        settings = settings_of_test(database_url, redis_url, urls)
        async with market(settings):
            with serving(settings) as api:
                async with api.http:
                    told = (await api.http.get("/metrics")).text
    return set(re.findall(r"^# TYPE (paperfleet_fleet_\S+) gauge", told, re.MULTILINE)), told


async def test_everything_that_dashboards_and_alerts_name_is_exported(fleet_names):
    fleet, told = fleet_names
    exported = fleet | of_processes()
    texts = [text(uid) for uid in DASHBOARDS] + [rule["expr"] for rule in rules()]
    named = {name for each in texts for name in METRIC.findall(each)}
    assert len(named) > 30
    assert named <= exported, f"not exported: {sorted(named - exported)}"
    for sample in ("quote_age_seconds", "weight_used", "weight_limit", "timing_seconds"):
        assert re.search(rf'^paperfleet_fleet_{sample}{{.*SPOT"}} ', told, re.MULTILINE), f"{sample} has no value"
    assert 'paperfleet_fleet_processes{kind="api"} 1.0' in told
    assert 'paperfleet_fleet_queue_servers{queue="evaluate"} 0.0' in told
    assert not re.search("symbol=|trade=|account=", told), "labels have few values"


async def test_without_redis_what_is_not_known_is_left_out(database_url):
    with exchange() as urls:
        settings = settings_of_test(database_url, "redis://127.0.0.1:1/0", urls)
        async with build(settings) as services:
            status = await StatusReader(services).read(())
    assert (status.fleet.processes, status.fleet.queues, status.fleet.redis) == ([], [], None)
    assert status.fleet.postgres.connections >= 1
