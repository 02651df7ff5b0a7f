"""Dashboards and alerts name only what is exported, and every alert has its page in the runbook."""

import re
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from deploy.grafana.make import DASHBOARDS, FOLDER, dashboard, text
from services.bootstrap import build
from services.coordination import task_queue
from services.db import backup, slots
from services.domain.market import Market
from services.usecases.examine_fleet import BACKUP_OLD_SECONDS
from services.usecases.maintain import reconcile_books
from services.usecases.system_status import StatusReader
from tests.api.running import NOWHERE, exchange, market, order, serving, settings_of_test
from tests.deploy.exported import labels_of_processes
from tests.deploy.promql import asked
from tests.servers import wait_until
from workers.jobs import fleet_jobs

ROOT = Path(__file__).parents[2]
PROMETHEUS = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
SET_BY_PROMETHEUS = {"job", "instance"}
MAY_HAVE_NONE = {"paperfleet_fleet_ambiguous_share", "paperfleet_fleet_cycle_seconds"}
"""Figures of the fleet that are not known before a trade has closed, a cycle has ended."""


def rules():
    (group,) = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"]
    return group["rules"]


def test_the_dashboards_lie_as_they_are_described():
    for uid in DASHBOARDS:
        assert (FOLDER / f"{uid}.json").read_text() == text(uid), "run python -m deploy.grafana.make"
    assert {path.stem for path in FOLDER.glob("*.json")} == set(DASHBOARDS)


def test_each_alert_has_its_page_and_each_page_its_alert():
    pages = set(re.findall(r"^## (.+)$", (ROOT / "docs/runbook.md").read_text(), re.MULTILINE))
    links = [rule["annotations"]["runbook_url"] for rule in rules()]
    assert PROMETHEUS["global"]["external_labels"] == {"runbook": "${RUNBOOK}"}, "what links begin with"
    assert {link.removeprefix("{{ $externalLabels.runbook }}#") for link in links} == pages
    assert all(rule["labels"]["severity"] in ("page", "warn") for rule in rules())


def test_a_backup_is_old_for_the_alert_when_it_is_for_the_doctor():
    (rule,) = [rule for rule in rules() if rule["alert"] == "BackupOld"]
    assert float(rule["expr"].rpartition(" > ")[2]) == BACKUP_OLD_SECONDS


@pytest.fixture
async def told(database_url, redis_url, tmp_path):
    """What `/metrics` of an API tells of a fleet with a market, one of everything, and every job once dispatched."""
    with exchange() as urls:
        settings = settings_of_test(database_url, redis_url, urls)
        async with market(settings) as services:
            async with services.pool.connection() as connection:
                for job in fleet_jobs(settings, services):
                    slot = await slots.claim(connection, job.name, job.interval)
                    await slots.dispatched(connection, job.name, slot)
            await reconcile_books(services)
            file = tmp_path / "night.zip"
            await backup.note(database_url, await backup.back_up(database_url, file), file)
            await task_queue.enqueue(services.redis, "maintenance", "maintain", max_age=timedelta(minutes=1))
            with serving(settings) as api:
                async with api.http:
                    price = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last
                    await api.http.post("/api/paper-trades/", json=order("FUTURES", "BTCUSDT", price))
                    yield (await api.http.get("/metrics")).text


def samples(told):
    """The fleet's samples: the labels of each, by name."""
    found = defaultdict(list)
    for family in text_string_to_metric_families(told):
        for sample in family.samples if family.name.startswith("paperfleet_fleet_") else ():
            found[sample.name].append(sample.labels)
    return found


def expressions():
    """Whatever asks Prometheus, by what asks."""
    for uid in DASHBOARDS:
        for panel in dashboard(uid)["panels"]:
            for target in panel["targets"]:
                yield panel["title"], target["expr"]
    for rule in rules():
        yield rule["alert"], rule["expr"]


async def test_dashboards_and_alerts_ask_for_metrics_labels_and_values_that_are_exported(told):
    fleet, processes = samples(told), labels_of_processes()
    metrics = set()
    for who, expression in expressions():
        for metric, patterns, grouped in asked(expression):
            metrics.add(metric)
            wanted = grouped | patterns.keys()
            if metric in fleet:
                assert all(wanted <= labels.keys() for labels in fleet[metric]), f"{who}: {metric} lacks a label"
                assert any(
                    all(pattern.fullmatch(labels[label]) for label, pattern in patterns.items())
                    for labels in fleet[metric]
                ), f"{who}: no {metric} has such labels"
            elif metric == "up":
                jobs = {each["job_name"] for each in PROMETHEUS["scrape_configs"]}
                assert any(map(patterns["job"].fullmatch, jobs)), f"{who}: nothing is scraped as that job"
            elif metric in MAY_HAVE_NONE:
                assert f"# TYPE {metric} gauge" in told, who
            else:
                assert wanted <= processes.get(metric, {"nothing"}), f"{who}: {metric} is not exported with such labels"
    assert len(metrics) > 30


async def test_labels_are_few_and_none_is_prometheus_own(told):
    labels = {label for each in samples(told).values() for sample in each for label in sample}
    labels = labels.union(*labels_of_processes().values())
    assert not labels & {"symbol", "trade", "account"}, "labels have few values"
    assert not labels & SET_BY_PROMETHEUS, "Prometheus would rename it to exported_..."
    assert 'paperfleet_fleet_processes{kind="api"} 1.0' in told
    assert 'paperfleet_fleet_queue_servers{queue="evaluate"} 0.0' in told


async def test_which_server_is_away_is_told_whichever_it_is(database_url, redis_url, servers):
    async def up(api):
        answer = await api.http.get("/metrics")
        assert answer.status_code == 200
        assert "paperfleet_http_requests_total" in answer.text, "the process's own figures do not need a server"
        return answer.text, dict(re.findall(r'^paperfleet_fleet_up{part="(\w+)"} (\S+)$', answer.text, re.MULTILINE))

    with serving(settings_of_test(database_url, redis_url, NOWHERE)) as api:
        async with api.http:
            told, parts = await up(api)
            assert parts == {"postgres": "1.0", "redis": "1.0"}
            assert "paperfleet_fleet_processes{" in told
            for name, left in (
                ("valkey", {"postgres": "1.0", "redis": "0.0"}),
                ("postgres", {"postgres": "0.0", "redis": "1.0"}),
            ):
                servers.processes[name].kill()
                servers.processes[name].wait()
                try:
                    told, parts = await up(api)
                    assert parts == left
                    assert "paperfleet_fleet_processes{" not in told, "what is not known is not told"
                finally:
                    await servers.start()
                await wait_until(lambda: back(api))


async def back(api):
    return all((await api.http.get("/health/ready")).json().values())


async def test_without_redis_what_is_not_known_is_left_out(database_url):
    with exchange() as urls:
        settings = settings_of_test(database_url, "redis://127.0.0.1:1/0", urls)
        async with build(settings) as services:
            status = await StatusReader(services).read(())
    assert (status.fleet.processes, status.fleet.queues, status.fleet.redis) == ([], [], None)
    assert status.fleet.postgres.connections >= 1
