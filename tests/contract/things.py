"""Things that operations take by their ids: made along the document's links, and made anew when one has gone."""

import re
from collections.abc import Callable
from decimal import Decimal
from itertools import count
from typing import Any, NamedTuple

import requests

from tests.api.running import order

_PARAMETER = re.compile(r"\{(\w+)\}")
_numbers = count(1)


class Maker(NamedTuple):
    """An operation whose answer names a thing, and where: link parameters as the document has them."""

    method: str
    path: str
    parameters: dict[str, str]


class Things:
    """One of everything, as a fresh admin owns it. What cannot be made is None: it is there only in trouble."""

    def __init__(self, document: dict[str, Any], url: str, price: Decimal, new_key: Callable[[], str]) -> None:
        self._document, self.url, self._price, self._new_key = document, url, price, new_key
        self.session = requests.Session()
        self._made: dict[str, Any] = {}
        self.key = new_key()

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def renew(self) -> None:
        """Go on as somebody else, who owns nothing yet."""
        self.key, self._made = self._new_key(), {}
        for what in ("fleet", "new_trades"):
            self.ask("DELETE", f"/api/system/halts/{what}")

    def ids(self, path: str) -> dict[str, Any] | None:
        """By the parameters of a path, ids of things that are there; None if one cannot be made."""
        found = {name: self._thing(name, path) for name in _PARAMETER.findall(path)}
        return None if None in found.values() else found

    def forget(self, path: str) -> None:
        """The thing that this path names has gone."""
        self._made.pop(_PARAMETER.findall(path)[-1], None)

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self.session.request(method, f"{self.url}{path}/", headers=self.headers(), json=body, timeout=60)

    def fitting(self, method: str, path: str) -> Any:
        """A body that makes what this operation makes, from the document's examples."""
        number = next(_numbers)
        if path == "/api/paper-trades":
            resting = {"entry_type": "LIMIT", "entry_price": str(self._price * 3 // 4)} if number % 2 else {}
            return order("SPOT", "BTCUSDT", self._price, **resting)
        content = self._document["paths"][path][method].get("requestBody", {}).get("content", {})
        examples = content.get("application/json", {}).get("schema", {}).get("examples", [None])
        return examples[0] | {"name": f"number {number}"} if "name" in (examples[0] or {}) else examples[0]

    def _thing(self, name: str, path: str) -> Any:
        """The thing that a parameter of the path names, made if there is none."""
        if name not in self._made:
            maker = self._maker(path[: path.index("{" + name + "}") + len(name) + 2], name)
            ids = self.ids(maker.path)
            if ids is None:
                return None
            answer = self.ask(maker.method.upper(), maker.path.format(**ids), self.fitting(maker.method, maker.path))
            if answer.status_code == 409 and answer.json()["code"].startswith("too_many"):
                self.renew()
                return self._thing(name, path)
            assert answer.ok, (maker, answer.text)
            value: Any = answer.json()
            for step in maker.parameters[name].removeprefix("$response.body#/").split("/"):
                value = (value[int(step)] if value else None) if isinstance(value, list) else value and value[step]
            if value is None:
                return None
            self._made[name] = value
        return self._made[name]

    def _maker(self, place: str, name: str) -> Maker:
        """Who names what the path names up to this place."""
        targets = {
            operation["operationId"]
            for path, operations in self._document["paths"].items()
            if path.startswith(place) and _PARAMETER.findall(path)[-1] == name
            for operation in operations.values()
        }
        for path, operations in self._document["paths"].items():
            for method, operation in operations.items():
                for answer in operation["responses"].values():
                    for target, link in answer.get("links", {}).items():
                        if target in targets:
                            return Maker(method, path, link["parameters"])
        raise AssertionError(f"no answer names {place}")
