"""One trace from a cycle's tick over its message and the closing's transaction to the event stream."""

import re
import tomllib
from datetime import timedelta

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services import traces
from services.bootstrap import build
from services.usecases.context import Services
from tests.api.running import NOWHERE, ROOT, exchange, market, serving, settings_of_test
from tests.api.sse import streaming
from tests.evaluation.desk import Desk, bar, path
from tests.servers import wait_until
from tests.working import working
from workers import actors
from workers.batches import encode_paths
from workers.broker import broker
from workers.ticks import Job, tick

FALL = [bar(0, "100", "101", "94", "94")]


@pytest.fixture
def exporter():
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    traces.use(provider.get_tracer("test"))
    yield kept
    traces.use(None)


@pytest.fixture
async def worked(database_url, redis_url):
    """Services, and a worker on them."""
    settings = settings_of_test(database_url, redis_url, NOWHERE)
    async with build(settings, name="test") as services:
        with working(settings):
            yield services


async def closed_by_a_cycle(services: Services) -> dict[str, object]:
    """What the stream tells of a trade that a tick's message closes."""
    desk = await Desk(services.pool).set_up()
    trade = await desk.add(stop="95", target="120")
    (paths,) = encode_paths([path(desk.instrument(), 0, 1, FALL)])

    async def messages(slot):
        return [actors.evaluate_trades.message(paths, "FUTURES", None, None)]

    with serving(services.settings) as api:
        async with api.http, streaming(api.http) as stream:
            await tick(Job("cycle", timedelta(minutes=1), messages), services.pool, broker)
            event = await stream.next()
    assert (event.data["action"], event.data["trade"]["id"]) == ("closed", trade.id)
    return event.data


async def test_from_the_tick_to_the_stream(worked, exporter):
    told = await closed_by_a_cycle(worked)

    def whole():
        spans = {span.name: span for span in exporter.get_finished_spans()}
        return spans if {"tick cycle", "evaluate_trades", "stream"} <= spans.keys() else None

    spans = await wait_until(whole)
    cycle, work, stream = spans["tick cycle"], spans["evaluate_trades"], spans["stream"]
    assert work.parent.span_id == cycle.context.span_id
    assert stream.parent.span_id == work.context.span_id
    assert len({span.context.trace_id for span in (cycle, work, stream)}) == 1
    assert told["traceparent"].startswith(f"00-{work.context.trace_id:032x}-{work.context.span_id:016x}-")
    assert stream.attributes["action"] == "closed"
    assert cycle.attributes["slot"]


async def test_from_the_fetching_to_the_evaluation(database_url, redis_url, exporter):
    with exchange() as urls:
        settings = settings_of_test(database_url, redis_url, urls)
        async with market(settings) as services:

            async def messages(slot):
                return [actors.fetch_paths.message("SPOT", ["BTCUSDT"], slot.isoformat(), 0)]

            with working(settings):
                await tick(Job("cycle", timedelta(minutes=1), messages), services.pool, broker)

                def whole():
                    spans = {span.name: span for span in exporter.get_finished_spans()}
                    return spans if {"tick cycle", "fetch_paths", "evaluate_trades"} <= spans.keys() else None

                spans = await wait_until(whole)
    assert spans["fetch_paths"].parent.span_id == spans["tick cycle"].context.span_id
    assert spans["evaluate_trades"].parent.span_id == spans["fetch_paths"].context.span_id
    assert len({span.context.trace_id for span in spans.values()}) == 1


async def test_off_nothing_is_added(worked):
    assert "traceparent" not in await closed_by_a_cycle(worked)


def test_who_asks_for_traces_without_the_packages_is_told(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(traces.NoTracing, match=r"paperfleet\[otel\]"):
        traces.configure("http://127.0.0.1:4318", "worker")
    traces.configure("", "worker")
    assert not traces.is_on()


def test_the_image_can_send_them():
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements/runtime.txt").read_text(), re.MULTILINE))
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["otel"]
    assert {re.split(r"[<>=]", each)[0] for each in extra} <= locked
