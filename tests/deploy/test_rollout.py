"""How many pods the manifests make and how a new version takes the place of an old one."""

import re

import kubernetes_validate
import yaml

from api.server import GRACE_SECONDS
from services.bootstrap import SYSTEM_CONNECTIONS
from services.settings import load
from services.usecases.examine_servers import FULL
from tests.deploy import images
from tests.docs.blocks import blocks
from workers.runner import CLOSE_SECONDS, STOP_SECONDS

PAGE = images.ROOT / "docs/deployment.md"
RESERVED = 3
"""Connections that PostgreSQL keeps for superusers."""
NOT_OF_AN_UPGRADE = {"namespace.yaml", "secret.example.yaml", "restore.yaml"}


def scalers() -> dict[str, tuple[int, int]]:
    """The least and the most pods of each Deployment that something scales."""
    by_kind = images.by_kind()
    objects = [each["spec"] for each in by_kind["ScaledObject"].values()]
    found = {spec["scaleTargetRef"]["name"]: (spec["minReplicaCount"], spec["maxReplicaCount"]) for spec in objects}
    pods = [each["spec"] for each in by_kind["HorizontalPodAutoscaler"].values()]
    return found | {spec["scaleTargetRef"]["name"]: (spec["minReplicas"], spec["maxReplicas"]) for spec in pods}


def test_a_manifest_that_is_applied_again_leaves_the_number_of_pods_to_whoever_scales():
    found = scalers()
    for name, each in images.by_kind()["Deployment"].items():
        assert ("replicas" in each["spec"]) is (name not in found), name
    assert all(1 <= least <= most for least, most in found.values())
    assert found["worker-cycle"][0] >= 2, "its minimum carries the cycles"
    assert found["api"][0] >= 2


def test_the_commands_of_an_upgrade_can_be_given_again_and_apply_everything():
    (first, again) = [block.body for block in blocks(PAGE) if "kubectl apply" in block.body][:2]
    assert "create secret" in first
    assert " create " not in again, "what exists already is refused"
    applied = set(re.findall(r"-f deploy/kubernetes/(\S+)", again))
    assert applied == {path.name for path in (images.ROOT / "deploy/kubernetes").glob("*.yaml")} - NOT_OF_AN_UPGRADE
    steps = [again.index(step) for step in ("migrate.yaml", "condition=complete job/migrate", "api.yaml")]
    assert steps == sorted(steps)


def test_an_old_pod_goes_when_a_new_one_serves_and_ends_within_its_time():
    for name, each in images.by_kind()["Deployment"].items():
        spec, pod = each["spec"], each["spec"]["template"]["spec"]
        assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}, name
        (container,) = pod["containers"]
        told = container["startupProbe"]["httpGet"]
        assert told["path"] == ("/health/live" if name == "api" else "/metrics"), "which answers when services are open"
        pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        assert (pause >= 5) is (name == "api"), "endpoints lead to an ending pod for a moment"
        ending = GRACE_SECONDS if name == "api" else STOP_SECONDS + CLOSE_SECONDS
        assert pause + ending + 10 < pod["terminationGracePeriodSeconds"], name


def test_every_deployment_has_a_budget_and_scales():
    by_kind = images.by_kind()
    deployments = by_kind["Deployment"]
    assert by_kind["PodDisruptionBudget"].keys() == deployments.keys()
    for name, budget in by_kind["PodDisruptionBudget"].items():
        labels = deployments[name]["spec"]["template"]["metadata"]["labels"]
        assert budget["spec"]["selector"]["matchLabels"].items() <= labels.items()
    scaled = by_kind["ScaledObject"]
    workers = {name for name in deployments if name.startswith("worker-")}
    assert scaled.keys() == workers
    for name, each in scaled.items():
        spec = each["spec"]
        (container,) = deployments[name]["spec"]["template"]["spec"]["containers"]
        assert spec["scaleTargetRef"] == {"name": name}
        assert not {"pollingInterval", "cooldownPeriod"} & spec.keys(), (
            "count for the way from and to 0: none goes there"
        )
        behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
        api = by_kind["HorizontalPodAutoscaler"]["api"]
        kubernetes_validate.validate(api | {"spec": api["spec"] | {"behavior": behavior}}, images.VERSION, strict=True)
        assert behavior["scaleDown"]["stabilizationWindowSeconds"] >= 60, "a pod outlives the pause between two cycles"
        assert {trigger["type"] for trigger in spec["triggers"]} == {"redis"}
        lists = {trigger["metadata"]["listName"] for trigger in spec["triggers"]}
        assert lists == {f"tasks:{queue}" for queue in container["args"][2].split(",")}
        assert all(
            trigger["authenticationRef"]["name"] in by_kind["TriggerAuthentication"] for trigger in spec["triggers"]
        )
    (auth,) = by_kind["TriggerAuthentication"].values()
    told = {
        each["parameter"]: by_kind["Secret"][each["name"]]["stringData"][each["key"]]
        for each in auth["spec"]["secretTargetRef"]
    }
    assert told.keys() == {"username", "password"}
    assert told["username"] == "keda", "a user of deploy/valkey/users.acl"
    for pod in images.pods().values():
        assert "valkey-keda" not in yaml.safe_dump(pod)


def test_the_connections_of_all_maxima_are_told_and_fit():
    page = PAGE.read_text()
    pool = load({"PAPERFLEET_DATABASE_URL": "postgresql:///x", "PAPERFLEET_REDIS_URL": "redis://x"}).pool_size
    deployments = {name: each["spec"] for name, each in images.by_kind()["Deployment"].items()}
    most = {name: spec["replicas"] for name, spec in deployments.items() if "replicas" in spec}
    most |= {name: bounds[1] for name, bounds in scalers().items()}
    assert most.keys() == deployments.keys()
    of_one = {name: pool + (SYSTEM_CONNECTIONS if name == "api" else 0) for name in most}
    surge = sum(of_one[name] * spec["strategy"]["rollingUpdate"]["maxSurge"] for name, spec in deployments.items())
    commands = 3
    """A backup, a migration, a doctor."""
    together = sum(count * of_one[name] for name, count in most.items()) + surge + commands
    told = re.search(r"^\| Kubernetes, every maximum \|.*\| (\d+) \| (\d+): ", page, re.MULTILINE)
    assert told
    assert int(told[1]) == together
    assert together < FULL * (int(told[2]) - RESERVED)

    services = images.compose()["services"]
    counts = {name: services[name].get("deploy", {}).get("replicas", 1) for name in most}
    together = sum(count * of_one[name] for name, count in counts.items()) + commands
    (given,) = re.findall(r"max_connections=(\d+)", services["postgres"]["command"])
    assert re.search(rf"^\| Compose, as it is \|.*\| {together} \| {given}, set there \|$", page, re.MULTILINE)
    assert together < FULL * (int(given) - RESERVED)
