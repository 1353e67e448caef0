"""Broadcast furniture: the film's name and chapter at the top left, its progress at the top right."""

from __future__ import annotations

from functools import lru_cache

from ytempire.media.studio.color import mix
from ytempire.media.studio.fonts import advance, clean
from ytempire.media.studio.shapes import disc, solid
from ytempire.media.studio.sprite import Canvas, Sprite, blit, flat
from ytempire.media.studio.storyboard import Storyboard
from ytempire.media.studio.text import Type, glyphs

_Y = 62


class Hud:
    """Draws name, chapter and one progress tick a chapter."""

    def __init__(self, board: Storyboard) -> None:
        self.board = board
        self.title = _short(clean(board.title).upper(), 46)
        self.parts = max(1, len(board.chapters))
        self._sprites = lru_cache(maxsize=4)(self._made)
        self._spans = _spans(board)

    def draw(self, canvas: Canvas, frame: int, ground: str, chapter: int) -> None:
        font = Type(self.board.kit).mono(20)
        g = self.board.kit.colours.ground(ground)
        dot, on, off = self._sprites(ground)
        blit(canvas, dot, 120, _Y - 11)
        blit(canvas, glyphs(self.title, font, g.mut), 142, _Y)
        if chapter >= 0 and chapter < len(self.board.chapters):
            x = 142 + advance(self.title, font) + 14
            name = _short(clean(self.board.chapters[chapter]).upper(), 34)
            blit(canvas, glyphs(f"— {name}", font, g.fg), x, _Y)
        x0 = 1800 - self.parts * 64 + 10
        for i, (start, end) in enumerate(self._spans):
            share = min(1.0, max(0.0, (frame - start) / max(1, end - start)))
            x = x0 + i * 64
            blit(canvas, off, x, _Y - 9)
            if share > 0:
                blit(canvas, on, x, _Y - 9, clip=(0, 0, x + round(54 * share), canvas.y.shape[0]))

    def _made(self, ground: str) -> tuple[Sprite, Sprite, Sprite]:
        g = self.board.kit.colours.ground(ground)
        return (
            flat(disc(6), g.key, trim=False),
            solid(54, 5, 2, g.fg),
            solid(54, 5, 2, mix(g.bg, g.fg, 0.24)),
        )


def _short(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return text[: limit - 1].rsplit(" ", 1)[0] + "…"


def _spans(board: Storyboard) -> list[tuple[int, int]]:
    """First and last frame of every chapter; the opening belongs to the first."""
    count = max(1, len(board.chapters))
    starts = [0] * count
    for i in range(1, count):
        starts[i] = next((s.start for s in board.scenes if s.chapter >= i), board.frames)
    return [(a, b) for a, b in zip(starts, [*starts[1:], board.frames], strict=True)]
