"""Which account the database servers run as: ourselves, or as root an ordinary one."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import StackError

CANDIDATES = ("nobody", "daemon", "postgres")


@dataclass(frozen=True)
class Account:
    """An ordinary account of this machine."""

    uid: int
    gid: int


def server_account(owned: Path) -> Account | None:
    """The account for servers whose data is in `owned`; None when we are not root and run them as ourselves.

    Data that exists keeps its owner, so that a folder made by a person can be run by root and then by that person
    again. Raises StackError when the machine has no ordinary account (initdb needs one with a name).
    """
    if os.geteuid() != 0:
        return None
    if owned.exists() and (owner := owned.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    ordinary = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    if not ordinary:
        raise StackError("PostgreSQL does not run as root and this machine has no other account: add one")
    return Account(ordinary[0].pw_uid, ordinary[0].pw_gid)
