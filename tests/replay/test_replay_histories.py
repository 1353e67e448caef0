"""Logs of a real journey, kept as they were written: today's code reads every event and folds every stream."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from ytempire.events import SERVICES, Event, golden, newest, registry
from ytempire.eventstore import Decider

FOLDER = Path(__file__).parent / "histories"


def history(service: str) -> list[dict[str, Any]]:
    lines = (FOLDER / f"{service}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def deciders(service: str) -> list[Decider[Any, Any]]:
    """Every decider of the service's domain."""
    try:
        domain = importlib.import_module(f"ytempire.{service}.domain")
    except ModuleNotFoundError:
        return []
    names = [module.name for module in pkgutil.iter_modules(domain.__path__, f"{domain.__name__}.")]
    modules = [importlib.import_module(name) for name in names]
    return [value for module in modules for value in vars(module).values() if isinstance(value, Decider)]


@pytest.mark.parametrize("service", SERVICES)
def test_rule_4_10_what_a_journey_wrote_is_read_and_folded_today(service: str) -> None:
    importlib.import_module(f"ytempire.{service}.bootstrap")
    streams: dict[str, list[Event]] = defaultdict(list)
    for row in history(service):
        event = registry.read(row["type"], service, row["data"])
        assert type(event) is newest(type(event))
        streams[row["stream"]].append(event)
    moved = [d for d in deciders(service) for events in streams.values() if d.fold(events) != d.initial()]
    assert moved or not deciders(service), f"no decider of {service} makes anything of its history"


def test_histories_are_as_they_were_kept() -> None:
    assert golden.problems(FOLDER) == []
    assert golden.unlisted(FOLDER) == [], "run python -m ytempire.events.golden tests/replay/histories"
