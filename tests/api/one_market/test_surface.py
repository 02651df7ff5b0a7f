"""Around the resources: health, metrics, headers, the document, the page."""

import re

import pytest

from api.app import SECURITY_HEADERS

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_health_and_metrics(api):
    assert (await api.http.get("/health/live")).status_code == 200
    ready = await api.http.get("/health/ready")
    assert (ready.status_code, ready.json()) == (200, {"postgres": True, "redis": True, "hub": True})
    text = (await api.http.get("/metrics")).text
    assert re.search(r'paperfleet_http_requests_total\{method="GET",route="/health/ready",status="200"\} \d', text)
    assert "paperfleet_stream_clients " in text


async def test_every_answer_carries_the_security_headers(api):
    for path in ("/", "/api/system/", "/nowhere", "/api/paper-trades/1/"):
        headers = (await api.http.get(path)).headers
        assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
        assert "access-control-allow-origin" not in headers
    page = (await api.http.get("/")).text
    for path in re.findall(r'href="([^"]+)"', page):
        assert (await api.http.get(path)).status_code == 200, path


async def test_the_document_describes_what_is_served(api):
    answer = await api.http.get("/api/openapi.json")
    document = answer.json()
    assert document["openapi"].startswith("3.1")
    elsewhere = set(re.findall(r"https?://([^/\"]+)", answer.text)) - {"json-schema.org", "hooks.example.com"}
    assert not elsewhere, "it names no host but that of its dialect and that of its examples"
    create = document["paths"]["/api/paper-trades"]["post"]
    for name in re.findall(r'"#/components/schemas/(\w+)"', answer.text):
        assert name in document["components"]["schemas"]
    for example in create["requestBody"]["content"]["application/json"]["schema"]["examples"]:
        posted = await api.http.post("/api/paper-trades/", json=example)
        assert posted.status_code in (201, 409, 422), posted.text
        assert posted.json().get("code", "").endswith(("misplaced", "balance")) or posted.status_code == 201
    view = document["components"]["schemas"]["TradeView"]["properties"]
    trade = (await api.http.get("/api/paper-trades/")).json()
    assert all(set(view) <= set(each) for each in trade["results"])
    operations = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    assert len(operations) == len(set(operations))


async def test_both_forms_of_a_path_are_served(api):
    for name in ("paper-trades", "system", "accounts", "instruments", "prices"):
        for form in (f"/api/{name}", f"/api/{name}/"):
            answer = await api.http.get(form, follow_redirects=False)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json"), form
