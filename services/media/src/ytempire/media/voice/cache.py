"""Synthesised sentences kept by content, so that a resumed or repeated job speaks only what is new."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ytempire.media.process import replace_atomically
from ytempire.media.voice.speech import Phoneme, Spoken

_PHONEMES = TypeAdapter(tuple[Phoneme, ...])
_MAX_BYTES = 512 * 1024 * 1024


class SentenceCache:
    """A folder with two files a sentence: the audio and the phonemes. The audio is written last and marks it whole."""

    def __init__(self, folder: Path, max_bytes: int = _MAX_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes

    def get(self, key: str) -> Spoken | None:
        """Return the sentence kept under ``key``, or None if there is none or it is damaged."""
        wav = self._folder / f"{key}.wav"
        try:
            content = wav.read_bytes()
            phonemes = _PHONEMES.validate_json(wav.with_suffix(".json").read_bytes())
        except (OSError, ValidationError):
            return None
        if not content.startswith(b"RIFF"):
            return None
        wav.touch()
        return Spoken(wav=content, phonemes=phonemes)

    def put(self, key: str, spoken: Spoken) -> None:
        """Keep a sentence."""
        rows = [{"phoneme": p.phoneme, "seconds": p.seconds} for p in spoken.phonemes]
        replace_atomically(self._folder / f"{key}.json", json.dumps(rows, ensure_ascii=False).encode())
        replace_atomically(self._folder / f"{key}.wav", spoken.wav)

    def prune(self) -> int:
        """Remove the sentences that were used longest ago until the folder is within its limit; return how many."""
        files = sorted((f.stat().st_mtime, f.stat().st_size, f) for f in self._folder.glob("*.wav"))
        excess = sum(size for _, size, _ in files) - self._max_bytes
        removed = 0
        for _, size, wav in files:
            if excess <= 0:
                break
            wav.unlink(missing_ok=True)
            wav.with_suffix(".json").unlink(missing_ok=True)
            excess -= size
            removed += 1
        return removed
