"""No page names a command, a group, an option, a module, a target or a test that there is not."""

import pytest

from tests.docs.blocks import PAGES
from tests.docs.named import named, wrong
from tests.docs.named_tests import named_tests, wrong_test

TESTS = {page: list(named_tests(page.read_text())) for page in PAGES}
NAMED = {page: list(named(page)) for page in PAGES}


@pytest.mark.parametrize("page", [page for page, found in NAMED.items() if found], ids=lambda page: page.stem)
def test_what_a_page_names_exists(page):
    found = [(each, wrong(each.words, is_whole=each.is_whole)) for each in NAMED[page]]
    assert not [f"{each.page}:{each.line} {' '.join(each.words)}: {text}" for each, text in found if text]


def test_they_are_found_in_sentences_and_in_blocks():
    everything = [each for found in NAMED.values() for each in found]
    assert sum(not each.is_whole for each in everything) > 100
    assert sum(each.is_whole for each in everything) > 80
    assert {each.words[0] for each in everything} == {"paperfleet", "python", "make"}


@pytest.mark.parametrize(
    ("command", "is_whole"),
    [
        ("paperfleet docter", False),
        ("paperfleet trades shut 7", False),
        ("paperfleet queues --clear", False),
        ("paperfleet restore", True),
        ("paperfleet trades close 7 --fraction", True),
        ("paperfleet trades open FUTURES BTCUSDT", True),
        ("python -m bench latencies", False),
        ("python -m bench --jason FILE", False),
        ("python -m deploy.dashboard draw", False),
        ("python -m benches", False),
        ("make soup", False),
        ("make chaos ARGS=--sead=7", False),
        ("make up ARGS=--wokers=4", False),
    ],
)
def test_what_is_not_there_is_noticed(command, is_whole):
    assert wrong(tuple(command.split()), is_whole=is_whole)


@pytest.mark.parametrize(
    "line",
    [
        "docker compose run --rm api doctor",
        'docker compose run --rm --no-deps -v "$PWD/a.zip:/a.zip:ro" api doctor',
        "docker compose run --rm --no-deps --entrypoint sh api -c 'cd /tmp && paperfleet doctor'",
        "kubectl -n paperfleet exec deploy/api -- paperfleet doctor",
    ],
)
def test_they_are_found_in_containers(line, tmp_path):
    (tmp_path / "page.md").write_text(f"```sh\n{line}\n```\n")
    assert [each.words for each in named(tmp_path / "page.md")] == [("paperfleet", "doctor")]


def test_another_program_in_a_container_is_none_of_ours(tmp_path):
    (tmp_path / "page.md").write_text("`docker compose run --rm --entrypoint ls backup /backups`\n")
    assert not list(named(tmp_path / "page.md"))


def test_what_a_reader_has_to_have_is_no_mistake():
    assert not wrong(("paperfleet", "signals", "import", "signals.csv", "--source", "mine"), is_whole=True)
    assert not wrong(("paperfleet", "restore"), is_whole=False), "a sentence names it only"
    assert not wrong(("make", "chaos", "ARGS=--seed 7 'workers murdered'"), is_whole=False)


@pytest.mark.parametrize("page", [page for page, found in TESTS.items() if found], ids=lambda page: page.stem)
def test_the_tests_that_a_page_names_exist(page):
    assert not [text for path, name in TESTS[page] if (text := wrong_test(path, name))]


def test_tests_are_found_by_file_and_by_name():
    (security,) = [found for page, found in TESTS.items() if page.name == "security.md"]
    assert ("tests/access/test_documents.py", "test_the_documentation_is_not_for_strangers") in security
    assert len([name for _, name in security if name]) > 20
    text = "`tests/a/test_b.py::test_c`, `::test_d` and tests/e/"
    assert list(named_tests(text)) == [
        ("tests/a/test_b.py", "test_c"),
        ("tests/a/test_b.py", "test_d"),
        ("tests/e/", ""),
    ]


@pytest.mark.parametrize(
    ("path", "name"), [("tests/nowhere", ""), ("tests/docs/test_named.py", "test_nothing"), ("tests/docs/none.py", "")]
)
def test_a_test_that_is_not_there_is_noticed(path, name):
    assert wrong_test(path, name)
