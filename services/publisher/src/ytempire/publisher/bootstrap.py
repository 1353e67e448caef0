"""Wiring."""

from __future__ import annotations

import base64
from pathlib import Path

import ytempire.publisher
from ytempire.chassis import AssetReader, Definition, Host, Service, ServiceSettings
from ytempire.eventstore.vault import Vault, kek_file
from ytempire.publisher.adapters.google_youtube import GoogleAccess, GoogleYouTube
from ytempire.publisher.features.connect import Connect
from ytempire.publisher.features.grants import Grants
from ytempire.publisher.features.publish_by_itself import PublishByItself
from ytempire.publisher.features.schedule import Schedule
from ytempire.publisher.features.upload import Upload
from ytempire.publisher.projections import publications
from ytempire.publisher.reactions import reactions
from ytempire.publisher.subscribers import subscriptions


class Settings(ServiceSettings):
    """Publisher's own settings."""

    google_token_url: str
    google_client_id: str
    google_client_secret_file: Path
    youtube_url: str

    def google(self) -> GoogleAccess:
        return GoogleAccess(
            token_url=self.google_token_url,
            youtube_url=self.youtube_url,
            client_id=self.google_client_id,
            client_secret=self.google_client_secret_file.read_text().strip(),
            ca_bundle=self.ca_bundle,
        )


async def build(host: Host[Settings]) -> Service:
    settings = host.settings
    youtube = GoogleYouTube(settings.google())
    vault = Vault(host.store.pool, kek_file(settings.secrets_dir / "publisher.kek.key"))
    assets = AssetReader(settings.assets_dir, base64.b64decode(settings.secret("assets.sign.key")))
    grants = Grants(host.store, vault)
    connect = Connect(host.store, youtube, grants, host.opener, host.sealer, host.clock)
    upload = Upload(host.store, youtube, grants, vault, assets, host.clock)
    schedule = Schedule(host.store, host.clock)
    by_itself = PublishByItself(host.store, schedule)
    return Service(
        subscriptions=subscriptions(connect, schedule, by_itself), reactions=reactions(connect, upload, by_itself)
    )


DEFINITION = Definition(
    name="publisher",
    settings=Settings,
    projections=(publications.PROJECTION,),
    build=build,
    package_file=ytempire.publisher.__file__,
)
