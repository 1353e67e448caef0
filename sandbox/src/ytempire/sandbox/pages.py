"""The sandbox's own pages: one dark base template, rendered by Jinja2 with escaping on."""

from functools import cache
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).parent


@cache
def _environment() -> Environment:
    folders = [HERE / "templates", *sorted(HERE.glob("*/templates"))]
    return Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a template of ``templates/`` (or of a provider's own ``templates/``) that extends ``base.html``."""
    return HTMLResponse(_environment().get_template(template).render(**values), status_code=status)
