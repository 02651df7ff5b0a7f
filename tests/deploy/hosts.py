"""Hosts of their own on one machine: network namespaces on a bridge, with processes of the fleet in them.

Only for root on Linux, and only where the kernel lets it; `unusable` says why not.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from deploy.local.process import spawn

COMMAND = Path(sys.executable).with_name("paperfleet")
NETWORK = "10.213.71"
"""A private network of this test's alone."""
BRIDGE = f"pf{os.getpid() % 100000}"


def unusable() -> str:
    """Why there can be no network namespaces here; empty where there can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "only root on Linux may make network namespaces"
    if shutil.which("ip") is None:
        return "there is no `ip` (Debian: iproute2)"
    name = f"{BRIDGE}p"
    if _ip("netns", "add", name, check=False):
        return "the kernel lets nobody make network namespaces here"
    failed = _ip("link", "add", BRIDGE, "type", "bridge", check=False)
    _ip("link", "del", BRIDGE, check=False)
    _ip("netns", "del", name, check=False)
    return "there can be no bridge here" if failed else ""


class Host:
    """One network namespace with an address on the bridge."""

    def __init__(self, number: int) -> None:
        self.name = f"{BRIDGE}n{number}"
        self.address = f"{NETWORK}.{number + 10}"
        self._cable = f"{BRIDGE}v{number}"

    def make(self) -> None:
        _ip("netns", "add", self.name)
        _ip("link", "add", self._cable, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        _ip("link", "set", self._cable, "master", BRIDGE, "up")
        for words in (
            ["link", "set", "lo", "up"],
            ["addr", "add", f"{self.address}/24", "dev", "eth0"],
            ["link", "set", "eth0", "up"],
        ):
            _ip("-n", self.name, *words)

    def cut_off(self) -> None:
        """Pull the cable: packets are lost in silence, connections stay open."""
        _ip("link", "set", self._cable, "down")

    def bring_back(self) -> None:
        _ip("link", "set", self._cable, "up")

    def unmake(self) -> None:
        _ip("netns", "del", self.name, check=False)
        _ip("link", "del", self._cable, check=False)


class Hosts:
    """The bridge, its hosts, and what runs on them."""

    gateway = f"{NETWORK}.1"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hosts: dict[str, Host] = {}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, name: str, words: list[str], environment: dict[str, str]) -> Host:
        """Run `paperfleet <words>` as `name` on a host of its own."""
        host = self.hosts[name] = Host(len(self.hosts))
        host.make()
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = spawn(
                [shutil.which("ip") or "ip", "netns", "exec", host.name, str(COMMAND), *words],
                environment={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", **environment},
                output=log.fileno(),
                die_with=signal.SIGKILL,
            )
        return host

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()


@contextlib.contextmanager
def hosts(folder: Path) -> Iterator[Hosts]:
    """A bridge with this machine on it; at the end nothing of it is left."""
    _ip("link", "add", BRIDGE, "type", "bridge")
    made = Hosts(folder)
    try:
        _ip("addr", "add", f"{Hosts.gateway}/24", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")
        yield made
    finally:
        for process in made.processes.values():
            process.kill()
            process.wait()
        for host in made.hosts.values():
            host.unmake()
        _ip("link", "del", BRIDGE, check=False)


def _ip(*words: str, check: bool = True) -> int:
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    assert not (check and done.returncode), f"ip {' '.join(words)}: {done.stderr}"
    return done.returncode
