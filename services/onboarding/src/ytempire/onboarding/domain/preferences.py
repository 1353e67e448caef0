"""What a customer may prefer, and what is said about values that cannot be."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field

from ytempire.events.preferences import Fault, VideoPreferences, fault_of

MOST_LAYOUT_ENTRIES, LONGEST_LAYOUT_TEXT = 50, 200


@dataclass(frozen=True, slots=True)
class Preferences:
    """How videos are made and shown unless a request says otherwise."""

    videos: VideoPreferences = field(default_factory=VideoPreferences)
    timezone: str = "UTC"
    dashboard_layout: dict[str, str] = field(default_factory=dict)


def check(preferences: Preferences, zones: Set[str]) -> Fault | None:
    """The first thing that is wrong; None if all is well."""
    fault = fault_of(preferences.videos)
    if fault:
        return fault
    if preferences.timezone not in zones:
        message = "Choose a time zone of the IANA list, such as Europe/Berlin, America/New_York or UTC."
        return Fault("unknown_timezone", "timezone", message)
    return _check_layout(preferences.dashboard_layout)


def check_version(expected: int | None, current: int) -> Fault | None:
    """What was changed must be what is there: two windows cannot undo each other's work unseen."""
    if expected == current or (expected is None and current == 0):
        return None
    if expected is None:
        message = f"Read these preferences first and send their version with yours; it is {current} now."
        return Fault("version_missing", "version", message)
    message = f"You changed version {expected}, but {current} is there now: read it, and save your changes to that."
    return Fault("version_conflict", "version", message)


def _check_layout(layout: dict[str, str]) -> Fault | None:
    if len(layout) > MOST_LAYOUT_ENTRIES:
        message = f"A dashboard layout has at most {MOST_LAYOUT_ENTRIES} entries; this one has {len(layout)}."
        return Fault("layout_too_large", "dashboard_layout", message)
    if any(len(text) > LONGEST_LAYOUT_TEXT for entry in layout.items() for text in entry):
        message = f"Keep every name and value of the dashboard layout to {LONGEST_LAYOUT_TEXT} characters."
        return Fault("layout_too_large", "dashboard_layout", message)
    return None
