"""Web addresses in a description, each with the moment it was first there."""

import re

LINK = re.compile(r"https?://[^\s<>\"')\]]+[^\s<>\"')\].,;:!?]")


def track_links(description: str, known: dict[str, str], now: str) -> dict[str, str]:
    """The addresses in a description; those that were there before keep their time."""
    return {url: known.get(url, now) for url in LINK.findall(description)}
