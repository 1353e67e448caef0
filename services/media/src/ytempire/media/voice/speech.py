"""The speech process: Piper's own HTTP server on a free loopback port, driven one sentence at a time.

Piper is GPL-3, so it is a program we start and talk to, never a module we import. Its server adds what its command
line does not: the length of every phoneme, from which the words are timed.
"""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import threading
from collections import deque
from types import TracebackType
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from ytempire.media.process import popen
from ytempire.media.voice.errors import VoiceFailed
from ytempire.media.voice.model import VoiceSettings, voice_model

_START_TIMEOUT_S = 90.0
_SENTENCE_TIMEOUT_S = 120.0
_ADDRESS = re.compile(r"Running on http://127\.0\.0\.1:(\d+)")
_JSON = {"Content-Type": "application/json"}


class Phoneme(BaseModel):
    """One sound, a space between words, or a mark, with its length."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    phoneme: str
    seconds: float


class Spoken(BaseModel):
    """One synthesised sentence: a WAV file's bytes, and its phonemes in order (empty if the voice gave none)."""

    model_config = ConfigDict(frozen=True)

    wav: bytes
    phonemes: tuple[Phoneme, ...]


class SpeechProcess:
    """A running Piper server; a context manager, so that its memory is free again as soon as the block ends."""

    def __init__(self, settings: VoiceSettings) -> None:
        self._settings = settings
        self._last_lines: deque[str] = deque(maxlen=12)
        self._port = 0
        self._listening = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "piper.http_server", "--host", "127.0.0.1", "--port", "0"]
        self._child = popen(
            [*command, "-m", str(voice_model(self._settings.voice))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        threading.Thread(target=self._read_log, args=(self._child,), daemon=True).start()
        if not self._listening.wait(_START_TIMEOUT_S) or self._port == 0:
            self._stop()
            raise VoiceFailed(f"the voice did not start within {_START_TIMEOUT_S:.0f} s: {self._log()}")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stop()

    def say(self, spoken: str) -> Spoken:
        """Synthesise one sentence. Raises ``VoiceFailed`` if the process refuses it or dies."""
        settings = self._settings
        body = {
            "text": spoken,
            "length_scale": settings.length_scale,
            "noise_scale": settings.noise_scale,
            "noise_w_scale": settings.noise_w_scale,
        }
        wav = self._call("POST", "/synthesize", json.dumps(body), spoken)
        info = self._call("GET", "/info", None, spoken)
        return Spoken(wav=wav, phonemes=_phonemes(info))

    def _call(self, method: str, path: str, body: str | None, spoken: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_SENTENCE_TIMEOUT_S)
        try:
            connection.request(method, path, body, _JSON)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise VoiceFailed(f"the voice stopped at the sentence {spoken!r}: {error}; {self._log()}") from error
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise VoiceFailed(f"the voice refused the sentence {spoken!r}: {self._log()}")
        return content

    def _read_log(self, child: subprocess.Popen[bytes]) -> None:
        for raw in child.stderr or ():
            line = raw.decode("utf-8", "replace").rstrip()
            if '" 200 ' not in line:  # answered requests say nothing about a failure
                self._last_lines.append(line)
            found = _ADDRESS.search(line)
            if found:
                self._port = int(found[1])
                self._listening.set()
        self._listening.set()  # the process ended: whoever waits should not wait longer

    def _log(self) -> str:
        return " | ".join(list(self._last_lines)[-4:]) or "it wrote nothing"

    def _stop(self) -> None:
        child = self._child
        if child is None:
            return
        child.terminate()
        try:
            child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _phonemes(info: bytes) -> tuple[Phoneme, ...]:
    """Read the phonemes of the last sentence; none if this voice has none, then the words are timed by the audio."""
    try:
        rows = (json.loads(info).get("last") or {}).get("alignments") or []
        return tuple(Phoneme.model_validate(row) for row in rows)
    except (ValueError, ValidationError):
        return ()
