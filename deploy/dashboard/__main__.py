"""`python -m deploy.dashboard build|check|types`: what the make targets call."""

import sys

from deploy.dashboard import build
from deploy.dashboard.node import NoNode

ORDERS = {"build": build.build, "check": build.check, "types": build.types}


def main(order: str) -> int:
    """Exit status 1 where a tool refused. A missing Node only stops the dashboard: everything else runs without."""
    try:
        ORDERS[order]()
    except NoNode as error:
        print(f"No dashboard: {error}. Everything else runs without it.", flush=True)  # noqa: T201 - for the terminal
    except build.Failed as error:
        print(error, flush=True)  # noqa: T201 - for the terminal
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
