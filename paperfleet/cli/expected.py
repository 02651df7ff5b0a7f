"""Failures a person can mend, told in one line instead of a traceback. Anything else is a bug and shows where it is."""

import errno
import sys


def explain(error: BaseException) -> str | None:
    """What to tell the person, or None for a bug.

    Libraries are looked up among those already imported: an error of one that is not cannot have been raised.
    """
    if isinstance(error, ExceptionGroup):
        told = [explain(each) for each in error.exceptions]
        return "\n".join(text for text in told if text) if all(told) else None
    if _is(error, "services.domain.errors", "PaperfleetError") or _is(error, "services.settings", "SettingsError"):
        return str(error)
    if _is(error, "paperfleet.client.errors", "ClientError"):
        return f"{_place(error)}{error}{_next_step(error)}"
    if _is(error, "sqlalchemy.exc", "OperationalError"):
        return f"PostgreSQL cannot be reached: {error.orig}"  # type: ignore[attr-defined]
    if _is(error, "psycopg", "OperationalError"):
        return f"PostgreSQL cannot be reached: {error}"
    if _is(error, "redis.exceptions", "RedisError") or _is(error, "dramatiq.errors", "ConnectionError"):
        return f"Redis cannot be reached: {error}"
    if _is(error, "alembic.util.exc", "CommandError"):
        return f"the database cannot be brought to this version: {error}"
    if isinstance(error, OSError) and error.errno in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES):
        return f"cannot listen there: {error.strerror}; choose another address or port"
    return None


def _place(error: BaseException) -> str:
    """The field at fault of an API's refusal, where its words do not name it."""
    field = getattr(error, "field", "") if _is(error, "paperfleet.client.errors", "Invalid") else ""
    return "" if not field or field in str(error) else f"{field}: "


def _next_step(error: BaseException) -> str:
    """What to do about an API's refusal, where that is not in its own words."""
    if _is(error, "paperfleet.client.errors", "Unreachable"):
        return "\nstart one with `paperfleet up`, or name another with --url or PAPERFLEET_URL"
    if _is(error, "paperfleet.client.errors", "Unidentified"):
        return "\nshow a key with --key or PAPERFLEET_KEY; `paperfleet keys create` or the dashboard makes one"
    if _is(error, "paperfleet.client.errors", "TooMany") or _is(error, "paperfleet.client.errors", "Unavailable"):
        return f"\ntry again in {max(1, getattr(error, 'retry_after', 0)):.0f} s"
    return ""


def _is(error: BaseException, module: str, name: str) -> bool:
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(error, kind)
