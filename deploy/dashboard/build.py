"""What is done with the front end: build it where its sources changed, check it, write its API types.

Nothing is done twice: a stamp holds the digest of what the last run was made from.
"""

import hashlib
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from deploy.dashboard.node import ROOT, Node, find_node

WEB = ROOT / "web"
OUTPUT = ROOT / "api" / "dashboard"
MODULES = WEB / "node_modules"
TYPES = WEB / "src" / "lib" / "api" / "schema.d.ts"
SOURCES = ("src", "public", "index.html", "package.json", "package-lock.json", "vite.config.ts", ".npmrc")
CHECKED = ("tsconfig.json", "biome.json", "vitest.config.ts", "tests")


class Failed(Exception):
    """A tool of the front end refused; its output has been printed."""


def build() -> None:
    """Build into api/dashboard, unless that is what it is made from. Raises NoNode, Failed."""
    stamp, digest = OUTPUT / ".stamp", _digest(SOURCES, without=TYPES)
    if _read(stamp) == digest:
        return
    began = time.monotonic()
    print("Building the dashboard ...", flush=True)  # noqa: T201 - progress
    node = find_node()
    _install(node, everything=False)
    _run(node, "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn")
    stamp.write_text(digest)
    print(f"Built the dashboard in {time.monotonic() - began:.0f} s", flush=True)  # noqa: T201 - progress


def check() -> None:
    """Lint, types against the API of this checkout, unit tests, where something changed. Raises NoNode, Failed."""
    contract = _contract()
    stamp = MODULES / ".checked"
    digest = _digest((*SOURCES, *CHECKED), without=TYPES) + hashlib.sha256(contract).hexdigest()
    if _read(stamp) == digest:
        return
    node = find_node()
    _install(node, everything=True)
    _write_types(node, contract)
    _run(node, "node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings", ".")
    _run(node, "node_modules/typescript/bin/tsc", "--noEmit")
    _run(node, "node_modules/vitest/vitest.mjs", "run", "--reporter=dot")
    stamp.write_text(digest)


def install() -> None:
    """Everything that the front end's tools and tests need. Raises NoNode, Failed."""
    _install(find_node(), everything=True)


def types() -> None:
    """Write the types of the API, for an editor. Raises NoNode, Failed."""
    node = find_node()
    _install(node, everything=True)
    _write_types(node, _contract())


def _contract() -> bytes:
    from api.contract import document  # the whole API is imported: seconds that a build does without

    return document()


def _write_types(node: Node, contract: bytes) -> None:
    """They are never kept in the repository, so they cannot drift: each check makes them from the API beside them."""
    described = MODULES / ".openapi.json"
    described.write_bytes(contract)
    # A field with a default may be left out of what is sent.
    options = ("--default-non-nullable", "false", "--output", str(TYPES))
    _run(node, "node_modules/openapi-typescript/bin/cli.js", str(described), *options, quiet=True)


def _install(node: Node, *, everything: bool) -> None:
    """The locked packages; only what a build needs, or everything. What is there already and suffices stays."""
    stamp, digest = MODULES / ".installed", _digest(("package-lock.json", "package.json", ".npmrc"))
    known = _read(stamp).split()
    if known[:1] == [digest] and (known[1:] == ["everything"] or not everything):
        return
    print("Installing the front end's locked packages ...", flush=True)  # noqa: T201 - progress
    command = [*node.npm, "ci", "--no-progress", "--ignore-scripts", "--loglevel=error"]
    _finish(node, command if everything else [*command, "--omit=dev"])
    stamp.write_text(f"{digest} {'everything' if everything else 'build'}")


def _run(node: Node, *arguments: str, quiet: bool = False) -> None:
    _finish(node, [str(node.program), *arguments], quiet=quiet)


def _finish(node: Node, command: list[str], *, quiet: bool = False) -> None:
    output = subprocess.DEVNULL if quiet else None
    done = subprocess.run(command, cwd=WEB, env=node.environment(), stdout=output, check=False)  # noqa: S603 - ours
    if done.returncode:
        raise Failed(f"`{' '.join(command[:3])} ...` in web/ ended with {done.returncode}")


def _digest(names: Iterable[str], without: Path | None = None) -> str:
    digest = hashlib.sha256()
    for name in names:
        place = WEB / name
        files = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
        for path in files:
            if path != without and path.exists():
                digest.update(f"{path.relative_to(WEB)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _read(stamp: Path) -> str:
    return stamp.read_text() if stamp.exists() else ""
