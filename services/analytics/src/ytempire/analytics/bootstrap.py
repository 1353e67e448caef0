"""Wiring."""

from __future__ import annotations

from pathlib import Path

import ytempire.analytics
from ytempire.analytics.adapters.awin import Awin
from ytempire.analytics.adapters.niche_table import profile
from ytempire.analytics.adapters.youtube_reports import ReportAccess, YouTubeReports
from ytempire.analytics.domain.balance import DAY_LEDGERS
from ytempire.analytics.features.account import Account
from ytempire.analytics.features.collect import Collect
from ytempire.analytics.features.monetize import Monetize
from ytempire.analytics.features.sell import Sell
from ytempire.analytics.projections import profit
from ytempire.analytics.reactions import reactions
from ytempire.analytics.subscribers import subscriptions
from ytempire.chassis import Definition, Host, Service, ServiceSettings
from ytempire.eventstore.vault import Vault, kek_file


class Settings(ServiceSettings):
    """Analytics' own settings."""

    google_token_url: str
    google_client_id: str
    google_client_secret_file: Path
    youtube_analytics_url: str
    awin_url: str
    awin_publisher_id: str
    awin_token_file: Path

    def google(self) -> ReportAccess:
        return ReportAccess(
            token_url=self.google_token_url,
            analytics_url=self.youtube_analytics_url,
            client_id=self.google_client_id,
            client_secret=self.google_client_secret_file.read_text().strip(),
            ca_bundle=self.ca_bundle,
        )


async def build(host: Host[Settings]) -> Service:
    settings = host.settings
    vault = Vault(host.store.pool, kek_file(settings.secrets_dir / "analytics.kek.key"))
    awin = Awin(settings.awin_url, settings.awin_publisher_id, settings.awin_token_file.read_text().strip(), host.tls)
    collect = Collect(host.store, YouTubeReports(settings.google()), vault, host.opener, host.clock)
    monetize = Monetize(host.store, awin, profile)
    sell = Sell(host.store, awin, host.clock)
    account = Account(host.store, host.clock)
    await sell.begin()
    return Service(
        subscriptions=subscriptions(collect, monetize, account),
        reactions=reactions(collect, monetize, sell, account),
    )


DEFINITION = Definition(
    name="analytics",
    settings=Settings,
    projections=(profit.PROJECTION,),
    build=build,
    package_file=ytempire.analytics.__file__,
    ledgers=(DAY_LEDGERS,),
)
