"""Logs and traces. One trace runs from the HTTP request through every service an event reaches.

Exporters are off by default. ``YTEMPIRE_TRACE_DIR`` writes finished spans as JSON lines, ``YTEMPIRE_OTLP_ENDPOINT``
sends them by OTLP over HTTP.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import orjson
import structlog
from opentelemetry import trace
from opentelemetry.context import attach, detach
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ytempire.chassis.settings import ServiceSettings
from ytempire.events import Envelope

_tracer = trace.get_tracer("ytempire")
w3c = TraceContextTextMapPropagator()
Traced = Callable[[str, Envelope], AbstractContextManager[str | None]]


def set_up_logs(service: str, level: str) -> None:
    """Structured lines on standard output; the supervisor prefixes and keeps them."""
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=lambda value, **_: orjson.dumps(value, default=str).decode()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    structlog.contextvars.bind_contextvars(service=service)


def set_up_traces(settings: ServiceSettings) -> TracerProvider:
    provider = TracerProvider(resource=Resource.create({"service.name": f"ytempire-{settings.service}"}))
    if settings.trace_dir is not None:
        provider.add_span_processor(SimpleSpanProcessor(_FileExporter(settings.trace_dir, settings.service)))
    if settings.otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otlp_endpoint)))
    trace.set_tracer_provider(provider)
    return provider


def current_traceparent() -> str | None:
    """W3C trace context of the span in hand."""
    carrier: dict[str, str] = {}
    w3c.inject(carrier)
    return carrier.get("traceparent")


def end_span(ended: trace.Span, error: BaseException | None) -> None:
    """The span's work is over; an error is part of it, a cancellation is not."""
    if isinstance(error, Exception):
        ended.record_exception(error)
        ended.set_status(Status(StatusCode.ERROR, type(error).__name__))
    ended.end()


def traced(consumer: str, envelope: Envelope) -> AbstractContextManager[str | None]:
    """A span for the handling of an event, in the trace the event belongs to; gives the span's own trace context."""
    return _Handling(consumer, envelope)


class _Handling:
    """Every event of the platform passes here: a third of the cost of the SDK's own context managers."""

    __slots__ = ("_about", "_name", "_parent", "_span", "_token")

    def __init__(self, consumer: str, envelope: Envelope) -> None:
        self._name = f"{consumer} {envelope.type}"
        self._about = {"messaging.system": "nats", "ytempire.event.type": envelope.type}
        self._parent = w3c.extract({"traceparent": envelope.traceparent}) if envelope.traceparent else None

    def __enter__(self) -> str | None:
        self._span = _tracer.start_span(self._name, context=self._parent, attributes=self._about)
        self._token = attach(trace.set_span_in_context(self._span))
        return current_traceparent()

    def __exit__(self, kind: object, error: BaseException | None, where: object) -> None:
        detach(self._token)
        end_span(self._span, error)


@contextmanager
def span(name: str) -> Iterator[None]:
    """A step inside the span in hand."""
    with _tracer.start_as_current_span(name):
        yield


class _FileExporter(SpanExporter):
    """A line a span, written when it ends: cheaper than to keep spans for a thread, and a crash loses none."""

    def __init__(self, folder: Path, service: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._service = service
        self._file = (folder / f"{service}.jsonl").open("ab", buffering=0)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        for finished in spans:
            context = finished.get_span_context()
            if context is None or finished.start_time is None or finished.end_time is None:
                continue
            line = {
                "service": self._service,
                "name": finished.name,
                "trace": f"{context.trace_id:032x}",
                "span": f"{context.span_id:016x}",
                "parent": f"{finished.parent.span_id:016x}" if finished.parent else None,
                "start_ns": finished.start_time,
                "ms": (finished.end_time - finished.start_time) / 1e6,
            }
            self._file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self._file.close()
