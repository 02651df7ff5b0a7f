"""Recorded market data for tests: small folders of their own making, and the real one beside the repository."""

import zipfile
from pathlib import Path

import pytest

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "recorded"
needs_recordings = pytest.mark.skipif(not REAL.is_dir(), reason="no recorded market data beside the repository")


def write(folder: Path, place: str, lines: list[str]) -> Path:
    """A dump file: zipped if its name says so."""
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(lines) + "\n"
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(path.with_suffix(".csv").name, text)
    else:
        path.write_text(text, encoding="utf-8")
    return path
