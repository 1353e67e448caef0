"""A hook rewritten by a language model: what it is asked, and whether its answer may be used.

The media service makes the call. The answer is taken only if it says nothing that the brief does not say.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ConfigDict

from ytempire.media.domain.script import Line, Script
from ytempire.media.writer.brief import Brief, sentences
from ytempire.media.writer.check import check_line, evidence
from ytempire.media.writer.extract import figures
from ytempire.media.writer.glue import HOOK_GLUE
from ytempire.media.writer.spoken import count_words, spoken
from ytempire.media.writer.text import content_stems, number_strings

_MAX_LINES = 4


class HookAnswer(BaseModel):
    """What became of a rewritten hook: the script to go on with, and why it was refused if it was."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    script: Script
    accepted: bool
    reason: str = ""


def hook_request(script: Script, brief: Brief) -> dict[str, Any]:
    """What a language model needs to rewrite the hook: the hook, the facts it may use, and how long it may be."""
    hooks = [x for x in script.lines if x.kind == "hook"]
    own = [f for x in hooks for f in x.facts]
    near = [x.facts[0] for x in script.lines if x.kind == "fact" and x.figures and x.facts][:6]
    ids = list(dict.fromkeys([*own, *near]))
    said = sum(count_words(x.text) for x in hooks)
    return {
        "task": "rewrite_hook",
        "title": script.title,
        "hook": " ".join(x.text for x in hooks),
        "facts": [script.facts[i] for i in ids if i in script.facts],
        "max_words": max(30, round(said * 1.3)),
        "rules": "Use only facts, names and numbers that are listed. Keep words like about, more than and not. "
        "Two or three short sentences, no greeting, no quotation marks.",
    }


def accept_hook(script: Script, brief: Brief, text: str) -> HookAnswer:
    """The script with a rewritten hook, or unchanged with the reason why it was refused."""
    hooks = [x for x in script.lines if x.kind == "hook"]
    clean = re.sub(r"\s+", " ", text).strip().strip("\"“”'` ")
    if not hooks or not clean:
        return HookAnswer(
            script=script, accepted=False, reason="There is no hook to replace or no text to replace it with."
        )
    said = [s if s.endswith((".", "?", "!")) else s + "." for s in sentences(clean)]
    limit = hook_request(script, brief)["max_words"]
    if count_words(clean) > limit or len(said) > _MAX_LINES:
        size = f"{count_words(clean)} words in {len(said)} sentences"
        reason = f"The hook has {size}; at most {limit} words in {_MAX_LINES} sentences are accepted."
        return HookAnswer(script=script, accepted=False, reason=reason)
    known = evidence(brief.model_dump_json())
    lines = [_line(s, script, hooks) for s in said]
    for line in lines:
        findings = check_line(line, known, script, HOOK_GLUE)
        if findings:
            return HookAnswer(script=script, accepted=False, reason=f"“{line.text}”: {findings[0].message}.")
        if number_strings(line.text) and not line.facts and not line.formula:
            return HookAnswer(
                script=script, accepted=False, reason=f"“{line.text}”: no fact of the brief holds these numbers."
            )
    return HookAnswer(script=_replace(script, lines, len(hooks)), accepted=True)


def _line(text: str, script: Script, hooks: list[Line]) -> Line:
    """A hook line bound to the one fact that shares most with it; its numbers must all be of that fact.

    A sentence that was left as it was keeps its evidence; a question without numbers says no fact.
    """
    same = next((x for x in hooks if x.text == text), None)
    if same is not None:
        return same
    stems, numbers = set(content_stems(text)), {n.replace(",", "") for n in number_strings(text)}
    own = {f for x in hooks for f in x.facts}

    def shared(item: tuple[str, str]) -> tuple[int, int, bool]:
        held = {n.replace(",", "") for n in number_strings(item[1])}
        return len(numbers & held), len(stems & set(content_stems(item[1]))), item[0] in own

    best = max(script.facts.items(), key=shared, default=None)
    bound = best is not None and (shared(best)[0] > 0 or (shared(best)[1] >= 2 and not numbers and text[-1] != "?"))
    facts = (best[0],) if best is not None and bound else ()
    return Line(
        index=0,
        text=text,
        spoken=spoken(text),
        kind="hook",
        chapter=-1,
        facts=facts,
        figures=figures(text, parsed=False),
    )


def _replace(script: Script, lines: list[Line], old: int) -> Script:
    """The script with other hook lines; indexes of lines and series follow."""
    shift = len(lines) - old
    first = next(x.index for x in script.lines if x.kind == "hook")
    rest = [x.model_copy(update={"index": x.index + shift}) for x in script.lines if x.kind != "hook"]
    new = [x.model_copy(update={"index": first + i}) for i, x in enumerate(lines)]
    series = []
    for entry in script.series:
        if entry.lines[0] >= first + old:
            series.append(entry.model_copy(update={"lines": tuple(i + shift for i in entry.lines)}))
    everything = (*rest[:first], *new, *rest[first:])
    words = sum(len(x.spoken.split()) for x in everything)
    return script.model_copy(update={"lines": everything, "series": tuple(series), "words": words, "offline": False})
