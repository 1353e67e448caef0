"""What every template works with: the kit's colours and type, the plate, and the parts most scenes share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ytempire.media.studio.color import RGB, Ground, Palette
from ytempire.media.studio.errors import StudioError
from ytempire.media.studio.fonts import Font, clean
from ytempire.media.studio.kit import Kit
from ytempire.media.studio.motion import expo, ramp
from ytempire.media.studio.plate import Plate, plate
from ytempire.media.studio.sprite import Canvas, blit
from ytempire.media.studio.storyboard import Scene
from ytempire.media.studio.text import Block, Style, Type, fit, glyphs, lay_out, style

LEFT, RIGHT, TOP, BOTTOM = 120, 1800, 130, 840
Draw = Callable[[Canvas, float], None]
Template = Callable[["Stage"], Draw]
_REGISTRY: dict[str, Template] = {}


def template(name: str) -> Callable[[Template], Template]:
    """Registers a template under its name."""

    def keep(make: Template) -> Template:
        _REGISTRY[name] = make
        return make

    return keep


def templates() -> dict[str, Template]:
    """All templates by name."""
    from ytempire.media.studio import templates as _package  # the import registers them

    assert _package
    return _REGISTRY


@dataclass(frozen=True)
class Stage:
    """A scene's specification together with the kit that dresses it."""

    kit: Kit
    scene: Scene

    @cached_property
    def colours(self) -> Palette:
        return self.kit.colours

    @cached_property
    def ground(self) -> Ground:
        return self.colours.ground(self.scene.ground)

    @cached_property
    def type(self) -> Type:
        return Type(self.kit)

    @cached_property
    def rng(self) -> np.random.Generator:
        return np.random.default_rng(self.scene.seed)

    def plate(self, ground: str | None = None) -> Plate:
        return plate(self.kit, ground or self.scene.ground, self.scene.motif, self.scene.chapter + 11)

    def style(self, font: Font, leading: float = 1.04, rgb: RGB | None = None, ground: Ground | None = None) -> Style:
        return style(self.kit, font, ground or self.ground, leading, rgb)

    def radius(self, base: float) -> float:
        return base * self.kit.radius

    def headline(
        self,
        text: str,
        sizes: tuple[int, ...] = (132, 112, 92, 80),
        width: float = 900,
        lines: int = 4,
        height: float = 560,
        ground: Ground | None = None,
    ) -> Block:
        return fit(text, self.style(self.type.display(sizes[0]), ground=ground), sizes, width, lines, height)

    def title(self, text: str, width: float = RIGHT - LEFT, lines: int = 2) -> Block:
        how = self.style(self.type.title(72), 1.1)
        single = fit(text, how, (72, 66, 60, 54), width, 1)
        return single if single.lines == 1 else fit(text, how, (64, 58, 52), width, lines)

    def body(self, text: str, size: int = 42, width: float = 760, rgb: RGB | None = None) -> Block:
        return lay_out(text, self.style(self.type.body(size), 1.28, rgb or self.ground.mut), width)

    def start(self, item: int, default: float, step: float) -> float:
        """Frame at which an item enters: as the narration names it, or evenly where the plan knows no better."""
        at = self.scene.items[item].at
        last = max(0, self.scene.frames - 36)
        return float(min(last, at if at > 0 else default + item * step))


def shortened(text: str, limit: int) -> str:
    """At most ``limit`` characters, cut between words."""
    return text if len(text) <= limit else text[:limit].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def kicker(stage: Stage, x: float, baseline: float, text: str | None = None, rgb: RGB | None = None) -> Draw:
    """Small capitals above a headline, with a short rule that grows before them."""
    words = clean(shortened((text if text is not None else stage.scene.kicker).replace("*", "").upper(), 40))
    font = stage.type.mono(26)
    colour = rgb or (stage.ground.key if stage.ground.dark else stage.ground.mut)

    def draw(canvas: Canvas, frame: float) -> None:
        t = ramp(frame, 2, 12)
        if words and t > 0:
            blit(canvas, glyphs(words, font, colour), x - (1 - expo(t)) * 26, baseline, min(1.0, t * 1.6))

    return draw


def source_note(
    stage: Stage, x: float = LEFT, baseline: float = 818, start: float = 48, rgb: RGB | None = None
) -> Draw:
    """Where the figures come from."""
    text = clean(f"Source: {stage.scene.source}" if stage.scene.source else "")
    font = stage.type.body(24)
    colour = rgb or stage.ground.mut

    def draw(canvas: Canvas, frame: float) -> None:
        if text:
            blit(canvas, glyphs(shortened(text, 110), font, colour), x, baseline, ramp(frame, start, 12))

    return draw


def build(kit: Kit, scene: Scene) -> Draw:
    """Prepares a scene; the result draws any of its frames. Raises ``StudioError`` for an unknown template."""
    found = templates().get(scene.template)
    if found is None:
        raise StudioError(f"scene at frame {scene.start} asks for the unknown template {scene.template!r}")
    return found(Stage(kit, scene))
