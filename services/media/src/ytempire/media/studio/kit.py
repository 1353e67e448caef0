"""A channel's visual kit: colours, type, corners and emphasis. Two channels with two kits never look like siblings."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator

from ytempire.media.studio.color import Palette, palette, parse_hex


class Kit(BaseModel):
    """What makes a channel recognisable."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    brand: str
    """Brand colour, ``#rrggbb``; only its hue is used."""
    accent: str | None = None
    type: Literal["editorial", "friendly"] = "editorial"
    """editorial: Archivo with Fraunces italic emphasis; friendly: Bricolage Grotesque with coloured emphasis."""
    radius: float = 1.0
    """Factor on all corner radii."""
    motifs: tuple[str, ...] = ("arcs", "grid", "band", "dots")
    ramps: tuple[str, ...] = ("diag", "dots", "iris")
    """Transitions between grounds, in order of preference."""

    @field_validator("brand", "accent")
    @classmethod
    def _colour(cls, value: str | None) -> str | None:
        if value is not None:
            parse_hex(value)
        return value

    @property
    def colours(self) -> Palette:
        return _palette(self.brand, self.accent)


@lru_cache(maxsize=8)
def _palette(brand: str, accent: str | None) -> Palette:
    return palette(brand, accent)


KITS: dict[str, Kit] = {
    kit.name: kit
    for kit in (
        Kit(name="harbor", brand="#0f6e84", accent="#f28c28", ramps=("diag", "iris", "dots", "blinds")),
        Kit(
            name="dusk", brand="#5a55c8", accent="#f5a524", type="friendly", radius=1.4,
            motifs=("dots", "arcs", "topo", "grid"), ramps=("hill", "dots", "diag"),
        ),
        Kit(name="ember", brand="#a8362f", accent="#e8b020", radius=0.6, ramps=("blinds", "diag", "iris", "dots")),
        Kit(
            name="meadow", brand="#1f7a4d", accent="#e2574c", type="friendly", radius=1.2,
            motifs=("topo", "dots", "arcs", "band"), ramps=("hill", "iris", "dots"),
        ),
    )
}  # fmt: skip


def kit_for(name: str | None, seed: str = "") -> Kit:
    """The kit of that name; without a name one chosen by ``seed`` (a channel id), always the same for the same seed.

    Raises ``KeyError`` for a name that no kit has.
    """
    if name:
        return KITS[name]
    names = sorted(KITS)
    return KITS[names[hashlib.sha256(seed.encode()).digest()[0] % len(names)]]


class Brand(BaseModel):
    """What a channel's owner chose; the rest is the kit's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    colour: str | None = None
    accent: str | None = None
    """Without one, it follows from the colour."""
    type: Literal["editorial", "friendly"] | None = None


def branded(kit: Kit, brand: Brand) -> Kit:
    """The kit in the colours and the type of a brand; corners, motifs and transitions stay."""
    chosen: dict[str, str | None] = {}
    if brand.colour is not None:
        chosen = {"brand": brand.colour, "accent": brand.accent}
    if brand.type is not None:
        chosen["type"] = brand.type
    return Kit.model_validate({**kit.model_dump(), **chosen})
