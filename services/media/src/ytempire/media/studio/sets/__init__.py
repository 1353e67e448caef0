"""Procedural pictures of places, drawn in layers; each is a function from a stage to something that draws frames."""

from __future__ import annotations

from collections.abc import Callable

from ytempire.media.studio.sets.blocks import blocks
from ytempire.media.studio.sets.field import field
from ytempire.media.studio.sets.hills import hills
from ytempire.media.studio.sets.network import network
from ytempire.media.studio.sets.sea import sea
from ytempire.media.studio.sets.skyline import skyline
from ytempire.media.studio.sets.space import space
from ytempire.media.studio.stage import Draw, Stage

SETS: dict[str, Callable[[Stage], Draw]] = {
    "blocks": blocks,
    "field": field,
    "hills": hills,
    "network": network,
    "sea": sea,
    "skyline": skyline,
    "space": space,
}


def scenery(stage: Stage) -> Draw:
    """The set that the scene's picture names; the network where the name is unknown."""
    return SETS.get(stage.scene.picture.removeprefix("set:"), network)(stage)
