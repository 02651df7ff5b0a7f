"""House rules that no linter knows. Each failure names the place and the mend."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from paperfleet.site.pages import pages

ROOT = Path(__file__).parents[2]
PACKAGES = ("services", "workers", "api", "deploy", "paperfleet", "bench")
MONEY = ("services/domain",)
LINES_MAX = 400


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout: there is no list of files")
    return listed.stdout.splitlines()


def test_no_float_where_money_lives():
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources(*MONEY)
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, ast.Constant) and isinstance(node.value, float))
    ]
    assert not found, f"money is Decimal: {found}"


def test_every_module_says_what_it_owns_and_stays_readable():
    for path in sources(*PACKAGES):
        text = path.read_text()
        assert ast.get_docstring(ast.parse(text)), f"{path.relative_to(ROOT)}: begin with what the file owns"
        assert text.count("\n") <= LINES_MAX, f"{path.relative_to(ROOT)}: over {LINES_MAX} lines, split it by subject"


def test_the_readme_maps_the_folders_that_exist():
    named = set(re.findall(r"^\| `([\w/.]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert named, "README.md has no map"
    missing = [name for name in named if not (ROOT / name).exists()]
    assert not missing, f"README.md names what is not there: {missing}"
    folders = {name.split("/")[0] for name in tracked() if "/" in name and not name.startswith(".")}
    unnamed = folders - {name.split("/")[0] for name in named}
    assert not unnamed, f"README.md's map lacks {sorted(unnamed)}"


def test_links_between_documents_lead_somewhere():
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
            known = target in pages() or (document.parent / target).exists()
            assert known, f"{document.name} links to {target}"


def test_lock_files_carry_hashes_and_no_addresses():
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()
        assert not re.search("://|index-url", text), f"{lock.name} names where packages come from"
        for requirement in re.findall(r"^[\w.\[\]-]+==.*", text, re.MULTILINE):
            assert requirement.rstrip().endswith("\\"), f"{lock.name}: {requirement} has no hash"


def test_nothing_is_left_for_later():
    marks = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error")))
    found = [str(path.relative_to(ROOT)) for path in sources(*PACKAGES, "tests") if marks.search(path.read_text())]
    assert not found, f"finish it or leave it out: {found}"
