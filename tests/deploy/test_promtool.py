"""Prometheus' own tool reads its files, and alerts fire on the samples that they are for."""

import shutil
import subprocess

import pytest
import yaml

from tests.api.running import ROOT

PROMTOOL = shutil.which("promtool")


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool (Debian: apt install prometheus)")
@pytest.mark.parametrize(
    "command",
    [
        ("check", "config", "deploy/prometheus/prometheus.yml"),
        ("test", "rules", "tests/deploy/alerts_test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_is_content(command):
    done = subprocess.run([PROMTOOL, *command], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool (Debian: apt install prometheus)")
def test_promtool_is_content_with_how_a_cluster_is_scraped(tmp_path):
    """But for the discovery itself, which Debian's knows nothing of: test_scraping.py holds that."""
    config = yaml.safe_load((ROOT / "deploy/prometheus/kubernetes.yml").read_text())
    for job in config["scrape_configs"]:
        del job["kubernetes_sd_configs"]
    (tmp_path / "kubernetes.yml").write_text(yaml.safe_dump(config))
    command = [PROMTOOL, "check", "config", tmp_path / "kubernetes.yml"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tried_where_it_fires_and_where_it_does_not():
    rules = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"][0]["rules"]
    tried = yaml.safe_load((ROOT / "tests/deploy/alerts_test.yml").read_text())["tests"]
    cases = [case for test in tried for case in test["alert_rule_test"]]
    for fires in (True, False):
        names = {case["alertname"] for case in cases if bool(case["exp_alerts"]) is fires}
        assert names == {rule["alert"] for rule in rules}, f"fires: {fires}"
