"""Is it ready? Small checks that return None or a short reason."""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from ytempire.cli.processes import ReadyCheck

_PROBE_SECONDS = 2.0
_READY_FILE = "sandbox.json"


def _get(url: str, context: ssl.SSLContext | None) -> tuple[int, str]:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    connection = (
        http.client.HTTPSConnection(host, port, timeout=_PROBE_SECONDS, context=context)
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, port, timeout=_PROBE_SECONDS)
    )
    try:
        connection.request("GET", parts.path)
        response = connection.getresponse()
        return response.status, response.read(500).decode("utf-8", errors="replace")
    finally:
        connection.close()


def http_reason(url: str, context: ssl.SSLContext | None = None) -> str | None:
    """None when `url` answers 200, otherwise the status with the beginning of the answer, or the network's error."""
    try:
        status, body = _get(url, context)
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    return None if status == 200 else f"{status} {' '.join(body.split())[:200]}"


def http_ready(url: str) -> ReadyCheck:
    """A check that asks `url`."""
    return lambda: http_reason(url)


def sandbox_authority(state_dir: Path) -> Path | None:
    """The certificate authority the running sandbox announces, once it does."""
    try:
        announced = json.loads((state_dir / _READY_FILE).read_text(encoding="utf-8")).get("ca")
    except (OSError, ValueError):
        return None
    return Path(announced) if announced else None


def sandbox_ready(url: str, state_dir: Path) -> ReadyCheck:
    """A check of the sandbox's clock page over https, trusting the sandbox's own authority and nothing else."""

    def check() -> str | None:
        authority = sandbox_authority(state_dir)
        if authority is None:
            return "it has not announced itself yet"
        try:
            context = ssl.create_default_context(cafile=str(authority))
        except (OSError, ssl.SSLError) as error:
            return f"its certificate authority {authority} cannot be read ({error})"
        return http_reason(f"{url}/control/clock", context)

    return check
