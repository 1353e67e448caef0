"""Measuring: facts of a finished file, its loudness, and the quality gate before publishing."""

from ytempire.media.measure.facts import MediaFacts, UnreadableMedia, probe
from ytempire.media.measure.gate import preflight
from ytempire.media.measure.picture import PictureEvidence, PictureWatch, similarity
from ytempire.media.measure.report import Finding, QualityReport
from ytempire.media.sound.master import Loudness, loudness

__all__ = [
    "Finding",
    "Loudness",
    "MediaFacts",
    "PictureEvidence",
    "PictureWatch",
    "QualityReport",
    "UnreadableMedia",
    "loudness",
    "preflight",
    "probe",
    "similarity",
]
