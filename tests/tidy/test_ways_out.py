"""The ways out of the process: two HTTP clients, each behind its guard, and one door for notifications."""

import ast
import re

from tests.tidy.test_house_rules import ROOT, sources

SHIPPED = ("services", "workers", "api", "deploy", "paperfleet")
OUTGOING = {
    "httpx": {
        "services/binance/requests.py",  # the exchange: services/binance/transport.py lets public reads out only
        "services/binance/lanes.py",
        "services/binance/transport.py",
        "services/hooks/addresses.py",  # users' endpoints: services/hooks/transport.py lets our POSTs out only
        "services/hooks/client.py",
        "services/hooks/transport.py",
        "paperfleet/client/transports.py",  # a user's own program asks the API that it names: /api/ paths only
        "deploy/local/simulator.py",  # `paperfleet up` asks the processes that it has started itself
        "deploy/local/status.py",
        "deploy/local/up.py",
        "deploy/dashboard/sample.py",  # the API that `python -m deploy.dashboard screenshots` is pointed at
        "deploy/dashboard/screenshots.py",
    },
    "httpcore": {"services/binance/lanes.py"},
    "apprise": {"services/hooks/notifier.py"},  # each connection judged by services/hooks/thread_guard.py
}
CLIENTS = {
    *("httpx", "apprise", "requests", "urllib3", "aiohttp", "websockets", "websocket", "httpcore", "pycurl"),
    *("ccxt", "binance", "smtplib", "ftplib", "telnetlib", "paramiko", "niquests", "http.client", "urllib.request"),
}


def imported(path):
    """The names of what a file imports, `a.b` for `from a import b` too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_outgoing_clients_are_the_ones_named_here():
    found: dict[str, set[str]] = {}
    for path in sources(*SHIPPED):
        for name in imported(path):
            for client in CLIENTS:
                if name == client or name.startswith(f"{client}."):
                    found.setdefault(client, set()).add(str(path.relative_to(ROOT)))
    assert {client: sorted(places) for client, places in found.items()} == {
        client: sorted(places) for client, places in OUTGOING.items() if places
    }


def test_both_ways_out_go_through_their_guard():
    for path, way_out, guarded in (
        ("services/binance/requests.py", "Lanes(", r"PublicReadsOnly\(\s*Lanes\("),
        ("services/hooks/client.py", "AsyncClient(", r"CheckedPosts\("),
    ):
        text = (ROOT / path).read_text()
        assert text.count(way_out) == 1, f"{path}: one way out, so that its guard is seen"
        assert re.search(guarded, text), f"{path}: its guard stands before it"
        others = {"Client(", "AsyncClient(", "HTTPTransport(", "httpx.get(", "httpx.post("} - {way_out}
        assert not any(re.search(rf"\b{re.escape(other)}", text) for other in others), f"{path}: another way out"


def test_nothing_can_sign_or_name_an_order():
    """No order or account endpoint, no key header and no signing, but for the one file that signs webhooks."""
    endpoint = re.compile(
        r"X-MBX-APIKEY|api/v3/(order|account|openOrders|myTrades|allOrders|userDataStream)"
        r"|fapi/v\d/(order|batchOrders|leverage\b|marginType|positionSide|positionRisk|balance|account|listenKey)"
        r"|sapi/v\d|papi/v\d|newClientOrderId|recvWindow|ws-api",
        re.IGNORECASE,
    )
    signing = re.compile(
        r"\bhmac\.(new|digest|HMAC)\b|from hmac import (?!compare_digest\n)|signature=|\.sign\(|\bEd25519|\bRSA\b"
    )
    for path in sources(*SHIPPED):
        name, text = str(path.relative_to(ROOT)), path.read_text()
        assert not endpoint.search(text), f"{name} names what only somebody who trades needs"
        if name != "services/hooks/signature.py":
            assert not signing.search(text), f"{name} signs something: only services/hooks/signature.py may"
