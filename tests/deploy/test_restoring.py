"""What docs/deployment.md says of restoring names what compose file and manifests have."""

import re
import shlex
import subprocess

import yaml

from tests.deploy import images
from tests.docs.blocks import blocks

IN_COMPOSE, DRILL, ON_CLUSTER = (
    block.body for block in blocks(images.ROOT / "docs/deployment.md") if "restore" in block.body
)


def shell(command: str, **environment: str) -> str:
    done = subprocess.run(["sh", "-c", command], cwd=images.ROOT, env=environment, capture_output=True, check=True)
    return done.stdout.decode()


def test_compose_stops_all_that_uses_the_database_and_restores_where_the_backups_are():
    services = images.compose()["services"]
    stop, *_ = IN_COMPOSE.splitlines()
    stays = {
        name
        for name, service in services.items()
        if "database_url" in service.get("secrets", ()) and service["restart"] == "unless-stopped"
    }
    assert set(shlex.split(stop)[3:]) == stays
    folder = services["backup"]["command"][1]
    assert f"backup restore {folder}/NAME.zip" in IN_COMPOSE
    assert [volume.split(":")[1] for volume in services["backup"]["volumes"]] == [folder]


def test_the_drill_goes_to_a_database_of_its_own(tmp_path):
    images.make_secrets(tmp_path)
    url = (tmp_path / "secrets/database_url").read_text()
    (command,) = re.findall(r"^ *(sed .+) /run/secrets/database_url", DRILL, re.MULTILINE)
    assert shell(f"{command} {tmp_path}/secrets/database_url") == re.sub("/paperfleet$", "/drill", url) != url


def test_on_a_cluster_a_job_reads_the_claim_that_the_night_writes():
    (command,) = re.findall(r"^(sed .+) \| kubectl apply", ON_CLUSTER, re.MULTILINE)
    job = yaml.safe_load(shell(command, NAME="night.zip"))["spec"]["template"]["spec"]
    night = images.pods()["backup"]
    assert job["volumes"] == night["volumes"]
    folder = night["containers"][0]["args"][1]
    assert job["containers"][0]["args"] == ["restore", f"{folder}/night.zip"]
    for pod in (job, night):
        mounts = {each["name"]: each["mountPath"] for each in pod["containers"][0]["volumeMounts"]}
        assert mounts["backups"] == folder


def test_on_a_cluster_everything_stops_and_comes_back_as_it_was():
    by_kind = images.by_kind()
    scaled = re.findall(r"^kubectl -n paperfleet scale deployment (.+) --replicas=(\d)$", ON_CLUSTER, re.MULTILINE)
    (by_hand,) = {names for names, _ in scaled}
    assert {*by_hand.split(), *by_kind["ScaledObject"]} == set(by_kind["Deployment"])
    assert [int(count) for _, count in scaled] == [0, by_kind["Deployment"]["scheduler"]["spec"]["replicas"]]
    pauses = re.findall(r"^kubectl -n paperfleet annotate scaledobject --all (\S+)$", ON_CLUSTER, re.MULTILINE)
    assert pauses == ["autoscaling.keda.sh/paused-replicas=0", "autoscaling.keda.sh/paused-replicas-"]
