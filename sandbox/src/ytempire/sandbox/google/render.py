"""HTML of the Google pages, on the sandbox's own base template."""

from typing import Any

from fastapi.responses import HTMLResponse
from markupsafe import Markup, escape

from ytempire.sandbox import pages
from ytempire.sandbox.google.links import LINK
from ytempire.sandbox.google.times import parse


def moment(text: str) -> str:
    """``22 Nov 2026, 11:00 UTC`` for RFC 3339 text."""
    return parse(text).strftime("%-d %b %Y, %H:%M UTC")


def count(number: int) -> str:
    """A whole number with separators."""
    return f"{number:,}"


def linked(text: str) -> Markup:
    """Escaped text in which web addresses can be followed."""
    parts, end = [], 0
    for found in LINK.finditer(text):
        anchor = Markup('<a href="{0}" rel="nofollow">{0}</a>').format(found.group())
        parts += [escape(text[end : found.start()]), anchor]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page from ``templates/`` in which ``moment``, ``count`` and ``linked`` can be called; values are escaped."""
    answer = pages.page(template, status, moment=moment, count=count, linked=linked, **values)
    answer.headers["Cache-Control"] = "no-store"
    return answer
