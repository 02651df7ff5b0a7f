"""The documentation to read and to try in a browser, at `/api/docs`: one page and one script of our own, no CDN.

The script reads `/api/openapi.json` and builds everything with DOM calls, so that the page needs no inline script and
no markup is ever made of data.
"""

from importlib import resources

from litestar import Response, Router, get

_CSS, _JS = "text/css", "text/javascript"


def _file(name: str) -> str:
    return (resources.files("api") / "docs" / name).read_text()


@get("/", include_in_schema=False)
async def page() -> Response[str]:
    """The page."""
    return Response(_file("index.html"), media_type="text/html")


@get("/docs.js", include_in_schema=False)
async def script() -> Response[str]:
    """What fills it."""
    return Response(_file("docs.js"), media_type=_JS)


@get("/docs.css", include_in_schema=False)
async def style() -> Response[str]:
    """How it looks."""
    return Response(_file("docs.css"), media_type=_CSS)


router = Router("/docs", route_handlers=[page, script, style], opt={"access": "read"})
