"""The ASGI application: every provider's router under its prefix, on one https host."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from ytempire.sandbox import control, inbox
from ytempire.sandbox.awin.router import router as awin
from ytempire.sandbox.google.router import router as google
from ytempire.sandbox.middleware import ProviderMiddleware
from ytempire.sandbox.openai.router import router as openai
from ytempire.sandbox.stripe.router import router as stripe
from ytempire.sandbox.world import World


def create_app(world: World) -> FastAPI:
    """Mount all providers on one application; its lifespan runs the world's schedule."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        runner = asyncio.create_task(world.schedule.run())
        try:
            yield
        finally:
            runner.cancel()
            with suppress(asyncio.CancelledError):
                await runner

    app = FastAPI(title="YTEMPIRE sandbox", docs_url="/docs", redoc_url=None, lifespan=lifespan)
    app.add_middleware(ProviderMiddleware, world=world)
    for make in (control.router, inbox.router, stripe, openai, google, awin):
        app.include_router(make(world))
    return app
