"""The span of a request: in the trace its caller named, called by its route, at fault only where the server is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ytempire.chassis import requests
from ytempire.chassis.requests import RequestSpan

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(requests, "_tracer", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


def only(spans: InMemorySpanExporter) -> ReadableSpan:
    (span,) = spans.get_finished_spans()
    return span


def test_it_continues_its_caller_s_trace_and_is_called_by_its_route(spans: InMemorySpanExporter) -> None:
    with RequestSpan("POST", f"00-{TRACE}-{CALLER}-01") as span:
        inside = trace.get_current_span().get_span_context()
        span.answered("POST", "/api/v1/tickets", 201)
    ended = only(spans)
    assert ended.name == "POST /api/v1/tickets"
    assert f"{inside.trace_id:032x}" == TRACE
    assert ended.parent is not None
    assert f"{ended.parent.span_id:016x}" == CALLER
    assert dict(ended.attributes or {}) == {
        "http.request.method": "POST",
        "http.route": "/api/v1/tickets",
        "http.response.status_code": 201,
    }
    assert ended.status.is_unset
    assert not trace.get_current_span().get_span_context().is_valid, "nothing is left behind"


@pytest.mark.parametrize(("status", "fault"), [(404, False), (422, False), (500, True), (503, True)])
def test_a_refusal_is_no_fault(spans: InMemorySpanExporter, status: int, fault: bool) -> None:
    with RequestSpan("GET", None) as span:
        span.answered("GET", "/api/v1/me", status)
    assert only(spans).parent is None
    assert only(spans).status.is_ok is not fault


def test_what_is_raised_is_recorded(spans: InMemorySpanExporter) -> None:
    with pytest.raises(KeyError), RequestSpan("GET", "not a trace context"):
        raise KeyError("gone")
    assert not only(spans).status.is_ok
    assert [event.name for event in only(spans).events] == ["exception"]
