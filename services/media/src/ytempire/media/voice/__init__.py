"""The voice: a script becomes a recording, with the time of every written word, and caption tracks."""

from ytempire.media.voice.captions import to_srt, to_vtt
from ytempire.media.voice.errors import VoiceFailed
from ytempire.media.voice.model import VoiceSettings, voice_name
from ytempire.media.voice.narrate import narrate

__all__ = ["VoiceFailed", "VoiceSettings", "narrate", "to_srt", "to_vtt", "voice_name"]
