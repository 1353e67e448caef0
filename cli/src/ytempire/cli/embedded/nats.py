"""One NATS server with JetStream: generated configuration, one account per service with the least it needs."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ytempire.cli.embedded import binaries
from ytempire.cli.embedded.provision import SERVICES
from ytempire.cli.keys import ensure_private_directory, ensure_secret, write_private
from ytempire.cli.ports import LOOPBACK
from ytempire.cli.processes import ProcessSpec
from ytempire.events import public_events, type_names

ADMIN = "admin"
MAX_PAYLOAD_BYTES = 1_048_576

# What a service asks of JetStream: look at streams, read messages, work with consumers. Making, changing, purging and
# deleting streams, and deleting consumers, is the administrator's alone.
_JETSTREAM_CALLS = (
    "$JS.API.INFO",
    "$JS.API.STREAM.INFO.*",
    "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.MSG.GET.*",
    "$JS.API.DIRECT.GET.>",
    "$JS.API.CONSUMER.CREATE.>",
    "$JS.API.CONSUMER.DURABLE.CREATE.>",
    "$JS.API.CONSUMER.INFO.>",
    "$JS.API.CONSUMER.NAMES.*",
    "$JS.API.CONSUMER.LIST.*",
    "$JS.API.CONSUMER.MSG.NEXT.>",
    "$JS.API.CONSUMER.RESET.>",
    "$JS.ACK.>",
    "$JS.FC.>",
)


def password_file(secrets_dir: Path, user: str) -> Path:
    """Where the password of a NATS user is kept."""
    return secrets_dir / f"nats.{user}.password"


def _worth_showing(line: str) -> bool:
    # The passwords are plain text in a file that only its owner reads; the server's reminder of that is not news.
    return "[INF]" not in line and "Plaintext passwords" not in line


def event_subjects(service: str) -> list[str]:
    """The subjects of every public event that the catalogue lets `service` produce, all versions and partitions.

    Old versions too: while a release rolls out, a copy of the release before still sends them.
    """
    mine = (event for event in public_events() if service in event.producers)
    return sorted(f"yt.{service}.{name}.*" for event in mine for name in type_names(event))


def service_permissions(service: str) -> dict[str, Any]:
    """What the user of `service` may publish and subscribe to: the events it produces out, every event in.

    Nothing may be published to an inbox: answers come from the server alone, so nobody can forge one.
    """
    return {
        "publish": {"allow": [*event_subjects(service), f"dlq.{service}.>", "signal.>", *_JETSTREAM_CALLS]},
        "subscribe": {"allow": ["yt.>", "signal.>", "_INBOX.>", "$JS.EVENT.ADVISORY.CONSUMER.>"]},
    }


def greeting_reason(port: int) -> str | None:
    """None when a NATS server on `port` greets with JetStream on, otherwise why not.

    The server recovers its streams before it accepts the first client, so the greeting means they are there.
    """
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1.0) as connection:
            greeting = connection.makefile("rb").readline()
    except OSError as error:
        return str(error)
    if not greeting.startswith(b"INFO "):
        return "another server answers on its port"
    return None if json.loads(greeting[5:]).get("jetstream") else "JetStream is off"


@dataclass(frozen=True, slots=True)
class NatsServer:
    """The server whose files are below `home`, listening on `port` of 127.0.0.1."""

    home: Path
    port: int
    secrets_dir: Path
    services: tuple[str, ...] = SERVICES
    monitor_port: int | None = None

    @property
    def url(self) -> str:
        """Client URL without credentials."""
        return f"nats://{LOOPBACK}:{self.port}"

    @property
    def configuration_file(self) -> Path:
        """The generated configuration; it holds passwords and is readable by its owner alone."""
        return self.home / "server.conf"

    def process(self) -> ProcessSpec:
        """How the server is started, watched and stopped."""
        return ProcessSpec(
            name="nats",
            argv=(str(binaries.nats_server()), "--config", str(self.configuration_file)),
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "GOMEMLIMIT": "128MiB", "TZ": "UTC"},
            ready=self.unready_reason,
            ready_seconds=60.0,
            before_start=self.prepare_start,
            worth_showing=_worth_showing,
        )

    def prepare_start(self) -> None:
        """Write the configuration; passwords that do not exist yet are generated."""
        ensure_private_directory(self.home)
        # JSON is a subset of the server's own configuration language, and quoting is settled by it.
        write_private(self.configuration_file, json.dumps(self.configuration(), indent=2) + "\n")

    def configuration(self) -> dict[str, Any]:
        """The server's configuration as data."""
        users: list[dict[str, Any]] = [{"user": ADMIN, "password": self._password(ADMIN)}]
        users += [
            {"user": name, "password": self._password(name), "permissions": service_permissions(name)}
            for name in self.services
        ]
        configuration: dict[str, Any] = {
            "server_name": "ytempire",
            "host": LOOPBACK,
            "port": self.port,
            "max_payload": MAX_PAYLOAD_BYTES,
            "jetstream": {"store_dir": str(self.home / "jetstream"), "sync_interval": "always"},
            "authorization": {"users": users},
            "logtime": False,
            "lame_duck_duration": "30s",
        }
        if self.monitor_port is not None:
            configuration["http"] = f"{LOOPBACK}:{self.monitor_port}"
        return configuration

    def unready_reason(self) -> str | None:
        """None when the server greets with JetStream on, otherwise why not."""
        return greeting_reason(self.port)

    def _password(self, user: str) -> str:
        return ensure_secret(password_file(self.secrets_dir, user))[0]
