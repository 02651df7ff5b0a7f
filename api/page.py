"""The dashboard at `/`: the files that its build left in `api/dashboard`, or a page that says there are none.

They are read once, at start; each comes compressed if the reader takes that. Files under /assets/ carry a digest of
their content in their names and are kept by browsers for ever. Every other address is one of the dashboard's own
pages: it gets index.html, and the dashboard looks at the address itself.
"""

import mimetypes
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from litestar import MediaType, Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

FOLDER = Path(__file__).with_name("dashboard")
_COMPRESSED = (("gzip", ".gz"),)
_FOR_EVER = "public, max-age=31536000, immutable"
_OURS = ("api", "health", "metrics")
"""First parts of paths that are no pages: what is unknown below them is not found."""

_PLAIN = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>paperfleet</title>
<h1>paperfleet</h1>
<p>Paper-trades every Binance pair on the whole price path. It never sends an order.</p>
<p>The dashboard has not been built here: that needs Node 20.19 or newer, or a package registry to install it from.
<code>make web</code> builds it; then start this again. Everything else runs without it:</p>
<ul>
<li><a href="/api/paper-trades/">Trades</a>, <a href="/api/paper-trades/open_positions/">open positions</a>,
<a href="/api/paper-trades/performance/">performance</a></li>
<li><a href="/api/instruments/">Instruments</a>, <a href="/api/prices/">prices</a></li>
<li><a href="/api/accounts/">Accounts</a></li>
<li><a href="/api/system/">System</a>, <a href="/health/ready">readiness</a>, <a href="/metrics">metrics</a></li>
<li><a href="/api/docs/">Documentation</a>, <a href="/api/openapi.json">OpenAPI document</a></li>
</ul>
</html>
"""


class File(NamedTuple):
    """A file of the build: its bodies by content encoding, "" as it is."""

    media_type: str
    cache_control: str
    bodies: dict[str, bytes]


@cache
def files(folder: Path) -> dict[str, File]:
    """What the build left in `folder`, by path from the root; empty if there was none."""
    suffixes = tuple(suffix for _, suffix in _COMPRESSED)
    found = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(folder)): _file(path, folder) for path in found if not path.name.endswith(suffixes)}


def _file(path: Path, folder: Path) -> File:
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    kept = _FOR_EVER if path.parent == folder / "assets" else "no-cache"
    bodies = {"": path.read_bytes()}
    for encoding, suffix in _COMPRESSED:
        compressed = path.with_name(path.name + suffix)
        if compressed.exists():
            bodies[encoding] = compressed.read_bytes()
    return File(media_type, kept, bodies)


@get("/", opt={"access": "open"}, include_in_schema=False, media_type=MediaType.HTML, sync_to_thread=False)
def page(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The dashboard, or what there is without it."""
    return _index(request)


@get("/{path:path}", opt={"access": "open"}, include_in_schema=False, sync_to_thread=False)
def file(request: Request[Any, Any, Any], path: FromPath[str]) -> Response[bytes]:
    """A file of the build, else the dashboard's page of that address. Raises NotFoundException."""
    name = path.strip("/")
    found = files(FOLDER).get(name)
    if found is not None:
        return _answer(found, request)
    first = name.split("/")[0]
    if first in _OURS or first == "assets" or "." in name:
        raise NotFoundException(f"there is no {path}")
    return _index(request)


def _index(request: Request[Any, Any, Any]) -> Response[bytes]:
    index = files(FOLDER).get("index.html")
    if index is None:
        return Response(_PLAIN.encode(), media_type=MediaType.HTML)
    return _answer(index, request)


def _answer(found: File, request: Request[Any, Any, Any]) -> Response[bytes]:
    taken = request.headers.get("accept-encoding", "")
    encoding = next((name for name, _ in _COMPRESSED if name in taken and name in found.bodies), "")
    headers = {"Cache-Control": found.cache_control, "Vary": "Accept-Encoding"}
    if encoding:
        headers["Content-Encoding"] = encoding
    return Response(found.bodies[encoding], media_type=found.media_type, headers=headers)
