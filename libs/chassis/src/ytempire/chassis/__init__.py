"""What every service process needs: settings, telemetry, health, clock, mail, sealing, assets, runner."""

from ytempire.chassis.assets import AssetError, AssetReader, AssetStore
from ytempire.chassis.clock import Clock, SystemClock, VirtualClock, next_daily
from ytempire.chassis.host import Definition, Host, Service
from ytempire.chassis.mail import Mail, Mailer
from ytempire.chassis.runner import run
from ytempire.chassis.sealing import Opener, Sealer
from ytempire.chassis.settings import ServiceSettings

__all__ = [
    "AssetError",
    "AssetReader",
    "AssetStore",
    "Clock",
    "Definition",
    "Host",
    "Mail",
    "Mailer",
    "Opener",
    "Sealer",
    "Service",
    "ServiceSettings",
    "SystemClock",
    "VirtualClock",
    "next_daily",
    "run",
]
