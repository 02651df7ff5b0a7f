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
