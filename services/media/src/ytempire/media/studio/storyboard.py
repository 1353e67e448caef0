"""A storyboard: which scene is drawn when, with everything that is written and shown in it. Plain values, JSON-able."""

from __future__ import annotations

from collections import Counter

from pydantic import BaseModel, ConfigDict

from ytempire.media.studio.kit import Kit


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Number(_Value):
    """A number to be shown large."""

    value: float
    decimals: int = 0
    prefix: str = ""
    suffix: str = ""
    """Short sign set beside the number: ``%``, ``×``, ``km``."""


class Item(_Value):
    """One member of a list, chart, timeline or process."""

    label: str
    detail: str = ""
    value: float | None = None
    number: Number | None = None
    picture: str = ""
    """Name of an icon or spot, by template; empty for none."""
    at: int = 0
    """Frame of the scene at which the narration names it."""


class Cut(_Value):
    """How a scene takes over from the one before it."""

    kind: str = "cut"
    """cut, push, or one of the ramps of ``transitions``."""
    frames: int = 0
    x: float = 0.5
    y: float = 0.5
    """Centre of an iris, as a share of the frame."""


class Scene(_Value):
    """A stretch of the film that one template draws."""

    template: str
    start: int
    """First frame."""
    frames: int
    lines: tuple[int, ...] = ()
    """Lines of the script that are heard meanwhile."""
    ground: str = "night"
    """night, paper or brand."""
    motif: str = ""
    seed: int = 0
    mirror: bool = False
    kicker: str = ""
    title: str = ""
    """Headline; words between asterisks are emphasised."""
    body: str = ""
    items: tuple[Item, ...] = ()
    number: Number | None = None
    unit: str = ""
    picture: str = ""
    """Name of the main spot, icon or procedural set."""
    extras: tuple[str, ...] = ()
    """Names of smaller pictures around the main one."""
    source: str = ""
    chapter: int = -1
    captions: bool = True
    hud: bool = True
    cut: Cut = Cut()


class Storyboard(_Value):
    """The whole film."""

    title: str
    kit: Kit
    chapters: tuple[str, ...]
    scenes: tuple[Scene, ...]
    frames: int
    fps: int = 30

    def templates(self) -> dict[str, int]:
        """How many scenes each template draws."""
        return dict(sorted(Counter(s.template for s in self.scenes).items()))
