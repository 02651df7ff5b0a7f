"""What one answer names and the next call takes, as links: from what makes a thing to all that is done with it."""

import re
from typing import Any, NamedTuple

_PARAMETER = re.compile(r"\{(\w+)\}")


class _Maker(NamedTuple):
    """The operation whose answer names a thing, and where in the answer."""

    method: str
    path: str
    pointer: str


_LINKS = "/api/accounts/{account_id}/links"
_MAKERS = {
    "trade_id": _Maker("post", "/api/paper-trades", "/id"),
    "account_id": _Maker("post", "/api/accounts", "/id"),
    "key_id": _Maker("post", "/api/keys", "/id"),
    "user_id": _Maker("get", "/api/session", "/user_id"),
    "invitation_id": _Maker("post", "/api/users/invitations", "/id"),
    "link_id": _Maker("post", _LINKS, "/id"),
    "token": _Maker("post", _LINKS, "/token"),
    "webhook_id": _Maker("post", "/api/webhooks", "/webhook/id"),
    "target_id": _Maker("post", "/api/notifications", "/id"),
    "source_id": _Maker("post", "/api/sources", "/id"),
    "secret": _Maker("post", "/api/sources/{source_id}/rotate_secret", "/secret"),
    "signal_id": _Maker("post", "/api/signals", "/id"),
    "what": _Maker("get", "/api/system/halts", "/results/0/what"),
    "letter": _Maker("get", "/api/system/queues", "/dead_letters/0/id"),
    "key": _Maker("get", "/api/system/queues", "/quarantined_prices/0"),
}


def link(paths: dict[str, Any]) -> None:
    """Add to every answer that names a thing the operations that it can be named to. KeyError for an unknown kind."""
    for path, operations in paths.items():
        names = _PARAMETER.findall(path)
        if not names:
            continue
        maker = _MAKERS[names[-1]]
        given = {name: f"$request.path.{name}" for name in names} | {names[-1]: f"$response.body#{maker.pointer}"}
        for operation in operations.values():
            name = operation["operationId"]
            for status, response in paths[maker.path][maker.method]["responses"].items():
                if status.startswith("2"):
                    response.setdefault("links", {})[name] = {"operationId": name, "parameters": given}
