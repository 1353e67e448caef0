"""Lists as YouTube answers them: a page of items with tokens to the next and the previous one."""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from starlette.datastructures import QueryParams

from ytempire.sandbox.google.errors import bad_parameter

DEFAULT_PAGE, MOST_PER_PAGE = 5, 50


def etag(value: object) -> str:
    """A tag that changes with the value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:27]


def tagged(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource with its ``etag``."""
    return {"kind": resource["kind"], "etag": etag(resource), **resource}


def list_page(kind: str, items: Sequence[dict[str, Any]], query: QueryParams) -> dict[str, Any]:
    """The page asked for by ``maxResults`` and ``pageToken``; raises 400 for a token that is none."""
    size = int(query.get("maxResults", DEFAULT_PAGE))
    if not 0 <= size <= MOST_PER_PAGE:
        raise bad_parameter("maxResults", f"Invalid value '{size}'. Values must be within the range: [0, 50]")
    start = _offset(query.get("pageToken"))
    answer: dict[str, Any] = {"kind": kind, "pageInfo": {"totalResults": len(items), "resultsPerPage": size}}
    if size and start + size < len(items):
        answer["nextPageToken"] = _token(start + size)
    if start:
        answer["prevPageToken"] = _token(max(0, start - size))
    answer["items"] = list(items[start : start + size])
    return tagged(answer)


def _token(offset: int) -> str:
    return base64.urlsafe_b64encode(f"offset:{offset}".encode()).decode().rstrip("=")


def _offset(token: str | None) -> int:
    if not token:
        return 0
    try:
        name, _, number = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().partition(":")
        if name == "offset" and int(number) >= 0:
            return int(number)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        pass
    raise bad_parameter("pageToken", "The page token is invalid.", "invalidPageToken")
