"""Erasure on a whole service: what is left of a person on the disk, in the log, in the models, and in the sums.

`python -m tests.backbone.erasure` measures and prints. The reference service runs as a process on a PostgreSQL and a
NATS of its own; afterwards every byte that any of them wrote is searched.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from tests.backbone.reference import DEFINITION, NAME, PROJECTION, GuestErased, GuestJoined

from ytempire.bus import NatsAccess, connect, read_carried, topology
from ytempire.cli.keys import ensure_platform_keys
from ytempire.cli.ports import free_ports
from ytempire.cli.testing import EmbeddedServers, ServiceDatabase, embedded_servers, temporary_var, until
from ytempire.eventstore import EventStore, ReadModels, new_id
from ytempire.eventstore.audit import verify
from ytempire.eventstore.shadow import rebuild
from ytempire.eventstore.vault import ERASED, Vault, kek_file

_PIECE = 1 << 22


def measure(members: int = 40, erased: int = 15) -> dict[str, Any]:
    """Let people join, erase some, and look for what is left.

    Returns: plaintext (personal texts found in any file, of anybody), controls (files in which the search finds an id,
    which shows that it sees the log in PostgreSQL and in JetStream), readable (fields of the erased that still open),
    unreadable (fields of the others that do not), revived (erased that could join again), live (rows of the erased in
    the model), differing (rows of the live model against a rebuilt one), findings (of the audit), aggregates_equal,
    replayed (events read typed), erasures, files and bytes searched.
    """
    with temporary_var() as var, embedded_servers(var) as servers:
        return asyncio.run(_measure(var, servers, members, erased))


async def _measure(var: Path, servers: EmbeddedServers, members: int, erased: int) -> dict[str, Any]:
    ensure_platform_keys(servers.secrets_dir)
    database = servers.service_database(NAME)
    admin = NatsAccess(servers.nats.url, "admin", servers.nats_access.password_file("admin"))
    client = await connect(admin, "erasure")
    await topology.apply(client.jetstream())
    people = [_person(n) for n in range(members)]
    async with _process(var, servers, database) as api:
        for person in people:
            (await api.post("/members", json=person)).raise_for_status()
        before = await _shown(api, members)
        assert {m["name"] for m in before["members"]} == {p["name"] for p in people}
        gone = {person["member_id"] for person in people[:erased]}
        for member in gone:
            (await api.delete(f"/members/{member}")).raise_for_status()
        after = await _shown(api, members - erased)
        again = [(await api.post("/members", json=p)).status_code for p in people[:erased]]
    result = await _replayed(servers, database, client, gone)
    await client.close()
    texts = [person[field] for person in people for field in ("name", "mail")]
    with servers.postgres.connect("postgres") as connection:
        connection.execute("checkpoint")
    return {
        "members": members,
        "erased": erased,
        "aggregates_equal": before["totals"] == after["totals"],
        "live": sum(m["member_id"] in gone for m in after["members"]),
        "revived": sum(status != 410 for status in again),
        **result,
        **_searched(_folders(var, servers), texts, next(iter(gone))),
    }


def _person(n: int) -> dict[str, Any]:
    mark = secrets.token_hex(6)
    return {
        "member_id": new_id(),
        "name": f"Zoë Ångström-{mark} de la Peña {n}",
        "mail": f"zoe.{mark}@example.org",
        "plan": ("starter", "growth")[n % 2],
        "spent": 1_000 * n,
    }


@asynccontextmanager
async def _process(var: Path, servers: EmbeddedServers, database: ServiceDatabase) -> AsyncIterator[httpx.AsyncClient]:
    """The service as it runs in production, telling as much in its log as it ever does."""
    http, health = free_ports(2)
    environment = {
        "PATH": os.environ["PATH"],
        "YTEMPIRE_SERVICE": NAME,
        "YTEMPIRE_VAR": str(var),
        "YTEMPIRE_DATABASE_URL": database.url,
        "YTEMPIRE_DATABASE_PASSWORD_FILE": str(database.password_file),
        "YTEMPIRE_OWNER_DATABASE_URL": database.owner_url,
        "YTEMPIRE_OWNER_DATABASE_PASSWORD_FILE": str(database.owner_password_file),
        "YTEMPIRE_NATS_URL": servers.nats.url,
        "YTEMPIRE_NATS_USER": NAME,
        "YTEMPIRE_NATS_PASSWORD_FILE": str(servers.nats_access.password_file(NAME)),
        "YTEMPIRE_HEALTH_PORT": str(health),
        "YTEMPIRE_HTTP_PORT": str(http),
        "YTEMPIRE_SECRETS_DIR": str(servers.secrets_dir),
        "YTEMPIRE_ASSETS_DIR": str(var / "assets"),
        "YTEMPIRE_TRACE_DIR": str(var / "traces"),
        "YTEMPIRE_LOG_LEVEL": "DEBUG",
    }
    (var / "traces").mkdir()
    with (var / "service.log").open("wb") as log:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.backbone.reference", cwd=Path(__file__).parents[2], env=environment,
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{http}", timeout=30) as api:
            await until(partial(_ready, api, f"http://127.0.0.1:{health}/readyz", child), seconds=90)
            yield api
            await until(partial(_settled, api, f"http://127.0.0.1:{health}/internal/state"))
    except Exception as error:
        error.add_note((var / "service.log").read_text(errors="replace")[-3000:])
        raise
    finally:
        if child.returncode is None:
            child.terminate()
        await child.wait()


async def _ready(api: httpx.AsyncClient, url: str, child: asyncio.subprocess.Process) -> bool:
    if child.returncode is not None:
        raise RuntimeError(f"the reference service ended with code {child.returncode}")
    try:
        return (await api.get(url)).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


async def _settled(api: httpx.AsyncClient, url: str) -> bool:
    return bool((await api.get(url)).json()["settled"])


async def _shown(api: httpx.AsyncClient, members: int) -> dict[str, Any]:
    """What the read model shows once it has so many members."""

    async def level() -> bool:
        return len((await api.get("/members")).json()["members"]) == members

    await until(level)
    found: dict[str, Any] = (await api.get("/members")).json()
    return found


async def _replayed(servers: EmbeddedServers, database: ServiceDatabase, client: Any, gone: set[str]) -> dict[str, Any]:
    """The log read from the start, its audit, and the model built again from it."""
    store = EventStore(NAME, database.dsn, lambda: datetime.now(UTC))
    await store.open()
    models = ReadModels(NAME, database.dsn, DEFINITION.projections)
    vault = Vault(store.pool, kek_file(servers.secrets_dir / f"{NAME}.kek.key"))
    try:
        log = await store.read(0, 100_000)
        events = [record.event for record in log]
        joined = [event for event in events if isinstance(event, GuestJoined)]
        fields = {
            (e.member_id, f): await vault.decrypt(e.member_id, f, getattr(e, f))
            for e in joined
            for f in ("name", "mail")
        }
        rebuilt = await rebuild(store, models, PROJECTION, partial(read_carried, client.jetstream()))
        return {
            "replayed": len(events),
            "erasures": sum(isinstance(event, GuestErased) for event in events),
            "readable": sum(text != ERASED for (member, _), text in fields.items() if member in gone),
            "unreadable": sum(text == ERASED for (member, _), text in fields.items() if member not in gone),
            "differing": rebuilt.differing,
            "findings": len((await verify(store)).findings),
        }
    finally:
        await models.close()
        await store.close()


def _folders(var: Path, servers: EmbeddedServers) -> dict[str, Path]:
    return {"postgres": servers.postgres.placement.data, "nats": var / "nats", "everything": var}


def _searched(folders: dict[str, Path], texts: list[str], control: str) -> dict[str, Any]:
    """Search every file, write-ahead logs and JetStream's blocks included."""
    needles = [needle for text in texts for needle in _forms(text)]
    found = seen = size = 0
    controls = {"postgres": 0, "nats": 0}
    for path, name in {path: name for name, folder in reversed(folders.items()) for path in _files(folder)}.items():
        data = path.read_bytes()
        seen, size = seen + 1, size + len(data)
        found += sum(needle in data for needle in needles)
        if name in controls:
            controls[name] += control.encode() in data
    return {"plaintext": found, "controls": controls, "files": seen, "bytes": size}


def _forms(text: str) -> Iterable[bytes]:
    """A text as it may be written: as it is, in JSON, in hexadecimal, in base64 at each of the three alignments."""
    raw = text.encode()
    yield raw
    yield json.dumps(text)[1:-1].encode()
    yield raw.hex().encode()
    for skipped in range(3):
        yield base64.b64encode(b"\0" * skipped + raw)[4:-4]


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
