"""Letters from templates: one TOML file of words for each, two layouts (text and HTML) for all.

Words are Jinja templates without markup; the HTML layout escapes them, so a value can never become markup.
A paragraph that renders to nothing is left out.
"""

from __future__ import annotations

import tomllib
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined, Template, pass_context, select_autoescape
from jinja2.runtime import Context

from ytempire.onboarding.ports import Letter

_PACKAGE = "ytempire.onboarding.adapters"


class TemplateLetters:
    """Writes letters from the packaged templates."""

    def __init__(self) -> None:
        folder = files(_PACKAGE) / "letters"
        self._words = {_stem(file): tomllib.loads(file.read_text(encoding="utf-8")) for file in _letters(folder)}
        # words are plain text here; the HTML layout below escapes what it takes in
        self._plain = Environment(
            undefined=StrictUndefined,
            autoescape=select_autoescape(default_for_string=False),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._plain.filters.update(day=_day, moment=_moment)
        self._compiled: dict[str, Template] = {}
        html = Environment(undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)
        self._html = html.from_string((folder / "layout.html.j2").read_text(encoding="utf-8"))
        self._text = self._plain.from_string((folder / "layout.txt.j2").read_text(encoding="utf-8"))

    @property
    def names(self) -> tuple[str, ...]:
        """Every template there is."""
        return tuple(sorted(self._words))

    def known(self, template: str) -> bool:
        return template in self._words

    def write(self, template: str, values: dict[str, str], timezone: str) -> Letter:
        """
        :raises KeyError: if there is no such template.
        :raises jinja2.UndefinedError: if the template asks for a value that is not given.
        """
        words = self._words[template]
        subject = " ".join(self._render(words["subject"], values, timezone).split())
        parts = {
            "subject": subject,
            "preheader": self._render(words.get("preheader", ""), values, timezone),
            "title": self._render(words["title"], values, timezone),
            "greeting": self._render(words.get("greeting", "Hello {{ full_name }},"), values, timezone),
            "paragraphs": self._all(words["paragraphs"], values, timezone),
            "facts": self._facts(words.get("facts", []), values, timezone),
            "button": self._button(words.get("button"), values, timezone),
            "closing": self._all(words.get("closing", []), values, timezone),
            "reason": self._render(words["reason"], values, timezone),
            "unsubscribe_url": values.get("unsubscribe_url", ""),
        }
        return Letter(subject, self._text.render(parts), self._html.render(parts))

    def _all(self, templates: list[str], values: dict[str, str], timezone: str) -> list[str]:
        rendered = (self._render(template, values, timezone) for template in templates)
        return [text for text in rendered if text]

    def _facts(self, rows: list[list[str]], values: dict[str, str], timezone: str) -> list[tuple[str, str]]:
        rendered = [(label, self._render(value, values, timezone)) for label, value in rows]
        return [(label, value) for label, value in rendered if value]

    def _button(self, button: dict[str, str] | None, values: dict[str, str], timezone: str) -> dict[str, str] | None:
        return {key: self._render(text, values, timezone) for key, text in button.items()} if button else None

    def _render(self, template: str, values: dict[str, str], timezone: str) -> str:
        compiled = self._compiled.get(template)
        if compiled is None:
            compiled = self._compiled[template] = self._plain.from_string(template)
        return compiled.render(values, timezone=timezone).strip()


def _letters(folder: Traversable) -> list[Traversable]:
    return sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)


def _stem(file: Traversable) -> str:
    return file.name.removesuffix(".toml")


@pass_context
def _day(context: Context, iso: str) -> str:
    """``Sunday, 29 November 2026`` where the customer is."""
    at = datetime.fromisoformat(iso).astimezone(ZoneInfo(context["timezone"]))
    return f"{at:%A}, {at.day} {at:%B %Y}"


@pass_context
def _moment(context: Context, iso: str) -> str:
    """The same with the time and the zone it is told in."""
    at = datetime.fromisoformat(iso).astimezone(ZoneInfo(context["timezone"]))
    return f"{at:%A}, {at.day} {at:%B %Y} at {at:%H:%M} ({context['timezone']})"
