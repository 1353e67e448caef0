"""What a customer prefers is what media makes: voices that are there, paces that differ, a brand's colours and type."""

from __future__ import annotations

import pytest

from ytempire.events.preferences import FONT_KITS, STYLES, VOICES
from ytempire.media.domain.manner import MANNERS, manner_of
from ytempire.media.studio.kit import KITS, Brand, branded
from ytempire.media.voice.errors import VoiceFailed
from ytempire.media.voice.model import MODELS, VoiceSettings, voice_model


def test_the_voices_on_offer_are_the_ones_that_are_packaged() -> None:
    assert {voice for voices in VOICES.values() for voice in voices} == set(MODELS)
    assert all(voice_model(name).is_file() for name in MODELS)


def test_a_voice_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(VoiceFailed, match="choose one of joe"):
        voice_model("jane")


def test_every_style_has_a_manner_of_its_own() -> None:
    assert set(MANNERS) == set(STYLES)
    assert len(set(MANNERS.values())) == len(MANNERS)
    paces = [MANNERS[style].words_per_minute for style in ("tutorial", "documentary", "educational", "news")]
    assert paces == sorted(paces)


def test_an_even_manner_is_what_the_voice_does_by_itself() -> None:
    usual, manner = VoiceSettings(), manner_of("one from before styles differed")
    assert (usual.length_scale, usual.sentence_gap_s, usual.chapter_gap_s) == (
        manner.length_scale,
        manner.sentence_gap_s,
        manner.chapter_gap_s,
    )


@pytest.mark.parametrize("name", sorted(KITS))
def test_a_brand_replaces_colours_and_type_and_leaves_the_rest(name: str) -> None:
    kit = KITS[name]
    assert branded(kit, Brand()) == kit
    coloured = branded(kit, Brand(colour="#7a1fa2"))
    assert (coloured.brand, coloured.accent, coloured.type) == ("#7a1fa2", None, kit.type)
    assert coloured.colours.hue != kit.colours.hue
    for font_kit in FONT_KITS:
        typed = branded(kit, Brand.model_validate({"type": font_kit}))
        assert (typed.type, typed.brand, typed.motifs, typed.ramps) == (font_kit, kit.brand, kit.motifs, kit.ramps)
