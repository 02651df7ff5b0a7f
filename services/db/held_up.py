"""Who holds a session up, looked at from another one while it waits: afterwards PostgreSQL can no longer tell."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import psycopg

LOOK_SECONDS = 0.2
SILENT_SECONDS = 2.0
"""Work that takes no longer needs no word."""
WORD_SECONDS = 10.0
"""Between two words on work that takes longer."""

_HOLDERS = """
SELECT pid, application_name, xact_start, left(regexp_replace(query, '\\s+', ' ', 'g'), 100)
FROM unnest(pg_blocking_pids(%s)) AS pid LEFT JOIN pg_stat_activity USING (pid) ORDER BY xact_start"""


class Watched:
    """A session under watch. `held_by` was last seen to hold it up: its name, process, since when, last statement."""

    held_by = "nobody who was seen"


@contextmanager
def watched(url: str, pid: int, tell: Callable[[str], None]) -> Iterator[Watched]:
    """Watch the session of the process `pid` at the database `url`, and tell from time to time that it still works."""
    session, ended = Watched(), threading.Event()
    looking = threading.Thread(target=_look, args=(url, pid, session, ended, tell))
    looking.start()
    try:
        yield session
    finally:
        ended.set()
        looking.join()


def _look(url: str, pid: int, session: Watched, ended: threading.Event, tell: Callable[[str], None]) -> None:
    began = time.monotonic()
    next_word = began + SILENT_SECONDS
    # Whoever cannot look on, for want of a connection, tells less; the work goes on.
    with suppress(psycopg.Error), psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        while not ended.wait(LOOK_SECONDS):
            holders = ", ".join(_named(*row) for row in connection.execute(_HOLDERS, [pid]))
            session.held_by = holders or session.held_by
            if (now := time.monotonic()) >= next_word:
                next_word = now + WORD_SECONDS
                tell(f"at work for {now - began:.0f} s" + (f", held up by {holders}" if holders else ""))


def _named(pid: int, name: str | None, since: datetime | None, statement: str | None) -> str:
    """What another user's session does PostgreSQL does not tell everybody."""
    begun = f", in a transaction since {since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if since else ""
    return f"{name or 'a session without a name'} (process {pid}{begun}{f': {statement}' if statement else ''})"
