"""The page at ``/``, the pages behind links in mails, the documentation, and their files."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

import ytempire.gateway

router = APIRouter(include_in_schema=False)

STATIC = Path(ytempire.gateway.__file__).parent / "static"
_SWAGGER = Path(str(files("fastapi_swagger"))) / "resources"


def mount_files(app: FastAPI) -> None:
    """Serve the page's own files and those of the packaged Swagger UI."""
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.mount("/swagger", StaticFiles(directory=_SWAGGER), name="swagger")


def page(title: str, body: str) -> str:
    """A small page in the look of the application; ``body`` is HTML."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} – YTEMPIRE</title>"
        '<link rel="icon" href="/static/icon.svg"><link rel="stylesheet" href="/static/app.css"></head>'
        f'<body class="note"><main class="card"><p class="wordmark">YTEMPIRE</p><h1>{escape(title)}</h1>{body}'
        '<p><a class="button primary" href="/">Go to overview</a></p></main></body></html>'
    )


@router.get("/")
async def index() -> Response:
    return HTMLResponse((STATIC / "index.html").read_text(encoding="utf-8"))


@router.get("/verify")
@router.get("/reset")
@router.get("/forgot")
@router.get("/confirm-email")
@router.get("/invitation")
async def way_in() -> Response:
    """The pages behind links in mails. Opening one does nothing: mail scanners open links, they fill in no form."""
    return HTMLResponse((STATIC / "access.html").read_text(encoding="utf-8"))


@router.get("/docs")
async def docs() -> Response:
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<title>YTEMPIRE API</title>"
        '<link rel="icon" href="/static/icon.svg"><link rel="stylesheet" href="/swagger/swagger-ui.css"></head>'
        '<body><div id="swagger"></div><script src="/swagger/swagger-ui-bundle.js"></script>'
        '<script src="/static/docs.js"></script></body></html>'
    )
