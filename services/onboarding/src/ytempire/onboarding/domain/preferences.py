"""What a customer may prefer, and what is said about values that cannot be."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import NamedTuple

STYLES = (
    "educational",
    "explainer",
    "documentary",
    "tutorial",
    "listicle",
    "storytelling",
    "news",
    "motivational",
)
SHORTEST_S, LONGEST_S = 60, 1800
MOST_LAYOUT_ENTRIES, LONGEST_LAYOUT_TEXT = 50, 200


@dataclass(frozen=True, slots=True)
class Preferences:
    """How videos are made and shown unless a request says otherwise."""

    video_style: str
    video_length_s: int
    auto_publish: bool
    timezone: str
    dashboard_layout: dict[str, str]


class Fault(NamedTuple):
    """Why a value is refused: the words of a ``Rejected`` event."""

    code: str
    field: str
    message: str


def check(preferences: Preferences, zones: Set[str]) -> Fault | None:
    """The first thing that is wrong; None if all is well."""
    p = preferences
    if p.video_style not in STYLES:
        known = ", ".join(STYLES)
        return Fault("unknown_style", "video_style", f"Choose one of these styles: {known}.")
    if not SHORTEST_S <= p.video_length_s <= LONGEST_S:
        message = f"Choose a length from {SHORTEST_S} to {LONGEST_S} seconds; you asked for {p.video_length_s}."
        return Fault("length_out_of_range", "video_length_s", message)
    if p.timezone not in zones:
        message = "Choose a time zone of the IANA list, such as Europe/Berlin, America/New_York or UTC."
        return Fault("unknown_timezone", "timezone", message)
    return _check_layout(p.dashboard_layout)


def _check_layout(layout: dict[str, str]) -> Fault | None:
    if len(layout) > MOST_LAYOUT_ENTRIES:
        message = f"A dashboard layout has at most {MOST_LAYOUT_ENTRIES} entries; this one has {len(layout)}."
        return Fault("layout_too_large", "dashboard_layout", message)
    if any(len(text) > LONGEST_LAYOUT_TEXT for entry in layout.items() for text in entry):
        message = f"Keep every name and value of the dashboard layout to {LONGEST_LAYOUT_TEXT} characters."
        return Fault("layout_too_large", "dashboard_layout", message)
    return None
