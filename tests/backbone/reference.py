"""A small service with personal fields in its events, a read model and an outbox: `python -m tests.backbone.reference`.

It is a service like the seven, built of the same parts, under the name and on the migrations of onboarding. Members
join with a name and an address, and may be erased: the intent is an event, the destruction of the key follows from it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, MetaData, Table, Text, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import ytempire.onboarding
from ytempire.chassis.host import Definition, Host, Service
from ytempire.chassis.runner import run
from ytempire.chassis.settings import ServiceSettings
from ytempire.events import Envelope, Event
from ytempire.events.onboarding import EmailVerified
from ytempire.eventstore import Delivery, Projection, Reaction, new_id
from ytempire.eventstore.vault import SubjectErasedError, Vault, kek_file

NAME = "onboarding"


class GuestJoined(Event, owner=NAME, private=True):
    """Name and mail are ciphertexts of the vault; plan and spending are nobody's secret."""

    member_id: str
    name: str
    mail: str
    plan: str
    spent: int


class GuestErased(Event, owner=NAME, private=True):
    member_id: str


TABLES = MetaData()
MEMBERS = Table(
    "members", TABLES, Column("member_id", Text, primary_key=True), Column("name", Text), Column("mail", Text)
)
TOTALS = Table(
    "totals", TABLES, Column("plan", Text, primary_key=True), Column("members", BigInteger), Column("spent", BigInteger)
)


async def _joined(connection: AsyncConnection, event: GuestJoined, _: Envelope) -> None:
    await connection.execute(insert(MEMBERS).values(member_id=event.member_id, name=event.name, mail=event.mail))
    more = insert(TOTALS).values(plan=event.plan, members=1, spent=event.spent)
    grown = {"members": TOTALS.c.members + more.excluded.members, "spent": TOTALS.c.spent + more.excluded.spent}
    await connection.execute(more.on_conflict_do_update(index_elements=["plan"], set_=grown))


async def _erased(connection: AsyncConnection, event: GuestErased, _: Envelope) -> None:
    await connection.execute(delete(MEMBERS).where(MEMBERS.c.member_id == event.member_id))


PROJECTION = Projection("reference_members", TABLES, {GuestJoined: _joined, GuestErased: _erased})


class Settings(ServiceSettings):
    http_port: int


class Members:
    """The use cases: join, show, erase."""

    def __init__(self, host: Host[Settings]) -> None:
        self._host = host
        self.vault = Vault(host.store.pool, kek_file(host.settings.secrets_dir / f"{NAME}.kek.key"))

    async def join(self, request: Request) -> JSONResponse:
        wanted = await request.json()
        member = str(wanted.get("member_id", new_id()))
        try:
            name = await self.vault.encrypt(member, "name", wanted["name"])
            mail = await self.vault.encrypt(member, "mail", wanted["mail"])
        except SubjectErasedError as error:
            return JSONResponse({"detail": str(error)}, status_code=410)
        joined = GuestJoined(member_id=member, name=name, mail=mail, plan=wanted["plan"], spent=wanted["spent"])
        await self._host.store.append(f"member-{member}", joined, EmailVerified(user_id=member), expected=0)
        return JSONResponse({"member_id": member}, status_code=201)

    async def show(self, _: Request) -> JSONResponse:
        async with self._host.models.reading(PROJECTION) as connection:
            rows = (await connection.execute(select(MEMBERS).order_by(MEMBERS.c.member_id))).mappings().all()
            totals = (await connection.execute(select(TOTALS).order_by(TOTALS.c.plan))).mappings().all()
        members = [
            {
                "member_id": row["member_id"],
                "name": await self.vault.decrypt(row["member_id"], "name", row["name"]),
                "mail": await self.vault.decrypt(row["member_id"], "mail", row["mail"]),
            }
            for row in rows
        ]
        return JSONResponse({"members": members, "totals": [dict(total) for total in totals]})

    async def erase(self, request: Request) -> JSONResponse:
        member = request.path_params["member_id"]
        await self._host.store.append(f"member-{member}", GuestErased(member_id=member))
        return JSONResponse({}, status_code=202)

    async def destroy(self, event: GuestErased, _: Delivery) -> None:
        await self.vault.erase(event.member_id)


async def build(host: Host[Settings]) -> Service:
    members = Members(host)
    routes: list[Any] = [
        Route("/members", members.join, methods=["POST"]),
        Route("/members", members.show),
        Route("/members/{member_id}", members.erase, methods=["DELETE"]),
    ]
    return Service(
        reactions=[Reaction("reference-erasure", {GuestErased: members.destroy})],
        http=Starlette(routes=routes),
        http_port=host.settings.http_port,
    )


DEFINITION = Definition(NAME, Settings, (PROJECTION,), build, ytempire.onboarding.__file__)

if __name__ == "__main__":
    run(DEFINITION)
