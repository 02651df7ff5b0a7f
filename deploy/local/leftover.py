"""A server that outlived its launcher: found by the lock it still holds, and stopped before a new one starts."""

import asyncio
import fcntl
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from deploy.local.errors import StackError

Tell = Callable[[str], None]

GRACE_SECONDS = 60.0


async def stop_leftover(lock: Path, name: str, number: signal.Signals, tell: Tell) -> None:
    """Return once nobody holds `lock`; its holder, if it is the process that the file names, is asked to stop.

    The lock is the truth, never a pid: a server and all its children inherit it and it goes with the last of them.
    They are waited for without limit, with a line each second, for two servers on one folder would destroy it.
    Raises StackError when the holder belongs to somebody else.
    """
    began, ask_at, tell_at = time.monotonic(), 0.0, 0.0
    while not _is_free(lock, name):
        waited = time.monotonic() - began
        if waited >= ask_at:
            _signal_holder(lock, name, number if ask_at == 0 else signal.SIGKILL)
            ask_at += GRACE_SECONDS
        if waited >= tell_at:
            tell(f"{name}: stopping the server that an earlier run left on this folder ({waited:.0f} s)")
            tell_at += 1
        await asyncio.sleep(0.05)


def _is_free(lock: Path, name: str) -> bool:
    try:
        with lock.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    except PermissionError as error:
        raise StackError(f"{name}: {lock} belongs to another user: run as that user, or use another folder") from error
    return True


def _signal_holder(lock: Path, name: str, number: signal.Signals) -> None:
    """Signal the process that the lock file names, if it is that very process (by boot and start time)."""
    try:
        pid_text, started, boot_id = lock.read_text().split()
        descriptor = os.pidfd_open(int(pid_text))  # from here on the pid cannot be another's
    except (ValueError, ProcessLookupError):
        return  # being written, or dead: its children still end
    try:
        if identity(int(pid_text)) == (started, boot_id):
            signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise StackError(f"{name}: process {pid_text} of another user runs on this folder: stop it first") from error
    finally:
        os.close(descriptor)


def identity(pid: int) -> tuple[str, str]:
    """Start time (clock ticks since boot) and boot of a process. Raises ProcessLookupError."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError as error:
        raise ProcessLookupError(pid) from error
    return stat.rpartition(")")[2].split()[19], Path("/proc/sys/kernel/random/boot_id").read_text().strip()
