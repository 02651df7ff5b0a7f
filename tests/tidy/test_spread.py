"""How a run is spread over processes: by what is handed to two of them."""

from types import SimpleNamespace

import pytest

from tests import spread

SHORT, LONG = "tests/domain/test_money.py", "tests/contract/test_operations.py"
TOGETHER = ("tests/web/test_live.py", "tests/web/test_pages.py")
COLLECTED = [f"{file}::test_{n}" for file in (SHORT, *TOGETHER, LONG) for n in range(5 if file == SHORT else 2)]


class Process:
    """One that runs tests."""

    def __init__(self) -> None:
        self.gateway = SimpleNamespace(id="a process")
        self.files: list[str] = []
        self.shutting_down = False

    def send_runtest_some(self, indices: list[int]) -> None:
        for index in indices:
            file = COLLECTED[index].partition("::")[0]
            self.files += [file] if file not in self.files else []

    def shutdown(self) -> None:
        self.shutting_down = True


@pytest.fixture
def processes():
    """Two, to which all of COLLECTED has been handed."""
    made = [Process(), Process()]
    config = SimpleNamespace(getvalue=lambda _: ["2*popen"], option=SimpleNamespace(loadscopereorder=True))
    scheduler = spread.Spread(config)
    for each in made:
        scheduler.add_node(each)
        scheduler.add_node_collection(each, COLLECTED)
    scheduler.schedule()
    assert sorted(file for each in made for file in each.files) == sorted([SHORT, LONG, *TOGETHER])
    return made


def test_files_that_share_a_product_stay_together(processes):
    assert [each.files for each in processes if set(TOGETHER) <= set(each.files)]


def test_what_takes_longest_begins_first_however_few_tests_it_has(processes):
    assert sorted(each.files[0] for each in processes) == sorted([LONG, TOGETHER[0]])


def test_what_is_said_to_take_long_is_there():
    files = [path.relative_to(spread.ROOT).as_posix() for path in spread.ROOT.glob("tests/**/test_*.py")]
    assert set(spread.LONGEST) <= {spread.unit(file) for file in files}
