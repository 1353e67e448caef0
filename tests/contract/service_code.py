"""What the services really do with events, found in their wiring and their code without running either."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

from ytempire.chassis.host import AnyDefinition
from ytempire.events import Event, public_events
from ytempire.eventstore import Projection

ROOT = Path(__file__).parents[2]
CATALOGUE = {event.__name__: event for event in public_events()}

_OF_THE_LIBRARY = {"Envelope", "MessageContext"}
_BEGINS = {"services/gateway/src/ytempire/gateway/intents.py"}
"""Where chains begin: an intent says on whose behalf it is recorded."""
_MAKERS = {"model_validate", "model_validate_json", "model_construct"}


class Wiring:
    """Stands where a feature would be passed in. Its handlers are looked at by their keys and never called."""

    def __getattr__(self, name: str) -> Wiring:
        return Wiring()


def subscribed(service: str) -> set[type[Event]]:
    """Every event its work consumers ask for."""
    subscriptions = importlib.import_module(f"ytempire.{service}.subscribers").subscriptions
    return set(subscriptions(*(Wiring() for _ in inspect.signature(subscriptions).parameters)))


def projections(service: str) -> Sequence[Projection]:
    """Its read models."""
    return cast(AnyDefinition, importlib.import_module(f"ytempire.{service}.bootstrap").DEFINITION).projections


def projected(service: str) -> set[type[Event]]:
    """Every event its read models are made of."""
    return {event for projection in projections(service) for event in projection.handlers}


def consumed(service: str) -> set[type[Event]]:
    """Public events that it takes from another service."""
    return {
        event
        for event in subscribed(service) | projected(service)
        if not event.private and {*event.producers} - {service}
    }


@dataclass(frozen=True)
class Use:
    """A place in a service's code that names a public event."""

    service: str
    event: str
    place: str
    field: str = ""


@cache
def made(service: str) -> tuple[Use, ...]:
    """Every place where the service makes a public event: ``X(...)``, ``events.X(...)``, ``X.model_validate(...)``."""
    return tuple(
        Use(service, name, f"{_relative(file)}:{node.lineno}")
        for file, tree in _trees(service)
        for imported in (_imported(tree),)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and (name := _made_by(node, imported))
    )


@cache
def read(service: str) -> tuple[Use, ...]:
    """Every field read in a function from a parameter that is annotated as a public event."""
    return tuple(use for file, tree in _trees(service) for use in _reads(service, file, tree))


def envelopes_made(service: str) -> list[str]:
    """Every place where the service makes an envelope or says whose consequence something is."""
    return [
        f"{_relative(file)}:{node.lineno}"
        for file, tree in _trees(service)
        if _relative(file) not in _BEGINS
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (_name(node.func) in _OF_THE_LIBRARY or {k.arg for k in node.keywords} & {"correlationid", "causationid"})
    ]


def _reads(service: str, file: Path, tree: ast.Module) -> Iterator[Use]:
    imported = _imported(tree)
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for parameter in function.args.args:
                for name in _events_in(parameter.annotation, imported):
                    for node in _attributes_of(parameter.arg, function):
                        if node.attr in CATALOGUE[name].model_fields:
                            yield Use(service, name, f"{_relative(file)}:{node.lineno}", node.attr)


def _attributes_of(name: str, function: ast.AST) -> list[ast.Attribute]:
    return [node for node in ast.walk(function) if isinstance(node, ast.Attribute) and _name(node.value) == name]


def _events_in(annotation: ast.expr | None, imported: dict[str, str]) -> set[str]:
    nodes = ast.walk(annotation) if annotation is not None else ()
    return {imported[name] for node in nodes if (name := _name(node)) in imported}


def _made_by(call: ast.Call, imported: dict[str, str]) -> str | None:
    maker = call.func
    if isinstance(maker, ast.Attribute) and maker.attr in _MAKERS:
        maker = maker.value
    if isinstance(maker, ast.Attribute):
        # ``billing.InvoicePaid(...)``: whatever the module is called here, the name is the catalogue's
        return maker.attr if maker.attr in CATALOGUE else None
    return imported.get(_name(maker))


def _imported(tree: ast.Module) -> dict[str, str]:
    """Local name -> class name, of public events this module imports."""
    return {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ytempire.events")
        for alias in node.names
        if alias.name in CATALOGUE
    }


def _name(node: ast.expr | ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""


@cache
def _trees(service: str) -> tuple[tuple[Path, ast.Module], ...]:
    """Every module of the service that has to do with events at all."""
    files = sorted((ROOT / "services" / service / "src").rglob("*.py"))
    texts = ((file, file.read_text(encoding="utf-8")) for file in files)
    return tuple((file, ast.parse(text)) for file, text in texts if "ytempire.events" in text)


def _relative(file: Path) -> str:
    return str(file.relative_to(ROOT))
