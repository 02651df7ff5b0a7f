"""The audit of packages: a vulnerability is an error, what could not be asked is said, and neither is ever silent."""

import json
import os
import sys

import pytest

from tests.tidy import audit
from tests.tidy.audit import Report

SOUND = {"name": "anyio", "version": "4.0", "vulns": []}
SKIPPED = {"name": "attrs", "skip_reason": "Dependency not found"}
VULNERABLE = {"name": "h2", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}


def saying(text: str, status: int = 0, complaint: str = "") -> list[str]:
    code = f"import sys; print({text!r}); print({complaint!r}, file=sys.stderr); sys.exit({status})"
    return [sys.executable, "-c", code]


@pytest.mark.parametrize(
    ("packages", "status", "report"),
    [
        ([SOUND], 0, Report()),
        ([SOUND, VULNERABLE], 1, Report(("h2 1.0: PYSEC-1, mended in 1.1",))),
        ([SOUND, SKIPPED], 0, Report((), "the registry tells nothing of 1 of 2 packages (attrs)")),
        (
            [VULNERABLE, *[SKIPPED] * 4],
            1,
            Report(
                ("h2 1.0: PYSEC-1, mended in 1.1",),
                "the registry tells nothing of 4 of 5 packages (attrs, attrs, attrs, ...)",
            ),
        ),
    ],
)
def test_what_pip_audit_says(tmp_path, packages, status, report):
    assert audit.asked(saying(json.dumps({"dependencies": packages}), status), tmp_path, audit.of_pip_audit) == report


@pytest.mark.parametrize(
    ("told", "report"),
    [
        ({"vulnerabilities": {}}, Report()),
        ({"vulnerabilities": {"vite": {"severity": "high"}}}, Report(("vite: high",))),
        ({"message": "405 Method Not Allowed - POST of an address"}, Report((), "405 Method Not Allowed")),
        ({"error": {"summary": "getaddrinfo ENOTFOUND"}}, Report((), "getaddrinfo ENOTFOUND")),
        ({}, Report((), "no answer that could be read")),
    ],
)
def test_what_npm_audit_says(tmp_path, told, report):
    assert audit.asked(saying(json.dumps(told), 1), tmp_path, audit.of_npm_audit) == report


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (saying("", 1, "Traceback\nConnectionError: no route"), "ConnectionError: no route"),
        (saying("[]", 1), "no report, status 1"),
        (saying("<html>", 7), "no report, status 7"),
        (["/nowhere/npm"], "FileNotFoundError"),
    ],
)
def test_a_tool_that_reports_nothing_has_not_audited(tmp_path, command, why):
    for read in (audit.of_pip_audit, audit.of_npm_audit):
        assert audit.asked(command, tmp_path, read) == Report(unaudited=why)


@pytest.mark.parametrize(
    ("report", "said", "status"),
    [
        (Report(), "", 0),
        (Report(unaudited="no route"), "NOT AUDITED: Python packages: no route\n", 0),
        (Report(("h2 1.0: PYSEC-1",)), "VULNERABLE: Python: h2 1.0: PYSEC-1\n", 1),
    ],
)
def test_a_day_long_the_same_is_said_of_the_same_locks(tmp_path, monkeypatch, capsys, report, said, status):
    asked = []
    monkeypatch.setattr(audit, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(audit, "LOCKS", (tmp_path / "lock",))
    monkeypatch.setattr(audit, "AUDITS", {"Python": lambda: asked.append(1) or report})
    (tmp_path / "lock").write_text("one")

    def check(*arguments: str) -> int:
        assert audit.main([*arguments]) == status
        assert capsys.readouterr().out == said
        return len(asked)

    assert [check("--daily"), check("--daily")] == [1, 1]
    assert check() == 2, "make audit asks anew"
    (tmp_path / "lock").write_text("two")
    assert [check("--daily"), check("--daily")] == [3, 3]
    yesterday = (tmp_path / "stamp").stat().st_mtime - audit.FRESH_SECONDS
    os.utime(tmp_path / "stamp", (yesterday, yesterday))
    assert check("--daily") == 4
