"""`python -m deploy.dashboard build|check|types`: what the make targets call; `screenshots`: pictures of every page."""

import argparse
import sys
from pathlib import Path

from deploy.dashboard import build
from deploy.dashboard.node import NoNode

ORDERS = {"build": build.build, "check": build.check, "types": build.types}


def main(arguments: list[str]) -> int:
    """Exit status 1 where a tool refused. A missing Node only stops the dashboard: everything else runs without."""
    parser = argparse.ArgumentParser(prog="python -m deploy.dashboard", description=__doc__)
    orders = parser.add_subparsers(dest="order", required=True)
    for order in ORDERS:
        orders.add_parser(order)
    pictures = orders.add_parser("screenshots", help="of every page, light and dark, desktop and phone")
    pictures.add_argument("--out", type=Path, required=True, help="folder that takes the pictures")
    pictures.add_argument("--url", help="a running product; without it one is started, used for a while, and ended")
    pictures.add_argument("--minutes", type=float, default=6, help="how long the started one is used before")
    pictures.add_argument("--only", nargs="+", default=(), help="names of pages")
    options = parser.parse_args(arguments)
    try:
        if options.order == "screenshots":
            from deploy.dashboard import screenshots  # needs the packages of tests

            return screenshots.take(options.out, options.url, options.minutes, tuple(options.only))
        ORDERS[options.order]()
    except NoNode as error:
        print(f"No dashboard: {error}. Everything else runs without it.", flush=True)  # noqa: T201 - for the terminal
    except build.Failed as error:
        print(error, flush=True)  # noqa: T201 - for the terminal
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
