"""Refusals in the words of a person, on their way to a problem document (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field at fault."""

    field: str
    """JSON pointer into the body, or the name of a header or query parameter."""
    code: str
    detail: str


class Problem(Exception):
    """Why a request is not done.

    :param status: HTTP status.
    :param code: stable name in snake case.
    :param detail: what happened and what to do, a full sentence.
    :param field: the field at fault, if one is.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        field: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.field = status, code, detail, field
        self.errors, self.headers = tuple(errors), dict(headers or {})

    def document(self, instance: str) -> dict[str, Any]:
        """The problem document for a request path."""
        shown: dict[str, Any] = {
            "type": f"urn:ytempire:problem:{self.code.replace('_', '-')}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "instance": instance,
        }
        if self.field is not None:
            shown["field"] = self.field
        if self.errors:
            shown["errors"] = [{"pointer": e.field, "code": e.code, "detail": e.detail} for e in self.errors]
        return shown


_MONEY_IS_MISSING = ("declined", "past_due", "overdue", "no_subscription", "payment_required")


def not_found(what: str, field: str | None = None) -> Problem:
    """The one answer for what does not exist and for what belongs to somebody else."""
    return Problem(404, "not_found", f"There is no {what} with this id in your account. Check the id.", field=field)


def from_rejection(data: Mapping[str, Any]) -> Problem:
    """The problem an owner's ``...Rejected`` event tells."""
    code = str(data["code"])
    field = str(data["field"])
    return Problem(_status_of(code, field), code, str(data["message"]), field=pointer(field))


def pointer(field: str) -> str | None:
    """A field's name as a JSON pointer; None for an empty one."""
    if not field:
        return None
    return field if field.startswith("/") else "/" + field.replace(".", "/")


def _status_of(code: str, field: str) -> int:
    if code == "version_missing":
        return 428
    if code.endswith("not_found") or code in ("unknown_video", "unknown_channel"):
        return 404
    if any(word in code for word in ("limit", "quota", "already", "conflict", "in_progress")):
        return 409
    if field == "payment_method_id" or any(word in code for word in _MONEY_IS_MISSING):
        return 402
    return 422
