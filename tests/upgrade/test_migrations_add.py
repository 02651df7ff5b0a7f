"""What older code reads and writes stays until a release later, when nothing runs that needs it."""

import re
from pathlib import Path

import pytest

from services.db.migrate import revisions

VERSIONS = Path(__file__).parents[2] / "services/db/migrations/versions"
BASELINE = frozenset(
    {"0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012", "0013", "0019"}
)
"""Revisions of before the first release: no process of theirs runs anywhere."""
SHRINKING = re.compile(
    r"""\b(?:
        DROP\ (?!NOT\ NULL)\w+
        | RENAME
        | REVOKE\ \w+
        | (?:ENABLE|FORCE)\ ROW\ LEVEL\ SECURITY | ALTER\ POLICY | AS\ RESTRICTIVE
        | CREATE\ UNIQUE\ INDEX
        | ADD\ (?:CONSTRAINT|CHECK|UNIQUE|EXCLUDE|PRIMARY\ KEY|FOREIGN\ KEY)
        | ADD\ (?:COLUMN\ )?\w+\ (?![^,;]*\bDEFAULT\b)[^,;]*\bNOT\ NULL
        | ALTER\ (?:COLUMN\ )?\w+\ (?:SET\ NOT\ NULL|(?:SET\ DATA\ )?TYPE)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
UNNOTICED = {
    ("0021", "DROP CONSTRAINT"): "each check is made anew in the same statement, looser",
    ("0021", "ADD CONSTRAINT"): "those, and checks of what only newer code writes: EXIT, closed, end",
    ("0022", "REVOKE ALL"): "of the table that it makes",
    ("0022", "ENABLE ROW LEVEL SECURITY"): "of the table that it makes",
    ("0030", "ENABLE ROW LEVEL SECURITY"): "the API's role had no right to that table before",
    ("0032", "DROP TRIGGER"): "the next statement makes it anew; it tells more",
    ("0044", "CREATE UNIQUE INDEX"): "of a column that only newer code fills",
    ("0034", "CREATE UNIQUE INDEX"): "looser than the key that it stands in for",
    ("0034", "DROP CONSTRAINT"): "a claim names no constraint that it may conflict with: the index serves it",
    ("0034", "REVOKE SELECT"): "of tables that are made later",
    ("0034", "REVOKE ALL"): "of partitions: code asks their tables",
    ("0034", "REVOKE DELETE"): "housekeeping alone deletes these, and the tables are its own",
    ("0034", "ENABLE ROW LEVEL SECURITY"): "policies beside it let older processes do what they do",
    ("0034", "ALTER POLICY"): "policies beside it let older processes do what they do",
    ("0038", "ADD CONSTRAINT"): "ids come from a counter that is ten million below it",
    ("0040", "RENAME"): "a table of the old name, made in the same transaction, holds it as its first partition",
    ("0040", "DROP CONSTRAINT"): "of 0038, which the partition's bound stands for; references are made anew",
    ("0040", "ADD CONSTRAINT"): "the references to trades, as they were",
    ("0040", "ADD PRIMARY KEY"): "the table's, as it was",
    ("0040", "ADD FOREIGN KEY"): "the table's, as they were",
    ("0040", "DROP IDENTITY"): "numbers come from a sequence of the same name, found as before",
    ("0040", "DROP POLICY"): "the table has it; its partition is not asked by name",
    ("0040", "DROP TRIGGER"): "the table has it, and gives it to each partition",
    ("0040", "REVOKE ALL"): "of the partition: code asks its table",
    ("0040", "ENABLE ROW LEVEL SECURITY"): "the same as on what is its first partition now",
    ("0040", "ALTER POLICY"): "the same rule, asked of the new table",
}
"""By revision and statement, why older code does not notice."""


def shrinking(text: str) -> set[str]:
    return {" ".join(found[0].upper().split()) for found in SHRINKING.finditer(text)}


def test_a_migration_takes_nothing_away_that_older_code_would_miss():
    found = {
        (path.stem[1:5], statement)
        for path in sorted(VERSIONS.glob("r*.py"))
        if path.stem[1:5] not in BASELINE
        for statement in shrinking(path.read_text())
    }
    assert found <= UNNOTICED.keys(), (
        "add now, take away a release later (docs/upgrading.md), or say why nobody notices"
    )
    assert found == UNNOTICED.keys(), "a reason is left of what is gone"
    assert set(revisions()) >= BASELINE


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE trades DROP COLUMN a",
        "ALTER TABLE trades DROP a",
        "ALTER TABLE trades ALTER a DROP DEFAULT",
        "ALTER TABLE trades ALTER a SET NOT NULL",
        "ALTER TABLE trades ALTER COLUMN a TYPE text",
        "ALTER TABLE trades RENAME a TO b",
        "ALTER TABLE trades ADD a text NOT NULL",
        "ALTER TABLE trades ADD CHECK (a > 0)",
        "ALTER TABLE trades ADD CONSTRAINT a CHECK (a > 0)",
        "ALTER TABLE trades ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY a ON trades AS RESTRICTIVE USING (false)",
        "CREATE UNIQUE INDEX a ON trades (a)",
        "DROP TRIGGER a ON trades",
        "DROP POLICY a ON trades",
        "REVOKE SELECT ON trades FROM paperfleet_api",
    ],
)
def test_what_shrinks_is_seen(statement):
    assert shrinking(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE trades ADD a text, ADD b bigint NOT NULL DEFAULT 7, ADD c text CHECK (c > '')",
        "ALTER TABLE trades ALTER a DROP NOT NULL",
        "CREATE TABLE a (b text NOT NULL UNIQUE CHECK (b > ''))",
        "CREATE INDEX a ON trades (a)",
        "CREATE POLICY a ON trades USING (true)",
        "GRANT SELECT ON trades TO paperfleet_api",
    ],
)
def test_what_adds_is_let_through(statement):
    assert not shrinking(statement)
