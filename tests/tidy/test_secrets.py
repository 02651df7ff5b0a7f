"""No secret is in the repository, and the scan that says so sees one when there is one."""

import pytest

from services.domain.credentials import make_key
from tests.tidy.secret_scan import findings, scan


def test_no_secret_is_in_the_repository():
    assert scan() == []


@pytest.mark.parametrize(
    "line",
    [
        "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA",
        "key = AKIA" + "IOSFODNN7EXAMPLE",
        "ghp_" + "a1B2" * 9,
        "postgresql://admin:" + "hunter2hunter2@db.internal/x",
        "password = '" + "q9Xz7LmP2vRt8KsW4nYb6HcJ" + "'",
        make_key(bytes(range(37))).text,
    ],
)
def test_a_planted_secret_is_found(line):
    assert list(findings("deploy/some.py", line))
