"""The span that a trace of an HTTP request begins with."""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.context import attach, detach
from opentelemetry.trace import SpanKind, Status, StatusCode

from ytempire.chassis.telemetry import end_span, w3c

_tracer = trace.get_tracer("ytempire")
_SERVER_FAULT = 500


class RequestSpan:
    """Around one request, in the trace its caller named if it named one. Which route it took is known at its end."""

    __slots__ = ("_span", "_token")

    def __init__(self, method: str, traceparent: str | None) -> None:
        parent = w3c.extract({"traceparent": traceparent}) if traceparent else None
        self._span = _tracer.start_span(
            method, context=parent, kind=SpanKind.SERVER, attributes={"http.request.method": method}
        )

    def __enter__(self) -> RequestSpan:
        self._token = attach(trace.set_span_in_context(self._span))
        return self

    def answered(self, method: str, route: str, status: int) -> None:
        """The answer begins."""
        self._span.update_name(f"{method} {route}")
        self._span.set_attributes({"http.route": route, "http.response.status_code": status})
        if status >= _SERVER_FAULT:
            self._span.set_status(Status(StatusCode.ERROR))

    def __exit__(self, kind: object, error: BaseException | None, where: object) -> None:
        detach(self._token)
        end_span(self._span, error)
