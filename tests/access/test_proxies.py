"""A proxy that nobody has named: requests are served, and operators are told."""

import httpx
import msgspec
import pytest
from structlog.testing import capture_logs

from api import proxies as api_proxies
from services.coordination import proxies
from services.domain.finding import Finding, Level
from services.usecases.examine_fleet import examine_fleet
from services.usecases.fleet_state import read_fleet
from tests.api.running import serving

pytestmark = pytest.mark.asyncio(loop_scope="package")

THROUGH = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}


async def finding(services) -> Finding:
    assert (await read_fleet(services)).redis is not None
    (found,) = [each for each in await examine_fleet(services, {}) if each.check == "proxies"]
    return found


async def test_a_proxy_that_is_not_named_is_found_by_the_doctor_and_logged_once(services, monkeypatch):
    monkeypatch.setattr(api_proxies, "TOLD_SECONDS", 0.0)
    settings = msgspec.structs.replace(services.settings, trusted_proxies="10.244.0.0/16")
    assert (await finding(services)).level is Level.OK
    with capture_logs() as logs, serving(settings) as api:
        async with httpx.AsyncClient(base_url=api.url) as http:
            assert (await http.get("/api/session/")).status_code == 200
            assert (await finding(services)).level is Level.OK, "nobody spoke for others"
            for headers in ({"X-Forwarded-Proto": "https"}, THROUGH):
                answer = await http.get("/api/session/", headers=headers)
                assert answer.status_code == 200
                assert "strict-transport-security" not in answer.headers
        async with api.http:
            pass
    told = await finding(services)
    assert told.level is Level.WARNING
    assert "127.0.0.1" in told.text
    assert "PAPERFLEET_TRUSTED_PROXIES" in told.mend
    (line,) = [each for each in logs if each["event"] == "proxy_not_trusted"]
    assert (line["log_level"], line["peer"]) == ("warning", "127.0.0.1")
    await services.redis.delete(proxies.KEY)


async def test_a_proxy_that_is_named_is_believed_and_not_told_of(api, services):
    answer = await api.http.get("/api/session/", headers=THROUGH)
    assert "strict-transport-security" in answer.headers
    assert (await finding(services)).level is Level.OK
