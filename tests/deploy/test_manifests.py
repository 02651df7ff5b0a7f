"""Compose file, Kubernetes manifests and Dockerfile: each against its schema or linter, and against this program.

No container engine runs here; what can be known without one is checked.
"""

import json
import os
import re
import stat
import subprocess
import sys
import zipfile
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import typer
import yaml

from paperfleet.cli import app
from services.coordination.task_queue import QUEUES
from services.hooks.addresses import PORTS
from services.hooks.thread_guard import MAIL_PORTS
from services.settings import PREFIX, load
from tests.deploy import images

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy/kubernetes"
ONCE = {"migrate", "backup"}
"""What ends by itself."""
BY_HAND = {"restore"}
"""A Job of the manifests; in compose it is another word to `backup`."""
OURS = ONCE | {"api", "scheduler", "worker-cycle", "worker-quotes", "worker-hooks", "worker-rest"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return images.compose()


def manifests() -> list[tuple[str, dict[str, Any]]]:
    return [
        (path.name, each) for path in sorted(KUBERNETES.glob("*.yaml")) for each in yaml.safe_load_all(path.read_text())
    ]


def pods() -> list[tuple[str, dict[str, Any]]]:
    """The pod templates, by the name of what makes them."""
    return [(name, spec) for name, spec in images.pods().items()]


def test_compose_is_valid_by_the_published_schema(compose):
    schema = resources.files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json"
    jsonschema.Draft202012Validator(json.loads(schema.read_text())).validate(compose)
    bad = compose | {"services": compose["services"] | {"api": {"comand": ["api"]}}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(json.loads(schema.read_text())).validate(bad)


def test_the_secrets_of_compose_are_made_once_and_are_in_no_environment(compose, tmp_path):
    images.make_secrets(tmp_path)
    files = {name: tmp_path / secret["file"] for name, secret in compose["secrets"].items()}
    before = {name: path.read_text() for name, path in files.items()}
    passwords = {before[name] for name in before if name.endswith("_password")}
    assert len(passwords) == 3
    assert all(len(each) >= 32 for each in passwords)
    assert before["postgres_password"] in before["database_url"]
    assert before["valkey_password"] in before["redis_url"]
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o444}, "containers' own users read them"
    images.make_secrets(tmp_path)
    assert {name: path.read_text() for name, path in files.items()} == before
    for name, service in compose["services"].items():
        told = service.get("environment", {})
        for path in (text for text in told.values() if str(text).startswith("/run/secrets/")):
            assert Path(path).name in service["secrets"], name
        assert not any("PASSWORD" in each and not each.endswith("_FILE") for each in told), name
        assert not {"PAPERFLEET_DATABASE_URL", "PAPERFLEET_REDIS_URL"} & told.keys(), name


def test_pods_have_secrets_as_files():
    for name, pod in pods():
        (container,) = pod["containers"]
        assert container["envFrom"] == [{"configMapRef": {"name": "paperfleet"}}], name
        assert "env" not in container


def test_what_compose_serves_as_documentation_is_what_the_image_holds(compose):
    docs = compose["services"]["docs"]
    assert docs["entrypoint"] == ["python", "-m", "http.server", "8080", "--directory", "/site"]
    assert not docs["secrets"]
    assert not docs["environment"]
    assert not docs["env_file"]
    last = (ROOT / "deploy/Dockerfile").read_text().rpartition("\nFROM ")[2]
    assert "COPY --from=site /site /site" in last
    (port,) = docs["ports"]
    assert port.endswith(":8080")


def test_every_image_of_compose_can_be_pinned_by_one_variable():
    digest = "registry.example/it@sha256:" + "0" * 64
    wanted = re.findall(r"^(\w+_IMAGE)=$", (ROOT / "deploy/env.example").read_text(), re.MULTILINE)
    pinned = images.compose(dict.fromkeys(wanted, digest))
    assert {service["image"] for service in pinned["services"].values()} == {digest}
    text = (ROOT / "deploy/Dockerfile").read_text()
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) - {"build"} == {"${NODE}", "${PYTHON}"}


