"""Runs the sandbox: one uvicorn server over TLS and one SMTP server, in one event loop."""

import asyncio
import json
import logging
import os
import signal
import socket
from types import FrameType

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ytempire.sandbox.app import create_app
from ytempire.sandbox.settings import SandboxSettings
from ytempire.sandbox.smtp import start_smtp
from ytempire.sandbox.tls import make_ca
from ytempire.sandbox.world import World

log = logging.getLogger(__name__)
READY_FILE = "sandbox.json"


class PortTakenError(RuntimeError):
    """Another process listens on a port the sandbox was told to use."""


class OpenProtocol(H11Protocol):
    """Hands the connection's transport to the application, so that the fault plan can break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows the type of its base
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class AnnouncedServer(uvicorn.Server):
    """Writes ``sandbox.json`` once requests are served."""

    def __init__(self, settings: SandboxSettings, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._settings = settings

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _announce(self._settings)


def bind(host: str, port: int, variable: str) -> socket.socket:
    """A listening socket; raises :class:`PortTakenError` with a sentence that says what to do."""
    # the protocol is named, or asyncio would leave small answers waiting for the other side (Nagle): 40 ms each
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise PortTakenError(
            f"The sandbox cannot listen on {host}:{port} ({error.strerror}); stop what uses it or set {variable}."
        ) from error
    sock.listen(128)
    sock.setblocking(False)
    return sock


async def serve(settings: SandboxSettings) -> None:
    """Serve until SIGINT or SIGTERM; writes ``sandbox.json`` into the state directory when ready."""
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    web = bind(settings.host, settings.port, "SANDBOX_PORT")
    mail = bind(settings.host, settings.smtp_port, "SANDBOX_SMTP_PORT")
    settings.port, settings.smtp_port = web.getsockname()[1], mail.getsockname()[1]
    if settings.tls_cert is None or settings.tls_key is None:
        files = make_ca(settings.state_dir / "tls", settings.host_name)
        settings.tls_cert, settings.tls_key = files["cert"], files["key"]
    world = World(settings)
    smtp = await start_smtp(world, mail)
    server = _server(world)
    # uvicorn raises the signal that stopped it once more when it is done; what stands here then ends nothing.
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, _ignore)
    try:
        await server.serve(sockets=[web])
    finally:
        smtp.close()
        (settings.state_dir / READY_FILE).unlink(missing_ok=True)
        world.close()


def _server(world: World) -> uvicorn.Server:
    settings = world.settings
    return AnnouncedServer(
        settings,
        uvicorn.Config(
            create_app(world),
            http=OpenProtocol,
            ws="none",
            loop="none",
            ssl_certfile=str(settings.tls_cert),
            ssl_keyfile=str(settings.tls_key),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        ),
    )


def _ignore(number: int, frame: FrameType | None) -> None:
    """A signal that has done its work already."""


def _announce(settings: SandboxSettings) -> None:
    """Write ``sandbox.json``: addresses, CA, process id."""
    authority = settings.state_dir / "tls" / "ca.pem"
    facts = {
        "pid": os.getpid(),
        "base_url": settings.base_url,
        "port": settings.port,
        "smtp_port": settings.smtp_port,
        "ca": str(authority.resolve()) if authority.exists() else None,
    }
    fresh = settings.state_dir / f"{READY_FILE}.new"
    fresh.write_text(json.dumps(facts) + "\n")
    fresh.replace(settings.state_dir / READY_FILE)
    log.info("the sandbox serves %s, mail on port %d", settings.base_url, settings.smtp_port)
