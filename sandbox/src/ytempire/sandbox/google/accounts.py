"""Google accounts and their YouTube channels.

An account is an e-mail address. On first use it owns two channels: ``<account> - fresh`` (just created) and
``<account> - established`` (past the Partner Programme's thresholds and monetised). More are made on the consent page.
"""

from datetime import datetime, timedelta
from typing import Any

from ytempire.sandbox.google import draw
from ytempire.sandbox.google.times import exact, parse
from ytempire.sandbox.world import World

CHANNELS = "google.channel"
MOST_CHANNELS = 30


class AccountError(ValueError):
    """The account or its channel cannot be used; the message is for the person on the consent page."""


def account_name(text: str) -> str:
    """The normal form of an account's e-mail address; raises :class:`AccountError` if it is none."""
    name = text.strip().lower()
    local, _, domain = name.partition("@")
    if not local or "." not in domain or len(name) > 254 or any(char.isspace() for char in name):
        raise AccountError("Enter the e-mail address of a Google account, such as ada@example.com.")
    return name


def channels_of(world: World, account: str) -> list[dict[str, Any]]:
    """The channels of an account, oldest first; the two first ones are created now if the account is new."""
    found = world.store.list(CHANNELS, account=account)
    if found:
        return found
    with world.store.transaction():
        return [_create(world, account, "fresh", False), _create(world, account, "established", True)]


def create_channel(world: World, account: str, title: str = "") -> dict[str, Any]:
    """A further, empty channel of the account; raises :class:`AccountError` at the limit of 30."""
    count = len(channels_of(world, account))
    if count >= MOST_CHANNELS:
        raise AccountError(f"This account already owns {MOST_CHANNELS} channels; it cannot create another one.")
    return _create(world, account, f"channel {count + 1}", False, title.strip())


def choose_channel(world: World, account: str, choice: str, title: str = "") -> dict[str, Any]:
    """The channel meant by ``fresh``, ``established``, ``another`` or a channel id of this account."""
    if choice == "another":
        return create_channel(world, account, title)
    for channel in channels_of(world, account):
        if choice in (channel["label"], channel["id"]):
            return channel
    raise AccountError("Choose one of this account's channels.")


def channel_by_id(world: World, id: str) -> dict[str, Any] | None:
    """A channel of any account, or None."""
    return world.store.get(CHANNELS, id)


def channels(world: World) -> list[dict[str, Any]]:
    """All channels of all accounts."""
    return world.store.list(CHANNELS)


def uploads_playlist(channel: dict[str, Any]) -> str:
    """Id of the playlist of everything the channel uploaded: the channel's id with UU in front."""
    return "UU" + str(channel["id"])[2:]


def created_at(channel: dict[str, Any]) -> datetime:
    """When the channel was created, UTC."""
    return parse(channel["created_at"])


def _create(world: World, account: str, label: str, established: bool, title: str = "") -> dict[str, Any]:
    id = "UC" + draw.identifier(22, "channel", account, label)
    born = world.clock.now() - timedelta(days=900 if established else 0)
    channel = {
        "id": id,
        "account": account,
        "label": label,
        "title": title or f"{account} - {label}",
        "created_at": exact(born),
        "monetised": established,
        "phone_verified": True,
        # What the channel had before the sandbox knew it: past 1,000 subscribers and 4,000 hours when established.
        "base_subscribers": round(draw.between(12_000, 38_000, id, "subscribers")) if established else 0,
        "base_views": round(draw.between(1.2e6, 3.6e6, id, "views")) if established else 0,
        "base_watch_hours": round(draw.between(6_500, 19_000, id, "hours")) if established else 0,
    }
    world.store.put(CHANNELS, id, channel)
    return channel
