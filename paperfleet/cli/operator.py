"""In whose name the log has what commands change."""

import getpass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.db.acting import Acting


def operator() -> "Acting":
    """Whoever sits at the command line, by the account of the operating system."""
    from services.db.acting import Acting

    try:
        return Acting(None, f"command ({getpass.getuser()})")
    except (OSError, KeyError):  # a container's user need not have a name
        return Acting(None, "command")
