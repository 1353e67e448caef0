"""What a request costs: a dated price table, whole micro-dollars, rounded up once per request."""

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

MILLION = 1_000_000


@dataclass(frozen=True)
class Price:
    """Price of a model from a day on; micro-USD per million tokens."""

    model: str
    since: date
    input: int
    output: int


@cache
def table() -> tuple[Price, ...]:
    """All prices known, as packaged in ``prices.json``."""
    rows = json.loads(files(__package__).joinpath("prices.json").read_text())["models"]
    return tuple(Price(r["model"], date.fromisoformat(r["from"]), r["input"], r["output"]) for r in rows)


def models() -> list[str]:
    """Names of the models there are."""
    return sorted({price.model for price in table()})


def price_of(model: str, day: date) -> Price | None:
    """The price in force on a day; before the first known one, that first one. None: no such model."""
    known = sorted((price for price in table() if price.model == model), key=lambda price: price.since)
    in_force = [price for price in known if price.since <= day]
    candidates = in_force or known[:1]
    return candidates[-1] if candidates else None


def cost_micros(price: Price, input_tokens: int, output_tokens: int) -> int:
    """Micro-USD of one request, rounded up to the next whole one."""
    return -(-(input_tokens * price.input + output_tokens * price.output) // MILLION)


def count_tokens(text: str) -> int:
    """Tokens of a text: one for each four characters begun, at least one."""
    return max(1, -(-len(text) // 4))
