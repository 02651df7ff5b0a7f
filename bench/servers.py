"""The processes of a bench's PostgreSQL and Valkey, and their CPU time."""

import os
import re
from pathlib import Path

import psycopg
from redis import Redis

from services.settings import Settings


def pids(settings: Settings) -> dict[str, list[int]]:
    """Those of each server as they are now: PostgreSQL has one a connection."""
    with psycopg.connect(settings.database_url) as connection:
        asker = connection.info.backend_pid
        status = Path(f"/proc/{asker}/status").read_text()
    parent = re.search(r"^PPid:\s+(\d+)", status, re.MULTILINE)
    assert parent is not None
    children = map(int, Path(f"/proc/{parent[1]}/task/{parent[1]}/children").read_text().split())
    with Redis.from_url(settings.redis_url) as redis:
        valkey = redis.info("server")["process_id"]
    return {"PostgreSQL": [int(parent[1]), *(pid for pid in children if pid != asker)], "Valkey": [valkey]}


def cpu(settings: Settings) -> dict[str, float]:
    """Seconds of CPU that each server has used, connections that have ended among them."""
    return {name: sum(map(_cpu, some)) for name, some in pids(settings).items()}


def _cpu(pid: int) -> float:
    """Seconds of a process and its ended children; 0 of one that has ended meanwhile."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
