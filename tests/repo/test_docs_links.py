"""Every relative link and picture in the project's documents leads to something, headings included."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)(?:\s+\"[^\"]*\")?\)")
SOURCE = re.compile(r"<(?:img|source|a)\b[^>]*?(?:src|srcset|href)=\"(?P<target>[^\"]+)\"")
HEADING = re.compile(r"^#{1,6}\s+(?P<text>.+?)\s*$", re.M)
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.S)


def documents() -> list[Path]:
    """Markdown files of the repository: what git knows, or would know."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def anchors(document: Path) -> set[str]:
    """The names under which a page's headings can be reached."""
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.S)
    plain = (re.sub(r"[`*_]|\[|\]\([^)]*\)", "", match["text"]).lower() for match in HEADING.finditer(text))
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


def problem(document: Path, target: str) -> str | None:
    """What is wrong with a link, or None."""
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return None
    path, _, anchor = target.partition("#")
    found = (document.parent / unquote(path)).resolve() if path else document
    if not found.exists():
        return f"{target}: there is no such file"
    if not found.is_relative_to(ROOT):
        return f"{target}: leads out of the repository"
    if anchor and found.suffix == ".md" and anchor not in anchors(found):
        return f"{target}: the page has no such heading"
    return None


def links(text: str) -> list[str]:
    prose = CODE.sub("", text)
    return [match["target"] for pattern in (LINK, SOURCE) for match in pattern.finditer(prose)]


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    found = (problem(document, target) for target in links(document.read_text(encoding="utf-8")))
    assert [text for text in found if text is not None] == []


def test_what_is_found_as_a_link() -> None:
    text = 'See [a](x.md) and ![b](y.png "title"), not `[c](z.md)`.\n\n<img src="e.svg" alt="">'
    assert links(text) == ["x.md", "y.png", "e.svg"]


def test_a_link_that_leads_nowhere_is_told() -> None:
    page = ROOT / "README.md"
    assert problem(page, "no-such-file.md") == "no-such-file.md: there is no such file"
    assert problem(page, "#no-such-heading") == "#no-such-heading: the page has no such heading"
    assert problem(page, "https://example.com/anything") is None