def test_the_services_of_compose_are_closed_and_watched(compose):
    services = compose["services"]
    assert services.keys() >= OURS
    for name, service in services.items():
        assert ":" in service["image"], f"{name} says which version"
        assert not service["image"].endswith(":latest")
        assert not service.get("privileged")
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"]), name
        assert service["pids_limit"] > 0, name
        if name != "postgres":
            assert service["read_only"], f"{name} writes to nothing but what is mounted"
        if name not in ONCE:
            assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL"), f"{name} has a health check"
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in compose["volumes"] or (ROOT / source).is_dir(), f"{name} mounts {source}"
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), f"{name} is published to this machine only"
        for other in service.get("depends_on", ()):
            assert other in services
    for name in ("postgres", "valkey", "prometheus"):
        assert services[name]["networks"] == ["inside"], f"{name} cannot be reached, and reaches nobody"
    assert compose["networks"]["inside"]["internal"] is True


@pytest.mark.parametrize("where", ["compose", "kubernetes"])
def test_every_queue_is_served_and_every_command_exists(where):
    commands = images.commands()[where]
    assert {"migrate", "api", "scheduler"} <= {words[0] for words in commands.values()}
    known = typer.main.get_command(app)
    for words in commands.values():
        assert words[0] in known.commands  # type: ignore[attr-defined]
    served = [queue for words in commands.values() if words[0] == "worker" for queue in words[2].split(",")]
    assert sorted(served) == sorted(QUEUES), "each queue by one kind of worker"


def test_the_proxy_in_front_of_compose_can_be_named(tmp_path):
    for told, trusted in (("", "127.0.0.1"), ("172.18.0.1", "172.18.0.1")):
        environment = images.environments(tmp_path, {"TRUSTED_PROXIES": told})["compose"]["api"]
        settings = load({name: text for name, text in environment.items() if name.startswith(PREFIX)})
        assert settings.trusted_proxies == trusted
    assert re.search(r"^TRUSTED_PROXIES=127", (ROOT / "deploy/env.example").read_text(), re.MULTILINE)


def test_a_file_beside_compose_gives_settings_to_every_process(tmp_path):
    (tmp_path / "paperfleet.env").write_text("PAPERFLEET_DISK_BUDGET_GIB=400\nPAPERFLEET_LOG_LEVEL=DEBUG\n")
    found = images.environments(tmp_path)["compose"]
    assert found.keys() == OURS
    for name, environment in found.items():
        settings = load({name: text for name, text in environment.items() if name.startswith(PREFIX)})
        assert (settings.disk_budget_gib, settings.log_level) == (400, "DEBUG"), name
    for ignored in (".gitignore", ".dockerignore"):
        assert "paperfleet.env" in (ROOT / ignored).read_text().splitlines()


def test_every_variable_of_compose_is_in_the_example_with_its_default():
    text = (ROOT / "docker-compose.yml").read_text()
    used = {name: default for name, default in re.findall(r"\$\{(\w+):-([^}]*)\}", text)}
    told = dict(re.findall(r"^(\w+)=(.*)$", (ROOT / "deploy/env.example").read_text(), re.MULTILINE))
    assert told == {name: "" if name.endswith("_IMAGE") else default for name, default in used.items()}


@pytest.mark.parametrize("where", ["compose", "kubernetes"])
def test_the_settings_are_settings(where, tmp_path):
    for environment in images.environments(tmp_path)[where].values():
        settings = load({name: text for name, text in environment.items() if name.startswith(PREFIX)})
        assert settings.login == "required"
        assert settings.metrics_port == 9100


@pytest.mark.parametrize(
    ("name", "manifest"), manifests(), ids=lambda each: each if isinstance(each, str) else each["metadata"]["name"]
)
def test_manifests_are_valid_by_the_published_schemas(name, manifest):
    if manifest["apiVersion"].startswith("keda.sh/"):
        pytest.skip("no package ships the schemas of KEDA's resources: see test_rollout.py")
    kubernetes_validate.validate(manifest, images.VERSION, strict=True)


def test_a_manifest_with_a_misspelt_field_is_refused():
    manifest = next(each for _, each in manifests() if each["kind"] == "Deployment")
    manifest["spec"]["replica"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, images.VERSION, strict=True)


