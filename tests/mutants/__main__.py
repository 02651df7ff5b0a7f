"""`python -m tests.mutants`: every named mutant, or `--generated N` of cosmic-ray's; one table."""

import argparse
import re
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from tests.mutants.generated import JUDGES, Generated, sample, wider
from tests.mutants.named import NAMED, Mutant
from tests.mutants.source import is_green, source_copy

SECONDS_MAX = 600
BAR = 0.85
"""The share of generated mutants that must be noticed; of the named ones, all."""
PROFILE = """
from hypothesis import Phase, settings
settings.register_profile(
    "mutants", phases=(Phase.explicit, Phase.generate), max_examples={}, database=None, deadline=None, derandomize=True
)
settings.load_profile("mutants")
"""
"""A mutant need only be noticed: always by the same examples, and nobody reads the smallest one."""
FEW, USUAL = 10, 100
EXAMPLES = re.compile(r"(max_examples=)(\d+)")
NO_SHRINKING = 'phases=list(__import__("hypothesis").Phase)[:3], '


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
        _prepare(folder, few=True)
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


class Stage(NamedTuple):
    """What mutants must survive: the tests of a module, with few examples or as many as they ask for, within a time."""

    name: str
    tests: Callable[[str], tuple[str, ...]]
    few: bool
    seconds_max: int


STAGES = (
    Stage("quick", JUDGES.__getitem__, few=True, seconds_max=300),
    Stage("whole", wider, few=False, seconds_max=1200),
)


def generated(seed: int, count: int, at_once: int) -> bool:
    """Whether enough of a sample are killed."""
    mutants = survivors = sample(seed, count)
    began = time.monotonic()
    for stage in STAGES:
        survivors = _survivors(survivors, stage, at_once) if survivors else []
    killed = len(mutants) - len(survivors)
    share = killed / len(mutants)
    minutes = (time.monotonic() - began) / 60
    print(f"seed {seed}: {killed} of {len(mutants)} generated mutants killed, {share:.1%}, in {minutes:.0f} min")
    return share >= BAR


def _survivors(mutants: Sequence[Generated], stage: Stage, at_once: int) -> list[Generated]:
    """Those that the stage does not notice."""
    free: SimpleQueue[Path] = SimpleQueue()

    def is_passed(tests: Sequence[str], mutant: Generated | None = None) -> bool:
        folder = free.get()
        try:
            with mutant.put_into(folder) if mutant else nullcontext():
                return is_green(folder, tests, stage.seconds_max)
        finally:
            free.put(folder)

    def survives(mutant: Generated) -> bool:
        began = time.monotonic()
        survived = is_passed(stage.tests(mutant.module), mutant)
        verdict, seconds = "SURVIVED" if survived else "killed", time.monotonic() - began
        print(f"{stage.name}: {verdict}  {mutant}  {seconds:.0f} s", flush=True)
        return survived

    with ExitStack() as stack:
        for _ in range(at_once):
            folder = stack.enter_context(source_copy())
            _prepare(folder, few=stage.few)
            free.put(folder)
        every = {test for mutant in mutants for test in stage.tests(mutant.module)}
        left_out = [each for each in every if each.startswith("-")]
        tests = sorted(every.difference(left_out))
        with ThreadPoolExecutor(at_once) as pool:
            passed = pool.map(lambda test: is_passed([test, *left_out]), tests)
            suspects = [test for test, was_green in zip(tests, passed, strict=True) if not was_green]
            red = [test for test in suspects if not is_passed([test, *left_out])]  # alone now
            assert not red, f"red without any mutant: {red}"
            return [mutant for mutant, alive in zip(mutants, pool.map(survives, mutants), strict=True) if alive]


def _prepare(folder: Path, *, few: bool) -> None:
    for path in (folder / "tests").rglob("*.py"):
        text = path.read_text()
        if EXAMPLES.search(text) and "mutants" not in path.parts:
            number = str(FEW) if few else r"\2"
            shrinking = "" if "phases=" in text else NO_SHRINKING
            path.write_text(EXAMPLES.sub(rf"{shrinking}\g<1>{number}", text))
    with (folder / "tests" / "conftest.py").open("a") as conftest:
        conftest.write(PROFILE.format(FEW if few else USUAL))


if __name__ == "__main__":
    main()
