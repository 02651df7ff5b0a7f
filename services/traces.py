"""Traces, optional: one from a cycle's tick over its messages and the transaction to the event streams.

Off unless PAPERFLEET_TRACES_URL names a collector (OTLP over HTTP) and the extra `otel` is installed; then nothing here
costs more than a comparison. What travels between processes is a W3C traceparent, in messages' options and in events.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from services.domain.errors import Unavailable

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Tracer

TRACEPARENT = "traceparent"

_tracer: "Tracer | None" = None


class NoTracing(Unavailable):
    """Traces are asked for, and the packages for them are not there."""


def configure(url: str, process: str) -> None:
    """Send this process's spans to the collector at `url`; nothing for an empty one. Raises NoTracing."""
    if not url:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise NoTracing("PAPERFLEET_TRACES_URL wants the extra `otel`: pip install 'paperfleet[otel]'") from None
    provider = TracerProvider(resource=Resource({"service.name": "paperfleet", "service.namespace": process}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{url.rstrip('/')}/v1/traces")))
    use(provider.get_tracer("paperfleet"))


def use(tracer: "Tracer | None") -> None:
    """Make spans with `tracer` from now on; None: none."""
    global _tracer
    _tracer = tracer


def is_on() -> bool:
    """Whether anybody wants spans."""
    return _tracer is not None


@contextmanager
def span(name: str, parent: str | None = None, attributes: Mapping[str, str | int] | None = None) -> Iterator[None]:
    """A span over the context; below `parent` (a traceparent) if given, else below what this task is in."""
    if _tracer is None:
        yield
        return
    with _tracer.start_as_current_span(name, context=_context(parent), attributes=dict(attributes or {})):
        yield


def current() -> str | None:
    """The traceparent of what this task is in; None outside of any span."""
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get(TRACEPARENT)


def _context(parent: str | None) -> "Context | None":
    if not parent:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({TRACEPARENT: parent})
