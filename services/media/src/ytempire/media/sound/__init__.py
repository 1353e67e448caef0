"""Sound: a music bed of our own, ducked under the voice, and a mix at the loudness platforms play."""

from ytempire.media.sound.master import Loudness, loudness
from ytempire.media.sound.mixing import MixFacts, mix

__all__ = ["Loudness", "MixFacts", "loudness", "mix"]
