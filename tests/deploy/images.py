"""The fleet as compose file and Kubernetes manifests describe it: commands and variables of each process."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def compose(variables: Mapping[str, str]) -> dict[str, Any]:
    """The compose file with its variables put in. Raises KeyError for one that has to be given."""

    def put(match: re.Match[str]) -> str:
        name, kind, text = match.groups()
        if variables.get(name):
            return variables[name]
        if kind != "-":
            raise KeyError(name)
        return str(text)

    found: dict[str, Any] = yaml.safe_load(_VARIABLE.sub(put, (ROOT / "docker-compose.yml").read_text()))
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


def commands(variables: Mapping[str, str]) -> dict[str, dict[str, list[str]]]:
    """The words after `paperfleet` of each process of ours, by where it is described."""
    return {
        "compose": {
            name: service["command"]
            for name, service in compose(variables)["services"].items()
            if service["image"].startswith("paperfleet:")
        },
        "kubernetes": {name: pod["containers"][0]["args"] for name, pod in pods().items()},
    }


def environments(variables: Mapping[str, str]) -> dict[str, dict[str, dict[str, str]]]:
    """The variables of each process of ours, by where it is described."""
    shared: dict[str, str] = {}
    for each in manifests():
        if each["kind"] in ("ConfigMap", "Secret"):
            shared |= each.get("data", {}) | each.get("stringData", {})
    return {
        "compose": {
            name: {key: str(text) for key, text in service["environment"].items()}
            for name, service in compose(variables)["services"].items()
            if service["image"].startswith("paperfleet:")
        },
        "kubernetes": dict.fromkeys(pods(), shared),
    }