def test_pods_are_restricted_and_probed():
    for name, pod in pods():
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
        assert pod["automountServiceAccountToken"] is False
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"].keys() == {"requests", "limits"}
        if pod.get("restartPolicy", "Always") == "Always":
            assert {"startupProbe", "livenessProbe"} <= container.keys(), name
            assert pod["terminationGracePeriodSeconds"] >= 45


def labels() -> dict[str, dict[str, str]]:
    """What the pods bear, by the name of what makes them."""
    return {
        each["metadata"]["name"]: (each["spec"].get("template") or each["spec"]["jobTemplate"]["spec"]["template"])[
            "metadata"
        ]["labels"]
        for _, each in manifests()
        if each["kind"] in ("Deployment", "Job", "CronJob")
    }


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether a label selector takes what bears these labels, as Kubernetes decides it."""

    def holds(key: str, operator: str, values: tuple[str, ...] = ()) -> bool:
        return {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }[operator]

    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        holds(**each) for each in selector.get("matchExpressions", ())
    )


def test_a_selector_is_both_labels_and_expressions():
    expression = {"key": "kind", "operator": "In", "values": ["api", "worker"]}
    assert selects({"matchExpressions": [expression]}, {"kind": "api"})
    assert not selects({"matchExpressions": [expression]}, {"kind": "job"})
    assert not selects({"matchLabels": {"part": "x"}, "matchExpressions": [expression]}, {"kind": "api"})
    assert not selects({"matchExpressions": [{"key": "kind", "operator": "DoesNotExist"}]}, {"kind": "api"})


def test_network_policies_deny_first_and_name_labels_that_pods_bear():
    policies = {each["metadata"]["name"]: each["spec"] for _, each in manifests() if each["kind"] == "NetworkPolicy"}
    assert policies["nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for name, policy in policies.items():
        assert any(selects(policy["podSelector"], each) for each in labels().values()), f"{name} selects nothing"


def test_those_who_send_to_endpoints_reach_what_the_code_allows_and_the_others_the_exchange():
    exchange, endpoints = {443}, PORTS | MAIL_PORTS
    allowed = {
        name: endpoints if name in ("api", "worker-hooks") else set() if name in ONCE | BY_HAND else exchange
        for name in OURS | BY_HAND
    }
    found: dict[str, set[int]] = {name: set() for name in labels()}
    for _, each in manifests():
        if each["kind"] != "NetworkPolicy":
            continue
        for rule in each["spec"].get("egress", ()):
            for block in (place["ipBlock"] for place in rule["to"] if "ipBlock" in place):
                assert {"169.254.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"} == set(
                    block["except"]
                )
                for name, borne in labels().items():
                    if selects(each["spec"]["podSelector"], borne):
                        assert {port["protocol"] for port in rule["ports"]} == {"TCP"}
                        found[name] |= {port["port"] for port in rule["ports"]}
    assert found == allowed


@pytest.mark.skipif(sys.platform != "linux", reason="the linter's package is for Linux")
def test_the_dockerfile_passes_its_linter():
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, "--no-color", ROOT / "deploy/Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_copies_what_is_there_and_ends_as_nobody():
    text = (ROOT / "deploy/Dockerfile").read_text()
    ignored = {line.strip("/") for line in (ROOT / ".dockerignore").read_text().splitlines()}
    for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), f"there is no {source}"
            assert source.strip("/") not in ignored
    last = text.rpartition("\nFROM ")[2]
    assert "USER 10001:10001" in last
    assert "npm" not in last
    assert "pip uninstall --yes pip" in last, "the base image's own"
    assert {"web/node_modules", "api/dashboard", ".venv", ".git"} <= ignored


def test_what_pip_would_install_in_the_image_holds_everything_that_runs(tmp_path):
    """The same step as the Dockerfile's, with the backend that is installed here."""
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", tmp_path, ROOT]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PIP_NO_INDEX": "1"})
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = subprocess.run(
        ["git", "ls-files", "services", "workers", "api", "deploy", "paperfleet"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    ).stdout.split()
    missing = [name for name in wanted if name not in names]
    assert not missing, f"not in the wheel: {missing[:10]}"
