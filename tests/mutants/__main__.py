"""`python -m tests.mutants`: every named mutant, or `--generated N` of cosmic-ray's; one table."""

import argparse
import re
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.generated import JUDGES, Generated, sample
from tests.mutants.named import NAMED, Mutant
from tests.mutants.source import is_green, source_copy

SECONDS_MAX = 600
BAR = 0.85
"""The share of generated mutants that must be noticed; of the named ones, all."""
QUICK = """
from hypothesis import Phase, settings
settings.register_profile(
    "mutants", phases=(Phase.explicit, Phase.generate), max_examples=10, database=None, deadline=None, derandomize=True
)
settings.load_profile("mutants")
"""
"""A mutant need only be noticed, and soon: few examples, always the same, and nobody reads the smallest one."""
EXAMPLES = re.compile(r"max_examples=\d+")
FEW = 'max_examples=10, phases=list(__import__("hypothesis").Phase)[:3]'


def main() -> None:
    """Exit status 1 when too many survive."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description="Spoil the source; tests must notice.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="named mutants whose name contains this (default: all)"
    )
    parser.add_argument("--generated", type=int, default=0, metavar="N", help="so many generated ones in their place")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=2)
    options = parser.parse_args()
    if options.generated:
        sys.exit(not generated(options.seed, options.generated, options.at_once))
    chosen = [each for each in NAMED if not options.names or any(name in each.name for name in options.names)]
    sys.exit(not named(chosen))


def named(chosen: Sequence[Mutant]) -> bool:
    """Whether each is killed by its test, which is green without it."""
    print("| mutant | killed by | killed | seconds |\n|---|---|---|---|")
    good = True
    with source_copy() as folder:
        _quicken(folder)
        for mutant in chosen:
            began = time.monotonic()
            verdict = _judge(folder, mutant)
            good &= verdict == "yes"
            print(f"| {mutant.name} | `{mutant.test}` | {verdict} | {time.monotonic() - began:.0f} |", flush=True)
    return good


def _judge(folder: Path, mutant: Mutant) -> str:
    path = folder / mutant.file
    text = path.read_text()
    if text.count(mutant.old) != 1:
        return "the patch does not fit its file"
    if not is_green(folder, [mutant.test], SECONDS_MAX):
        return "its test is red without it"
    path.write_text(text.replace(mutant.old, mutant.new))
    survived = is_green(folder, [mutant.test], SECONDS_MAX)
    path.write_text(text)
    return "NO" if survived else "yes"


def generated(seed: int, count: int, at_once: int) -> bool:
    """Whether enough of a sample are killed."""
    mutants = sample(seed, count)
    copies: SimpleQueue[Path] = SimpleQueue()
    survivors: list[Generated] = []
    began = time.monotonic()

    def judge(mutant: Generated) -> None:
        folder = copies.get()
        try:
            path = folder / mutant.module
            text = path.read_text()
            path.write_text(mutant.code())
            survived = is_green(folder, JUDGES[mutant.module], SECONDS_MAX)
            path.write_text(text)
        finally:
            copies.put(folder)
        if survived:
            survivors.append(mutant)
        verdict, name = ("SURVIVED" if survived else "killed"), mutant.operator.removeprefix("core/")
        print(f"{verdict}  {mutant.module}:{mutant.line} {name} {mutant.occurrence}", flush=True)

    with source_copy() as first, source_copy() as second:
        for folder in (first, second)[:at_once]:
            _quicken(folder)
            copies.put(folder)
        for tests in dict.fromkeys(JUDGES[mutant.module] for mutant in mutants):
            assert is_green(first, tests, SECONDS_MAX), f"red without any mutant: {tests}"
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(judge, mutants))
    killed = len(mutants) - len(survivors)
    share = killed / len(mutants)
    minutes = (time.monotonic() - began) / 60
    print(f"seed {seed}: {killed} of {len(mutants)} generated mutants killed, {share:.1%}, in {minutes:.0f} min")
    return share >= BAR


def _quicken(folder: Path) -> None:
    for path in (folder / "tests").rglob("*.py"):
        text = path.read_text()
        if EXAMPLES.search(text) and "mutants" not in path.parts:
            path.write_text(EXAMPLES.sub(FEW, text))
    with (folder / "tests" / "conftest.py").open("a") as conftest:
        conftest.write(QUICK)


if __name__ == "__main__":
    main()
