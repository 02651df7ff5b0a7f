"""Prometheus finds every process, by compose and on a cluster, under the job names that alerts ask for."""

import re
from typing import Any

import yaml

from tests.deploy import images

FOLDER = images.ROOT / "deploy/prometheus"
ASKED_FOR = set(re.findall(r'job="(\w+)"', (FOLDER / "alerts.yml").read_text()))
KINDS = {"api": "api", "workers": "worker", "scheduler": "scheduler"}


def jobs(name: str) -> dict[str, dict[str, Any]]:
    """The scrape jobs of a file, by their name."""
    return {job["job_name"]: job for job in yaml.safe_load((FOLDER / name).read_text())["scrape_configs"]}


def test_alerts_ask_for_jobs_that_there_are():
    assert set(KINDS) == ASKED_FOR
    assert jobs("prometheus.yml").keys() == jobs("kubernetes.yml").keys() == ASKED_FOR


def test_prometheus_of_compose_looks_for_services_that_there_are():
    found = {
        name: (job["job_name"], each["port"])
        for job in jobs("prometheus.yml").values()
        for each in job["dns_sd_configs"]
        for name in each["names"]
    }
    assert found == {
        name: (job, 8000 if job == "api" else 9100)
        for name, words in images.commands()["compose"].items()
        for job, kind in KINDS.items()
        if words[0] == kind
    }
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    assert all((FOLDER / rules).exists() for rules in config["rule_files"])


def test_every_pod_that_stays_is_scraped_by_the_job_of_its_kind_and_no_other():
    for name, manifest in images.by_kind()["Deployment"].items():
        template = manifest["spec"]["template"]
        (container,) = template["spec"]["containers"]
        (port,) = container["ports"]
        found = [
            job
            for job, config in jobs("kubernetes.yml").items()
            for place in config["kubernetes_sd_configs"]
            if place["namespaces"]["names"] == [manifest["metadata"]["namespace"]]
            for selector in place["selectors"]
            if tuple(selector["label"].split("=")) in template["metadata"]["labels"].items()
            if keeps(config["relabel_configs"], {"__meta_kubernetes_pod_container_port_name": port["name"]})
        ]
        assert [KINDS[job] for job in found] == [container["args"][0]], name
        assert "annotations" not in template["metadata"], "by annotations a Prometheus scrapes it again, as another job"


def test_a_pod_that_has_ended_is_not_told_as_a_process_that_is_gone():
    for config in jobs("kubernetes.yml").values():
        port = {"__meta_kubernetes_pod_container_port_name": "http"}
        for phase, kept in (("Running", True), ("Pending", True), ("Failed", False), ("Succeeded", False)):
            assert keeps(config["relabel_configs"], port | {"__meta_kubernetes_pod_phase": phase}) is kept, phase


def test_alerts_are_shown_by_what_is_published():
    (source,) = yaml.safe_load((FOLDER / "../grafana/provisioning/datasources/prometheus.yaml").read_text())[
        "datasources"
    ]
    assert source["jsonData"]["manageAlerts"] is True
    services = images.compose()["services"]
    assert "ports" in services["grafana"]
    assert "ports" not in services["prometheus"]


def keeps(rules: list[dict[str, Any]], labels: dict[str, str]) -> bool:
    """Whether relabelling leaves a target with these labels."""
    for rule in rules:
        action = rule.get("action", "replace")
        matched = re.fullmatch(
            rule.get("regex", ".*"), ";".join(labels.get(each, "") for each in rule["source_labels"])
        )
        if (action == "keep" and not matched) or (action == "drop" and matched):
            return False
    return True
