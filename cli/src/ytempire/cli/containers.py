"""What the compose profile needs before its servers and services start: secrets by receiver, roles, streams, trust.

Each container mounts a volume with the secrets it reads and no others; all of them together lie in one volume, the
keys, that only the two set-up containers see and that is worth a backup.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import certifi
import psycopg
from psycopg import sql

from ytempire.cli.embedded import provision
from ytempire.cli.embedded.nats import ADMIN, NatsServer, password_file
from ytempire.cli.embedded.postgres import SUPERUSER
from ytempire.cli.environment import PROVIDER_SECRET_NAMES, ensure_provider_secrets
from ytempire.cli.keys import SEALED_RECEIVERS, ensure_platform_keys, ensure_secret, rotate_sealing_keys, write_private
from ytempire.cli.problems import PlatformProblem

NATS_PORT = 4222
_SUPERUSER_PASSWORD = "postgres.superuser.password"  # noqa: S105 - a file's name
_WEBHOOK_SECRET = "stripe.webhook.secret"  # noqa: S105 - a file's name

# Beside its own passwords and audit key, every service reads the public halves of the sealing and the audit keys.
_OWN_KEYS: Mapping[str, tuple[str, ...]] = {
    "gateway": (
        "gateway.jwt.key",
        "gateway.digest.key",
        "gateway.kek.key",
        "gateway.seal.key",
        "assets.sign.key",
        _WEBHOOK_SECRET,
    ),
    "onboarding": ("onboarding.kek.key", "onboarding.seal.key"),
    "billing": ("billing.seal.key", "stripe.key"),
    "media": ("assets.sign.key", "openai.key"),
    "publisher": ("publisher.kek.key", "publisher.seal.key", "assets.sign.key", "google.client.secret"),
    "analytics": ("analytics.kek.key", "analytics.seal.key", "google.client.secret", "awin.token"),
    "support": ("support.kek.key", "support.seal.key"),
}
# Settings without which the outside world cannot be reached; the sandbox's own settings file has them all.
_NEEDED_OUTSIDE = ("YTEMPIRE_GOOGLE_CLIENT_ID", "YTEMPIRE_AWIN_PUBLISHER_ID", "YTEMPIRE_SMTP_HOST")


def secret_names(receiver: str) -> tuple[str, ...]:
    """The files that `receiver` (a service, `postgres` or `sandbox`) may read."""
    if receiver == "postgres":
        return (_SUPERUSER_PASSWORD,)
    if receiver == "sandbox":
        return (_WEBHOOK_SECRET,)
    roles = (receiver, provision.owner_role(receiver))
    return (
        *(f"postgres.{role}.password" for role in roles),
        f"nats.{receiver}.password",
        *(f"{service}.seal.pub" for service in SEALED_RECEIVERS),
        *(f"{service}.audit.pub" for service in provision.SERVICES),
        f"{receiver}.audit.key",
        *_OWN_KEYS[receiver],
    )


def nats_configuration(keys: Path) -> dict[str, Any]:
    """The embedded profile's configuration with a container's places: every address, `/data`, monitoring on loopback.

    Passwords that do not exist yet are generated below `keys`.
    """
    configuration = NatsServer(Path("/data"), NATS_PORT, keys).configuration()
    return {**configuration, "host": "0.0.0.0", "http": "127.0.0.1:8222"}  # noqa: S104 - inside its container


def make_secrets(keys: Path, given: Path, *, sandbox: bool, settings: Mapping[str, str]) -> None:
    """Make what is missing in `keys`, and take the providers' keys from `given`, where the person put them.

    Raises `PlatformProblem` when a provider's key or setting is missing and no sandbox stands in.
    """
    ensure_platform_keys(keys)
    rotate_sealing_keys(keys)
    ensure_secret(keys / _SUPERUSER_PASSWORD)
    for service in provision.SERVICES:
        for role in (service, provision.owner_role(service)):
            ensure_secret(provision.password_file(keys, role))
    for user in (ADMIN, *provision.SERVICES):
        ensure_secret(password_file(keys, user))
    for name in PROVIDER_SECRET_NAMES:
        if (given / name).is_file():
            write_private(keys / name, (given / name).read_text(encoding="utf-8").strip() + "\n")
    if sandbox:
        ensure_provider_secrets(keys)
        return
    missing = [name for name in PROVIDER_SECRET_NAMES if not (given / name).is_file()]
    if missing:
        raise PlatformProblem(
            f"Keys of providers are missing: put {', '.join(missing)} into deploy/secrets, "
            "or run with the sandbox (--env-file deploy/sandbox.env)."
        )
    unset = [name for name in _NEEDED_OUTSIDE if not settings.get(name)]
    if unset:
        raise PlatformProblem(f"Settings are missing: write {', '.join(unset)} into the file .env beside compose.yaml.")


def hand_out(keys: Path, out: Path) -> list[str]:
    """Copy to each receiver's folder below `out` what it reads, and remove what it no longer does; a line each."""
    lines = []
    for receiver in SEALED_RECEIVERS:
        # before anybody seals with a new public key, its owner can open it
        _write(out / receiver, {f"{receiver}.seal.key": (keys / f"{receiver}.seal.key").read_text(encoding="utf-8")})
    for receiver in (*provision.SERVICES, "postgres", "sandbox"):
        files = {name: (keys / name).read_text(encoding="utf-8") for name in secret_names(receiver)}
        lines.append(f"{receiver}: {_fill(out / receiver, files)} files")
    configuration = json.dumps(nats_configuration(keys), indent=2) + "\n"
    lines.append(f"nats: {_fill(out / 'nats', {'nats-server.conf': configuration})} files")
    return lines


