"""`python -m deploy.simulator`: the simulated exchange as a process."""

import argparse
import sys
from datetime import datetime
from pathlib import Path

import uvloop

from deploy.simulator.server import Options, serve
from services.domain.errors import InvalidData


def parse(arguments: list[str] | None = None) -> Options:
    """Options from the command line."""
    parser = argparse.ArgumentParser(prog="python -m deploy.simulator", description="A simulated exchange.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--speed", type=float, default=1.0, help="exchange seconds per wall second")
    parser.add_argument("--recorded", type=Path, metavar="DIR", help="serve recorded data instead")
    parser.add_argument("--start", type=datetime.fromisoformat, metavar="ISO", help="exchange time at the start")
    parser.add_argument("--paused", action="store_true")
    parser.add_argument("--latency-ms", type=int, default=0)
    parser.add_argument("--parent-dies", action="store_true", help="end when standard input closes")
    return Options(**vars(parser.parse_args(arguments)))


def main() -> None:
    """Serves until told to end; a folder or port that cannot be used is told in one line."""
    try:
        uvloop.run(serve(parse()))
    except (InvalidData, OSError) as error:
        sys.exit(f"simulator: {error}")


if __name__ == "__main__":
    main()
