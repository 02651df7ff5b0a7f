"""Prometheus' own tool reads its files, and alerts fire on the samples that they are for."""

import shutil
import subprocess

import pytest

from tests.api.running import ROOT

PROMTOOL = shutil.which("promtool")


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool (Debian: apt install prometheus)")
@pytest.mark.parametrize(
    "command",
    [
        ("check", "config", "deploy/prometheus/prometheus.yml"),
        ("check", "config", "deploy/prometheus/kubernetes.yml"),
        ("test", "rules", "tests/deploy/alerts_test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_is_content(command):
    done = subprocess.run([PROMTOOL, *command], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
