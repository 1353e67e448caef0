"""From a budget of words to a selection of pieces."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import combinations

from ytempire.media.writer.compose import Story, compose, word_count
from ytempire.media.writer.pieces import Piece, closure_up
from ytempire.media.writer.plan import WORDS_PER_CHAPTER, ChapterPlan

_THIN_WORDS = 16
_MAX_TRIALS = 40
_LOW, _SHRINK_TO, _FILL_TO = 0.97, 1.01, 1.03


class _Links:
    """Who leans on whom, downwards."""

    def __init__(self, pieces: list[Piece]) -> None:
        self.users: dict[int, set[int]] = defaultdict(set)
        for piece in pieces:
            for other in piece.leans:
                self.users[other].add(piece.index)

    def down(self, index: int, among: set[int]) -> set[int]:
        """``index`` and all of ``among`` that falls with it."""
        gone, todo = {index}, [index]
        while todo:
            for user in self.users[todo.pop()]:
                if user in among and user not in gone:
                    gone.add(user)
                    todo.append(user)
        return gone

    def without(self, indexes: set[int] | list[int], chosen: set[int]) -> set[int]:
        """``chosen`` without ``indexes`` and all that falls with them."""
        for index in sorted(indexes):
            if index in chosen:
                chosen = chosen - self.down(index, chosen)
        return chosen


def fit(story: Story, target: int) -> set[int]:
    """The pieces that are worth most within ``target`` spoken words; whole groups come and go, never orphans."""
    links = _Links(story.pieces)
    everything = links.without(story.dropped, {p.index for p in story.pieces}) | _kept(story, target)
    if word_count(compose(story, everything)) <= target * _FILL_TO:
        return everything
    best: tuple[float, set[int]] | None = None
    for closed in _closings(story, everything, links, target):
        start = links.without(closed, everything)
        chosen = _shrink(story, start, links, target)
        chosen = _fill(story, chosen, target, closed)
        value = _value(story, chosen, target)
        if best is None or value > best[0] + 1e-9:
            best = (value, chosen)
    return best[1] if best else everything


def _kept(story: Story, target: int) -> set[int]:
    """What must stay, with all it leans on.

    The hook's pieces, what keeps the title's promise, and the first line of each item of a list and of each step.
    """
    told = {i for line in story.hook.lines for i in line.pieces} if story.hook else set()
    firsts = [c.pieces[0] for c in story.chapters if c.form == "item" and c.pieces]
    if story.kind == "howto":
        steps = {(p.section, p.fact.block, p.fact.item): p.index for p in reversed(story.pieces) if p.role == "step"}
        firsts += steps.values()
    if sum(story.pieces[i].words + 8 for i in firsts) <= 0.85 * target:
        told |= set(firsts)
    kept = {i for t in told for i in closure_up(t, story.pieces)}
    answer = closure_up(story.answer, story.pieces) if story.answer is not None else set()
    fits = sum(story.pieces[i].words for i in answer) <= 0.4 * target
    return kept | answer if fits and not answer & story.dropped else kept


def _closings(story: Story, everything: set[int], links: _Links, target: int) -> list[set[int]]:
    """Sets of pieces to leave out: the chapters that are not told, in every way that keeps the hook's."""
    plans = [c for c in story.chapters if c.form not in ("item", "step") and everything & set(c.pieces)]
    kept = _kept(story, target)
    fixed = [c for c in plans if kept & set(c.pieces)]
    free = [c for c in plans if c not in fixed]
    limit = max(2, round(target / WORDS_PER_CHAPTER))
    found: list[set[int]] = []
    for count in range(min(limit, len(plans)), 0, -1):
        extra = count - len(fixed)
        if extra < 0 or extra > len(free):
            continue
        for told in _selections(story, free, extra, _MAX_TRIALS - len(found)):
            closed = {i for k, c in enumerate(free) if k not in told for i in c.pieces} - kept
            if word_count(compose(story, links.without(closed, everything))) >= _LOW * target:
                found.append(closed)
        if len(found) >= _MAX_TRIALS // 2:
            break
    return found or [set()]


def _selections(story: Story, free: list[ChapterPlan], count: int, most: int) -> list[set[int]]:
    """Ways to choose chapters: all of them if they are few, else the strongest and what lies near that choice."""
    if math.comb(len(free), count) <= most:
        return [set(told) for told in combinations(range(len(free)), count)]
    order = sorted(range(len(free)), key=lambda k: (-_strength(story, free[k]), k))
    best = order[:count]
    near = [{*best[:out], *best[out + 1 :], new} for out in reversed(range(count)) for new in order[count:]]
    return [set(best), *near][: min(most, 8)]


def _strength(story: Story, plan: ChapterPlan) -> float:
    """The mean score of a chapter's three best pieces."""
    return sum(sorted((story.pieces[i].score for i in plan.pieces), reverse=True)[:3]) / 3


def _value(story: Story, chosen: set[int], target: int) -> float:
    """What a selection is worth: its pieces, less what is missing in length and for chapters with nothing to say."""
    worth = sum(max(0.02, story.pieces[i].score) * math.sqrt(story.pieces[i].words) for i in chosen)
    share = word_count(compose(story, chosen)) / target
    missing = max(0.0, _LOW - share) + max(0.0, share - _FILL_TO)
    return worth * (1 - 4 * missing) - 9.0 * len(_thin_chapters(story, chosen))


def _thin_chapters(story: Story, chosen: set[int]) -> list[ChapterPlan]:
    """Chapters that are announced with nearly as many words as they have to say."""
    thin = []
    for plan in story.chapters:
        said = [story.pieces[i] for i in plan.pieces if i in chosen]
        if plan.form == "heading" and said and (len(said) < 2 or sum(p.words for p in said) < _THIN_WORDS):
            thin.append(plan)
    return thin


def _shrink(story: Story, chosen: set[int], links: _Links, target: int) -> set[int]:
    """Take out the group that is worth least for its words until the rest fits."""
    kept = _kept(story, target)
    while word_count(compose(story, chosen)) > target * _SHRINK_TO:
        groups = []
        for index in sorted(chosen - kept):
            group = links.down(index, chosen)
            if not group & kept:
                groups.append((_price(story, group, chosen), index, group))
        if not groups:
            break
        chosen = chosen - min(groups, key=lambda g: (g[0], g[1]))[2]
    return chosen


def _price(story: Story, group: set[int], chosen: set[int]) -> float:
    """Worth per word; the last lines of a list's item are dear."""
    worth = sum(max(0.02, story.pieces[i].score) for i in group)
    for plan in story.chapters:
        left = len(chosen & set(plan.pieces))
        if plan.form == "item" and group & set(plan.pieces):
            worth *= 1 + 2 / left
    return worth / math.pow(sum(story.pieces[i].words for i in group), 0.8)


def _fill(story: Story, chosen: set[int], target: int, closed: set[int]) -> set[int]:
    """Put back what still fits, chapters that are told already first."""
    spare = [p for p in story.pieces if p.index not in chosen and p.index not in story.dropped | closed]
    told = {i for c in story.chapters if chosen & set(c.pieces) for i in c.pieces}
    for piece in sorted(spare, key=lambda p: (p.index not in told, -p.score / max(1, p.words) ** 0.5, p.index)):
        more = closure_up(piece.index, story.pieces)
        if more & story.dropped or more & closed - chosen:
            continue
        if word_count(compose(story, chosen | more)) <= target * _FILL_TO:
            chosen = chosen | more
    return chosen
