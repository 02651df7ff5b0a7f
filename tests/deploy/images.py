"""The fleet as compose file and Kubernetes manifests describe it: commands and variables of each process."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

Told = dict[str, str]
ROOT = Path(__file__).parents[2]
VERSION = "1.33"
"""The Kubernetes against whose schemas manifests are held."""
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def compose(variables: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
    """The compose file with its variables put in. Raises KeyError for one that has to be given."""

    def put(match: re.Match[str]) -> str:
        name, kind, text = match.groups()
        if variables.get(name):
            return variables[name]
        if kind != "-":
            raise KeyError(name)
        return str(text)

    text = (ROOT / "docker-compose.yml").read_text()
    found: dict[str, Any] = yaml.safe_load(_VARIABLE.sub(put, text).replace("$$", "$"))
    return {key: value for key, value in found.items() if not key.startswith("x-")}


def pods() -> dict[str, dict[str, Any]]:
    """The pods' specs, by the name of what makes them."""
    found = {}
    for each in manifests():
        if each["kind"] in ("Deployment", "Job"):
            found[each["metadata"]["name"]] = each["spec"]["template"]["spec"]
        if each["kind"] == "CronJob":
            found[each["metadata"]["name"]] = each["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return found


def manifests() -> list[dict[str, Any]]:
    """Every manifest of deploy/kubernetes."""
    files = sorted((ROOT / "deploy/kubernetes").glob("*.yaml"))
    return [each for path in files for each in yaml.safe_load_all(path.read_text())]


def by_kind() -> dict[str, dict[str, dict[str, Any]]]:
    """The manifests by kind, then by name."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for each in manifests():
        found.setdefault(each["kind"], {})[each["metadata"]["name"]] = each
    return found


def commands() -> dict[str, dict[str, list[str]]]:
    """The words after `paperfleet` of each process of ours, by where it is described."""
    return {
        "compose": {name: service["command"] for name, service in _ours(compose()).items()},
        "kubernetes": {name: pod["containers"][0]["args"] for name, pod in pods().items()},
    }


def environments(folder: Path, variables: Mapping[str, str] = MappingProxyType({})) -> dict[str, dict[str, Told]]:
    """The variables of each process of ours, by where it is described, as if `folder` held the compose file.

    Raises KeyError for a path of a secret that is not mounted.
    """
    make_secrets(folder)
    found = compose(variables)
    here = {f"/run/secrets/{name}": folder / secret["file"] for name, secret in found["secrets"].items()}
    composed = {}
    for name, service in _ours(found).items():
        mounted = {path: here[path] for path in (f"/run/secrets/{each}" for each in service["secrets"])}
        own = {key: str(text) for key, text in service["environment"].items()}
        composed[name] = _told(_of_files(folder, service) | own, mounted)
    (config,) = [each["data"] for each in manifests() if each["kind"] == "ConfigMap"]
    return {
        "compose": composed,
        "kubernetes": {name: _told(config, _mounted(pod, folder)) for name, pod in pods().items()},
    }


def make_secrets(folder: Path) -> None:
    """Run what makes the secrets of compose, as if `folder` held the compose file."""
    shell = shutil.which("sh") or "sh"
    subprocess.run([shell, ROOT / "deploy/secrets.sh"], cwd=folder, check=True)


def _ours(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The services that run `paperfleet`; `docs` has the image, and another program."""
    services = found["services"].items()
    return {
        name: each for name, each in services if each["image"].startswith("paperfleet:") and "entrypoint" not in each
    }


def _of_files(folder: Path, service: Mapping[str, Any]) -> Told:
    """The variables of a service's `env_file`, which go behind its own. Raises OSError for one that has to be there."""
    found: Told = {}
    for each in service.get("env_file", ()):
        if each.get("required", True) or (folder / each["path"]).exists():
            found |= dict(line.split("=", 1) for line in (folder / each["path"]).read_text().splitlines())
    return found


def _mounted(pod: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """The files of the secrets that a pod mounts, by their path in it."""
    secrets = {each["metadata"]["name"]: each["stringData"] for each in manifests() if each["kind"] == "Secret"}
    volumes = {each["name"]: each["secret"]["secretName"] for each in pod["volumes"] if "secret" in each}
    found = {}
    for mount in pod["containers"][0]["volumeMounts"]:
        for key, text in secrets.get(volumes.get(mount["name"], ""), {}).items():
            found[f"{mount['mountPath']}/{key}"] = path = folder / f"of-pods-{key}"
            path.write_text(text)
    return found


def _told(environment: Mapping[str, str], files: Mapping[str, Path]) -> Told:
    return {name: str(files[text]) if name.endswith("_URL_FILE") else text for name, text in environment.items()}
