"""From a script and its narration to a storyboard: a scene for every stretch of speech, varied by rule, not chance."""

from __future__ import annotations

import hashlib
import math
from typing import Any

from ytempire.media.domain.narration import Narration
from ytempire.media.domain.script import Script
from ytempire.media.studio.choose import candidates
from ytempire.media.studio.context import Candidate, Context, kicker_of
from ytempire.media.studio.errors import StudioError
from ytempire.media.studio.fonts import clean
from ytempire.media.studio.grouped import series_scene
from ytempire.media.studio.implied import comparisons
from ytempire.media.studio.kit import Kit
from ytempire.media.studio.ledger import Ledger
from ytempire.media.studio.motion import FPS
from ytempire.media.studio.pick import icon_for, matches
from ytempire.media.studio.scenery import scenery_for
from ytempire.media.studio.shots import Shot, shots
from ytempire.media.studio.storyboard import Cut, Item, Number, Scene, Storyboard
from ytempire.media.studio.words import FUNCTION, emphasise, headline, tidy, tokens

_NO_HUD = frozenset({"scenic", "kinetic", "hook", "end"})


def plan(script: Script, narration: Narration, kit: Kit) -> Storyboard:
    """Chooses a scene for every line or group of lines; the same input gives the same storyboard.

    Raises ``StudioError`` when the narration does not belong to the script or holds a character that the packaged
    typefaces cannot show.
    """
    frames = math.ceil(narration.duration_s * FPS - 1e-6)
    if not narration.lines or not script.lines:
        raise StudioError("there is nothing to draw: the narration has no lines")
    known = {line.index for line in script.lines}
    strangers = sorted({t.line for t in narration.lines} - known)
    if strangers:
        raise StudioError(f"the narration speaks line {strangers[0]}, which the script does not have")
    for line in script.lines:
        clean(line.text)
    return _board(script, narration, kit, frames)


def _board(script: Script, narration: Narration, kit: Kit, frames: int) -> Storyboard:
    grouped = script.model_copy(update={"series": (*script.series, *comparisons(script))})
    cut = shots(grouped, narration, frames)
    context = Context(script, Ledger(), set(), stepwise=any(shot.step for shot in cut))
    scenes: list[Scene] = []
    for index, shot in enumerate(cut):
        template, ground, fields = _scene_for(index, shot, context)
        context.ledger.note(template, ground)
        before = scenes[-1] if scenes else None
        scenes.append(_finished(index, shot, template, ground, fields, kit, before, script))
    return Storyboard(
        title=script.title,
        kit=kit,
        chapters=tuple(c.title for c in script.chapters),
        scenes=tuple(scenes),
        frames=frames,
    )


def _scene_for(index: int, shot: Shot, context: Context) -> tuple[str, str, dict[str, Any]]:
    ledger = context.ledger
    if index == 0:
        return "hook", "night", _hook(shot, context)
    if shot.lines[-1].kind == "cta":
        return "end", "brand", {"title": emphasise(headline(shot.text, 17)), "captions": True}
    if shot.card:
        return "chapter", "brand", _card(shot, context)
    if shot.series is not None:
        template, grounds, fields = series_scene(shot, shot.series, context)
        return template, ledger.ground(grounds), fields
    if shot.step is not None:
        return "step", ledger.ground(("paper", "night", "brand")), _step(shot, context)
    if shot.lines[0].kind in ("roadmap", "promise") and shot.part == 0:
        if len(context.script.chapters) >= 2:
            return "list", ledger.ground(("paper", "brand")), _roadmap(shot, context)
        if ahead := _steps_ahead(shot, context):
            return "process", ledger.ground(("paper", "brand")), ahead
    ranked = sorted(candidates(shot, context), key=lambda c: c.score - ledger.freshness(c.template), reverse=True)
    for candidate in ranked:
        fields_or_none = candidate.make()
        if fields_or_none is not None:
            return candidate.template, _ground(candidate, ledger), fields_or_none
    raise StudioError(f"no template fits the sentence {shot.text!r}; rewrite it shorter")


def _ground(candidate: Candidate, ledger: Ledger) -> str:
    return ledger.ground(candidate.grounds)


