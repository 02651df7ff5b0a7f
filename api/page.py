"""The page at `/`: what this is, and where to go from here."""

from litestar import MediaType, Response, get

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>paperfleet</title>
<h1>paperfleet</h1>
<p>Paper-trades every Binance pair on the whole price path. It never sends an order.</p>
<ul>
<li><a href="/api/paper-trades/">Trades</a>, <a href="/api/paper-trades/open_positions/">open positions</a>,
<a href="/api/paper-trades/performance/">performance</a></li>
<li><a href="/api/instruments/">Instruments</a>, <a href="/api/prices/">prices</a></li>
<li><a href="/api/accounts/">Accounts</a></li>
<li><a href="/api/system/">System</a>, <a href="/health/ready">readiness</a>, <a href="/metrics">metrics</a></li>
<li><a href="/api/openapi.json">OpenAPI document</a></li>
</ul>
</html>
"""


@get("/", opt={"access": "open"}, include_in_schema=False, media_type=MediaType.HTML)
async def page() -> Response[str]:
    """Links to everything that can be read."""
    return Response(_PAGE, media_type=MediaType.HTML)
