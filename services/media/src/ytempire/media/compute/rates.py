"""What own compute costs: a dated table of rates, and exact prices of measured usage in micro-dollars."""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from importlib.resources import files
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Resource = Literal["cpu", "gpu", "storage", "egress"]

_MILLISECONDS_PER_HOUR = 3_600_000
_GIB = 1 << 30
_BYTE_DAYS_PER_UNIT = _GIB * 30
_MICRO = 1_000_000
# How many of the measured units make one priced unit.
_PER_UNIT: dict[Resource, int] = {
    "cpu": _MILLISECONDS_PER_HOUR,
    "gpu": _MILLISECONDS_PER_HOUR,
    "storage": _BYTE_DAYS_PER_UNIT,
    "egress": _GIB,
}


class Rate(BaseModel):
    """The price of one unit of a resource from a day on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    resource: Resource
    unit: str
    usd_per_unit: Decimal = Field(ge=0)
    effective_from: date
    source: str
    note: str = ""


class Usage(BaseModel):
    """Measured use of own machines, in whole units so that sums are exact."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cpu_ms: int = Field(default=0, ge=0)
    """Processor time of all cores together."""
    gpu_ms: int = Field(default=0, ge=0)
    """Time in which a graphics card was held."""
    storage_byte_days: int = Field(default=0, ge=0)
    """Bytes kept times days kept."""
    egress_bytes: int = Field(default=0, ge=0)
    wall_ms: int = Field(default=0, ge=0)
    """Time that passed; not priced."""
    peak_rss_bytes: int = Field(default=0, ge=0)
    """Largest memory of one process; not priced."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            cpu_ms=self.cpu_ms + other.cpu_ms,
            gpu_ms=self.gpu_ms + other.gpu_ms,
            storage_byte_days=self.storage_byte_days + other.storage_byte_days,
            egress_bytes=self.egress_bytes + other.egress_bytes,
            wall_ms=self.wall_ms + other.wall_ms,
            peak_rss_bytes=max(self.peak_rss_bytes, other.peak_rss_bytes),
        )


class CostLine(BaseModel):
    """What the use of one resource costs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    resource: Resource
    quantity: int
    """In milliseconds, byte-days or bytes, as ``Usage`` counts."""
    usd_micro: int
    rate_usd: Decimal
    rate_unit: str
    rate_effective_from: date
    rate_source: str


class ComputeCost(BaseModel):
    """The price of a usage; ``usd_micro`` is the sum of the lines, each rounded half up once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    usd_micro: int
    lines: tuple[CostLine, ...]
    usage: Usage


@functools.cache
def packaged_rates() -> tuple[Rate, ...]:
    """Return the rates that come with the product: public list prices of a cloud, with their sources."""
    text = files("ytempire.media.compute").joinpath("data/compute_rates.csv").read_text("utf-8")
    return tuple(Rate.model_validate(row) for row in csv.DictReader(text.splitlines()))


def rate_for(resource: Resource, day: date, rates: Iterable[Rate] | None = None) -> Rate:
    """Return the rate in force on ``day``. Raises ``LookupError`` that names resource and day if there is none."""
    known = packaged_rates() if rates is None else rates
    valid = [r for r in known if r.resource == resource and r.effective_from <= day]
    if not valid:
        raise LookupError(f"the rate table has no price for {resource} on {day.isoformat()}")
    return max(valid, key=lambda r: r.effective_from)


def price(usage: Usage, day: date, rates: Iterable[Rate] | None = None) -> ComputeCost:
    """Return what ``usage`` on ``day`` costs, in micro-dollars. ``day`` comes from the business clock."""
    table = packaged_rates() if rates is None else tuple(rates)
    quantities = (usage.cpu_ms, usage.gpu_ms, usage.storage_byte_days, usage.egress_bytes)
    lines = tuple(
        _line(resource, quantity, rate_for(resource, day, table))
        for resource, quantity in zip(get_args(Resource), quantities, strict=True)
        if quantity
    )
    return ComputeCost(usd_micro=sum(line.usd_micro for line in lines), lines=lines, usage=usage)


def _line(resource: Resource, quantity: int, rate: Rate) -> CostLine:
    exact = Decimal(quantity) * rate.usd_per_unit * _MICRO / _PER_UNIT[resource]
    return CostLine(
        resource=resource,
        quantity=quantity,
        usd_micro=int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)),
        rate_usd=rate.usd_per_unit,
        rate_unit=rate.unit,
        rate_effective_from=rate.effective_from,
        rate_source=rate.source,
    )
