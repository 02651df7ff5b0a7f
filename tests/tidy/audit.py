"""Known vulnerabilities of the locked packages, Python's and the dashboard's: `make audit`.

The advisories are a list that only the Internet has. Where it cannot be asked, one line says what was NOT AUDITED and
why; a vulnerability that is known ends with status 1. `make check` asks once a day, or when a lock file has changed.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from deploy.dashboard.node import NoNode, find_node

ROOT = Path(__file__).parents[2]
LOCKS = (ROOT / "requirements" / "lock.txt", ROOT / "web" / "package-lock.json")
STAMP = ROOT / ".venv" / ".audited"
FRESH_SECONDS = 86_400
PATIENCE_SECONDS = 120
NAMED_MAX = 3


class Report(NamedTuple):
    """What an audit has told: the vulnerabilities, and why packages were not audited; empty if all were."""

    known: tuple[str, ...] = ()
    unaudited: str = ""


def of_pip_audit(told: Mapping[str, Any]) -> Report:
    """What pip-audit's JSON tells. It calls packages that it could not look up skipped, and that a success."""
    packages = told["dependencies"]
    skipped = [each["name"] for each in packages if "skip_reason" in each]
    known = tuple(
        f"{each['name']} {each['version']}: {found['id']}, mended in {' or '.join(found['fix_versions']) or 'none'}"
        for each in packages
        for found in each.get("vulns", ())
    )
    if not skipped:
        return Report(known)
    named = ", ".join(skipped[:NAMED_MAX]) + (", ..." if len(skipped) > NAMED_MAX else "")
    return Report(known, f"the registry tells nothing of {len(skipped)} of {len(packages)} packages ({named})")


def of_npm_audit(told: Mapping[str, Any]) -> Report:
    """What npm audit's JSON tells."""
    if "vulnerabilities" not in told:
        reason = told.get("message") or told.get("error", {}).get("summary") or "no answer that could be read"
        return Report(unaudited=str(reason).split(" - ")[0])
    return Report(tuple(f"{name}: {each['severity']}" for name, each in sorted(told["vulnerabilities"].items())))


def asked(command: Sequence[str], folder: Path, read: Callable[[Mapping[str, Any]], Report]) -> Report:
    """What a tool reports. Its status is not asked: a finding and a registry out of reach have the same."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Report(unaudited=type(error).__name__)
    try:
        return read(json.loads(done.stdout))
    except (ValueError, KeyError, TypeError, AttributeError):
        said = done.stderr.strip().splitlines()
        return Report(unaudited=said[-1][:200] if said else f"no report, status {done.returncode}")


def of_python() -> Report:
    """Of the packages that requirements/lock.txt locks."""
    options = ("--progress-spinner", "off", "--disable-pip", "--require-hashes", "--format", "json")
    return asked([sys.executable, "-m", "pip_audit", *options, "-r", str(LOCKS[0])], ROOT, of_pip_audit)


def of_dashboard() -> Report:
    """Of the packages that web/package-lock.json locks."""
    try:
        return asked([*find_node().npm, "audit", "--json", "--package-lock-only"], ROOT / "web", of_npm_audit)
    except NoNode as error:
        return Report(unaudited=str(error))


AUDITS: Mapping[str, Callable[[], Report]] = {"Python": of_python, "dashboard": of_dashboard}


def lines(audits: Mapping[str, Callable[[], Report]]) -> list[str]:
    """What there is to say: nothing where all was audited and nothing is known."""
    found = []
    for name, audit in audits.items():
        report = audit()
        found += [f"VULNERABLE: {name}: {each}" for each in report.known]
        found += [f"NOT AUDITED: {name} packages: {report.unaudited}"] if report.unaudited else []
    return found


def cached(stamp: Path, digest: str, ask: Callable[[], list[str]]) -> list[str]:
    """What `ask` says, or said less than a day ago of the same lock files."""
    known = stamp.read_text().split("\n") if stamp.exists() else []
    if known[:1] == [digest] and time.time() - stamp.stat().st_mtime < FRESH_SECONDS:
        return known[1:]
    said = ask()
    stamp.write_text("\n".join([digest, *said]))
    return said


def main(arguments: list[str]) -> int:
    """Status 1 for a known vulnerability."""
    parser = argparse.ArgumentParser(prog="python -m tests.tidy.audit", description=__doc__)
    parser.add_argument(
        "--daily", action="store_true", help="say what was said less than a day ago, if nothing changed"
    )
    options = parser.parse_args(arguments)
    if not options.daily:
        STAMP.unlink(missing_ok=True)
    digest = hashlib.sha256(b"".join(lock.read_bytes() for lock in LOCKS)).hexdigest()
    said = cached(STAMP, digest, lambda: lines(AUDITS))
    for line in said:
        print(line)  # noqa: T201 - for the terminal
    return int(any(line.startswith("VULNERABLE") for line in said))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
