"""Addresses of unix sockets: the kernel takes at most 107 bytes, a data folder may lie deeper."""

import hashlib
import os
from pathlib import Path

ADDRESS_BYTES_MAX = 107
NAME_BYTES = 20  # room for "/.s.PGSQL.5432" and the like


def short(folder: Path) -> Path:
    """The folder, by a name short enough for a socket in it: a link to it where its own path is too long.

    The servers themselves do not need it: they bind relative to the folder they run in.
    """
    absolute = folder.resolve()
    if len(os.fsencode(absolute)) + NAME_BYTES <= ADDRESS_BYTES_MAX:
        return absolute
    ours = f"paperfleet-{os.geteuid()}-"
    name = ours + hashlib.sha256(os.fsencode(absolute)).hexdigest()[:16]
    link = _runtime_folder() / name
    if not (link.is_symlink() and link.lstat().st_uid == os.geteuid() and link.readlink() == absolute):
        for other in link.parent.glob(f"{ours}*"):
            if not other.exists():  # its data folder is gone
                other.unlink(missing_ok=True)
        side = link.with_name(f"{name}.{os.getpid()}")
        side.symlink_to(absolute)
        side.replace(link)  # refused by the sticky bit if somebody else has put one there
    return link


def _runtime_folder() -> Path:
    """A short folder that lives as long as this login or boot."""
    for candidate in (os.environ.get("XDG_RUNTIME_DIR", ""), "/run", "/tmp"):  # noqa: S108 - the link's owner is checked
        if candidate and len(candidate) <= 32 and os.access(candidate, os.W_OK | os.X_OK):
            return Path(candidate)
    return Path("/tmp")  # noqa: S108
