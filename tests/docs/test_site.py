"""The site builds with every warning an error, loads nothing from elsewhere, and its reference is whole."""

import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
import yaml

from paperfleet.site.pages import pages
from services.settings import IN_FILES, OF_CLIENTS, PREFIX, Settings
from tests.deploy import images
from tests.deploy.exported import labels_of_processes, of_processes
from tests.docs.blocks import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_there_and_nothing_is_loaded_from_elsewhere(site):
    sources = {path.stem for path in (ROOT / "docs").glob("*.md")}
    built = {path.stem for path in site.glob("*.html")}
    assert sources <= built
    assert {path.stem for path in (site / "reference").glob("*.html")} == {
        "api",
        "cli",
        "formulas",
        "metrics",
        "settings",
    }
    loaded = re.compile(
        r'<(?:script|img|iframe)[^>]+src="(https?:[^"]+)|<link[^>]+rel="(?:stylesheet|preconnect)"[^>]+href="(https?:[^"]+)'
    )
    for page in site.rglob("*.html"):
        assert not loaded.search(page.read_text()), page.name


def test_every_alert_links_to_a_heading_that_compose_serves(site):
    services = images.compose()["services"]
    prometheus = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    (variable,) = re.fullmatch(r"\$\{(\w+)\}", prometheus["global"]["external_labels"]["runbook"]).groups()
    page = urlsplit(services["prometheus"]["environment"][variable])
    assert [f"{page.netloc}:8080"] == services["docs"]["ports"]
    headings = set(re.findall(r'<h2 id="([^"]+)"', (site / page.path.lstrip("/")).read_text()))
    (group,) = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"]
    assert len(group["rules"]) > 20
    for rule in group["rules"]:
        beginning, anchor = rule["annotations"]["runbook_url"].split("#")
        assert beginning == "{{ $externalLabels.runbook }}"
        assert anchor in headings, rule["alert"]


def test_the_reference_names_everything():
    made = {path: make() for path, make in pages().items()}
    for name in Settings.__struct_fields__:
        assert f"`{PREFIX}{name.upper()}`" in made["reference/settings.md"]
        assert (f"`{PREFIX}{name.upper()}_FILE`" in made["reference/settings.md"]) is (name in IN_FILES)
    for name in OF_CLIENTS:
        assert f"`{PREFIX}{name.upper()}`" in made["reference/settings.md"]
    row = re.compile(r"^\| `(paperfleet_\w+)` \| \w+ \| ([^|]*) \|", re.MULTILINE)
    rows = dict(row.findall(made["reference/metrics.md"]))
    for name, labels in labels_of_processes().items():
        told = rows[name if name in rows else re.sub(r"_(bucket|count|sum)$", "", name)]
        assert set(re.findall(r"`(\w+)`", told)) == labels - {"le"}, name
    assert (rows["paperfleet_fleet_lag_seconds"], rows["paperfleet_fleet_cycle_seconds"]) == ("`market`", "")
    told = set(rows)
    exported = {re.sub(r"_(bucket|count|sum)$", "", name) for name in of_processes()}
    assert exported <= told | {f"{name}_total" for name in told}
    used = (ROOT / "deploy/prometheus/alerts.yml").read_text()
    assert set(re.findall(r"paperfleet_fleet_\w+", used)) <= told
    for command in ("doctor", "backup", "restore", "void", "kill", "export", "import", "user create"):
        assert f"## `paperfleet {command}`" in made["reference/cli.md"]
    assert "| `--version` |" in made["reference/cli.md"]
    for path in ("/api/paper-trades", "/api/events", "/api/system/halts/{what}"):
        assert f"`{path}`" in made["reference/api.md"]
    for figure in ("win_rate", "profit_factor", "max_drawdown", "sharpe_ratio", "r_multiple"):
        assert figure in made["reference/formulas.md"]
