"""The packaged tables of words: phrases by category, signals by kind."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import TypeVar

from ytempire.support.domain.categories import Phrase
from ytempire.support.domain.signals import Signal

T = TypeVar("T")
Row = dict[str, str]


@dataclass(frozen=True)
class Tables:
    phrases: tuple[Phrase, ...]
    signals: tuple[Signal, ...]


def load_tables() -> Tables:
    """Read both tables.

    :raises ValueError: naming the file and line that cannot be read.
    """
    return Tables(
        _read("phrases.csv", lambda row: Phrase.of(row["category"], float(row["weight"]), row["topic"], row["phrase"])),
        _read("signals.csv", lambda row: Signal.of(row["signal"], row["phrase"])),
    )


def _read(name: str, parse: Callable[[Row], T]) -> tuple[T, ...]:
    text = (files("ytempire.support") / "data" / name).read_text(encoding="utf-8")
    parsed: list[T] = []
    for number, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        try:
            parsed.append(parse(row))
        except ValueError as error:
            raise ValueError(f"{name}, line {number}: {error}") from error
    return tuple(parsed)