def _hook(shot: Shot, context: Context) -> dict[str, Any]:
    """The opening: the best drawn place or thing for the whole topic."""
    topic = f"{shot.text} {context.script.title}"
    fields: dict[str, Any] = {"title": emphasise(headline(shot.text, 15))}
    if tokens(context.script.title) != tokens(shot.text):
        fields["kicker"] = context.script.title
    name = scenery_for(topic) or scenery_for(" ".join(line.text for line in context.script.lines[:12]))
    things = [n for s, n in matches(topic) if s >= 1.3]
    if not name and not things:
        name = "set:network"
    picture = name or things[0]
    context.pictures.add(picture)
    fields["picture"] = picture
    if not name:
        fields["extras"] = tuple(things[1:4])
        context.pictures.update(things[1:4])
    return fields


def _card(shot: Shot, context: Context) -> dict[str, Any]:
    chapter = context.script.chapters[shot.lines[0].chapter]
    said, shown = (_content(t) for t in (shot.text, chapter.title))
    # A caption that repeats the title makes people read twice.
    return {"title": tidy(chapter.title), "captions": not (said <= shown | {"next"} or shown <= said)}


def _content(text: str) -> set[str]:
    return {t for t in tokens(text) if t not in FUNCTION}


def _step(shot: Shot, context: Context) -> dict[str, Any]:
    index, count = shot.step or (1, 1)
    title = headline(shot.text, 14)
    return {
        "title": emphasise(title), "number": Number(value=index), "unit": str(count),
        "picture": icon_for(title, context.pictures),
    }  # fmt: skip


def _roadmap(shot: Shot, context: Context) -> dict[str, Any]:
    titles = [c.title for c in context.script.chapters[:5]]
    step = max(10, min(24, (shot.frames - 50) // len(titles)))
    items = tuple(
        Item(label=tidy(t), picture=icon_for(t, context.pictures), at=12 + i * step) for i, t in enumerate(titles)
    )
    if not all(i.picture for i in items):
        items = tuple(i.model_copy(update={"picture": ""}) for i in items)
    title = headline(shot.text, 9)
    return {"title": emphasise(title), "items": items, "kicker": kicker_of(shot, context, title)}


def _steps_ahead(shot: Shot, context: Context) -> dict[str, Any]:
    """All steps of a script that is told step by step, as numbers: the pictures are for the steps themselves."""
    told = next((s for s in context.script.series if s.kind == "process"), None)
    if told is None or not context.stepwise:
        return {}
    gap = max(10, min(24, (shot.frames - 50) // len(told.labels)))
    items = tuple(Item(label=tidy(label), at=12 + i * gap) for i, label in enumerate(told.labels[:6]))
    return {"title": emphasise(headline(shot.text, 9)), "items": items}


def _finished(
    index: int, shot: Shot, template: str, ground: str, fields: dict[str, Any], kit: Kit, before: Scene | None,
    script: Script,
) -> Scene:  # fmt: skip
    chapter = max((line.chapter for line in shot.lines), default=-1)
    seed = int.from_bytes(hashlib.sha256(f"{script.title}|{index}".encode()).digest()[:4], "big")
    motif = kit.motifs[(chapter + 1) % len(kit.motifs)]
    fields.setdefault("hud", template not in _NO_HUD)
    return Scene(
        template=template, start=shot.start, frames=shot.frames, lines=tuple(line.index for line in shot.lines),
        ground=ground, motif=motif, seed=seed, chapter=chapter, cut=_cut(index, template, ground, before, kit, seed),
        **fields,
    )  # fmt: skip


def _cut(index: int, template: str, ground: str, before: Scene | None, kit: Kit, seed: int) -> Cut:
    """Hard cuts and pushes inside a chapter, a ramp where the ground changes for a chapter or a full picture."""
    if before is None:
        return Cut()
    longest = max(0, before.frames - 30)
    if template == "chapter":
        return Cut(kind=kit.ramps[0], frames=min(22, longest))
    if template in ("scenic", "map", "end") or before.template == "chapter":
        kind = kit.ramps[1 + index % (len(kit.ramps) - 1)]
        return Cut(kind=kind, frames=min(18, longest), x=0.72, y=0.45)
    if template == "kinetic" or before.template == "kinetic":
        return Cut()
    if index % 2 == 0:
        return Cut(kind="push", frames=min(14, longest))
    return Cut(kind="diag", frames=min(16, longest)) if index % 3 == 0 else Cut()
