"""The dashboard as files: served compressed and kept, other addresses answered by its index, the API's left alone."""

import gzip

import pytest

from api import page


@pytest.fixture
def built(tmp_path, monkeypatch):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>the dashboard</title>")
    (tmp_path / "assets" / "main-1a2b.js").write_text("console")
    (tmp_path / "assets" / "main-1a2b.js.gz").write_bytes(gzip.compress(b"console"))
    (tmp_path / ".stamp").write_text("digest")
    monkeypatch.setattr(page, "FOLDER", tmp_path)


async def test_files_are_kept_for_ever_and_pages_are_the_index(built, api):
    script = await api.http.get("/assets/main-1a2b.js", headers={"accept-encoding": "gzip"})
    assert (script.text, script.headers["content-encoding"]) == ("console", "gzip")
    assert "immutable" in script.headers["cache-control"]
    plain = await api.http.get("/assets/main-1a2b.js", headers={"accept-encoding": "identity"})
    assert (plain.text, plain.headers.get("content-encoding")) == ("console", None)
    for path in ("/", "/history", "/market/FUTURES/BTCUSDT"):
        shown = await api.http.get(path)
        assert (shown.status_code, "the dashboard" in shown.text) == (200, True)
        assert shown.headers["cache-control"] == "no-cache"
    for path in ("/api/nothing", "/api/paper-trades/1/nothing", "/assets/gone.js", "/.stamp", "/../page.py"):
        missing = await api.http.get(path)
        assert (missing.status_code, missing.json()["status"]) == (404, 404), path


async def test_without_a_build_the_page_says_so(tmp_path, monkeypatch, api):
    monkeypatch.setattr(page, "FOLDER", tmp_path / "none")
    assert "make web" in (await api.http.get("/")).text
    assert (await api.http.get("/history")).status_code == 200


async def test_the_policy_lets_in_nothing_but_our_own(api):
    policy = (await api.http.get("/")).headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
