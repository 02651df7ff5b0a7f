"""`make bench`: every benchmark in turn, or those named: `make bench ARGS="evaluate cycle"`."""

import argparse
import importlib
from pathlib import Path

from bench.table import save, show
from paperfleet import logs

NAMES = (
    *(
        "latency",
        "evaluate",
        "performance",
        "cycle",
        "workers",
        "broker",
        "scan",
        "replay",
        "api",
        "webhook",
        "sse",
        "web",
    ),
    *("growth", "memory"),  # the longest
)


def main() -> None:
    """Run the chosen benchmarks; each prints its table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES, help=f"benchmarks to run, of: {', '.join(NAMES)}")
    parser.add_argument("--json", type=Path, help="file that also takes the figures")
    parser.add_argument("--trades", type=int, default=1_000_000, help="live trades of `evaluate`")
    parser.add_argument("--largest", type=int, default=1_000_000, help="most live trades of `growth`")
    options = parser.parse_args()
    logs.configure("WARNING")
    for name in options.names:
        title, rows = importlib.import_module(f"bench.{name}").run(options)
        command = f"python -m bench {name}"
        show(title, command, rows)
        if options.json:
            save(options.json, title, command, rows)


if __name__ == "__main__":
    main()
