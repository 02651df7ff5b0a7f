"""The image, as far as it can be known without building it: what is fetched, what is compiled, how large it is."""

import re
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PACKAGES_MIB = 220
"""At most, of what docs/deployment.md tells as about 180."""


def commands() -> list[str]:
    """What the Dockerfile runs, one command a line."""
    text = (ROOT / "deploy/Dockerfile").read_text().replace("\\\n", " ")
    runs = re.findall(r"^RUN (.+)$", text, re.MULTILINE)
    return [" ".join(command.split()) for run in runs for command in run.split("&&")]


def locked(name: str) -> dict[str, Requirement]:
    """The requirements of a lock file, by name."""
    lines = re.findall(r"^([\w.\[\]-]+==[^\\\n]+)", (ROOT / f"requirements/{name}.txt").read_text(), re.MULTILINE)
    found = [Requirement(line) for line in lines]
    return {each.name.lower(): each for each in found}


def test_nothing_is_fetched_but_by_hash():
    pip = [words for words in commands() if "/pip install" in words or "/pip wheel" in words]
    assert len(pip) >= 3
    for words in pip:
        assert "--require-hashes -r requirements/" in words or (
            "--no-deps" in words and ("--no-index" in words or "--no-build-isolation" in words)
        ), words


@pytest.mark.parametrize("name", ["runtime", "docs", "build"])
def test_every_lock_file_agrees_with_the_one_of_all(name):
    lock = locked("lock")
    assert {each: str(lock[each].specifier) for each in locked(name)} == {
        each: str(found.specifier) for each, found in locked(name).items()
    }


def test_the_backend_that_builds_the_package_is_of_the_lock():
    (backend,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    build = locked("build")
    todo, seen = [Requirement(backend)], set()
    while todo:
        wanted = todo.pop()
        if wanted.name in seen or (wanted.marker and not wanted.marker.evaluate()):
            continue
        seen.add(wanted.name)
        assert build[wanted.name].specifier.contains(distribution(wanted.name).version), f"{wanted} is not in build.txt"
        todo += [Requirement(each) for each in distribution(wanted.name).requires or () if "extra ==" not in each]


def test_it_is_compiled_where_it_is_built():
    """As nobody on a read-only root no start could keep what it compiles."""
    words = commands()
    last = max(n for n, each in enumerate(words) if "/venv/bin/pip install" in each)
    (compiled,) = (n for n, each in enumerate(words) if "compileall" in each)
    assert compiled > last
    assert words[compiled].endswith("--invalidation-mode unchecked-hash /venv/lib"), "whatever copying does to times"
    assert "PYTHONDONTWRITEBYTECODE=1" in (ROOT / "deploy/Dockerfile").read_text()


def size(package: Distribution) -> int:
    paths = [Path(str(package.locate_file(each))) for each in package.files or ()]
    return sum(path.stat().st_size for path in paths if path.suffix != ".pyc" and path.is_file())


def test_the_packages_that_run_stay_small():
    total = 0
    for name, each in locked("runtime").items():
        try:
            total += size(distribution(name))
        except PackageNotFoundError:
            assert each.marker, f"{name} is not installed: run `make env`"
            assert not each.marker.evaluate()
    told = re.search(r"the locked packages take about ([\d,]+) MiB", (ROOT / "docs/deployment.md").read_text())
    assert told
    assert total / 2**20 == pytest.approx(int(told[1]), rel=0.1)
    assert total < PACKAGES_MIB * 2**20