def _fill(folder: Path, files: Mapping[str, str]) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in {path.name for path in folder.iterdir()} - set(files):
        (folder / leftover).unlink()
    _write(folder, files)
    return len(files)


def _write(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        fresh = folder / f".{name}.new"
        fresh.write_text(text, encoding="utf-8")
        # Servers run under accounts of their images' own. Who may read is settled by who mounts the folder.
        fresh.chmod(0o444)
        fresh.replace(folder / name)


def prepare_stores(keys: Path, postgres_host: str, nats_url: str) -> list[str]:
    """Make databases, roles and streams that are missing; returns what was done on NATS, a line each."""

    def connect(database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=postgres_host,
            port=5432,
            dbname=database,
            user=SUPERUSER,
            password=(keys / _SUPERUSER_PASSWORD).read_text(encoding="utf-8").strip(),
            connect_timeout=10,
            autocommit=True,
        )

    provision.provision(connect, keys)
    _set_passwords(connect, keys)
    return asyncio.run(_apply_topology(keys, nats_url))


def _set_passwords(connect: Callable[[str], psycopg.Connection], keys: Path) -> None:
    """Set every role's password again, so that keys and a database that were restored apart fit each other."""
    with connect("postgres") as connection:
        for role in (role for service in provision.SERVICES for role in (service, provision.owner_role(service))):
            password = provision.password_file(keys, role).read_text(encoding="utf-8").strip()
            connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(password)))


async def _apply_topology(keys: Path, nats_url: str) -> list[str]:
    from ytempire.bus import NatsAccess, connect, topology

    client = await connect(NatsAccess(nats_url, ADMIN, password_file(keys, ADMIN)), "topology")
    try:
        return await topology.apply(client.jetstream())
    finally:
        await client.close()


def write_trust(bundle: Path, sandbox_authority: Path) -> None:
    """Merge the system's authorities with the sandbox's, where there is one, into `bundle`."""
    system = ssl.get_default_verify_paths().cafile or certifi.where()
    fresh = bundle.with_name(f"{bundle.name}.new")
    shutil.copyfile(system, fresh)
    if sandbox_authority.is_file():
        with fresh.open("a", encoding="utf-8") as handle:
            handle.write("\n" + sandbox_authority.read_text(encoding="utf-8"))
    fresh.chmod(0o444)
    fresh.replace(bundle)
