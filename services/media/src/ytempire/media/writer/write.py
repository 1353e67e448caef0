"""A brief to a script: selected, ordered and rephrased, never invented."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.media.domain.script import Chapter, Line, Script
from ytempire.media.writer.brief import Brief
from ytempire.media.writer.check import Finding, check
from ytempire.media.writer.compose import Draft, Story, compose, word_count
from ytempire.media.writer.errors import NotEnoughFacts, UnfaithfulScript
from ytempire.media.writer.extract import figures, items
from ytempire.media.writer.facts import Fact, facts_of
from ytempire.media.writer.fit import fit
from ytempire.media.writer.nlp import parse, people, places
from ytempire.media.writer.opening import capital_words, choose_hook, sentence_case, title_case
from ytempire.media.writer.pieces import make_pieces, unchain
from ytempire.media.writer.plan import chapters_of, introduce_people, kind_of, main_person
from ytempire.media.writer.salience import redundant, score, title_kept
from ytempire.media.writer.series import find_series
from ytempire.media.writer.spoken import count_words, spoken

MIN_SECONDS = 66
"""A script is aimed at no less than this, so that a video of at least a minute comes out whatever the voice."""
_ROUNDS = 6


def target_words(target_seconds: int, words_per_minute: int) -> int:
    """Spoken words for a length; pauses between sentences are part of the pace."""
    return round(max(target_seconds, MIN_SECONDS + 2) * words_per_minute / 60)


def write(brief: Brief, target_seconds: int, words_per_minute: int = 150) -> Script:
    """Write a script of about ``target_seconds`` at ``words_per_minute`` (pauses included) from a brief.

    The script is shorter if the brief does not hold enough (``short_by``); it is never padded. The same brief gives
    the same script.

    Raises:
        NotEnoughFacts: the brief holds nothing that can be said.
        UnfaithfulScript: no attempt passed the faithfulness check.
        ValueError: a target or a pace out of range.
    """
    if not 15 <= target_seconds <= 3600 or not 80 <= words_per_minute <= 260:
        raise ValueError("target_seconds must be 15 to 3600 and words_per_minute 80 to 260")
    facts = facts_of(brief)
    if not facts:
        raise NotEnoughFacts(
            "not_enough_facts", "brief", "The brief holds no facts to tell. Add sentences that say something."
        )
    target = target_words(target_seconds, words_per_minute)
    limits = _Limits()
    for _ in range(_ROUNDS):
        script = _attempt(brief, facts, target, target_seconds, limits)
        findings = check(script, brief)
        if not findings:
            return script
        limits = limits.after(script, findings)
    shown = "; ".join(f"“{script.lines[f.line].text}”: {f.message}" for f in findings[:3])
    message = f"The writer could not keep to the brief: {shown}. Write shorter sentences."
    raise UnfaithfulScript("unfaithful", "brief", message)


@dataclass(frozen=True)
class _Limits:
    """What the faithfulness check has refused: facts to leave as written, facts and lines to leave out."""

    verbatim: frozenset[str] = frozenset()
    banned: frozenset[str] = frozenset()
    muted: frozenset[str] = frozenset()

    def after(self, script: Script, findings: list[Finding]) -> _Limits:
        """Limits for the next attempt: first the plain sentence, then none."""
        lines = [script.lines[f.line] for f in findings]
        guilty = frozenset(f for x in lines for f in x.facts)
        glue = frozenset(x.text for x in lines if not x.facts or x.formula)
        return _Limits(self.verbatim | guilty, self.banned | (guilty & self.verbatim), self.muted | glue)


def _attempt(brief: Brief, facts: tuple[Fact, ...], target: int, seconds: int, limits: _Limits) -> Script:
    story = _story(brief, facts, seconds, limits)
    lines = [x for x in compose(story, fit(story, target)) if x.text not in limits.muted]
    return _script(brief, story, facts, lines, target)


def _story(brief: Brief, facts: tuple[Fact, ...], seconds: int, limits: _Limits) -> Story:
    pieces = make_pieces(facts, limits.verbatim)
    kind = kind_of(brief, pieces)
    if kind == "bio":
        pieces = make_pieces(facts, limits.verbatim, main_person(brief, pieces))
    if kind == "list":
        unchain(pieces)
    before, chapters = chapters_of(brief, pieces, kind)
    introduce_people(pieces, chapters)
    headings = [s.heading for s in brief.sections]
    score(pieces, brief.title, headings, steps=kind == "howto")
    hook = choose_hook(pieces, brief.title, kind)
    if hook:
        for index in {i for line in hook.lines for i in line.pieces}:
            pieces[index].pinned = True
        score(pieces, brief.title, headings, steps=kind == "howto")
    answer = title_kept(pieces, brief.title, hook.told if hook else set())
    names = capital_words([p.text for p in pieces])
    every = title_case([brief.title, *headings])
    return Story(
        title=brief.title,
        case=sentence_case(brief.title, names, every=every),
        kind=kind,
        pieces=pieces,
        before=before,
        chapters=chapters,
        names=names,
        every=every,
        hook=hook,
        call=brief.meta.get("cta", brief.meta.get("call to action", "")),
        seconds=seconds,
        answer=answer,
        dropped=redundant(pieces) | {p.index for p in pieces if p.fact.id in limits.banned},
    )


def _script(brief: Brief, story: Story, facts: tuple[Fact, ...], drafts: list[Draft], target: int) -> Script:
    used = sorted({d.chapter for d in drafts if d.chapter >= 0})
    place = {old: new for new, old in enumerate(used)} | {-1: -1}
    chapters = tuple(Chapter(index=place[i], title=_chapter_title(story, i)) for i in used)
    lines = tuple(_line(i, d, place[d.chapter]) for i, d in enumerate(drafts))
    by_id = {f.id: f for f in facts}
    said = {f for x in lines for f in x.facts}
    words = word_count(drafts)
    title = brief.title or _untitled(story)
    return Script(
        title=title,
        kind=story.kind,
        chapters=chapters,
        lines=lines,
        series=find_series(lines, tuple(c.title for c in chapters), by_id, title, story.kind),
        facts={f.id: f.source for f in facts if f.id in said},
        sources=brief.sources,
        words=words,
        target_words=target,
        short_by=max(0, target - words) if words < 0.95 * target else 0,
    )


def _chapter_title(story: Story, index: int) -> str:
    return story.chapters[index].title or story.title or f"Part {index + 1}"


def _untitled(story: Story) -> str:
    first = story.pieces[0].text.rstrip(".!")
    if len(first) <= 60:
        return first
    return story.chapters[0].title if story.chapters else "Untitled"


def _line(index: int, draft: Draft, chapter: int) -> Line:
    doc = parse(draft.text)
    return Line(
        index=index,
        text=draft.text,
        spoken=spoken(draft.text),
        kind=draft.kind,
        chapter=chapter,
        facts=draft.facts,
        formula=draft.formula,
        figures=figures(draft.text),
        places=places(doc),
        people=people(doc),
        items=items(draft.text),
    )


def spoken_words(script: Script) -> int:
    """Spoken words of a script, counted anew."""
    return sum(count_words(x.text) for x in script.lines)
