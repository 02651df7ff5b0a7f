"""The second run of what failed: it excuses nothing where no machine's haste can be the reason."""

import json
from pathlib import Path

import pytest

from tests import again

ROOT = Path(__file__).parents[2]
PASSES, FAILS = "def test_it():\n    assert True\n", "def test_it():\n    assert False\n"


@pytest.fixture
def second_run(tmp_path, monkeypatch, capfd):
    """What the second run says of a test in `folder` that failed at first, and its exit status."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pytest.ini").touch()

    def run(folder: str, text: str) -> tuple[str, int]:
        test = tmp_path / "tests" / folder / "test_it.py"
        test.parent.mkdir(parents=True)
        test.write_text(text)
        again.FAILED.parent.mkdir(parents=True)
        again.FAILED.write_text(json.dumps({f"tests/{folder}/test_it.py::test_it": True}))
        with pytest.raises(SystemExit) as end:
            again.main()
        return capfd.readouterr().out, end.value.code

    return run


@pytest.mark.parametrize(("folder", "status"), [("api", 0), ("fleet", 0), ("evaluation", 1), ("simulation", 1)])
def test_what_passes_alone_is_told_and_lets_the_run_pass_only_where_the_machine_may_be_the_reason(
    second_run, folder, status
):
    told, ended = second_run(folder, PASSES)
    assert ended == status
    assert "failed beside its neighbour, passed alone" in told
    assert f"tests/{folder}/test_it.py::test_it" in told


def test_what_fails_again_fails(second_run):
    told, ended = second_run("api", FAILS)
    assert ended == 1
    assert "passed alone" not in told


def test_a_run_that_failed_without_a_failed_test_is_not_excused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        again.main()
    assert end.value.code == 1


def test_every_firm_folder_is_there():
    assert [folder for folder in again.FIRM if not (ROOT / "tests" / folder).is_dir()] == []
