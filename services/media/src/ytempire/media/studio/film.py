"""The film as a function of the frame number: any frame can be drawn alone, and always comes out the same."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict

from ytempire.media.domain.narration import Narration
from ytempire.media.studio.captions import Captions
from ytempire.media.studio.color import RGB
from ytempire.media.studio.hud import Hud
from ytempire.media.studio.sprite import Canvas
from ytempire.media.studio.stage import Draw, build
from ytempire.media.studio.storyboard import Scene, Storyboard
from ytempire.media.studio.transitions import join

FULL_BLEED = frozenset({"scenic", "map", "hook", "chapter"})
"""Templates whose picture fills the frame: captions get a scrim there."""
_KEPT = 3


class Film:
    """Draws the frames of a storyboard; keeps only the scenes that are on screen prepared."""

    def __init__(self, board: Storyboard, narration: Narration) -> None:
        self.board = board
        self.captions = Captions(board.kit, narration)
        self.hud = Hud(board)
        self._starts = [s.start for s in board.scenes]
        self._scenes: OrderedDict[int, Draw] = OrderedDict()
        self._before, self._after = Canvas(), Canvas()

    def draw(self, canvas: Canvas, frame: int) -> None:
        """Draws frame ``frame`` of the film."""
        index = max(0, bisect_right(self._starts, frame) - 1)
        scene = self.board.scenes[index]
        local = frame - scene.start
        shown = scene
        if index and local < scene.cut.frames:
            earlier = self.board.scenes[index - 1]
            self._scene(index - 1)(self._before, frame - earlier.start)
            self._furniture(self._before, frame, earlier)
            self._scene(index)(self._after, local)
            self._furniture(self._after, frame, scene)
            join(canvas, self._before, self._after, scene.cut, local, self._bands())
            # The caption belongs to the scene that owns most of the band by now.
            shown = scene if local > scene.cut.frames * 0.55 else earlier
        else:
            self._scene(index)(canvas, local)
            self._furniture(canvas, frame, scene)
        if scene.captions:
            self.captions.draw(canvas, frame, _caption_ground(shown), shown.template in FULL_BLEED)

    def _furniture(self, canvas: Canvas, frame: int, scene: Scene) -> None:
        if scene.hud:
            self.hud.draw(canvas, frame, scene.ground, scene.chapter)

    def _bands(self) -> tuple[RGB, RGB]:
        colours = self.board.kit.colours
        return colours.accent, colours.brand

    def _scene(self, index: int) -> Draw:
        found = self._scenes.get(index)
        if found is None:
            found = build(self.board.kit, self.board.scenes[index])
            self._scenes[index] = found
            while len(self._scenes) > _KEPT:
                self._scenes.popitem(last=False)
        self._scenes.move_to_end(index)
        return found


def _caption_ground(scene: Scene) -> str:
    return scene.ground
