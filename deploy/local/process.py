"""One child process: started so that it dies with us, waited for, stopped with patience."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.account import Account

CHILD = Path(__file__).with_name("child.py")


def spawn(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    output: int,
    die_with: signal.Signals,
    folder: Path = Path("/"),
    account: Account | None = None,
    lock: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program by its absolute path; standard output and error go to the descriptor `output`.

    `die_with` is sent to it when this process dies, however that comes. `folder` is entered before the account is
    taken, so it may lie where the account could not go. `lock` is a file whose flock it holds for life.
    """
    # The kernel ties the child to the thread that starts it; only the main thread lives as long as the process.
    assert threading.current_thread() is threading.main_thread(), "children are started by the main thread"
    order = {
        "parent": os.getpid(),
        "die_with": int(die_with),
        "uid": account and account.uid,
        "gid": account and account.gid,
        "lock": lock and str(lock),
    }
    return subprocess.Popen(  # noqa: S603 - our own programs and settings, no shell
        [sys.executable, "-I", "-S", str(CHILD), json.dumps(order), *argv],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,  # Ctrl-C reaches us alone: we stop the children in order
    )


async def exited(process: subprocess.Popen[bytes]) -> int:
    """Wait until the process ends; its exit code, or the negated number of the signal that ended it."""
    if process.poll() is None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        descriptor = os.pidfd_open(process.pid)
        try:
            loop.add_reader(descriptor, ended.set)
            await ended.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
    return process.wait()


async def stop(process: subprocess.Popen[bytes], number: signal.Signals, patience_seconds: float) -> int:
    """Ask the process to end by the signal, after the patience kill its whole group; its exit code."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        return await asyncio.wait_for(exited(process), patience_seconds)
    except TimeoutError:
        kill(process)
        return await exited(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the process, unless it has ended, and all of its group."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)  # it leads its session, so its group bears its pid


def describe_exit(code: int) -> str:
    """An exit code as people say it: "exit code 1", "killed by SIGKILL"."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:  # real-time signals have no name here
        return f"killed by signal {-code}"
