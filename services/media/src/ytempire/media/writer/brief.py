"""The brief: a user's text, checked and taken apart. Facts come from here and from nowhere else."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

import pysbd
from pydantic import BaseModel, ConfigDict

from ytempire.media.writer.errors import BriefError
from ytempire.media.writer.markdown import RawBlock, blocks, plain
from ytempire.media.writer.text import STOP_WORDS, words
from ytempire.media.writer.wordlist import listed

MAX_BYTES = 200_000
MAX_TITLE = 200
_META_KEYS = "|".join(
    listed("audience tone length cta call\\sto\\saction sources? references? format keywords style duration language")
    + listed("author title topic brief subject channel goal niche")
)
_META_AT = re.compile(rf"(?:^|(?<=[\n.;|]))\s*({_META_KEYS})\s*:\s*", re.I)
_SOURCE_HEADING = re.compile(r"^(sources?|references?|further reading|bibliography|links)$", re.I)
_REQUEST = re.compile(
    r"^(?:please\b|(?:make|write|create|produce) (?:me )?(?:a|an|the|this)? ?(?:short |long )?(?:video|script|story)"
    r"|(?:about )?\d+ (?:minutes?|seconds?)\b[^.]*\bplease\b|"
    r"\d+ minutes?\.?$|i (?:want|would like|need) a (?:video|script))",
    re.I,
)
_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget)\b[^.]*\b(?:instructions?|prompts?|rules|above)\b|\bsystem prompt\b|"
    r"^(?:you are now|act as|as an ai|pretend to be)\b",
    re.I,
)

_DISCLAIMER = re.compile(
    r"^(?:This|The) (?:is|video|text|channel)\b.*\b(?:no|not|nor)\b.*\b(?:advice|doctor|lawyer|advis[eo]rs?)\b", re.I
)


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BriefItem(_Value):
    """One item of a list: ``lead`` is its bold beginning, if it has one."""

    lead: str = ""
    sentences: tuple[str, ...]


class Block(_Value):
    """A paragraph, a list, numbered steps or a table."""

    kind: Literal["text", "list", "steps", "table"]
    sentences: tuple[str, ...] = ()
    intro: str = ""
    """The sentence before a list that announces it, without its colon."""
    items: tuple[BriefItem, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    """Rows of a table; the first is the header."""


class Section(_Value):
    """A heading (may be empty) and what stands under it."""

    heading: str
    blocks: tuple[Block, ...]


class Brief(_Value):
    """A brief that can be written from."""

    title: str
    """Empty if the brief has none."""
    sections: tuple[Section, ...]
    meta: dict[str, str]
    """Lines like ``Audience: curious adults``; never narrated. Keys in lower case."""
    sources: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    """Sentences that are requests or orders to a writer, not facts."""

    @property
    def text(self) -> str:
        """Everything that may be said: title, headings, sentences, items, cells, meta lines."""
        parts = [self.title]
        for section in self.sections:
            parts.append(section.heading)
            for block in section.blocks:
                parts += [block.intro, *block.sentences, *(c for row in block.rows for c in row)]
                for item in block.items:
                    parts += [item.lead, *item.sentences]
        parts += [v for k, v in self.meta.items() if k in ("cta", "call to action")]
        return "\n".join(p for p in parts if p)


@lru_cache(maxsize=1)
def _segmenter() -> pysbd.Segmenter:
    return pysbd.Segmenter(language="en", clean=False)


def sentences(text: str) -> list[str]:
    """The sentences of a plain text."""
    found = [s.strip() for s in _segmenter().segment(text)] if text.strip() else []
    joined: list[str] = []
    for sentence in found:
        if joined and sentence and (sentence[0].islower() or len(sentence) < 3):
            joined[-1] += " " + sentence
        elif sentence:
            joined.append(sentence)
    return joined


def decode(data: bytes) -> str:
    """The text of an uploaded brief.

    Raises:
        BriefError: empty, too_large, binary, not_utf8 or blank.
    """
    if not data:
        raise BriefError("empty", "brief", "The brief is empty. Write at least a few sentences with the facts.")
    if len(data) > MAX_BYTES:
        size = f"{len(data) / 1000:,.0f} kB"
        raise BriefError("too_large", "brief", f"The brief is {size}; at most 200 kB are accepted. Shorten it.")
    if b"\x00" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BriefError("binary", "brief", "The brief is a binary file. Bring plain text or Markdown.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"The brief is not UTF-8 text (byte {error.start + 1}). Save it as UTF-8 and try again."
        raise BriefError("not_utf8", "brief", message) from None
    control = sum(1 for c in text if ord(c) < 32 and c not in "\t\n\r\f")
    if control > max(2, len(text) // 100):
        raise BriefError("binary", "brief", "The brief is a binary file. Bring plain text or Markdown.")
    if not text.strip():
        raise BriefError(
            "blank", "brief", "The brief holds only blanks. Write at least a few sentences with the facts."
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _front_matter(text: str) -> tuple[dict[str, str], str]:
    match = re.match(r"---\n(.*?)\n---\n", text, flags=re.S)
    if not match:
        return {}, text
    meta: dict[str, str] = {}
    key = ""
    for line in match[1].splitlines():
        pair = re.match(r"([A-Za-z_ ]+):\s*(.*)$", line)
        if pair:
            key = pair[1].strip().lower()
            meta[key] = pair[2].strip().strip("\"'")
        elif key and re.match(r"\s*-\s+", line):
            item = re.sub(r"^\s*-\s+", "", line).strip().strip("\"'")
            meta[key] = f"{meta[key]}; {item}" if meta[key] else item
    return meta, text[match.end() :]


def _meta_pairs(raw: str) -> dict[str, str]:
    """Meta lines of a paragraph, or nothing if the paragraph does not start with one."""
    found = list(_META_AT.finditer(raw))
    if not found or found[0].start() != 0:
        return {}
    pairs: dict[str, str] = {}
    for match, after in zip(found, [*found[1:], None], strict=True):
        value = raw[match.end() : after.start() if after else len(raw)]
        key = match[1].lower()
        key = "source" if key.startswith(("source", "reference")) else key
        pairs[key] = re.sub(r"[ \t]+", " ", value).strip().rstrip("|; ")
    return pairs


class _Reader:
    """Gathers sections, meta lines and sources while it walks the blocks."""

    def __init__(self, meta: dict[str, str]) -> None:
        self.meta = meta
        self.title = meta.get("title", "")
        self.sources: list[str] = [s for s in meta.get("sources", meta.get("source", "")).split("; ") if s]
        self.sections: list[tuple[str, list[Block]]] = [("", [])]
        self.left_out: list[str] = []
        self.in_sources = False
        self.first = True

    def add(self, block: RawBlock) -> None:
        if block.kind == "heading":
            self._heading(block)
        elif self.in_sources:
            self._sources(block.raw)
        elif block.kind == "text":
            self._paragraph(block)
        elif block.kind == "table":
            self._table(block)
        else:
            self._list(block)
        self.first = False

    def _heading(self, block: RawBlock) -> None:
        self.in_sources = bool(_SOURCE_HEADING.match(block.text.rstrip(":")))
        if self.in_sources or not block.text:
            return
        if block.level == 1 and not self.title:
            self.title = block.text.rstrip(".:")
        elif not (block.level == 1 and block.text.rstrip(".:") == self.title):
            self.sections.append((block.text.rstrip(".:"), []))

    def _sources(self, raw: str) -> None:
        self.sources += [s for line in raw.splitlines() if (s := re.sub(r"\s+", " ", line).strip(" -"))]

    def _paragraph(self, block: RawBlock) -> None:
        pairs = _meta_pairs(block.raw.strip())
        if pairs:
            self._meta(pairs)
            return
        if self.first and not self.title and self._is_title(block.text):
            self.title = block.text.rstrip(":")
            return
        kept: list[str] = []
        for sentence in sentences(block.text):
            if _REQUEST.search(sentence) or _ORDER.search(sentence):
                self.left_out.append(sentence)
            elif _DISCLAIMER.search(sentence):
                self.meta["disclaimer"] = f"{self.meta.get('disclaimer', '')} {sentence}".strip()
            elif words(sentence):
                kept.append(sentence)
        if kept:
            self.sections[-1][1].append(Block(kind="text", sentences=tuple(kept)))

    def _is_title(self, text: str) -> bool:
        return 0 < len(text.split()) <= 12 and not re.search(r"[.!:,;]$", text) and not _REQUEST.search(text)

    def _meta(self, pairs: dict[str, str]) -> None:
        for key, value in pairs.items():
            if key == "source":
                self._sources(value)
                self.in_sources = not value.strip()
            elif key in ("title", "topic", "brief", "subject") and not self.title:
                first = (sentences(plain(value)) or [""])[0]
                self.title = (first[:1].upper() + first[1:]).rstrip(".:")
            self.meta.setdefault(key, plain(value))

    def _table(self, block: RawBlock) -> None:
        rows = tuple(tuple(row) for row in block.rows if any(row))
        if len(rows) >= 2:
            self.sections[-1][1].append(Block(kind="table", rows=rows))

    def _list(self, block: RawBlock) -> None:
        items = [
            BriefItem(lead=item.lead, sentences=tuple(kept))
            for item in block.items
            if (kept := [s for s in sentences(item.text) if words(s) and not _ORDER.search(s)])
        ]
        if not items:
            return
        intro, into = "", self.sections[-1][1]
        if into and into[-1].kind == "text" and into[-1].sentences[-1].endswith(":"):
            intro = into[-1].sentences[-1].rstrip(": ")
            rest = into.pop().sentences[:-1]
            if rest:
                into.append(Block(kind="text", sentences=rest))
        kind: Literal["list", "steps"] = "steps" if block.kind == "steps" else "list"
        into.append(Block(kind=kind, intro=intro, items=tuple(items)))


def _check_language(text: str) -> None:
    found = [w.lower() for w in words(text)]
    if len(found) >= 40 and sum(w in STOP_WORDS for w in found) < 0.15 * len(found):
        message = "The brief does not look like English text. Write it in English: nothing else is read here."
        raise BriefError("language", "brief", message)


def read_brief(data: bytes) -> Brief:
    """Read and check a brief: UTF-8 text or Markdown, at most 200 kB.

    Raises:
        BriefError: with ``code`` empty, blank, binary, not_utf8, too_large, title_too_long, language or no_sentence.
    """
    meta, text = _front_matter(decode(data))
    reader = _Reader(meta)
    for block in blocks(text):
        reader.add(block)
    if len(reader.title) > MAX_TITLE:
        message = f"The title of the brief has {len(reader.title)} characters; at most {MAX_TITLE} are accepted."
        raise BriefError("title_too_long", "brief.title", message)
    sections = tuple(Section(heading=h, blocks=tuple(b)) for h, b in reader.sections if b)
    brief = Brief(
        title=plain(reader.title),
        sections=sections,
        meta=reader.meta,
        sources=tuple(dict.fromkeys(reader.sources)),
        left_out=tuple(reader.left_out),
    )
    said = [
        s
        for section in sections
        for b in section.blocks
        for s in (*b.sentences, *(x for i in b.items for x in i.sentences))
    ]
    has_table = any(b.kind == "table" for section in sections for b in section.blocks)
    if not has_table and not any(len(words(s)) >= 3 for s in said):
        message = "No sentence was found in the brief. Write the facts as sentences, list items or a table."
        raise BriefError("no_sentence", "brief", message)
    _check_language(brief.text)
    return brief
