"""How videos are made unless a request says otherwise: an account's preferences, and what a channel has of its own.

What can be chosen stands here once, for whoever validates it, offers it or makes videos by it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from ytempire.events.base import Value

STYLES: Mapping[str, str] = MappingProxyType(
    {
        "educational": "An even pace, for things to understand and keep.",
        "documentary": "A calm pace with longer pauses, for stories of places, people and times.",
        "tutorial": "A slow pace with time between the steps, for doing along.",
        "news": "A brisk pace with short pauses, for what is new.",
    }
)
VOICES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {"en": MappingProxyType({"joe": "Joe, a man's voice from the United States"})}
)
"""By language (ISO 639-1), the voices that speak it; the first one speaks where none was chosen."""
FONT_KITS: Mapping[str, str] = MappingProxyType(
    {
        "editorial": "Archivo, with emphasis in Fraunces italic",
        "friendly": "Bricolage Grotesque, with emphasis in colour",
    }
)
FontKit = Literal["editorial", "friendly"]
SHORTEST_S, LONGEST_S = 60, 1800
COLOUR = re.compile(r"#[0-9a-f]{6}")
"""A colour as brands write it, in lower case."""


class VideoPreferences(Value):
    """How videos are made, complete."""

    video_style: str = "educational"
    video_length_s: int = 480
    auto_publish: bool = False
    language: str = "en"
    voice: str = "joe"
    brand_colour: str | None = None
    """Without one, the channel has a kit of its own, always the same."""
    brand_accent: str | None = None
    """Without one, it follows from the brand's colour."""
    font_kit: FontKit | None = None


class ChannelPreferences(Value):
    """What a channel has of its own; what it does not name (null) is the account's."""

    video_style: str | None = None
    video_length_s: int | None = None
    auto_publish: bool | None = None
    language: str | None = None
    voice: str | None = None
    brand_colour: str | None = None
    brand_accent: str | None = None
    font_kit: FontKit | None = None

    @property
    def named(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)

    def over(self, account: VideoPreferences) -> VideoPreferences:
        """What holds for the channel."""
        return account.model_copy(update=self.named)


class Fault(NamedTuple):
    """Why a value cannot be, in the words of a ``Rejected`` event."""

    code: str
    field: str
    message: str


def fault_of(wanted: VideoPreferences) -> Fault | None:
    """The first thing that is wrong; None if videos can be made like this."""
    if wanted.video_style not in STYLES:
        return Fault("unknown_style", "video_style", f"Choose one of these styles: {', '.join(STYLES)}.")
    if not SHORTEST_S <= wanted.video_length_s <= LONGEST_S:
        message = f"Choose a length from {SHORTEST_S} to {LONGEST_S} seconds; you asked for {wanted.video_length_s}."
        return Fault("length_out_of_range", "video_length_s", message)
    spoken = VOICES.get(wanted.language)
    if spoken is None:
        message = f"No voice speaks {wanted.language[:20]!r} yet. Choose one of these languages: {', '.join(VOICES)}."
        return Fault("language_without_voice", "language", message)
    if wanted.voice not in spoken:
        message = f"For {wanted.language!r} there are these voices: {', '.join(spoken)}."
        return Fault("unknown_voice", "voice", message)
    return _fault_of_brand(wanted)


def _fault_of_brand(wanted: VideoPreferences) -> Fault | None:
    for field, colour in (("brand_colour", wanted.brand_colour), ("brand_accent", wanted.brand_accent)):
        if colour is not None and not COLOUR.fullmatch(colour):
            message = f"Write the colour as # and six hexadecimal digits, such as #0f6e84; you wrote {colour[:20]!r}."
            return Fault("not_a_colour", field, message)
    if wanted.brand_accent is not None and wanted.brand_colour is None:
        return Fault("brand_colour_missing", "brand_colour", "An accent goes with a brand's colour: name that too.")
    return None
