"""The inbox: every mail the platform sent, as pages and as JSON."""

import re
from typing import Any

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse

from ytempire.sandbox.pages import page
from ytempire.sandbox.smtp import KIND
from ytempire.sandbox.world import World

LINK = re.compile(r"https?://[^\s<>\"')\]]+")


def _summary(mail: dict[str, Any]) -> dict[str, Any]:
    return {key: mail[key] for key in ("id", "received_at", "from", "to", "rcpt_to", "subject", "message_id")}


def _view(mail: dict[str, Any]) -> dict[str, Any]:
    links = LINK.findall(mail["text"] or "") or LINK.findall(mail["html"] or "")
    return {**mail, "links": [link.rstrip(".,;") for link in links]}


def router(world: World) -> APIRouter:
    """Routes of ``/inbox``."""
    routes = APIRouter(tags=["inbox"])

    def find(id: str) -> dict[str, Any]:
        mail = world.store.get(KIND, id)
        if mail is None:
            raise HTTPException(404, f"There is no mail {id}.")
        return _view(mail)

    def received(to: str | None) -> list[dict[str, Any]]:
        mails = world.store.list(KIND)
        if to:
            mails = [m for m in mails if to.lower() in (address.lower() for address in m["rcpt_to"])]
        return mails[::-1]

    @routes.get("/inbox/messages")
    async def messages(to: str | None = None) -> dict[str, Any]:
        """Mails, newest first; ``to`` keeps those for one address."""
        found = received(to)
        return {"messages": [_summary(mail) for mail in found], "count": len(found)}

    @routes.get("/inbox/messages/{id}")
    async def message(id: str) -> dict[str, Any]:
        """One mail with all headers, bodies and the links in it."""
        return find(id)

    @routes.get("/inbox", include_in_schema=False)
    async def inbox(to: str | None = None) -> HTMLResponse:
        return page("inbox.html", mails=received(to), to=to)

    @routes.get("/inbox/{id}", include_in_schema=False)
    async def mail(id: str) -> HTMLResponse:
        return page("mail.html", mail=find(id))

    return routes
