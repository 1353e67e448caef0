"""Wiring."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import ytempire.gateway
from ytempire.chassis import AssetReader, Definition, Host, Service
from ytempire.eventstore.vault import Vault, kek_file
from ytempire.gateway.adapters.devices import SqlDevices
from ytempire.gateway.adapters.passwords import ArgonPasswords
from ytempire.gateway.adapters.second_factors import SqlSecondFactors
from ytempire.gateway.adapters.sessions import SqlSessions
from ytempire.gateway.adapters.sql import SqlConsents, SqlCredentials, SqlIdempotencyKeys
from ytempire.gateway.adapters.tokens import Tokens
from ytempire.gateway.edge import Edge
from ytempire.gateway.ended import EndedListener, EndedSessions
from ytempire.gateway.features.attempts import LogInLimits
from ytempire.gateway.features.change_email import ChangeEmail
from ytempire.gateway.features.choose_reminders import ChooseReminders
from ytempire.gateway.features.connect_channel import ConnectChannel
from ytempire.gateway.features.log_in import LogIn
from ytempire.gateway.features.prove_password import ProvePassword
from ytempire.gateway.features.receive_webhook import ReceiveWebhook
from ytempire.gateway.features.second_factor import SecondFactorCodes
from ytempire.gateway.features.set_password import SetPassword
from ytempire.gateway.features.sign_up import SignUp
from ytempire.gateway.http import app
from ytempire.gateway.intents import KEY_LIFE, Intents
from ytempire.gateway.limits import Attempts, Bucket, Failures
from ytempire.gateway.live import ChangeListener, Hub, ProgressListener
from ytempire.gateway.projections import PROJECTIONS
from ytempire.gateway.settings import GatewaySettings
from ytempire.gateway.subscribers import subscriptions

_PURGE_EVERY_S = 3600.0
_FORGIVEN_HERE_S = 900.0
"""One failed log-in is forgiven in this time: an address can be guessed at 96 times a day from one network."""
_FORGIVEN_EVERYWHERE_S = 300.0
_FORGIVEN_NETWORK_S = 15.0
"""Many people may share a network."""


async def build(host: Host[GatewaySettings]) -> Service:
    """Wire the gateway."""
    edge, purge = _edge(host)
    return Service(
        subscriptions=subscriptions(edge.set_password, edge.change_email),
        background=(
            edge.changes.run,
            ProgressListener(host.nats, edge.hub).run,
            EndedListener(host.settings.dsn(), edge.ended).run,
            purge,
        ),
        http=app.create(edge),
        http_port=host.settings.http_port,
    )


def _edge(host: Host[GatewaySettings]) -> tuple[Edge, Callable[[], Awaitable[None]]]:
    settings, engine, hub = host.settings, host.models.engine, Hub()
    ended = EndedSessions(max(settings.access_token_s, settings.media_link_s), hub)
    credentials, sessions = SqlCredentials(engine), SqlSessions(engine, ended)
    devices, passwords = SqlDevices(engine), ArgonPasswords(settings.passwords_waiting)
    consents, keys = SqlConsents(engine), SqlIdempotencyKeys(host.models.lazily)
    host.models.on_applied(hub.applied)
    digest_key = settings.key("gateway.digest.key")
    tokens = Tokens(settings.key("gateway.jwt.key"), settings.access_token_s, settings.media_link_s, ended)
    intents = Intents(host.store, host.models, keys, hub, host.clock, settings.answer_wait_s)
    prove_password = ProvePassword(credentials, passwords, Attempts(settings.login_failures, _FORGIVEN_HERE_S))
    second_factor = SecondFactorCodes(
        SqlSecondFactors(engine),
        prove_password,
        Vault(host.store.pool, kek_file(settings.secrets_dir / "gateway.kek.key")),
        digest_key,
        Attempts(settings.code_failures, _FORGIVEN_HERE_S),
    )
    edge = Edge(
        settings=settings,
        clock=host.clock,
        models=host.models,
        nats=host.nats,
        engine=engine,
        intents=intents,
        hub=hub,
        changes=ChangeListener(settings.dsn(), hub, host.models.applier.backends),
        sealer=host.sealer,
        opener=host.opener,
        assets=AssetReader(settings.assets_dir, settings.key("assets.sign.key")),
        tokens=tokens,
        ended=ended,
        digest_key=digest_key,
        second_factor=second_factor,
        sign_up=SignUp(intents, host.sealer, host.clock, digest_key),
        set_password=SetPassword(intents, credentials, sessions, passwords, host.clock),
        change_email=ChangeEmail(intents, credentials, host.sealer, host.clock, digest_key),
        prove_password=prove_password,
        log_in=LogIn(
            credentials,
            sessions,
            devices,
            passwords,
            second_factor,
            tokens,
            digest_key,
            LogInLimits(
                here=Attempts(settings.login_failures, _FORGIVEN_HERE_S),
                network=Attempts(settings.login_failures_by_address, _FORGIVEN_NETWORK_S),
                everywhere=Attempts(settings.login_failures_everywhere, _FORGIVEN_EVERYWHERE_S),
                device=Attempts(settings.login_failures, _FORGIVEN_HERE_S),
            ),
            Bucket(settings.log_ins_per_minute / 60, settings.log_ins_per_minute),
            settings.refresh_token_s,
            settings.device_s,
        ),
        connect_channel=ConnectChannel(
            intents,
            consents,
            host.sealer,
            host.clock,
            digest_key,
            settings.google_auth_url,
            settings.google_client_id,
            settings.public_url,
            settings.consent_s,
        ),
        choose_reminders=ChooseReminders(intents),
        webhooks=ReceiveWebhook(
            intents, host.clock, settings.stripe_webhook_secret(), Failures(settings.webhook_failures)
        ),
        writes=Bucket(settings.writes_per_s, settings.write_burst),
        strangers=Bucket(settings.sign_ups_per_minute / 60, settings.sign_ups_per_minute),
    )

    async def purge() -> None:
        """Forget what has expired. Nothing depends on when."""
        while True:
            await keys.purge(host.clock.now() - KEY_LIFE)
            await credentials.purge(host.clock.now() - 2 * KEY_LIFE)
            await consents.purge(datetime.now(UTC))
            await sessions.purge(datetime.now(UTC))
            await devices.purge(datetime.now(UTC))
            await asyncio.sleep(_PURGE_EVERY_S)

    return edge, purge


DEFINITION = Definition("gateway", GatewaySettings, PROJECTIONS, build, ytempire.gateway.__file__)
