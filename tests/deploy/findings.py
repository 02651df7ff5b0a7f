"""Findings of the doctor, as its tests look at them."""

from collections.abc import Iterable

from services.domain.finding import Finding, Level


def by_check(findings: Iterable[Finding]) -> dict[str, Finding]:
    """Each check's finding; whatever is not well says how to mend it."""
    found = {}
    for finding in findings:
        assert (finding.mend == "") is (finding.level is Level.OK), f"{finding.check} says how to mend it"
        found[finding.check] = finding
    return found
