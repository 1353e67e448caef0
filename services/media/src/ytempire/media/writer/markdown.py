"""Markdown to plain blocks: headings, paragraphs, lists, tables. Code, images and HTML are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

_URL = re.compile(r"https?://(?:www\.)?([\w.-]+\w)(?:[/?#:][^\s)\]>]*)?")
_SEE = re.compile(
    r"\(?\b(?:[Ss]ee|[Rr]ead more(?: at)?|[Mm]ore at|[Vv]ia)(?: also)?:?\s+https?://\S+(?: [^.!?\n]*)?[.!?)]*"
)
_FOOTNOTE = re.compile(r"\[\^?[\w*]{1,12}\](?!\()")
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u200d]+")


@dataclass
class Item:
    """A list item: a bold lead, if any, and its text."""

    text: str
    lead: str = ""


@dataclass
class RawBlock:
    """One block of Markdown. ``raw`` keeps addresses for sources; ``text`` is plain."""

    kind: Literal["heading", "text", "list", "steps", "table"]
    text: str = ""
    raw: str = ""
    level: int = 0
    items: list[Item] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


def plain(text: str) -> str:
    """Text without footnote marks, emoji and addresses; a bare address becomes its host name."""
    text = _SEE.sub("", text)
    text = _URL.sub(lambda m: m[1], text)
    text = _EMOJI.sub("", _FOOTNOTE.sub("", text))
    text = re.sub(r"\s+([,.;:?!])", r"\1", re.sub(r"\s+", " ", text))
    return re.sub(r"\(\s*\)", "", text).strip()


def _inline(token: Token, *, links: bool = False) -> str:
    parts: list[str] = []
    for child in token.children or []:
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append("\n" if links else " ")
        elif child.type == "link_open" and links:
            parts.append(f" {child.attrGet('href')} ")
    return "".join(parts)


def _lead(token: Token) -> str:
    children = token.children or []
    while children and children[0].type == "text" and not children[0].content.strip():
        children = children[1:]
    if not children or children[0].type != "strong_open":
        return ""
    lead = ""
    for child in children[1:]:
        if child.type == "strong_close":
            break
        lead += child.content
    return plain(lead).rstrip(".:")


def _until(tokens: list[Token], start: int, closing: str) -> int:
    depth = 0
    opening = closing.replace("_close", "_open")
    for i in range(start, len(tokens)):
        if tokens[i].type == opening:
            depth += 1
        elif tokens[i].type == closing:
            depth -= 1
            if depth == 0:
                return i
    return len(tokens) - 1


def _items(tokens: list[Token]) -> list[Item]:
    items: list[Item] = []
    for token in tokens:
        if token.type == "list_item_open":
            items.append(Item(""))
        elif token.type == "inline" and items:
            text, lead = plain(_inline(token)), _lead(token)
            if not items[-1].text:
                items[-1] = Item(text, lead)
            else:
                items[-1].text += " " + text
    return [item for item in items if item.text]


def _rows(tokens: list[Token]) -> list[list[str]]:
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows:
            rows[-1].append(plain(_inline(token)))
    return rows


def blocks(text: str) -> Iterator[RawBlock]:
    """The blocks of a Markdown text in order."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    i = 0
    while i < len(tokens):
        token = tokens[i]
        if token.type == "heading_open":
            yield RawBlock("heading", plain(_inline(tokens[i + 1])), level=int(token.tag[1:]))
            i += 2
        elif token.type == "paragraph_open":
            inline = tokens[i + 1]
            yield RawBlock("text", plain(_inline(inline)), _inline(inline, links=True))
            i += 2
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            end = _until(tokens, i, token.type.replace("_open", "_close"))
            inner = tokens[i + 1 : end]
            raw = "\n".join(_inline(t, links=True) for t in inner if t.type == "inline")
            kind: Literal["list", "steps"] = "list" if token.type.startswith("bullet") else "steps"
            yield RawBlock(kind, raw=raw, items=_items(inner))
            i = end
        elif token.type == "table_open":
            end = _until(tokens, i, "table_close")
            yield RawBlock("table", rows=_rows(tokens[i + 1 : end]))
            i = end
        i += 1
