"""`make bench`: every benchmark in turn, or those named: `make bench ARGS="evaluate cycle"`."""

import argparse
import importlib
from pathlib import Path

from bench.table import Measured, save, show
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
        "profile",
    ),
    *("growth", "memory"),  # the longest
)
RESULTS = Path("bench/results.json")
TRADES, LARGEST = 1_000_000, 5_000_000


def main() -> None:
    """Run the chosen benchmarks; each prints its part when it is through, and all of them one table at the end."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES, help=f"benchmarks to run, of: {', '.join(NAMES)}")
    parser.add_argument("--json", type=Path, default=RESULTS, help=f"file that takes the figures too ({RESULTS})")
    parser.add_argument("--trades", type=int, default=TRADES, help="live trades of `evaluate`")
    parser.add_argument("--largest", type=int, default=LARGEST, help="most live trades of `growth`")
    options = parser.parse_args()
    logs.configure("WARNING")
    measured = []
    for name in options.names:
        title, rows = importlib.import_module(f"bench.{name}").run(options)
        measured.append(Measured(title, " ".join(["python -m bench", name, *_asked(options)]), rows))
        show(measured[-1:])
        save(options.json, measured[-1])
    if len(measured) > 1:
        show(measured)


def _asked(options: argparse.Namespace) -> list[str]:
    """The options that change what is measured, where they are not the usual ones."""
    usual = {"trades": TRADES, "largest": LARGEST}
    return [f"--{name} {getattr(options, name)}" for name, value in usual.items() if getattr(options, name) != value]


if __name__ == "__main__":
    main()
