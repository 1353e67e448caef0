"""Everything the routes work with, wired once."""

from __future__ import annotations

from dataclasses import dataclass

from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncEngine

from ytempire.chassis import AssetReader, Clock, Opener, Sealer
from ytempire.eventstore import ReadModels
from ytempire.gateway.adapters.tokens import Tokens
from ytempire.gateway.ended import EndedSessions
from ytempire.gateway.features.change_email import ChangeEmail
from ytempire.gateway.features.choose_reminders import ChooseReminders
from ytempire.gateway.features.connect_channel import ConnectChannel
from ytempire.gateway.features.log_in import LogIn
from ytempire.gateway.features.prove_password import ProvePassword
from ytempire.gateway.features.receive_webhook import ReceiveWebhook
from ytempire.gateway.features.second_factor import SecondFactorCodes
from ytempire.gateway.features.set_password import SetPassword
from ytempire.gateway.features.sign_up import SignUp
from ytempire.gateway.intents import Intents
from ytempire.gateway.limits import Bucket
from ytempire.gateway.live import ChangeListener, Hub
from ytempire.gateway.settings import GatewaySettings


@dataclass(frozen=True)
class Edge:
    settings: GatewaySettings
    clock: Clock
    models: ReadModels
    nats: Client
    engine: AsyncEngine
    intents: Intents
    hub: Hub
    changes: ChangeListener
    sealer: Sealer
    opener: Opener
    """Opens what other services sealed for the person who asked."""
    assets: AssetReader
    tokens: Tokens
    ended: EndedSessions
    digest_key: bytes
    sign_up: SignUp
    set_password: SetPassword
    change_email: ChangeEmail
    prove_password: ProvePassword
    log_in: LogIn
    second_factor: SecondFactorCodes
    connect_channel: ConnectChannel
    choose_reminders: ChooseReminders
    webhooks: ReceiveWebhook
    writes: Bucket
    """For each user."""
    strangers: Bucket
    """For each network address, before anybody is known."""
