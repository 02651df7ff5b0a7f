"""The last step before a child's program runs: a stand-alone script that becomes the program by exec.

`python -I -S child.py ORDER PROGRAM ARGUMENT...`, where ORDER is JSON with
  parent     pid that must still be our parent
  die_with   number of the signal that the kernel sends when that parent dies
  uid, gid   the account to run as, or null to stay
  lock       file whose flock the program shall hold for life, or null

A script of its own rather than `preexec_fn`, which is unsafe beside threads. It imports the standard library only.
"""

import ctypes
import fcntl
import json
import os
import signal
import sys

LOCK_HELD = 75
PR_SET_PDEATHSIG = 1


def take(lock: str) -> int:
    """Hold `lock` until the last process that inherits its descriptor has ended; returns the descriptor."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"another process holds {lock}", file=sys.stderr)  # noqa: T201 - this is the child's own output
        sys.exit(LOCK_HELD)
    # A pid alone can be reused: with its start time (clock ticks since boot) and the boot it names one process.
    with open("/proc/self/stat") as stat, open("/proc/sys/kernel/random/boot_id") as boot:  # noqa: PTH123 - fast start
        started, boot_id = stat.read().rpartition(")")[2].split()[19], boot.read().strip()
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()} {started} {boot_id}\n".encode())
    os.set_inheritable(descriptor, True)
    return descriptor


def main() -> None:
    """Take the lock, become the account, tie our life to the parent's, become the program."""
    order, program = json.loads(sys.argv[1]), sys.argv[2:]
    if order["lock"] is not None:
        take(order["lock"])
    if order["uid"] is not None:
        os.umask(0o077)
        os.setgroups([])
        os.setgid(order["gid"])
        os.setuid(order["uid"])
    # After setuid, which clears it; exec of an ordinary program keeps it.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, order["die_with"], 0, 0, 0)
    if os.getppid() != order["parent"]:  # it died before prctl, so no signal will come
        sys.exit(1)
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):  # Python ignores or handles these itself
        signal.signal(number, signal.SIG_DFL)
    os.execv(program[0], program)  # noqa: S606 - to become the program is the purpose


main()
