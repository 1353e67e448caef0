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
from typing import TextIO

import orjson
import structlog
from opentelemetry import trace
from opentelemetry.propagate import extract, inject
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from ytempire.chassis.settings import ServiceSettings
from ytempire.events import Envelope

_tracer = trace.get_tracer("ytempire")
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
        provider.add_span_processor(BatchSpanProcessor(_FileExporter(settings.trace_dir, settings.service)))
    if settings.otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otlp_endpoint)))
    trace.set_tracer_provider(provider)
    return provider


def current_traceparent() -> str | None:
    """W3C trace context of the span in hand."""
    carrier: dict[str, str] = {}
    inject(carrier)
    return carrier.get("traceparent")


@contextmanager
def traced(consumer: str, envelope: Envelope) -> Iterator[str | None]:
    """A span for the handling of an event, in the trace the event belongs to."""
    parent = extract({"traceparent": envelope.traceparent}) if envelope.traceparent else None
    about = {"messaging.system": "nats", "ytempire.event.type": envelope.type}
    with _tracer.start_as_current_span(f"{consumer} {envelope.type}", context=parent, attributes=about):
        yield current_traceparent()


@contextmanager
def span(name: str) -> Iterator[None]:
    """A step inside the span in hand."""
    with _tracer.start_as_current_span(name):
        yield


class _FileExporter(SpanExporter):
    def __init__(self, folder: Path, service: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._service = service
        self._file: TextIO = (folder / f"{service}.jsonl").open("a")

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
            self._file.write(orjson.dumps(line).decode() + "\n")
        self._file.flush()
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self._file.close()
